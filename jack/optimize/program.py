"""A recorded model, ready to run for inputs of the same shapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from jack.optimize.emit import Counts, Keys, emit
from jack.optimize.engine import Plan
from jack.optimize.graph import Graph, Node, bases, members, replaced
from jack.optimize.stages import divided


@dataclass(frozen=True)
class _Call:
    """A call of Python: what it is given is found by number."""

    number: float
    function: Any
    arguments: Any
    parts: tuple[tuple[float, tuple[Any, ...]], ...]


@dataclass(frozen=True)
class _Slot:
    """A place in arguments or results where a value goes."""

    number: float


@dataclass(frozen=True)
class Program:
    """Runs of the engine, and the calls of Python between them.

    Attributes:
        stages: for each a plan, the numbers of what it needs and makes, and the calls after it.
        constants: that calls and the result need, by number.
        result: of the model, with slots.
        released: Vars whose values only the plans need: they hold them in layouts of their own.
    """

    stages: list[tuple[Plan | None, list[float], list[float], list[_Call]]]
    constants: dict[float, Any]
    result: Any
    released: list[Any]

    def run(self, given: Any) -> Any:
        """What the model returns for these arguments, positional and by name."""
        import jittor as jt

        values: dict[float, Any] = dict(self.constants)
        values.update(enumerate(members(given, jt.Var)))

        def value(slot: _Slot) -> Any:
            return values[slot.number]

        for plan, needs, makes, calls in self.stages:
            if plan is not None:
                values.update(zip(makes, plan([values[n] for n in needs])))
            for call in calls:
                args, kwargs = replaced(call.arguments, _Slot, value)
                found = call.function(*args, **kwargs)
                for number, path in call.parts:
                    part = found
                    for key in path:
                        part = part[key]
                    values[number] = part
        return replaced(self.result, _Slot, value)


def make_program(graph: Graph, keys: Keys, counts: Counts) -> Program:
    """The program of a recorded model.

    Raises:
        CannotOptimize: if oneDNN cannot do a part of it.
    """
    slot = {node: _Slot(node.number) for node in graph.needed()}
    constants: dict[float, Any] = {}

    def place(node: Node) -> _Slot:
        if node.kind == "constant":
            node.values()
            constants[node.number] = node.variable.stop_grad()
        return slot[node]

    stages = []
    own: set[Node] = set()
    shared: set[Node] = set()
    for stage in divided(graph):
        own |= bases(i for n in stage.nodes for i in n.inputs)
        shared |= bases(i for n in stage.calls for i in n.inputs)
        plan = emit(stage, keys, counts) if stage.nodes else None
        calls = []
        parts: dict[Node, list[tuple[float, tuple[Any, ...]]]] = {}
        for node in stage.calls:
            if node.kind == "part":
                parts.setdefault(node.inputs[0], []).append((node.number, node.options["path"]))
        for node in stage.calls:
            if node.kind != "part":
                arguments = replaced(node.arguments, Node, place)
                places = parts.get(node, [(node.number, ())])
                calls.append(_Call(node.number, node.function, arguments, tuple(places)))
        stages.append((plan, [n.number for n in stage.inputs], [n.number for n in stage.outputs], calls))
    result = replaced(graph.result, Node, place)
    shared |= bases(graph.outputs())
    released = [node.variable for node in own - shared if not node.options.get("derived")]
    return Program(stages, constants, result, released)


def arrays(result: Any) -> list[NDArray[Any]]:
    """The tensors of a result, as arrays."""
    import jittor as jt

    return [v.numpy() for v in members(result, jt.Var)]
