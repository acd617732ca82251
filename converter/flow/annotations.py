"""The kinds that annotations name."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from converter.flow.base import State
from converter.flow.dtypes import of_name
from converter.flow.facts import ClassInfo
from converter.kinds import (
    ARRAY,
    BOOL,
    FLOAT,
    INT,
    NONE,
    SIZE,
    STR,
    TENSOR,
    UNKNOWN,
    Kind,
    join,
    join_all,
)
from converter.tree import dotted

_CONTAINERS = ("list", "List", "Sequence", "Iterable", "Iterator", "tuple", "Tuple", "set", "Set", "Generator")


class Annotations(State):
    """Reads annotations and the second argument of isinstance."""

    def _annotation(self, node: cst.BaseExpression, record: bool = False) -> Kind:
        """The kind an annotation (or the second argument of isinstance) names."""
        if record:
            self.ev(node)
        match node:
            case cst.SimpleString():
                try:
                    return self._annotation(cst.parse_expression(str(node.evaluated_value)))
                except cst.ParserSyntaxError:
                    return UNKNOWN
            case cst.Name(value="None"):
                return NONE
            case cst.Name() | cst.Attribute():
                return self._named_type(node)
            case cst.Subscript():
                base = (dotted(node.value) or "").rpartition(".")[2]
                inner = [
                    self._annotation(e.slice.value)
                    for e in node.slice
                    if isinstance(e.slice, cst.Index) and not isinstance(e.slice.value, cst.Ellipsis)
                ]
                if base in ("Optional", "Final", "Annotated", "ClassVar"):
                    return inner[0] if inner else UNKNOWN
                if base == "Union":
                    return join_all(inner)
                if base in ("tuple", "Tuple") and inner and len(inner) == len(node.slice):
                    return Kind("tuple", items=tuple(inner))
                if base in _CONTAINERS:
                    return Kind("list", element=inner[0] if inner else UNKNOWN)
                if base in ("dict", "Dict", "Mapping", "OrderedDict", "defaultdict"):
                    return Kind("dict", element=inner[-1] if inner else UNKNOWN)
                if base in ("type", "Type"):
                    return Kind("callable", element=inner[0] if inner else UNKNOWN)
                if base == "Callable":
                    return Kind("callable", element=inner[-1] if inner else UNKNOWN)
                return UNKNOWN
            case cst.BinaryOperation(operator=cst.BitOr()):
                return join(self._annotation(node.left), self._annotation(node.right))
            case cst.Tuple():
                return join_all(self._annotation(e.value) for e in node.elements)
        return UNKNOWN

    def _named_type(self, node: cst.Name | cst.Attribute) -> Kind:
        plain = {
            "int": INT,
            "float": FLOAT,
            "bool": BOOL,
            "str": STR,
            "None": NONE,
            "dict": Kind("dict"),
            "list": Kind("list"),
        }
        kind = self._quiet(node)
        if isinstance(node, cst.Name) and kind.name == "unknown":
            return plain.get(node.value, UNKNOWN)
        if kind.name == "api":
            if kind.qual in (
                "torch.Tensor",
                "torch.nn.Parameter",
                "torch.FloatTensor",
                "torch.LongTensor",
                "torch.BoolTensor",
                "torch.ByteTensor",
            ):
                return replace(TENSOR, dtype=of_name(kind.qual))
            if kind.qual.startswith("torch.optim.lr_scheduler."):
                return Kind("scheduler", qual=kind.qual)
            if kind.qual.startswith("torch.optim."):
                return Kind("optimizer", qual=kind.qual)
            if kind.qual in ("torch.device", "torch.dtype"):
                return Kind(kind.qual.rpartition(".")[2])
            if kind.qual == "torch.Size":
                return SIZE
            if kind.qual == "torch.utils.data.DataLoader":
                return Kind("loader")
            if kind.qual.startswith("torch.nn."):
                return Kind("module", qual=kind.qual)
        if isinstance(kind.definition, ClassInfo) and kind.name == "class":
            return Kind("instance", definition=kind.definition)
        if kind.name == "numpy" and kind.qual.endswith("ndarray"):
            return ARRAY
        return UNKNOWN

    def _quiet(self, node: cst.BaseExpression) -> Kind:
        """Evaluate a name or attribute chain."""
        if isinstance(node, cst.Name):
            return self.scope.lookup(node.value)
        return self.ev(node)
