"""The kinds of expressions other than calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import libcst as cst

from converter import kinds
from converter.flow import dtypes, scalars
from converter.flow.calls import Calls
from converter.flow.facts import ClassInfo, FunctionInfo
from converter.flow.trees import integer, is_wide, parameters, root
from converter.kinds import (
    ARRAY,
    BOOL,
    FLOAT,
    INT,
    LIKELY_MODULE,
    LIKELY_TENSOR,
    NONE,
    NUMBERS,
    SIZE,
    STR,
    TENSOR,
    UNKNOWN,
    WIDE,
    Kind,
    join,
    join_all,
)
from converter.names import Scope, canonical
from converter.rules.base import Registry
from converter.tree import children, dotted, walk


class Expressions(Calls):
    """Names, attributes, subscripts, operators, displays and comprehensions."""

    def __init__(
        self,
        tree: cst.Module,
        registry: Registry,
        own_package: str = "",
        about_torch: bool = True,
        returns: Mapping[str, str] | None = None,
        starred: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(tree, registry, own_package, about_torch, returns, starred)
        self._dispatch = {
            cst.Name: self._name,
            cst.Attribute: self._attribute,
            cst.Call: self._call,
            cst.Subscript: self._subscript,
            cst.BinaryOperation: self._binary,
            cst.UnaryOperation: self._unary,
            cst.Comparison: self._comparison,
            cst.BooleanOperation: self._boolean,
            cst.IfExp: self._if_expression,
            cst.Lambda: self._lambda,
            cst.Tuple: self._tuple,
            cst.List: self._list,
            cst.Dict: self._dict,
            cst.ListComp: self._comprehension,
            cst.GeneratorExp: self._comprehension,
            cst.SetComp: self._comprehension,
            cst.DictComp: self._dict_comprehension,
            cst.NamedExpr: self._named,
            cst.StarredElement: self._starred,
            cst.Integer: lambda n: WIDE if is_wide(n) else INT,
            cst.Float: lambda n: FLOAT,
            cst.SimpleString: lambda n: STR,
            cst.ConcatenatedString: self._concatenated,
            cst.FormattedString: self._formatted,
            cst.Await: self._inside,
            cst.Yield: self._inside,
        }

    def _inside(self, node: cst.CSTNode) -> Kind:
        for child in children(node):
            self.ev(child)
        return UNKNOWN

    def _concatenated(self, node: cst.ConcatenatedString) -> Kind:
        self.ev(node.left)
        self.ev(node.right)
        return STR

    def _formatted(self, node: cst.FormattedString) -> Kind:
        for part in node.parts:
            for child in walk(part):
                if isinstance(child, cst.FormattedStringExpression):
                    written = self.ev(child.expression)
                    if child.format_spec is None:
                        self._needs_dimensions(written)
        return STR

    def _name(self, node: cst.Name) -> Kind:
        self._used(node)
        kind = self.scope.lookup(node.value)
        if kind.name == "api":
            self.facts.api[node] = kind.qual
        elif kind.name == "unknown" and kind.qual:
            self.facts.either[node] = kind.qual
        elif kind is UNKNOWN and node.value in ("True", "False"):
            return BOOL
        elif kind is UNKNOWN and node.value == "None":
            return NONE
        return kind

    def _attribute(self, node: cst.Attribute) -> Kind:
        owner = self.ev(node.value)
        name = node.attr.value
        if owner.name == "api":
            full = canonical(f"{owner.qual}.{name}")
            self.facts.api[node] = full
            rule = self.registry.get(full)
            if rule is not None and not rule.signature and rule.returns in ("dtype", "float", "int"):
                return Kind("api", qual=full)
            return Kind("api", qual=full)
        if owner.name == "numpy":
            return Kind("numpy", qual=f"{owner.qual}.{name}")
        if owner.name in ("other", "imported"):
            return owner
        if owner.name in ("instance", "class") and isinstance(owner.definition, ClassInfo):
            attribute = owner.definition.find_attribute(name)
            if attribute.known:
                return attribute
            method = owner.definition.find_method(name)
            if method is not None:
                if isinstance(method.node, cst.FunctionDef) and any(
                    (dotted(d.decorator) or "").endswith("property") for d in method.node.decorators
                ):
                    return method.returns or UNKNOWN
                return Kind("function", definition=method)
            if owner.definition.is_module and name == "training":
                return BOOL
            return UNKNOWN
        if owner.name == "tensor":
            return self._tensor_attribute(node, owner, name)
        if owner.name == "tuple" and owner.items and name in ("values", "indices"):
            return owner.items[name == "indices"]
        if owner.name == "module":
            if name in ("weight", "bias", "running_mean", "running_var"):
                return replace(LIKELY_TENSOR, qual="parameter")
            return UNKNOWN
        if owner.name == "context" and name in ("saved_tensors", "saved_variables"):
            return Kind("list", element=LIKELY_TENSOR)
        if owner.name == "unknown" and self.about_torch and name in kinds.TENSOR_ONLY_METHODS:
            self._suggest(node.value, LIKELY_TENSOR)
        return UNKNOWN

    def _tensor_attribute(self, node: cst.Attribute, owner: Kind, name: str) -> Kind:
        self.facts.scopes[node] = self.scope
        if name in ("T", "mT", "data", "grad", "real", "imag", "H"):
            view = "" if name == "grad" else root(node.value)
            kind = replace(TENSOR, evidence=owner.evidence, view=view, dtype=owner.dtype, scalar=owner.scalar)
            return replace(kind, qual=owner.qual if view else "")
        if name in ("shape", "ndim") and node not in self.facts.indexed:
            self._needs_dimensions(owner)
        if name == "shape":
            return SIZE
        if name == "ndim":
            return INT
        if name in ("dtype", "device"):
            return Kind(name)
        if name in ("requires_grad", "is_cuda", "is_leaf"):
            return BOOL
        return UNKNOWN

    def _subscript(self, node: cst.Subscript) -> Kind:
        self.facts.indexed.add(node.value)
        owner = self.ev(node.value)
        indices: list[Kind] = []
        for element in node.slice:
            if isinstance(element.slice, cst.Index):
                indices.append(self.ev(element.slice.value))
            elif isinstance(element.slice, cst.Slice):
                for part in (element.slice.lower, element.slice.upper, element.slice.step):
                    if part is not None:
                        self.ev(part)
        match owner.name:
            case "tensor":
                advanced = any(
                    k.name in ("list", "array") or k.name == "tensor" and not (k.scalar or k.rows) for k in indices
                )
                for index_kind in indices:
                    self._needs_dimensions(index_kind)
                    if index_kind.derived:  # `m[i.long()]`: what `i` is decides
                        for inside in walk(node):
                            if isinstance(inside, cst.Name):
                                self._needs_dimensions(self.facts.kind(inside))
                view = "" if advanced else root(node.value)
                shared = owner.qual if view else ""
                piece = replace(TENSOR, evidence=owner.evidence, view=view, dtype=owner.dtype, qual=shared)
                piece = replace(piece, picked=advanced or owner.picked)
                if scalars.is_row(node) and not advanced:
                    return replace(piece, rows=frozenset({node}))
                if any(isinstance(e.slice, cst.Index) and dotted(e.slice.value) == "None" for e in node.slice):
                    self._needs_dimensions(owner)
                return piece
            case "size":
                return INT if indices and len(node.slice) == 1 else SIZE
            case "tuple":
                if len(node.slice) == 1 and isinstance(node.slice[0].slice, cst.Index):
                    index = integer(node.slice[0].slice.value)
                    if index is not None and -len(owner.items) <= index < len(owner.items):
                        return owner.items[index]
                return join_all(owner.items) if owner.items else UNKNOWN
            case "list":
                return (owner.element or UNKNOWN) if indices else owner
            case "dict":
                return owner.element or UNKNOWN
            case "batch":
                return LIKELY_TENSOR
            case "module":
                return (owner.element or LIKELY_MODULE) if indices else replace(owner, qual="torch.nn.Sequential")
            case "array":
                return ARRAY
            case "str":
                return STR
            case "api":
                return UNKNOWN
        return UNKNOWN

    def _binary(self, node: cst.BinaryOperation) -> Kind:
        left, right = self.ev(node.left), self.ev(node.right)
        if left.name == "tensor" or right.name == "tensor":
            sides = [k.evidence for k in (left, right) if k.name == "tensor"]
            dtype = "" if isinstance(node.operator, cst.Divide) else dtypes.promoted(left, right)
            scalar, derived = scalars.of_operands(left, right), scalars.from_rows(left, right)
            picked = left.picked or right.picked
            return replace(TENSOR, evidence=max(sides), dtype=dtype, scalar=scalar, derived=derived, picked=picked)
        if left.name in NUMBERS and right.name in NUMBERS:
            if isinstance(node.operator, cst.Divide) or "float" in (left.name, right.name):
                return FLOAT
            return WIDE if left.qual or right.qual or is_wide(node) else INT
        if left.name == "str" and isinstance(node.operator, cst.Modulo | cst.Add):
            return STR
        if left.name == "list" and right.name == "list":
            return join(left, right)
        if left.name == "list" and isinstance(node.operator, cst.Multiply):
            return left
        if left.name == "array" or right.name == "array":
            return ARRAY
        if left.name == "tuple" and right.name == "tuple" and left.items and right.items:
            return Kind("tuple", items=left.items + right.items)
        if left.name == "size" and right.name in ("size", "tuple"):
            return SIZE
        return UNKNOWN

    def _unary(self, node: cst.UnaryOperation) -> Kind:
        inner = self.ev(node.expression)
        if isinstance(node.operator, cst.Not):
            return BOOL
        return (
            replace(inner, view="", rows=frozenset(), derived=scalars.from_rows(inner))
            if inner.name == "tensor"
            else inner
        )

    def _comparison(self, node: cst.Comparison) -> Kind:
        sides = [self.ev(node.left)]
        identity = False
        for target in node.comparisons:
            sides.append(self.ev(target.comparator))
            if isinstance(target.operator, cst.In | cst.NotIn | cst.Is | cst.IsNot):
                identity = True
        if not identity and any(k.name == "tensor" for k in sides):
            return replace(TENSOR, evidence=max(k.evidence for k in sides if k.name == "tensor"), dtype="bool")
        return BOOL

    def _boolean(self, node: cst.BooleanOperation) -> Kind:
        return join(self.ev(node.left), self.ev(node.right))

    def _if_expression(self, node: cst.IfExp) -> Kind:
        self.ev(node.test)
        return join(self.ev(node.body), self.ev(node.orelse))

    def _lambda(self, node: cst.Lambda) -> Kind:
        info = self.functions.get(node)
        if info is None:
            info = self.functions[node] = FunctionInfo(node, self.scope)
        for parameter in parameters(node.params):
            if parameter.default is not None:
                self.ev(parameter.default)
        self._function_body(info, self.scope)
        return Kind("function", definition=info)

    def _elements(self, elements: Iterable[cst.BaseElement]) -> tuple[list[Kind], bool]:
        found: list[Kind] = []
        starred = False
        for element in elements:
            kind = self.ev(element.value)
            if isinstance(element, cst.StarredElement):
                starred = True
                kind = self._element(kind)
            found.append(kind)
        return found, starred

    def _tuple(self, node: cst.Tuple) -> Kind:
        found, starred = self._elements(node.elements)
        return Kind("list", element=join_all(found)) if starred else Kind("tuple", items=tuple(found))

    def _list(self, node: cst.List) -> Kind:
        found, _ = self._elements(node.elements)
        return Kind("list", element=join_all(found) if found else None)

    def _dict(self, node: cst.Dict) -> Kind:
        values: list[Kind] = []
        for element in node.elements:
            if isinstance(element, cst.DictElement):
                self.ev(element.key)
            values.append(self.ev(element.value))
        return Kind("dict", element=join_all(values) if values else None)

    def _comprehension(self, node: cst.ListComp | cst.GeneratorExp | cst.SetComp) -> Kind:
        element = self._in_comprehension(node.for_in, lambda: self.ev(node.elt))
        return Kind("list", element=element)

    def _dict_comprehension(self, node: cst.DictComp) -> Kind:
        def both() -> Kind:
            self.ev(node.key)
            return self.ev(node.value)

        return Kind("dict", element=self._in_comprehension(node.for_in, both))

    def _in_comprehension(self, clause: cst.CompFor, body: Callable[[], Kind]) -> Kind:
        saved = self.scope
        iterated = self._iterated(clause.iter)
        self.scope = Scope(saved, "comprehension", owner=saved.owner)
        self._assign(clause.target, iterated)
        for condition in clause.ifs:
            self.ev(condition.test)
        inner = clause.inner_for_in
        result = self._in_comprehension(inner, body) if inner is not None else body()
        self.scope = saved
        return result

    def _named(self, node: cst.NamedExpr) -> Kind:
        value = self.ev(node.value)
        self._assign(node.target, value)
        return value

    def _starred(self, node: cst.StarredElement) -> Kind:
        return self.ev(node.value)


# -------------------------------------------------------------------- small readers of trees
