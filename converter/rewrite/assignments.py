"""Assignments to tensors, their parts and their attributes; in-place operators."""

from __future__ import annotations

import libcst as cst

from converter import apply
from converter.flow import owner_of
from converter.flow.dtypes import by_helper, differs
from converter.flow.trees import ARRAY_VIEW
from converter.kinds import Kind
from converter.names import is_torch
from converter.rewrite.base import brief
from converter.rewrite.operators import OPERATORS
from converter.rewrite.texts import Texts
from converter.rules.use import parenthesized
from converter.tree import dotted

_AUGMENTED: dict[type[cst.CSTNode], type[cst.BaseBinaryOp]] = {
    cst.FloorDivideAssign: cst.FloorDivide,
    cst.ModuloAssign: cst.Modulo,
    cst.AddAssign: cst.Add,
    cst.SubtractAssign: cst.Subtract,
    cst.MultiplyAssign: cst.Multiply,
    cst.DivideAssign: cst.Divide,
    cst.PowerAssign: cst.Power,
    cst.MatrixMultiplyAssign: cst.MatrixMultiply,
    cst.BitAndAssign: cst.BitAnd,
    cst.BitOrAssign: cst.BitOr,
    cst.BitXorAssign: cst.BitXor,
    cst.LeftShiftAssign: cst.LeftShift,
    cst.RightShiftAssign: cst.RightShift,
}


