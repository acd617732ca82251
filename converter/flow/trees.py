"""Small readers of syntax that the analysis needs."""

from __future__ import annotations

from dataclasses import dataclass

import libcst as cst

from converter.tree import code, dotted, walk

# Methods and attributes whose result shares storage with the tensor they are taken from.
VIEW_METHODS = frozenset(
    "view reshape t transpose permute narrow select squeeze unsqueeze expand expand_as flatten view_as reshape_as "
    "swapaxes swapdims movedim unfold diagonal detach chunk split unbind contiguous T mT data real".split()
)


# How the view of a tensor that shares memory with a NumPy array begins.
ARRAY_VIEW = "the array "


@dataclass(frozen=True, slots=True)
class _Parameter:
    name: cst.Name
    annotation: cst.Annotation | None
    default: cst.BaseExpression | None
    star: str = ""
    keyword_only: bool = False


def parameters(params: cst.Parameters) -> list[_Parameter]:
    found = [_Parameter(p.name, p.annotation, p.default) for p in (*params.posonly_params, *params.params)]
    if isinstance(params.star_arg, cst.Param):
        found.append(_Parameter(params.star_arg.name, params.star_arg.annotation, None, "*"))
    found += [_Parameter(p.name, p.annotation, p.default, "", True) for p in params.kwonly_params]
    if params.star_kwarg is not None:
        found.append(_Parameter(params.star_kwarg.name, params.star_kwarg.annotation, None, "**"))
    return found


def leaves(body: cst.BaseSuite) -> bool:
    """Whether a block always ends in return, raise, continue or break."""
    if not body.body:
        return False
    last: cst.CSTNode = body.body[-1]
    if isinstance(last, cst.SimpleStatementLine):
        last = last.body[-1]
    return isinstance(last, cst.Return | cst.Raise | cst.Continue | cst.Break)


def assigned_names(body: cst.BaseSuite) -> set[str]:
    names: set[str] = set()
    for node in walk(body):
        if isinstance(node, cst.AssignTarget | cst.AugAssign | cst.AnnAssign):
            for part in walk(node.target):
                if isinstance(part, cst.Name):
                    names.add(part.value)
    return names


def defines(node: cst.ClassDef, name: str) -> bool:
    return any(isinstance(s, cst.FunctionDef) and s.name.value == name for s in node.body.body)


def is_classmethod(node: cst.CSTNode) -> bool:
    """Whether a function's first argument is the class."""
    return isinstance(node, cst.FunctionDef) and any(dotted(d.decorator) == "classmethod" for d in node.decorators)


def root(node: cst.BaseExpression) -> str:
    """The name whose storage a view of this expression shares; empty where the expression makes a fresh value."""
    while True:
        if isinstance(node, cst.Call):
            if not isinstance(node.func, cst.Attribute) or node.func.attr.value not in VIEW_METHODS:
                return ""
            node = node.func.value
        elif isinstance(node, cst.Subscript):
            node = node.value
        elif isinstance(node, cst.Attribute) and node.attr.value in VIEW_METHODS:
            node = node.value
        else:
            return dotted(node) or ""


def memory_of(node: cst.BaseExpression) -> str:
    """The name whose memory the NumPy array of this expression shares (on the CPU, where ``cpu()`` copies nothing)."""
    while isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value == "cpu":
        node = node.func.value
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value == "detach":
        return memory_of(node.func.value)
    return root(node)


def is_wide(node: cst.BaseExpression) -> bool:
    """Whether an expression of numbers (``2**40``, ``(1 << 32) - 1``) has a value that does not fit 32 bits."""
    value = _value(node)
    return value is not None and not -(2**31) <= value < 2**31


def _value(node: cst.BaseExpression) -> int | None:
    if isinstance(node, cst.Integer):
        return node.evaluated_value
    if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus):
        inner = _value(node.expression)
        return None if inner is None else -inner
    if not isinstance(node, cst.BinaryOperation):
        return None
    left, right = _value(node.left), _value(node.right)
    if left is None or right is None:
        return None
    match node.operator:
        case cst.Add():
            return left + right
        case cst.Subtract():
            return left - right
        case cst.Multiply():
            return left * right
        case cst.Power() if 0 <= right < 1024:
            return int(left**right)
        case cst.LeftShift() if 0 <= right < 1024:
            return left << right
    return None


def integer(node: cst.BaseExpression) -> int | None:
    try:
        return int(code(node))
    except ValueError:
        return None
