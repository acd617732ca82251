"""Zeros around a value become the padding of the convolution or pool that reads it."""

from __future__ import annotations

from jack.optimize.graph import Graph, Node


def absorb_padding(graph: Graph) -> None:
    """Rewrite a recorded graph; what is left of its ``pad`` nodes is called as the model calls it."""
    for node in graph.needed():
        while node.kind in ("convolution", "pool") and node.inputs[0].kind == "pad" and _fits(node):
            pad = node.inputs[0]
            node.options = {
                **node.options,
                "before": _sum(node.options["before"], pad.options["before"]),
                "behind": _sum(node.options["behind"], pad.options["behind"]),
            }
            node.inputs = (pad.inputs[0], *node.inputs[1:])
    for node in graph.needed():
        if node.kind == "pad":
            node.kind, node.options = "call", {}


def _sum(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip(first, second))


def _fits(node: Node) -> bool:
    """Whether padding of the node's own does the same."""
    if node.kind == "convolution":
        return True
    own = {*node.options["before"], *node.options["behind"]}
    pad = node.inputs[0]
    # A maximum ignores its own padding.  So it does zeros, where nothing is below them and each window has an input.
    kernel = node.options["kernel"]
    amounts = zip(kernel, pad.options["before"], pad.options["behind"])
    inside = all(before < k and behind < k for k, before, behind in amounts)
    return node.options["way"] == 0 and own == {0} and inside and _never_negative(pad.inputs[0])


def _never_negative(node: Node) -> bool:
    if node.kind == "relu":
        return True
    return node.kind in ("concat", "pad", "pool", "view") and all(map(_never_negative, node.inputs))
