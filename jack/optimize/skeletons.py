"""Adaptive graph convolutions of skeletons (2s-AGCN and its relatives), put together into few products.

Recognised is, for subsets k of a graph and x of N x C x T x V,

    sum over k of conv_k(x @ (A_k + softmax(a_k(x)^T b_k(x) / divisor)))

with pointwise convolutions a, b and conv.  It becomes one convolution for all embeddings a and b, the graphs, the x of
all subsets beside one another, and one convolution of these: the sum is part of its product.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jack.optimize.graph import Graph, Node, recipe


@dataclass(frozen=True)
class _Subset:
    """One term of the sum."""

    x: Node
    first: Node  # the embedding's convolution
    second: Node
    divisor: float
    fixed: Node
    conv: Node


def merge_graph_convolutions(graph: Graph) -> int:
    """Replace the sums in a recorded graph.

    Returns:
        how many were replaced.
    """
    needed = graph.needed()
    readers: dict[Node, int] = {}
    for node in needed:
        for source in node.inputs:
            readers[source] = readers.get(source, 0) + 1
    for node in graph.outputs():
        readers[node] = readers.get(node, 0) + 1
    found = 0
    inside = {n for node in needed if _is_sum(node) for n in node.inputs}
    for node in needed:
        terms = _terms(node, readers) if _is_sum(node) and node not in inside else None
        subsets = [_subset(term, readers) for term in terms] if terms else []
        if subsets and None not in subsets and _alike(subsets):  # type: ignore[arg-type]
            _merge(node, [s for s in subsets if s is not None])
            found += 1
    return found


def _called(node: Node, *names: str) -> bool:
    return node.kind == "call" and node.function is not None and node.function.__name__ in names


def _is_sum(node: Node) -> bool:
    return node.kind == "add" or _zero_added(node)


def _zero_added(node: Node) -> bool:
    """Whether it is ``0 + x``, with which sums begin in Python."""
    return _called(node, "__radd__", "__add__", "add") and node.arguments[0][1:] == (0,) and not node.arguments[1]


def _terms(node: Node, readers: dict[Node, int]) -> list[Node] | None:
    """What a sum is made of, None where a part of it is read by somebody else."""
    found: list[Node] = []
    for part in node.inputs:
        if readers[part] != 1:
            return None
        more = _terms(part, readers) if _is_sum(part) else [part]
        if more is None:
            return None
        found += more
    return found


def _subset(conv: Node, readers: dict[Node, int]) -> _Subset | None:
    """The parts of a term, None where it is something else."""
    if not _pointwise(conv):
        return None
    back = conv.inputs[0]
    if back.kind != "view" or not _called(back.inputs[0], "matmul", "__matmul__", "bmm"):
        return None
    product = back.inputs[0]
    if len(product.inputs) != 2 or product.arguments[1]:
        return None
    rows, graph = product.inputs
    if rows.kind != "view" or len(back.shape) != 4:
        return None
    x = rows.inputs[0]
    clips, channels, frames, joints = back.shape
    if x.shape != back.shape or rows.shape != (clips, channels * frames, joints):
        return None
    if not _called(graph, "__add__", "add", "__radd__") or len(graph.inputs) != 2:
        return None
    fixed, softmax = sorted(graph.inputs, key=lambda n: n.kind != "constant")
    if fixed.kind != "constant" or fixed.shape != (joints, joints) or fixed.dtype != "float32":
        return None
    if not _called(softmax, "softmax") or _dim(softmax) not in (1, -2):
        return None
    quotient = softmax.inputs[0]
    if not _called(quotient, "__truediv__", "divide", "div") or len(quotient.inputs) != 1:
        return None
    divisor = quotient.arguments[0][1] if len(quotient.arguments[0]) == 2 else None
    inner = quotient.inputs[0]
    if not isinstance(divisor, int | float) or not _called(inner, "matmul", "__matmul__", "bmm"):
        return None
    if len(inner.inputs) != 2:
        return None
    turned, second = inner.inputs
    if not _called(turned, "transpose", "permute") or turned.arguments[0][1:] not in ((1, 2), (2, 1), (0, 2, 1)):
        return None
    first = turned.inputs[0]
    if first.kind != "view" or second.kind != "view":
        return None
    convs = (first.inputs[0], second.inputs[0])
    if not all(_pointwise(c) and c.inputs[0] is x and len(c.shape) == 4 for c in convs):
        return None
    size = convs[0].shape[1]
    wanted = (clips, size * frames, joints)
    if first.shape != wanted or second.shape != wanted or convs[0].shape != convs[1].shape:
        return None
    between = (back, product, graph, softmax, quotient, inner, turned, first, second, *convs)
    if any(readers[n] != 1 for n in between):
        return None
    return _Subset(x, convs[0], convs[1], float(divisor), fixed, conv)


def _dim(softmax: Node) -> Any:
    args, kwargs = softmax.arguments
    return kwargs.get("dim", args[1] if len(args) > 1 else None)


def _pointwise(node: Node) -> bool:
    if node.kind != "convolution":
        return False
    o = node.options
    ones = {*node.inputs[1].shape[2:], *o["stride"], *o["dilation"], o["groups"]} == {1}
    return ones and {*o["before"], *o["behind"]} == {0}


def _alike(subsets: list[_Subset]) -> bool:
    """Whether one product can do all of them."""
    one = subsets[0]
    return all(
        s.x is one.x
        and s.divisor == one.divisor
        and s.first.shape == one.first.shape
        and len(s.conv.inputs) == len(one.conv.inputs)
        and len(s.first.inputs) == len(s.second.inputs) == len(one.first.inputs)
        for s in subsets
    )


def _joined(nodes: list[Node], dim: int) -> Node:
    """Constants beside one another, as a constant."""
    import jittor as jt

    return _made(f"concat {dim}", nodes, jt.concat([n.variable for n in nodes], dim=dim))


def _made(name: str, nodes: list[Node], variable: Any) -> Node:
    options = {"derived": True, "recipe": recipe(name, nodes)}
    return Node("constant", tuple(nodes), tuple(variable.shape), nodes[0].dtype, options, variable=variable)


def _convolution(like: Node, x: Node, weight: Node, bias: Node | None) -> Node:
    inputs = (x, weight) if bias is None else (x, weight, bias)
    shape = (x.shape[0], weight.shape[0], *like.shape[2:])
    return Node("convolution", inputs, shape, like.dtype, {**like.options, "layout": 1})


def _merge(total: Node, subsets: list[_Subset]) -> None:
    """Turn the last node of a sum into the last convolution."""
    one = subsets[0]
    embeddings = [c for s in subsets for c in (s.first, s.second)]
    size = one.first.shape[1]
    has_bias = len(one.first.inputs) > 2
    weight = _joined([c.inputs[1] for c in embeddings], 0)
    bias = _joined([c.inputs[2] for c in embeddings], 0) if has_bias else None
    embedded = _convolution(one.first, one.x, weight, bias)
    joints = one.x.shape[3]
    fixed = _joined([s.fixed for s in subsets], 0)
    starts = [(2 * k * size, (2 * k + 1) * size) for k in range(len(subsets))]
    options = {"starts": starts, "size": size, "divisor": one.divisor}
    shape = (one.x.shape[0], len(subsets), joints, joints)
    graphs = Node("affinity", (embedded, fixed), shape, one.x.dtype, options)
    clips, channels, frames, _ = one.x.shape
    wide = (clips, channels * len(subsets), frames, joints)
    mixed = Node("mixture", (one.x, graphs), wide, one.x.dtype, {"subsets": len(subsets)})
    last = _joined([s.conv.inputs[1] for s in subsets], 1)
    biases = [s.conv.inputs[2] for s in subsets if len(s.conv.inputs) > 2]
    made = _convolution(one.conv, mixed, last, _summed(biases) if biases else None)
    total.kind, total.inputs, total.options = made.kind, made.inputs, made.options
    total.function, total.arguments = None, ((), {})
    # Between the x and the sum there is room for the numbers of the new nodes: they only have to be in order.
    for position, node in enumerate((weight, bias, embedded, fixed, graphs, mixed, *made.inputs[1:])):
        if node is not None:
            node.number = total.number - (16 - position) / 32


def _summed(nodes: list[Node]) -> Node:
    variable = nodes[0].variable
    for node in nodes[1:]:
        variable = variable + node.variable
    return _made("sum", nodes, variable)
