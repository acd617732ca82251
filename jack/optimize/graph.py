"""What a model computes, as a graph of values: recorded once, without computing anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from jack.optimize.errors import CannotOptimize


@dataclass(eq=False, repr=False)
class Node:
    """One value.

    Attributes:
        kind: ``input`` (options: ``index``), ``constant``, ``call`` (a function of Python that is called again),
            ``part`` (of a call's result; options: ``path``), or what the engine can do (see
            :mod:`jack.optimize.kinds`).
        inputs: the values that it is made of.
        shape: of the value.
        dtype: of the value.
        options: of its kind.
        function: that the model called.
        arguments: what the model gave it, positional and by name, with nodes in the place of tensors.
        variable: the Var that was recorded; never computed, except for constants.
        number: nodes are numbered in the order of their making; one that is put between two gets a fraction.
    """

    kind: str
    inputs: tuple[Node, ...] = ()
    shape: tuple[int, ...] = ()
    dtype: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    function: Callable[..., Any] | None = None
    arguments: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})
    variable: Any = None
    number: float = 0

    @property
    def identity(self) -> Any:
        """Of a constant: equal where it is the same Var, or made of the same ones in the same way."""
        return self.options.get("recipe") or int(self.variable.id)

    def values(self) -> NDArray[Any]:
        """Of a constant.

        Raises:
            CannotOptimize: if they have been released.
        """
        if any(base.options.get("gone") for base in bases([self])):
            raise CannotOptimize("it needs weights in another way than before, and they have been released")
        found: NDArray[Any] = self.variable.numpy()
        return found


@dataclass
class Graph:
    """A recorded model.

    Attributes:
        inputs: its tensors, in the order in which they are found in the arguments.
        result: what the model returned, with nodes in the place of tensors.
        constants: the weights and other fixed values that it uses.
    """

    inputs: list[Node]
    result: Any
    constants: list[Node]

    def outputs(self) -> list[Node]:
        """The nodes of the result."""
        return list(members(self.result, Node))

    def needed(self) -> list[Node]:
        """Every node that the result depends on, in the order of their making."""
        found: dict[float, Node] = {}
        waiting = self.outputs()
        while waiting:
            node = waiting.pop()
            if node.number not in found:
                found[node.number] = node
                waiting.extend(node.inputs)
        return [found[number] for number in sorted(found)]


def bases(constants: Iterable[Node]) -> set[Node]:
    """The constants that these are made of."""
    found: set[Node] = set()
    for node in constants:
        if node.kind == "constant":
            found |= bases(node.inputs) if node.inputs else {node}
    return found


def recipe(name: str, given: Any) -> Any:
    """What identifies a constant that a function makes of others; None where that cannot be told."""
    told = replaced(given, Node, lambda node: ("constant", node.identity))
    return (name, repr(told)) if _plain(told) else None


def _plain(value: Any) -> bool:
    if type(value) in (list, tuple):
        return all(map(_plain, value))
    if type(value) is dict:
        return all(map(_plain, value.values()))
    if isinstance(value, slice):
        return _plain((value.start, value.stop, value.step))
    return value is None or type(value) in (bool, int, float, str, type(...))


def replaced(value: Any, kind: type, change: Callable[[Any], Any]) -> Any:
    """A structure of lists, tuples, dictionaries and slices with every member of a type changed."""
    if isinstance(value, kind):
        return change(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):  # a named tuple
        return type(value)(*(replaced(v, kind, change) for v in value))
    if type(value) in (list, tuple):
        return type(value)(replaced(v, kind, change) for v in value)
    if type(value) is dict:
        return {k: replaced(v, kind, change) for k, v in value.items()}
    if isinstance(value, slice):
        return slice(*(replaced(v, kind, change) for v in (value.start, value.stop, value.step)))
    return value


def members(value: Any, kind: type) -> Iterator[Any]:
    """The members of a type in such a structure, in order."""
    if isinstance(value, kind):
        yield value
    elif type(value) is dict:
        for part in value.values():
            yield from members(part, kind)
    elif isinstance(value, slice):
        yield from members((value.start, value.stop, value.step), kind)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from members(part, kind)
