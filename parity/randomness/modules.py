"""Know at any time which module of a model is running, in either framework."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from parity.randomness.tape import OUTSIDE

OURS = str(Path(__file__).resolve().parent.parent)  # the whole package: other wrappers lie around modules too


class RunningModules:
    """A stack of the modules of a model that are being called.

    Attributes:
        stack: their paths, outermost first.
        classes: the class of every module, by path; the first path of a module counts.
        listeners: receive path and positional arguments of each call, before it is on the stack.
    """

    def __init__(self) -> None:
        self.stack: list[str] = []
        self.classes: dict[str, str] = {}
        self.listeners: list[Callable[[str, tuple[Any, ...]], None]] = []
        self._paths: dict[int, str] = {}
        self._models: list[Any] = []  # kept, so that the ids stay those of their modules
        self._patched: list[tuple[Any, Any]] = []

    @property
    def path(self) -> str:
        """Of the innermost module that runs."""
        return self.stack[-1] if self.stack else OUTSIDE

    def watch(self, model: Any, prefix: str = "") -> None:
        """Follow the calls of a model's modules from now on; ``prefix`` is put before their paths."""
        self._models.append(model)
        for name, module in dict(model.named_modules()).items():
            path = (prefix + name).rstrip(".")
            if id(module) not in self._paths:
                self._paths[id(module)] = path
                self.classes[path] = type(module).__name__
            for base in type(module).__mro__:
                if "__call__" in base.__dict__ and all(base is not known for known, _ in self._patched):
                    self._wrap(base)

    def _wrap(self, base: Any) -> None:
        original = base.__dict__["__call__"]

        @functools.wraps(original)
        def called(module: Any, *args: Any, **keywords: Any) -> Any:
            path = self._paths.get(id(module))
            if path is None or (self.stack and self.stack[-1] == path):  # a stranger; __call__ that calls super's
                return original(module, *args, **keywords)
            for listener in self.listeners:
                listener(path, args)
            self.stack.append(path)
            try:
                return original(module, *args, **keywords)
            finally:
                self.stack.pop()

        base.__call__ = called
        self._patched.append((base, original))

    def release(self) -> None:
        """Leave the classes as they were."""
        for base, original in self._patched:
            base.__call__ = original
        self._patched.clear()


def being_made(frame: FrameType | None, base: Any) -> bool:
    """Whether the code runs inside the constructor of a module: initial weights, which are carried over anyway."""
    while frame is not None:
        if frame.f_code.co_name == "__init__" and isinstance(frame.f_locals.get("self"), base):
            return True
        frame = frame.f_back
    return False
