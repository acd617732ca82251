"""Operators on tensors, and parts of tensors that are read."""

from __future__ import annotations

import libcst as cst

from converter import apply
from converter.flow.dtypes import by_helper
from converter.kinds import LIKELY_TENSOR, WIDE, Kind
from converter.rewrite.base import brief
from converter.rewrite.calls import Calls
from converter.rules.base import Rule
from converter.rules.use import parenthesized, without_parentheses
from converter.tree import dotted, walk

OPERATORS: dict[type[cst.CSTNode], str] = {
    cst.FloorDivide: "floordiv",
    cst.Modulo: "mod",
    cst.Add: "add",
    cst.Subtract: "sub",
    cst.Multiply: "mul",
    cst.Divide: "truediv",
    cst.Power: "pow",
    cst.MatrixMultiply: "matmul",
    cst.BitAnd: "and",
    cst.BitOr: "or",
    cst.BitXor: "xor",
    cst.LeftShift: "lshift",
    cst.RightShift: "rshift",
}


COMPARISONS: dict[type[cst.CSTNode], str] = {
    cst.Equal: "equal",
    cst.NotEqual: "not_equal",
    cst.LessThan: "less",
    cst.LessThanEqual: "less_equal",
    cst.GreaterThan: "greater",
    cst.GreaterThanEqual: "greater_equal",
}


