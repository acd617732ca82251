"""Which type of elements a tensor has, as far as the file tells: only what Jittor's arithmetic gets wrong matters.

Torch's floats win over integers without changing their width, and one-byte integers and booleans count as they are
written.  Jittor computes int64 with float32 in float64, uint8 with a number in int8 (200 + 1 is -55), booleans with a
float in float16.  A class here is the narrowest that decides: ``byte`` (one or two bytes: uint8, int8, int16,
float16), ``bool``, ``int`` (int64), ``int32``, and empty for floating or unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import libcst as cst

from converter.kinds import RISK, WIDE, Kind, join_all
from converter.tree import code

_CLASSES = {
    "uint8": "byte", "int8": "byte", "int16": "byte", "short": "byte", "half": "byte", "float16": "byte",
    "bfloat16": "byte", "bool": "bool", "int64": "int", "long": "int", "int32": "int32", "int": "int32",
    "byte": "byte", "char": "byte", "float": "", "double": "", "float32": "", "float64": "",
    "LongTensor": "int", "IntTensor": "int32", "ByteTensor": "byte", "BoolTensor": "bool", "ShortTensor": "byte",
    "CharTensor": "byte", "HalfTensor": "byte", "BFloat16Tensor": "byte", "FloatTensor": "", "DoubleTensor": "",
}  # fmt: skip
_BUILTINS = {"int": "int", "bool": "bool", "float": ""}
_INDICES = frozenset(
    "argmax argmin argsort nonzero argwhere bincount randint randperm randint_like searchsorted bucketize one_hot "
    "tril_indices triu_indices count_nonzero".split()
)
_TRUTHS = frozenset(
    "eq ne lt le gt ge greater less greater_equal less_equal not_equal isnan isinf isfinite isclose isin logical_and "
    "logical_or logical_not logical_xor any all signbit".split()
)
_TOTALS = frozenset("sum prod cumsum cumprod nansum".split())
# The result has the type of the tensor that it is made from.
_KEEPING = frozenset(
    "view reshape t transpose permute narrow select squeeze unsqueeze expand expand_as flatten unflatten view_as "
    "reshape_as swapaxes swapdims movedim unfold diagonal detach contiguous clone repeat repeat_interleave tile flip "
    "fliplr flipud roll rot90 gather take take_along_dim index_select masked_select masked_fill clamp clip clamp_min "
    "clamp_max abs neg negative square cpu cuda pin_memory tril triu diag scatter scatter_add index_add index_fill "
    "index_copy broadcast_to ravel bitwise_not bitwise_and bitwise_or bitwise_xor amax amin max min sort topk kthvalue "
    "median mode unique unique_consecutive chunk split tensor_split unbind zeros_like ones_like empty_like full_like "
    "new_zeros new_ones new_empty new_full new_tensor pad requires_grad_ interpolate cummax cummin to type "
    "as_strided atleast_1d atleast_2d atleast_3d floor_divide remainder fmod".split()
)
_JOINING = frozenset("cat concat concatenate stack hstack vstack dstack maximum minimum add sub mul meshgrid".split())
_FROM_DATA = frozenset("tensor as_tensor from_numpy asarray LongTensor IntTensor ByteTensor BoolTensor".split())


def of_name(text: str) -> str:
    """The class of a dtype by its name (``uint8``, ``LongTensor``)."""
    return _CLASSES.get(text.rpartition(".")[2], "")


def written(node: cst.BaseExpression, kind_of: Callable[[cst.CSTNode], Kind]) -> str | None:
    """The class that an expression names as a dtype: ``torch.uint8``, ``bool``, ``other.dtype``; None for others."""
    kind = kind_of(node)
    if kind.name in ("api", "alias"):
        last = kind.qual.rpartition(".")[2]
        return _CLASSES.get(last)
    if isinstance(node, cst.Name) and kind.name == "unknown":
        return _BUILTINS.get(node.value)
    if isinstance(node, cst.Attribute) and node.attr.value == "dtype":
        return kind_of(node.value).dtype
    if isinstance(node, cst.SimpleString):
        return of_name(str(node.raw_value))
    return None


def of_call(name: str, node: cst.Call, values: Sequence[Kind], kind_of: Callable[[cst.CSTNode], Kind]) -> str:
    """The class of what a function or method gives; ``values`` are the kinds of its tensors (the receiver first)."""
    for arg in node.args:
        if arg.keyword is not None and arg.keyword.value == "dtype":
            named = written(arg.value, kind_of)
            if named is not None:
                return named
            if not (isinstance(arg.value, cst.Name) and arg.value.value == "None"):
                return ""
    first = values[0] if values else None
    if name in ("to", "type"):
        named_by = [written(a.value, kind_of) for a in node.args if a.keyword is None]
        others = [kind_of(a.value).dtype for a in node.args if kind_of(a.value).name == "tensor"]
        found = [c for c in named_by if c is not None] + others
        return found[0] if found else first.dtype if first is not None else ""
    if name in _INDICES:
        return "int"
    if name in _TRUTHS:
        return "bool"
    if name in ("arange", "range"):
        return "" if any(v.name == "float" for v in values) or name == "range" else "int"
    if name in _FROM_DATA:
        return _CLASSES.get(name) or _of_data(node, first)
    if name == "full" and len(values) > 1:
        return number(values[1])
    if name == "where" and len(values) == 3:
        return promoted(values[1], values[2])
    if name in _TOTALS and first is not None:
        return "int" if first.dtype else ""
    if name in _JOINING:
        inner = [v.element if v.name == "list" and v.element else v for v in values]
        inner = [part for v in inner for part in (v.items if v.name == "tuple" and v.items else (v,))]
        return join_all(inner).dtype if inner else ""
    if name in _KEEPING or name.endswith("_"):
        return first.dtype if first is not None else ""
    if first is not None and first.name == "tensor" and name in _CLASSES:  # x.long(), x.half()
        return _CLASSES[name]
    return ""


def number(kind: Kind) -> str:
    """The class of a tensor that is filled with such a number."""
    return {"int": "int", "bool": "bool"}.get(kind.name, kind.dtype)


def _of_data(node: cst.Call, first: Kind | None) -> str:
    if first is None:
        return ""
    kind = first
    while kind.name in ("list", "tuple") and (kind.element or kind.items):
        kind = kind.element if kind.element is not None else join_all(kind.items)
    if kind.name == "array" or first.name == "unknown" and isinstance(node.args[0].value, cst.Call):
        text = code(node.args[0].value)
        if "float" in text or "rand" in text or "double" in text:
            return ""
        return "int" if "int64" in text or "arange" in text else "byte"  # what NumPy holds, bytes too
    return number(kind)


def promoted(left: Kind, right: Kind) -> str:
    """The class of the result of arithmetic on two operands, at least one of which is a tensor."""
    tensors = [k for k in (left, right) if k.name == "tensor"]
    if len(tensors) == 2:
        return "" if not all(k.dtype for k in tensors) else riskier(k.dtype for k in tensors)
    other = right if tensors and tensors[0] is left else left
    if not tensors:
        return "int" if left.name == right.name == "int" else ""
    if other.name == "float":
        return ""
    return "int" if tensors[0].dtype == "bool" and other.name == "int" else tensors[0].dtype


def riskier(classes: Iterable[str]) -> str:
    """The class for which most care is needed."""
    return max(classes, key=RISK.index)


def by_helper(operator: str, left: Kind, right: Kind) -> bool:
    """Whether an operator is written as a call of a helper; ``& | ^`` differ for wide numbers only."""
    return WIDE in (left, right) if operator in ("and", "or", "xor") else differs(operator, left, right)


def differs(operator: str, left: Kind, right: Kind) -> bool:
    """Whether Jittor's ``+ - * /`` would compute these operands in another type than Torch."""
    classes = {k.dtype for k in (left, right) if k.name == "tensor"}
    if WIDE in (left, right):
        return True
    if operator == "truediv":
        return bool(classes & {"byte", "bool", "int"})
    if "byte" in classes:
        return True
    plain = {k.name for k in (left, right) if k.name != "tensor"}
    if "bool" in classes:
        return bool(plain) or classes == {"bool"}
    return "int" in classes and ("float" in plain or "" in classes)
