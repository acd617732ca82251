"""Types of elements that are compared, looked up and listed, where no tensor gets them."""

from __future__ import annotations

import libcst as cst

from converter import apply
from converter.rewrite.questions import Questions

_COLLECTIONS = cst.Tuple | cst.List | cst.Set
# Compared with or listed only: no value is rounded by it.  As a dtype of tensors the rule refuses it.
_ONLY_NAMED = {"torch.bfloat16": "jittor.bfloat16"}


class Types(Questions):
    """``x.dtype in (torch.float16, torch.bfloat16)`` and ``NAMES[x.dtype]``.

    What Jittor's ``x.dtype`` gives cannot be a key of a dictionary or a member of a set; ``jt.float32`` can.
    """

    def _name_types(self, node: cst.BaseExpression) -> None:
        """Note the types that this operand of a comparison, or collection with a name of its own, consists of."""
        parts = [e.value for e in node.elements] if isinstance(node, _COLLECTIONS) else [node]
        for part in parts:
            if self.facts.api.get(part, "") in _ONLY_NAMED:
                self._named_types.add(part)

    def _name_listed_types(self, node: cst.BaseExpression) -> None:
        """``HALF = (torch.bfloat16,)``, also in ``frozenset({...})``."""
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and len(node.args) == 1:
            node = node.args[0].value if node.func.value in ("set", "frozenset", "tuple", "list") else node
        if isinstance(node, _COLLECTIONS):
            self._name_types(node)
        if isinstance(node, cst.Tuple):
            self._likely_keys.add(node)

    def _collection(self, node: cst.Tuple | cst.List | cst.Set) -> cst.BaseExpression:
        """``check(x.dtype, [torch.float16, torch.bfloat16])``; a loop over types would give them to tensors."""
        if node not in self._iterated and len(node.elements) > 1:
            rules = [self.registry.get(self.facts.api.get(e.value, "")) for e in node.elements]
            if all(r is not None and (r.returns == "dtype" or r.api in _ONLY_NAMED) for r in rules):
                self._name_types(node)
        mark = len(self.changes.edits)
        new = self._expression(self._rebuild(node))
        if node not in self._likely_keys or not isinstance(new, cst.Tuple):
            return new
        # ``key = (x.dtype, size)``: what it is the key of need not be in sight.
        pairs = list(zip(new.elements, node.elements, strict=True))
        elements = [a.with_changes(value=self._as_key(a.value, b.value)) for a, b in pairs]
        if all(a.value is b.value for a, b in zip(elements, new.elements, strict=True)):
            return new
        made = new.with_changes(elements=elements)
        self._edit(node, made, mark)
        self._count("rewritten")
        return made

    def _comprehension(self, node: cst.BaseComp) -> cst.BaseExpression:
        inner: cst.CompFor | None = node.for_in
        while inner is not None:
            self._iterated.add(inner.iter)
            inner = inner.inner_for_in
        return self._expression(self._rebuild(node))

    def _dict_keys(self, node: cst.Dict) -> cst.BaseExpression:
        """``{torch.bfloat16: "bf16", x.dtype: 1}``."""
        mark = len(self.changes.edits)
        for element in node.elements:
            if isinstance(element, cst.DictElement):
                self._name_types(element.key)
        new = self._expression(self._rebuild(node))
        assert isinstance(new, cst.Dict)
        elements = [
            a.with_changes(key=self._as_key(a.key, b.key))
            if isinstance(a, cst.DictElement) and isinstance(b, cst.DictElement) and self._is_type(b.key)
            else a
            for a, b in zip(new.elements, node.elements, strict=True)
        ]
        if all(a is b for a, b in zip(elements, new.elements, strict=True)):
            return new
        made = new.with_changes(elements=elements)
        self._edit(node, made, mark)
        self._count("rewritten")
        return made

    def _named_type(self, node: cst.Name | cst.Attribute, qual: str) -> cst.BaseExpression | None:
        """The name of a type that is only compared or listed; None for another use."""
        if node not in self._named_types:
            return None
        new = apply.path(_ONLY_NAMED[qual])
        self._edit(node, new)
        self._count("rewritten")
        return new

    def _is_type(self, node: cst.BaseExpression) -> bool:
        """Whether this is a type that a tensor was asked for (``torch.float32`` is a key as it is)."""
        if node in self.facts.api:
            return False
        asked = isinstance(node, cst.Attribute) and node.attr.value == "dtype" and self.facts.imports_torch
        return self._kind(node).name == "dtype" or asked and not self.facts.mixed

    def _as_key(self, new: cst.BaseExpression, old: cst.BaseExpression) -> cst.BaseExpression:
        """The converted key, as what can be found in a dictionary or set."""
        if not self._is_type(old):
            return new
        return cst.Call(func=apply.path("helpers.dtype_key"), args=[cst.Arg(new)])

    def _key_of_subscript(self, node: cst.Subscript, new: cst.BaseExpression, mark: int) -> cst.BaseExpression:
        """``NAMES[x.dtype]``."""
        index = node.slice[0].slice
        if len(node.slice) != 1 or not isinstance(index, cst.Index) or not isinstance(new, cst.Subscript):
            return new
        inner = new.slice[0].slice
        assert isinstance(inner, cst.Index)
        key = self._as_key(inner.value, index.value)
        if key is inner.value:
            return new
        made = new.with_changes(slice=[new.slice[0].with_changes(slice=inner.with_changes(value=key))])
        self._edit(node, made, mark)
        self._count("rewritten")
        return made

    def _key_of_get(self, node: cst.Call, new: cst.BaseExpression, mark: int) -> cst.BaseExpression:
        """``NAMES.get(x.dtype)``."""
        name = node.func.attr.value if isinstance(node.func, cst.Attribute) else ""
        if name not in ("get", "pop", "setdefault") or not node.args or not isinstance(new, cst.Call):
            return new
        key = self._as_key(new.args[0].value, node.args[0].value)
        if node.args[0].star or node.args[0].keyword is not None or key is new.args[0].value:
            return new
        made = new.with_changes(args=[new.args[0].with_changes(value=key), *new.args[1:]])
        self._edit(node, made, mark)
        self._count("rewritten")
        return made

    def _key_of_membership(self, node: cst.Comparison, new: cst.BaseExpression, mark: int) -> cst.BaseExpression:
        """``x.dtype in NAMES``; tuples and lists compare one by one, which needs no key."""
        inside = node.comparisons[0]
        if len(node.comparisons) != 1 or not isinstance(inside.operator, cst.In | cst.NotIn):
            return new
        if isinstance(inside.comparator, cst.Tuple | cst.List) or not isinstance(new, cst.Comparison):
            return new
        key = self._as_key(new.left, node.left)
        if key is new.left:
            return new
        made = new.with_changes(left=key)
        self._edit(node, made, mark)
        self._count("rewritten")
        return made
