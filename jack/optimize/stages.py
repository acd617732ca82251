"""The order of the work: runs of the engine, and calls of Python between them."""

from __future__ import annotations

from dataclasses import dataclass

from jack.optimize.graph import Graph, Node
from jack.optimize.kinds import HEAVY, LIGHT

OUTSIDE = ("input", "constant")


@dataclass
class Stage:
    """A run of the engine, and the calls of Python after it.

    Attributes:
        nodes: that the engine computes, in order.
        inputs: what it needs from before.
        outputs: of it that somebody else needs.
        calls: of Python, in order.
    """

    nodes: list[Node]
    inputs: list[Node]
    outputs: list[Node]
    calls: list[Node]


def divided(graph: Graph) -> list[Stage]:
    """The stages of a graph: as few as the calls of Python between them allow."""
    needed = graph.needed()
    engine = _for_the_engine(needed)
    level: dict[Node, int] = {}
    for node in needed:
        before = [(level[i], i in engine) for i in node.inputs if i.kind not in OUTSIDE]
        if node in engine:
            level[node] = max((n if own else n + 1 for n, own in before), default=0)
        else:
            level[node] = max((n for n, _ in before), default=0)
    results = set(graph.outputs())
    readers: dict[Node, list[Node]] = {node: [] for node in needed}
    for node in needed:
        for source in node.inputs:
            readers[source].append(node)
    stages = []
    for number in sorted({level[n] for n in needed if n.kind not in OUTSIDE}):
        own = [n for n in needed if n in engine and level[n] == number]
        within = set(own)
        inputs: dict[Node, None] = {}
        for node in own:
            inputs.update(dict.fromkeys(i for i in node.inputs if i.kind != "constant" and i not in within))
        outputs = [n for n in own if n in results or any(r not in within for r in readers[n])]
        calls = [n for n in needed if n.kind not in OUTSIDE and n not in engine and level[n] == number]
        stages.append(Stage(own, list(inputs), outputs, calls))
    return stages


def _for_the_engine(needed: list[Node]) -> set[Node]:
    """The nodes that it computes: all of the kinds that cost something, and cheap ones that follow them."""
    found: set[Node] = set()
    for node in needed:
        if node.kind in HEAVY or (node.kind in LIGHT and any(i in found for i in node.inputs)):
            found.add(node)
    return found
