"""Calls of Torch's functions and of the methods of its objects."""

from __future__ import annotations

import libcst as cst

from converter import apply
from converter.flow import owner_of
from converter.flow.trees import ARRAY_VIEW
from converter.kinds import LIKELY_TENSOR, UNKNOWN, Evidence, Kind
from converter.names import is_torch
from converter.rewrite.base import brief
from converter.rewrite.changes import REMOVED
from converter.rewrite.types import Types
from converter.rules.base import Answer, Refusal, Rule

# Methods that str, list, dict, set or file objects have too: an unknown receiver is far more often one of those.
_SHARED_METHODS = frozenset(
    "split index count copy sort format join replace strip get items keys values update add clear insert reverse "
    "extend append pop remove read write close lower upper encode decode union difference discard seek flush type "
    "tolist numpy "
    "register_hook is_shared apply map_ storage size dim".split()
)


class Calls(Types):
    """Finds the rule of a call, binds the arguments and applies it."""

    def _call(self, node: cst.Call) -> cst.BaseExpression:
        mark = len(self.changes.edits)
        unused = self._value_unused is node
        self._value_unused = None
        qual = self.facts.api.get(node.func)
        if qual and is_torch(qual) and self.registry.get(qual) is not None:
            rule = self.registry.get(qual)
            assert rule is not None
            args = [self._part(arg) for arg in node.args]
            rebuilt = (
                node.with_changes(args=args) if any(a is not b for a, b in zip(args, node.args, strict=True)) else node
            )
            return self._apply(node, rebuilt, rule, None, UNKNOWN, mark, unused)
        if not qual and (asked := self._asked_of_module(node)) is not None:
            return asked
        if not qual and isinstance(node.func, cst.Attribute):
            found = self._method(node, node.func, mark, unused)
            if found is not None:
                return found
        return self._key_of_get(node, self._expression(self._rebuild(node)), mark)

    def _method(self, node: cst.Call, func: cst.Attribute, mark: int, unused: bool) -> cst.BaseExpression | None:
        kind = self._kind(func.value)
        owner = owner_of(kind)
        name = func.attr.value
        guessed = False
        if name == "type" and node.args and kind.name == "unknown" and self._may_be_tensor(func.value):
            kind, owner = LIKELY_TENSOR, "torch.Tensor"  # the helper takes what is no tensor as well
        if not owner and kind.name == "unknown":
            rule = self.registry.get(f"torch.Tensor.{name}")
            if rule is None or name in _SHARED_METHODS or rule.keep or not self.facts.imports_torch or self.facts.mixed:
                return None
            if not self.guess:
                self._find(
                    node,
                    "JC201",
                    f".{name}() of an unknown value; torch.Tensor.{name} differs in Jittor",
                    rule.api,
                    Evidence.UNKNOWN,
                )
                self._count("unknown")
                return None
            owner, guessed = "torch.Tensor", True
        rule = self.registry.get(f"{owner}.{name}") if owner else None
        if rule is None or (not rule.signature and rule.answer is not Answer.NEEDS_YOU):
            return None  # attributes and unknown methods are answered by _attribute
        self._asked_for_dimensions(func, kind)
        if owner == "torch.optim.Optimizer" and name == "step":
            self._stale(node)
        base = func.value
        if owner == "torch.Tensor" and name.endswith("_") and not name.endswith("__"):
            self._stale(node)
            base = self._in_place_base(node, func.value, kind)
        receiver = self.rw(base)
        if name in ("dim", "ndimension", "size") and not node.args:
            if (asked := self._dimensions_of_part(node, kind, name, receiver, mark)) is not None:
                return asked
        args = [self._part(arg) for arg in node.args]
        changed = receiver is not func.value or any(a is not b for a, b in zip(args, node.args, strict=True))
        rebuilt = node.with_changes(func=func.with_changes(value=receiver), args=args) if changed else node
        if guessed:
            self._find(node, "JC204", f"{rule.api} by its name", rule.api, Evidence.UNKNOWN)
        return self._apply(node, rebuilt, rule, receiver, kind, mark, unused)

    def _in_place_base(self, node: cst.Call, receiver: cst.BaseExpression, kind: Kind) -> cst.BaseExpression:
        """``w.data.normal_()`` changes ``w``; an in-place method on any other view is reported."""
        first = receiver
        while isinstance(first, cst.Call) and isinstance(first.func, cst.Attribute):
            if not first.func.attr.value.endswith("_"):
                break
            first = first.func.value
        if isinstance(first, cst.Attribute) and first.attr.value == "data" and first is not receiver:
            return receiver  # `w.data.mul_(a).add_(b)`: the first of them has given w itself
        if isinstance(receiver, cst.Attribute) and receiver.attr.value == "data":
            if self.facts.kind(receiver.value).name == "tensor":
                return receiver.value
        elif kind.view and not isinstance(receiver, cst.Subscript) and not kind.view.startswith(ARRAY_VIEW):
            self._find(node, "JC203", f"{brief(receiver)} shares storage with {kind.view}", "torch.Tensor")
        return receiver

    def _apply(
        self,
        node: cst.Call,
        rebuilt: cst.Call,
        rule: Rule,
        receiver: cst.BaseExpression | None,
        kind: Kind,
        mark: int,
        unused: bool,
    ) -> cst.BaseExpression:
        if rule.answer is Answer.NEEDS_YOU:
            self._needs_you(node, rule, kind.evidence if receiver is not None else Evidence.CERTAIN)
            self._keep_call_root(node, receiver)
            return rebuilt
        if rule.to == "remove:statement":
            if unused:
                self._find(node, "JC402", f"{rule.api}(...) was removed", rule.api)
                self._count("rewritten")
                return REMOVED
            self._find(node, "JC104", f"the value of {rule.api} is used", rule.api)
            self._keep_call_root(node, receiver)
            return rebuilt
        as_written, rebuilt = rebuilt, apply.with_torch_names(rule, rebuilt)
        bound = apply.bind(rule.parameters, rebuilt.args)
        original = apply.bind(rule.parameters, apply.with_torch_names(rule, node).args)
        kinds = {name: self.facts.kind(arg.value).describe() for name, arg in original.given.items()}
        if receiver is not None:
            kinds["self"] = kind.describe()
        use = self._use(rule, rebuilt, receiver, bound, kinds, node)
        use.is_statement = unused
        given = {name: self.facts.kind(arg.value) for name, arg in original.given.items()} | {"self": kind}
        use.picked = frozenset(name for name, k in given.items() if k.picked)
        use.scalars = frozenset(name for name, k in given.items() if (k.element or k).scalar)
        parts = {name: (k.element or k, *(k.element or k).items, *k.items) for name, k in given.items()}
        use.rows = frozenset(name for name, k in parts.items() if any(part.rows for part in k))
        use.derived = frozenset(name for name, k in parts.items() if any(part.derived for part in k))
        result = (
            Refusal(bound.problem) if bound.problem and rule.action is not None else apply.apply_call(rule, use, bound)
        )
        if isinstance(result, Refusal) or result is None:
            self._refused(node, rule, result)
            self._keep_call_root(node, receiver)
            return as_written
        if result is rebuilt and receiver is not None:
            self._count("kept")
            if kind.evidence is Evidence.LIKELY:
                self._note_likely(node, rule, kind)
            if rebuilt is not node:
                self._edit(node, rebuilt, mark)
            return rebuilt
        new = result
        if node.lpar and not getattr(new, "lpar", ()):
            new = new.with_changes(lpar=node.lpar, rpar=node.rpar)
        self._edit(node, new, mark)
        self._converted(node, rule, kind.evidence if receiver is not None else Evidence.CERTAIN)
        for note in use.notes:
            self._find(node, "JC401", note, rule.api)
        return new

    def _keep_call_root(self, node: cst.Call, receiver: cst.BaseExpression | None) -> None:
        if receiver is None:
            self._keep_root(node.func)
