"""What the lines of a module's own code compute: the values of the names that each statement writes."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from parity.check.values import leaves
from parity.trace.job import handed
from parity.trace.places import foreign, place
from parity.trace.result import Place

MOST = 400  # events of one call; loops over time would give thousands
METHODS = ("forward", "execute")


@dataclass(frozen=True)
class Event:
    """A value that a line of the program made.

    Attributes:
        function: in which function; ``forward`` for ``execute``.
        name: of the variable, ``return``, or what was handed to which module.
        at: the line.
        value: a snapshot of the tensor, or a number.
    """

    function: str
    name: str
    at: Place
    value: Any

    def told(self) -> dict[str, Any]:
        """All but the value."""
        return {
            "function": self.function,
            "name": self.name,
            "at": {"file": self.at.file, "line": self.at.line, "text": self.at.text},
        }


@dataclass(frozen=True)
class Statement:
    """A simple statement, or the head of a compound one; ``names`` may be written by it."""

    first: int
    names: tuple[str, ...]


@dataclass
class Running:
    """The statement that a frame is at."""

    statement: Statement | None = None


class LineRecorder:
    """Records events while :meth:`watching`.

    Args:
        is_tensor: whether a value is a tensor of the framework.
        snapshot: the values that a tensor has now.
        entry: a function that counts as ``forward``: the target, if that is a plain function.
    """

    def __init__(self, is_tensor: Callable[[object], bool], snapshot: Callable[[Any], Any], entry: str = "") -> None:
        self.methods = (*METHODS, entry.rpartition(".")[2])
        self.is_tensor = is_tensor
        self.snapshot = snapshot
        self.events: list[Event] = []
        self._frames: dict[int, Running] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While open, every line of the program is followed; slow."""
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            yield
        finally:
            sys.settrace(before)

    def hand(self, path: str, count: int, given: Mapping[str, Any], site: Place | None) -> None:
        """Note what the program hands to a module, and on which line."""
        if site is not None:
            for name, value in given.items():
                for leaf, tensor in leaves(value, self.is_tensor, name):
                    self._add("forward", handed(path, count, leaf), site, tensor)

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code
        if foreign(code.co_filename) or code.co_name.startswith("<"):
            return None
        self._frames[id(frame)] = Running()
        if (
            code.co_name not in self.methods
            and frame.f_back is not None
            and not foreign(frame.f_back.f_code.co_filename)
        ):
            at = place(frame.f_back.f_code.co_filename, frame.f_back.f_lineno)
            for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
                for path, leaf in leaves(frame.f_locals.get(name), self.is_tensor, f"{name} given to it"):
                    self._add(code.co_name, path, at, leaf)
        return self._follow

    def _follow(self, frame: FrameType, event: str, argument: Any) -> Any:
        running = self._frames.setdefault(id(frame), Running())
        file = frame.f_code.co_filename
        if event == "line":
            statement = statements(file).get(frame.f_lineno)
            if statement != running.statement:
                self._flush(frame, running)
                running.statement = statement
            elif statement is not None and statement.first == frame.f_lineno:
                self._flush(frame, running)  # the same again: a loop of one line
        elif event == "return":
            self._flush(frame, running)
            del self._frames[id(frame)]
            self._leaves(frame, "return", argument, frame.f_lineno)
        return self._follow

    def _flush(self, frame: FrameType, running: Running) -> None:
        """The statement has run: note what it wrote."""
        if running.statement is None:
            return
        for name in running.statement.names:
            root, *attributes = name.split(".")
            value = frame.f_locals.get(root)
            for attribute in attributes:
                value = getattr(value, "__dict__", {}).get(attribute)
            self._leaves(frame, name, value, running.statement.first)

    def _leaves(self, frame: FrameType, name: str, value: Any, line: int) -> None:
        if value is None or isinstance(value, str):
            return
        function = "forward" if frame.f_code.co_name in self.methods else frame.f_code.co_name
        for path, leaf in leaves(value, self.is_tensor, name):
            self._add(function, path, place(frame.f_code.co_filename, line), leaf)

    def _add(self, function: str, name: str, at: Place, value: Any) -> None:
        if len(self.events) >= MOST:
            return
        if self.is_tensor(value):
            self.events.append(Event(function, name, at, self.snapshot(value)))
        elif isinstance(value, (bool, int, float, np.number)) or (isinstance(value, np.ndarray) and value.size):
            array = np.asarray(value)
            if array.dtype.kind in "fiub":
                self.events.append(Event(function, name, at, array.copy()))


@lru_cache(maxsize=256)
def statements(file: str) -> Mapping[int, Statement]:
    """The statement that each line of a file belongs to; none if the file cannot be read."""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return {}
    found: dict[int, Statement] = {}

    def visit(body: list[ast.stmt]) -> None:
        for node in body:
            blocks = [b for field in ("body", "orelse", "finalbody") for b in [getattr(node, field, None)] if b]
            blocks += [h.body for h in getattr(node, "handlers", [])]
            blocks += [c.body for c in getattr(node, "cases", [])]
            inner = min((block[0].lineno for block in blocks), default=None)
            last = node.end_lineno or node.lineno
            if inner is not None:
                last = max(node.lineno, inner - 1)
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                statement = Statement(node.lineno, written(node))
                found.update(dict.fromkeys(range(node.lineno, last + 1), statement))
            for block in blocks:
                visit(block)

    visit(tree.body)
    return found


def written(node: ast.stmt) -> tuple[str, ...]:
    """Names that a simple statement, or the head of a compound one, may write; ``self.x`` for an attribute."""
    heads: list[ast.AST] = []
    if isinstance(node, (ast.For, ast.AsyncFor)):
        heads = [node.target, node.iter]
    elif isinstance(node, (ast.If, ast.While)):
        heads = [node.test]
    elif isinstance(node, (ast.With, ast.AsyncWith)):
        heads = list(node.items)
    elif not hasattr(node, "body"):
        heads = [node]
    names: dict[str, None] = {}
    for head in heads:
        for part in ast.walk(head):
            if isinstance(part, (ast.Name, ast.Attribute, ast.Subscript)) and isinstance(part.ctx, ast.Store):
                names[_root(part)] = None
        if isinstance(head, ast.Expr):  # a bare call may write into anything that it is given
            for part in ast.walk(head):
                if isinstance(part, ast.Name):
                    names[part.id] = None
    return tuple(name for name in names if name)


def _root(node: ast.expr) -> str:
    while isinstance(node, (ast.Subscript, ast.Starred)):
        node = node.value
    if isinstance(node, ast.Attribute):
        before = _root(node.value)
        return f"{before}.{node.attr}" if before else ""
    return node.id if isinstance(node, ast.Name) else ""