class Operators(Calls):
    """``a // b``, ``~mask``, ``labels[i]``: where Jittor computes something else."""

    def _binary(self, node: cst.BinaryOperation) -> cst.BaseExpression:
        mark = len(self.changes.edits)
        left, right = self.rw(node.left), self.rw(node.right)
        rebuilt = (
            node.with_changes(left=left, right=right) if left is not node.left or right is not node.right else node
        )
        operator = OPERATORS.get(type(node.operator), "")
        left_kind, right_kind = self._kind(node.left), self._kind(node.right)
        if left_kind.name == "str":
            return rebuilt  # "%.2f" % loss
        if left_kind.name == "tensor":
            rule, receiver, other, kind = self.registry.get(f"torch.Tensor.__{operator}__"), left, right, left_kind
        elif right_kind.name == "tensor":
            rule, receiver, other, kind = self.registry.get(f"torch.Tensor.__r{operator}__"), right, left, right_kind
        else:
            return rebuilt
        if rule is None:
            return rebuilt
        if "byte" in (left_kind.dtype, right_kind.dtype) and left_kind.scalar is not right_kind.scalar:
            # A tensor without dimensions decides about the type as a number does.
            marked = [cst.Arg(receiver if kind.scalar else other)]
            number = cst.Call(func=apply.path("helpers.without_dimension"), args=marked)
            receiver, other = (number, other) if kind.scalar else (receiver, number)
        new = self._operator_call(rebuilt, rule, receiver, other, kind, by_helper(operator, left_kind, right_kind))
        if new is None:
            self._find(node, "JC103", f"{brief(node)}: this operator differs in Jittor", rule.api)
            return rebuilt
        if new is rebuilt:
            return rebuilt
        if node.lpar:
            new = new.with_changes(lpar=node.lpar, rpar=node.rpar)
        self._edit(node, new, mark)
        self._converted(node, rule, kind.evidence)
        return new

    def _operator_call(
        self,
        rebuilt: cst.BaseExpression,
        rule: Rule,
        receiver: cst.BaseExpression,
        other: cst.BaseExpression,
        kind: Kind,
        promotes: bool = False,
    ) -> cst.BaseExpression | None:
        """``promotes``: the operands' types are known to be such that Jittor computes in another than Torch."""
        call = cst.Call(func=cst.Attribute(receiver, cst.Name(rule.name)), args=[cst.Arg(other)])
        if rule.action is not None:
            kinds = {"self": kind.describe()} | ({"promotes": "bool"} if promotes else {})
            use = self._use(rule, call, receiver, apply.bind(rule.parameters, call.args), kinds, rebuilt)
            made = rule.action(use)
            return rebuilt if made is call else made if isinstance(made, cst.BaseExpression) else None
        if rule.keep:
            return rebuilt
        use = self._use(rule, call, receiver, apply.bind(rule.parameters, call.args), {}, rebuilt)
        made = apply.apply_call(rule, use, apply.bind(rule.parameters, call.args))
        return made if isinstance(made, cst.BaseExpression) else None

    def _subscript(self, node: cst.Subscript) -> cst.BaseExpression:
        """``labels[i]`` in a data set's ``__getitem__``: Torch makes a scalar, which a loader stacks to one dimension.

        Jittor's has the shape [1], so it is marked for the loader, which would otherwise make a column of it.
        """
        mark = len(self.changes.edits)
        new = self._expression(self._rebuild(node))
        kind = self._kind(node.value)
        only = node.slice[0].slice if len(node.slice) == 1 else None
        new_axis = isinstance(only, cst.Index) and dotted(only.value) == "None"
        if kind.name == "tensor" and new_axis and isinstance(new, cst.Subscript):
            name = "scalar" if kind.scalar else "row" if kind.rows else "derived" if kind.derived else ""
            if name:
                call = cst.Call(func=apply.path(f"helpers.unsqueeze_{name}"), args=[cst.Arg(new.value)])
                self._edit(node, call, mark)
                return call
        if kind.name == "tensor" and isinstance(new, cst.Subscript):
            with_numbers = [self._number_index(a, b) for a, b in zip(new.slice, node.slice, strict=True)]
            if any(a is not b for a, b in zip(with_numbers, new.slice, strict=True)):
                new = new.with_changes(slice=with_numbers)
                self._edit(node, new, mark)
            if node in self.facts.rows:
                numbers = [e.slice.value for e in new.slice if isinstance(e.slice, cst.Index)]
                key = numbers[0] if len(numbers) == 1 else cst.Tuple([cst.Element(p) for p in numbers])
                call = cst.Call(func=apply.path("helpers.row_of"), args=[cst.Arg(new.value), cst.Arg(key)])
                self._edit(node, call, mark)
                return call
        if kind.name != "tensor":
            return self._key_of_subscript(node, new, mark)
        if not (self._in_dataset_item and isinstance(only, cst.Index)):
            return new
        if self.facts.kind(only.value).name not in ("int", "unknown") or not isinstance(new, cst.Subscript):
            return new
        index = new.slice[0].slice
        assert isinstance(index, cst.Index)
        call = cst.Call(func=apply.path("helpers.row_of"), args=[cst.Arg(new.value), cst.Arg(index.value)])
        self._edit(node, call, mark)
        return call

    def _number_index(self, new: cst.SubscriptElement, old: cst.SubscriptElement) -> cst.SubscriptElement:
        """``x[i]`` with a tensor ``i`` that has no dimension: Torch's result loses one, as with a number."""
        if not isinstance(old.slice, cst.Index) or not isinstance(new.slice, cst.Index):
            return new
        kind = self._kind(old.slice.value)
        if kind.name != "tensor" or not (kind.scalar or kind.rows or kind.derived) or kind.dtype == "bool":
            return new
        number = cst.Call(func=cst.Attribute(parenthesized(new.slice.value), cst.Name("item")))
        if not kind.scalar:
            value, name = new.slice.value, "row"
            if not kind.rows:
                parts = (n for n in walk(old.slice.value) if isinstance(n, cst.Name) and self._kind(n).rows)
                origin = next(parts, None)
                if origin is None:
                    name = "derived"
                else:
                    value = cst.Call(func=apply.path("helpers.marked_like"), args=[cst.Arg(value), cst.Arg(origin)])
            number = cst.Call(func=apply.path(f"helpers.{name}_as_index"), args=[cst.Arg(value)])
        return new.with_changes(slice=new.slice.with_changes(value=number))

    def _comparison(self, node: cst.Comparison) -> cst.BaseExpression:
        """``x != x`` asks for NaN; Jittor's compiler takes it that nothing differs from itself."""
        if (asked := self._looked_up_in_module(node)) is not None:
            return asked
        mark = len(self.changes.edits)
        self._asked_for_none(node)
        for part in (node.left, *(c.comparator for c in node.comparisons)):
            self._name_types(part)
        new = self._key_of_membership(node, self._expression(self._rebuild(node)), mark)
        rule = self.registry.get("torch.Tensor.isnan")
        kind = self._kind(node.left)
        target = node.comparisons[0]
        if (exact := self._compared_with_wide(node, new, mark)) is not None:
            return exact
        if (
            isinstance(target.operator, cst.Is | cst.IsNot)
            and len(node.comparisons) == 1
            and (kind.name == "dtype" and dotted(target.comparator) != "None")
        ):
            # Jittor makes a new object each time that it is asked for a dtype.
            same = cst.Equal() if isinstance(target.operator, cst.Is) else cst.NotEqual()
            assert isinstance(new, cst.Comparison)
            equal = new.with_changes(comparisons=[new.comparisons[0].with_changes(operator=same)])
            self._edit(node, equal, mark)
            return equal
        if rule is None or kind.name != "tensor" or len(node.comparisons) != 1 or dotted(node.left) is None:
            return new
        if not isinstance(target.operator, cst.Equal | cst.NotEqual) or dotted(target.comparator) != dotted(node.left):
            return new
        call: cst.BaseExpression = cst.Call(func=apply.path("helpers.isnan"), args=[cst.Arg(node.left)])
        if isinstance(target.operator, cst.Equal):
            call = cst.Call(func=apply.path("helpers.bitwise_not"), args=[cst.Arg(call)])
        self._edit(node, call, mark)
        self._converted(node, rule, kind.evidence)
        return call

    def _compared_with_wide(
        self, node: cst.Comparison, new: cst.BaseExpression, mark: int
    ) -> cst.BaseExpression | None:
        """``x > 2**40``: of a number that does not fit 32 bits Jittor's operators take the lowest."""
        operation = COMPARISONS.get(type(node.comparisons[0].operator))
        sides = [self._kind(node.left), self._kind(node.comparisons[0].comparator)]
        if len(node.comparisons) != 1 or operation is None or WIDE not in sides or not isinstance(new, cst.Comparison):
            return None
        if "tensor" not in (sides[0].name, sides[1].name):
            return None
        args = [cst.SimpleString(f'"{operation}"'), new.left, new.comparisons[0].comparator]
        call = cst.Call(func=apply.path("helpers.exactly"), args=[cst.Arg(without_parentheses(a)) for a in args])
        call = call.with_changes(lpar=node.lpar, rpar=node.rpar)
        self._edit(node, call, mark)
        self._count("rewritten")
        return call

    def _unary(self, node: cst.UnaryOperation) -> cst.BaseExpression:
        mark = len(self.changes.edits)
        inner = self.rw(node.expression)
        rebuilt = node.with_changes(expression=inner) if inner is not node.expression else node
        kind = self._kind(node.expression)
        if not isinstance(node.operator, cst.BitInvert):
            return rebuilt
        if kind.name == "unknown" and self._may_be_tensor(node.expression):
            kind = LIKELY_TENSOR  # the helper takes what is no tensor as well
        if kind.name != "tensor":
            return rebuilt
        rule = self.registry.get("torch.Tensor.__invert__")
        if rule is None:
            self._find(node, "JC202", "~ on a tensor", "torch.Tensor.__invert__", kind.evidence)
            return rebuilt
        call = cst.Call(func=apply.path(rule.to), args=[cst.Arg(inner)])
        new = call.with_changes(lpar=node.lpar, rpar=node.rpar)
        self._edit(node, new, mark)
        self._converted(node, rule, kind.evidence)
        return new
