"""Which tensors have no dimension in Torch, as far as the file tells.

Jittor gives them one element in one axis, so that ``stack`` and ``unsqueeze`` would make two axes of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from converter.kinds import Kind

_REDUCTIONS = frozenset(
    "sum mean max min prod std var norm median all any argmax argmin amax amin nansum logsumexp".split()
)
_ALWAYS = frozenset("dot trace det logdet vdot".split())
# Element by element: without dimensions where all operands are.
_ELEMENTWISE = frozenset(
    "detach clone exp log log2 log10 log1p sqrt rsqrt abs neg square sigmoid tanh relu softplus clamp clip float "
    "double half long int bool to type cpu cuda contiguous add sub mul div true_divide pow maximum minimum reciprocal "
    "requires_grad_ detach_ add_ sub_ mul_ div_ where round floor ceil sign isnan isinf isfinite logical_not".split()
)


def of_call(name: str, node: cst.Call, values: Sequence[Kind], is_method: bool) -> bool:
    """Whether a function or method gives a tensor without dimensions; ``values`` begin with a method's receiver."""
    keywords = {arg.keyword.value: arg.value for arg in node.args if arg.keyword is not None}
    if any(arg.star for arg in node.args):
        return False
    count = len(node.args) - len(keywords) + is_method
    if name in _ALWAYS:
        return True
    if name in _REDUCTIONS:
        return count == 1 and not keywords.keys() - {"dtype", "unbiased", "correction", "p"}
    if name.endswith("_loss") or name in ("cross_entropy", "binary_cross_entropy", "kl_div"):
        return name != "loss" and reduces(node) and not is_method
    if name in ("tensor", "as_tensor", "scalar_tensor", "new_tensor"):
        given = values[1:] if is_method else values
        return bool(given) and given[0].name in ("int", "float", "bool") or bool(given) and given[0].scalar
    if name in _ELEMENTWISE:
        tensors = [v for v in values if v.name == "tensor"]
        return bool(tensors) and all(v.scalar for v in tensors)
    return False


def reduces(node: cst.Call) -> bool:
    """Whether a loss is a mean or a sum: its ``reduction`` is the default, or one of these."""
    for arg in node.args:
        if arg.keyword is not None and arg.keyword.value in ("reduction", "reduce"):
            return isinstance(arg.value, cst.SimpleString) and arg.value.raw_value in ("mean", "sum", "batchmean")
    return not any(arg.star for arg in node.args)


def of_operands(left: Kind, right: Kind) -> bool:
    """Whether an operator on a tensor and another value gives a tensor without dimensions."""
    return all(k.scalar if k.name == "tensor" else k.name not in ("array", "list") for k in (left, right))


def from_rows(*operands: Kind) -> bool:
    """Whether the result of an operator may be a single element, because its operands may be (``row * 2``)."""
    tensors = [k for k in operands if k.name == "tensor"]
    single = any(k.rows or k.derived for k in tensors)
    return (
        single
        and all(k.rows or k.derived or k.scalar for k in tensors)
        and not any(k.name == "array" for k in operands)
    )


def elementwise(name: str) -> bool:
    """Whether a function or method computes element by element."""
    return name in _ELEMENTWISE


def is_row(node: cst.BaseExpression) -> bool:
    """``v[i]``, ``x[i, j]``: an element where there are as many indices as dimensions."""
    if not isinstance(node, cst.Subscript) or node.lpar:
        return False
    parts = [element.slice for element in node.slice]
    return all(isinstance(p, cst.Index) and _may_be_number(p.value) for p in parts)


def _may_be_number(node: cst.BaseExpression) -> bool:
    plain = cst.Integer | cst.UnaryOperation | cst.Attribute | cst.BinaryOperation | cst.Call
    return isinstance(node, plain) or isinstance(node, cst.Name) and node.value not in ("None", "Ellipsis")
