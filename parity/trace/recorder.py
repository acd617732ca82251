"""Record every call of every module of a model, in either framework, and repeat single calls."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from parity.check.values import leaves
from parity.trace.places import caller
from parity.trace.result import Place
from parity.trace.structures import in_order, map_tensors


class Framework(Protocol):
    """What recording needs of a framework.

    Attributes:
        method: what a call of a module runs: ``forward`` or ``execute``.
    """

    method: str

    def is_tensor(self, value: object) -> bool:
        """Whether a value is a tensor of the framework."""

    def snapshot(self, tensor: Any) -> Any:
        """The values that it has now, whatever is written into it later."""

    def result(self, tensor: Any, call: Call, leaf: str) -> Any:
        """Note a result whose gradient is asked for later; returns what the program goes on with."""


@dataclass
class Call:
    """One call of a module.

    Attributes:
        number: in the order in which the calls began.
        path: of the module.
        index: how many times it had been called before.
        parent: number of the call inside which it happened, -1 for none.
        depth: how many calls it lies inside.
        site: the line that calls.
        arguments: what was passed, as it was: positional and by keyword.
        inputs: snapshots of the tensors among the arguments, by position in the signature.
        plain: texts of the arguments and results that are no tensors.
        returned: the result; its tensors are what the program went on with.
        outputs: snapshots of its tensors.
        error: what it raised.
    """

    number: int
    path: str
    index: int
    parent: int
    depth: int
    site: Place | None
    arguments: tuple[tuple[Any, ...], dict[str, Any]]
    inputs: dict[str, Any] = field(default_factory=dict)
    plain: dict[str, str] = field(default_factory=dict)
    returned: Any = None
    outputs: dict[str, Any] = field(default_factory=dict)
    error: BaseException | None = None


@dataclass
class Repetition:
    """A single call that is repeated, with given results in place of the modules inside it.

    Attributes:
        path: of the module whose own code runs.
        results: results of inner calls by (path, how many times called inside): a function makes the result.
        handed: arguments that its own code gave to inner modules, by (path, count).
        missing: inner calls for which no result was given: they were computed.
        watch: told of every inner call: path, count, arguments, the line that calls.
    """

    path: str
    results: Mapping[tuple[str, int], Callable[[], Any]]
    watch: Callable[[str, int, Mapping[str, Any], Place | None], None] = lambda *told: None
    handed: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    missing: list[tuple[str, int]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    open: bool = False
    free: int = 0


class Recorder:
    """Sits between a model's modules and whoever calls them.

    Args:
        modules: all modules by path; a module that has several paths goes by the first.
        framework: see :class:`Framework`.
    """

    def __init__(self, modules: Mapping[str, Any], framework: Framework) -> None:
        self.framework = framework
        self.modules: dict[str, Any] = {}
        self.calls: list[Call] = []
        self.originals: dict[str, Callable[..., Any]] = {}
        self._stack: list[Call] = []
        self._counts: dict[str, int] = {}
        self._repetition: Repetition | None = None
        self._recording = False
        seen: set[int] = set()
        for path, module in modules.items():
            if id(module) not in seen:
                seen.add(id(module))
                self.modules[path] = module
                self._wrap(path, module)

    def _wrap(self, path: str, module: Any) -> None:
        original = getattr(module, self.framework.method)
        self.originals[path] = original

        @functools.wraps(original)
        def called(*args: Any, **keywords: Any) -> Any:
            if self._repetition is not None:
                return self._in_repetition(self._repetition, path, args, keywords)
            if self._recording:
                return self._record(path, args, keywords)
            return original(*args, **keywords)

        # Past __setattr__, which has opinions about attributes of modules.
        module.__dict__[self.framework.method] = called

    @contextmanager
    def recording(self) -> Iterator[None]:
        """While open, calls are recorded."""
        self._recording = True
        try:
            yield
        finally:
            self._recording = False

    def _record(self, path: str, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        framework, original = self.framework, self.originals[path]
        parent = self._stack[-1].number if self._stack else -1
        index = self._counts.get(path, 0)
        self._counts[path] = index + 1
        site = caller(sys._getframe(2), machinery=True)
        call = Call(len(self.calls), path, index, parent, len(self._stack), site, (args, keywords))
        self.calls.append(call)
        for name, value in in_order(original, args, keywords).items():
            self._note(call.inputs, call.plain, value, name)
        self._stack.append(call)
        try:
            returned = original(*args, **keywords)
        except BaseException as error:
            call.error = error
            raise
        finally:
            self._stack.pop()
        self._note(call.outputs, call.plain, returned, "output")
        call.returned = map_tensors(returned, framework.is_tensor, lambda n, t: framework.result(t, call, n), "output")
        return call.returned

    def _note(self, tensors: dict[str, Any], plain: dict[str, str], value: Any, name: str) -> None:
        for path, leaf in leaves(value, self.framework.is_tensor, name):
            if self.framework.is_tensor(leaf):
                tensors[path] = self.framework.snapshot(leaf)
            elif isinstance(leaf, (bool, int, float, str)):
                plain[path] = repr(leaf)

    def children_of(self, call: Call) -> list[tuple[tuple[str, int], Call]]:
        """The calls directly inside a call, with path and how many times that path was called there before."""
        counts: dict[str, int] = {}
        found = []
        for inner in self.calls[call.number + 1 :]:
            if inner.depth <= call.depth:
                break
            if inner.parent == call.number:
                key = (inner.path, counts.get(inner.path, 0))
                counts[inner.path] = key[1] + 1
                found.append((key, inner))
        return found

    def repeat(self, repetition: Repetition, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Run one module's own code; see :class:`Repetition`.

        The module is called as the program does it, so that hooks on calls see it.
        """
        self._repetition = repetition
        try:
            return self.modules[repetition.path](*args, **keywords)
        finally:
            self._repetition = None

    def _in_repetition(self, repetition: Repetition, path: str, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        original = self.originals[path]
        if repetition.free:  # inside a module for which no result is known
            return original(*args, **keywords)
        if not repetition.open and path == repetition.path:
            repetition.open = True
            return original(*args, **keywords)
        key = (path, repetition.counts.get(path, 0))
        repetition.counts[path] = key[1] + 1
        given = in_order(original, args, keywords)
        repetition.handed[key] = given
        repetition.watch(*key, given, caller(sys._getframe(2), machinery=True))
        if key in repetition.results:
            return repetition.results[key]()
        repetition.missing.append(key)
        repetition.free += 1
        try:
            return original(*args, **keywords)
        finally:
            repetition.free -= 1