class Assignments(Texts):
    """What stands on the left of ``=`` and ``+=``."""

    def _removed_assignment(self, node: cst.Assign) -> bool:
        if len(node.targets) != 1:
            return False
        target = node.targets[0].target
        rule = self.registry.get(self.facts.api.get(target, ""))
        if rule is None or rule.to != "remove:statement":
            return False
        self._find(node, "JC402", f"{rule.api} = ... was removed", rule.api)
        self._count("rewritten")
        return True

    def _assigned_by_call(
        self,
        node: cst.CSTNode,
        target: cst.BaseExpression,
        value: cst.BaseExpression,
        operator: cst.BaseBinaryOp | None,
    ) -> bool:
        """``p.grad = g`` where Jittor has no such attribute: the rule names a function that takes the assignment."""
        if isinstance(target, cst.Subscript):
            self._stale(target)
        if isinstance(target, cst.Subscript) and operator is None:
            return self._put_at(node, target, value)
        if not isinstance(target, cst.Attribute) or self._kind(target.value).name != "tensor":
            return False
        rule = self.registry.get(f"torch.Tensor.{target.attr.value}")
        if rule is None or not rule.assign or (operator is not None and dotted(target) is None):
            return False
        mark = len(self.changes.edits)
        owner, new = self.rw(target.value), self.rw(value)
        if operator is not None:
            new = cst.BinaryOperation(owner, operator, parenthesized(new))
        call = cst.Call(func=apply.path(rule.assign), args=[cst.Arg(owner), cst.Arg(new)])
        self._edit(node, cst.Expr(call), mark)
        self._converted(node, rule, self._kind(target.value).evidence)
        return True

    def _put_at(self, node: cst.CSTNode, target: cst.Subscript, value: cst.BaseExpression) -> bool:
        """``x[key] = v`` for a tensor: Jittor spreads v over the part in fewer cases than Torch."""
        kind = self._kind(target.value)
        rule = self.registry.get("torch.Tensor.__setitem__")
        if kind.name != "tensor" or rule is None:
            return False
        mark = len(self.changes.edits)
        keys = [target]
        while isinstance(keys[0].value, cst.Subscript) and self._kind(keys[0].value.value).name == "tensor":
            keys.insert(0, keys[0].value)
        base = self._written_through(keys[0].value, self._kind(keys[0].value))
        owner, new = self.rw(base), self.rw(value)
        parts = [
            cst.Subscript(value=apply.path("helpers.at"), slice=[self._expression_free(e) for e in key.slice])
            for key in keys
        ]
        if len(parts) == 1:
            call = cst.Call(func=apply.path(rule.to), args=[cst.Arg(owner), cst.Arg(parts[0]), cst.Arg(new)])
        else:
            chain = cst.List([cst.Element(part) for part in parts])
            call = cst.Call(func=apply.path("helpers.put_through"), args=[cst.Arg(owner), cst.Arg(chain), cst.Arg(new)])
        self._edit(node, cst.Expr(call), mark)
        self._converted(node, rule, kind.evidence)
        return True

    def _expression_free(self, element: cst.SubscriptElement) -> cst.SubscriptElement:
        new = self._rebuild(element)
        assert isinstance(new, cst.SubscriptElement)
        return new

    def _written_through(self, base: cst.BaseExpression, kind: Kind) -> cst.BaseExpression:
        """The tensor whose part is assigned to; a view, through which Jittor may not write, is reported."""
        if isinstance(base, cst.Attribute) and base.attr.value == "data":
            return base.value
        if kind.view and not kind.view.startswith(ARRAY_VIEW):
            self._find(base, "JC203", f"{brief(base)} shares storage with {kind.view}", "torch.Tensor")
        return base

    def _target(self, node: cst.BaseExpression) -> None:
        """The left side of an assignment: values inside are converted, what is assigned to is not."""
        match node:
            case cst.Name():
                pass
            case cst.Tuple() | cst.List():
                for element in node.elements:
                    self._target(element.value)
            case cst.StarredElement():
                self._target(node.value)
            case cst.Attribute():
                if node in self.facts.api and is_torch(self.facts.api[node]):
                    self._find(node, "JC105", f"{self.facts.api[node]} is assigned to", self.facts.api[node])
                    self._keep_root(node)
                    return
                owner = owner_of(self.facts.kind(node.value))
                rule = self.registry.get(f"{owner}.{node.attr.value}") if owner == "torch.Tensor" else None
                kind = self._kind(node.value)
                if (
                    owner == "torch.Tensor"
                    and kind.known
                    and (rule is None or not (rule.keep or rule.to.startswith("Var.")))
                ):
                    api = f"torch.Tensor.{node.attr.value}"
                    self._find(node, "JC105", f"{api} is assigned to", api, kind.evidence)
                if node.attr.value == "forward" and owner_of(self._kind(node.value)) == "torch.nn.Module":
                    self._edit(node.attr, cst.Name("execute"))
                self.rw(node.value)
            case cst.Subscript():
                self._subscript_target(node)
            case _:
                self.rw(node)

    def _subscript_target(self, node: cst.Subscript) -> None:
        """``x[i] += v`` and the like, which keep their form."""
        kind = self._kind(node.value)
        if kind.name == "tensor":
            base = self._written_through(node.value, kind)
            if isinstance(base, cst.Subscript):
                self._find(node, "JC203", f"{brief(node)}: a part of a part is changed", "torch.Tensor")
            if base is not node.value:
                self.rw(base)
                self._edit(node.value, base)
                self._parts(node, skip=("value",))
                return
        self.rw(node)

    def _augmented(self, node: cst.AugAssign) -> None:
        kind = self._kind(node.target)
        binary = _AUGMENTED[type(node.operator)]
        operator = OPERATORS[binary]
        if kind.name == "tensor" and isinstance(node.target, cst.Name):
            if kind.view and kind.view != node.target.value and not kind.view.startswith(ARRAY_VIEW):
                self._find(node, "JC203", f"{node.target.value} shares storage with {kind.view}", "torch.Tensor")
        self._stale(node)
        if self._assigned_by_call(node, node.target, node.value, binary()):
            return
        inside = node.target.value if isinstance(node.target, cst.Subscript) else node.target
        if self._without_gradients and isinstance(node.target, cst.Subscript) and self._kind(inside).name == "tensor":
            text = f"{brief(node.target)} changes a part in place under no_grad; write it as x[i] = x[i] + y"
            self._find(node, "JC103", text, "torch.Tensor.__setitem__")
        promotes = kind.name == "tensor" and differs(operator, kind, self._kind(node.value))
        if promotes and isinstance(node.target, cst.Subscript):
            text = f"{brief(node.target)} changes elements whose type differs in Jittor; write it as x[i] = x[i] + y"
            self._find(node, "JC103", text, "torch.Tensor.__setitem__")
        if (promotes or self._without_gradients) and kind.name == "tensor" and dotted(node.target) is not None:
            # Jittor's own `p -= g` under no_grad would stop the gradients of a parameter for good.
            mark = len(self.changes.edits)
            value = self.rw(node.value)
            change = self._augmented_value(node, binary(), value, kind, operator)
            call = cst.Call(func=apply.path("helpers.put"), args=[cst.Arg(node.target), cst.Arg(change)])
            self._edit(node, cst.Expr(call), mark)
            return
        rule = self.registry.get(f"torch.Tensor.__{operator}__")
        if kind.name == "tensor" and rule is not None and operator in ("floordiv", "mod"):
            plain = cst.BinaryOperation(node.target, binary(), node.value)
            value = self.rw(node.value)
            new = self._operator_call(plain, rule, node.target, value, kind)
            if new is not None and isinstance(node.target, cst.Name):
                self._edit(node, cst.Assign([cst.AssignTarget(node.target)], new))
                return
            self._find(node, "JC103", f"{brief(node)}: this operator differs in Jittor", rule.api)
            return
        self._target(node.target)
        self.rw(node.value)

    def _augmented_value(
        self, node: cst.AugAssign, operator: cst.BaseBinaryOp, value: cst.BaseExpression, kind: Kind, name: str
    ) -> cst.BaseExpression:
        """``target op value`` as an expression, with the rule of the operator where there is one."""
        plain = cst.BinaryOperation(node.target, operator, parenthesized(value))
        rule = self.registry.get(f"torch.Tensor.__{name}__")
        promotes = by_helper(name, kind, self._kind(node.value))
        made = self._operator_call(plain, rule, node.target, value, kind, promotes) if rule is not None else None
        return made if made is not None else plain
