"""Stand-ins for ``torch`` and ``torchvision`` in the Jittor process.

A converted tree may still name Torch in code that the model never reaches: a loader of weights, a script function,
an annotation.  Importing such a file must work; using such a name must not go unnoticed.  While files are being
imported a placeholder therefore accepts everything and gives further placeholders; afterwards any use raises
:class:`NotConverted` with the name that was not converted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

NAMES = ("torch", "torchvision", "torchaudio")
_importing = 0


class NotConverted(RuntimeError):
    """The program uses, at run time, something of Torch that the converter left as it was."""


@contextmanager
def importing() -> Iterator[None]:
    """While open, placeholders accept every use."""
    global _importing
    _importing += 1
    try:
        yield
    finally:
        _importing -= 1


def _from_converted_code() -> bool:
    """Whether the caller of this module is a file of the converted tree.

    Other libraries ask every loaded framework whether an object is its own (``isinstance(x, torch.Tensor)``);
    they may get the answer no.
    """
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    return any(Path(frame.f_code.co_filename).is_relative_to(root) for root in _roots)


_roots: list[Path] = []


class Placeholder:
    """Something of Torch by its name; see the module's text."""

    _name: str

    def __init__(self, name: str) -> None:
        self.__dict__["_name"] = name

    def _use(self, how: str) -> Placeholder:
        if not _importing:
            raise NotConverted(f"{self._name} was not converted, but the model uses it ({how})")
        return Placeholder(f"{self._name}{how}")

    def __getattr__(self, name: str) -> Placeholder:
        if name.startswith("__") and name.endswith("__") and name != "__version__":
            raise AttributeError(name)
        if not _importing and _from_converted_code():
            raise NotConverted(f"{self._name}.{name} was not converted, but the model uses it")
        return Placeholder(f"{self._name}.{name}")

    def __call__(self, *args: Any, **keywords: Any) -> Placeholder:
        return self._use("(...)")

    def __getitem__(self, key: Any) -> Placeholder:
        return self._use("[...]")

    def __fspath__(self) -> str:
        return self._use(" as a path")._name

    def __iter__(self) -> Iterator[Any]:
        self._use(" in a loop")
        return iter(())

    def __bool__(self) -> bool:
        self._use(" as a condition")
        return False

    def __eq__(self, other: object) -> bool:
        self._use(" compared")
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def _compare(self, other: object) -> bool:
        self._use(" compared")
        return False

    __lt__ = __le__ = __gt__ = __ge__ = _compare

    def _combine(self, other: object) -> Placeholder:
        return self._use(" in an expression")

    __or__ = __ror__ = __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _combine
    __truediv__ = __rtruediv__ = __matmul__ = _combine

    def __setattr__(self, name: str, value: object) -> None:
        self._use(f".{name} set")

    def __enter__(self) -> NoReturn:
        raise NotConverted(f"{self._name} was not converted, but the model uses it (with)")

    def __exit__(self, *problem: object) -> None:
        return None

    def __mro_entries__(self, bases: tuple[object, ...]) -> tuple[type, ...]:
        """As a base class: a class that cannot be instantiated."""
        name = self._name

        def refuse(cls: type, *args: Any, **keywords: Any) -> NoReturn:
            raise NotConverted(f"{name}, the base class of {cls.__name__}, was not converted")

        made: type = type(str(name).rpartition(".")[2], (), {"__new__": refuse})
        return (made,)

    def __instancecheck__(self, instance: object) -> bool:
        if _from_converted_code():
            self._use(" in isinstance")
        return False

    __subclasscheck__ = __instancecheck__

    def __repr__(self) -> str:
        return f"<{self._name}: not converted>"


class _Module(ModuleType):
    def __getattr__(self, name: str) -> Placeholder:
        if name.startswith("__") and name.endswith("__") and name != "__version__":
            raise AttributeError(name)
        place = Placeholder(self.__name__)
        return place.__getattr__(name)


class PlaceholderFinder(MetaPathFinder, Loader):
    """Gives empty modules for everything below ``torch``, ``torchvision`` and ``torchaudio``.

    Args:
        root: folder of the converted tree: only its own ``isinstance`` questions are answered with an error.
    """

    def __init__(self, root: Path) -> None:
        _roots.append(root)

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        return ModuleSpec(name, self, is_package=True) if name.partition(".")[0] in NAMES else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        return None
