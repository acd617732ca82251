"""Where in a program something is: the line that makes a module, the line that calls it, where its code begins."""

from __future__ import annotations

import ast
import inspect
import linecache
import os
import sys
import sysconfig
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any

from parity.trace.result import Place

OURS = str(Path(__file__).resolve().parent.parent)  # the whole package: wrappers of randomness too
HELPERS = "jittor_helpers.py"  # what the converter writes beside its output
STANDARD = sysconfig.get_paths()["stdlib"] + os.sep
LIBRARIES = ("torch", "jittor", "numpy", "scipy", "functorch")  # never the program, even where it lies among them


def foreign(file: str, machinery: bool = False) -> bool:
    """Whether a file belongs to a framework, to the converter's helpers or to this package, not to the program.

    Args:
        file: its path, as in a code object.
        machinery: ask only whether it is what passes a call on to ``forward``: a framework's containers, which call
            modules themselves, are not meant then.
    """
    if file.startswith((OURS, "<")):
        return True
    path = Path(file)
    parts = path.parts
    if "site-packages" in parts[:-1]:
        if machinery and (parts[-2:] == ("modules", "module.py") or parts[-2:] == ("jittor", "__init__.py")):
            return True
        package = parts[parts.index("site-packages") + 1]
        return not machinery and (package in LIBRARIES or not any(file.startswith(root) for root in _roots))
    return file.startswith(STANDARD) or (path.name == HELPERS and not machinery)


_roots: list[str] = []


def note_root(root: Path) -> None:
    """The program lies below this folder, wherever that is."""
    _roots.append(str(root) + os.sep)


def place(file: str, line: int) -> Place:
    """A line with its text."""
    return Place(file, line, linecache.getline(file, line).strip())


def caller(frame: FrameType | None, machinery: bool = False) -> Place | None:
    """The nearest place in the program, from a frame outwards; None if there is none."""
    while frame is not None:
        file = frame.f_code.co_filename
        passes_on = frame.f_code.co_name == "__call__" and Path(file).name == HELPERS
        if not foreign(file, machinery) and not passes_on:
            return place(frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back
    return None


def note_makers(base: Any) -> None:
    """From now on every module notes where the program made it; ask :func:`made_at`.

    It stays so for the life of the process: Python cannot take a ``__new__`` back once a class had one.

    Args:
        base: the framework's base class of modules.
    """

    def new(cls: Any, *args: Any, **keywords: Any) -> Any:
        module = object.__new__(cls)
        at = caller(sys._getframe(1))
        if at is not None:
            module.__dict__["__made_at__"] = at
        return module

    base.__new__ = staticmethod(new)


def made_at(module: Any) -> Place | None:
    """Where a module was made, if it was made after :func:`note_makers`."""
    found: Place | None = module.__dict__.get("__made_at__")
    return found


def note_code(module: Any, function: Any) -> None:
    """The code of this module, which is made around a plain function, is that function's."""
    module.__dict__["__code_of__"] = function


def code_of(module: Any, method: str) -> Place | None:
    """The first line of a module's ``forward`` or ``execute``; None for the code of a framework or a helper."""
    function = module.__dict__.get("__code_of__") or getattr(type(module), method, None) or (lambda: None)
    function = inspect.unwrap(function)
    code = getattr(function, "__code__", None)
    if code is None or foreign(code.co_filename):
        return None
    return place(code.co_filename, code.co_firstlineno)


def assigned_at(module: Any, name: str) -> Place | None:
    """Where the program gives a module an attribute: ``self.name = ...`` or ``register_...("name", ...)``."""
    for cls in type(module).__mro__:
        file = getattr(sys.modules.get(cls.__module__), "__file__", None) or ""
        line = None if not file or foreign(file) else _assignments(file).get((cls.__qualname__, name))
        if line is not None:
            return place(file, line)
    return None


@lru_cache(maxsize=256)
def _assignments(file: str) -> dict[tuple[str, str], int]:
    """The first line of a file that assigns an attribute, by class and attribute."""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return {}
    found: dict[tuple[str, str], int] = {}

    def visit(node: ast.AST, owner: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                visit(child, f"{owner}.{child.name}" if owner else child.name)
            else:
                for name in _assigned(child):
                    found.setdefault((owner, name), getattr(child, "lineno", 1))
                visit(child, owner)

    visit(tree, "")
    return found


def _assigned(node: ast.AST) -> list[str]:
    """Attributes that a statement or call gives to an object."""
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return [t.attr for t in targets if isinstance(t, ast.Attribute)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        first = node.args[0]
        if node.func.attr.startswith("register_") and isinstance(first, ast.Constant) and isinstance(first.value, str):
            return [first.value]
    return []
