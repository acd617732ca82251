"""What an action sees of one use of an API, and the builders with which it makes the answer.

Nodes handed to an action are already converted inside; an action builds the node that replaces the call,
using each argument node once, or returns ``None`` (unsure: the use is reported as unknown) or a ``Refusal``.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import libcst as cst

from converter.rules.base import Refusal as Refusal
from converter.rules.base import Rule

MISSING: Any = type("Missing", (), {"__repr__": lambda self: "MISSING", "__bool__": lambda self: False})()


@dataclass(slots=True)
class Use:
    """One use of an API.

    Attributes:
        rule: the rule being applied.
        node: the call (or the reference, when the API is not called), converted inside.
        receiver: the object of a method call (``x`` of ``x.view(2)``), else None.
        bound: parameter name -> argument expression, for those that were given (variadic ones excluded).
        extra: the arguments of a variadic parameter.
        starred: whether the call has ``*args`` or ``**kwargs``; then ``bound`` is incomplete and should not be trusted.
        kinds: parameter name (or ``self``) -> kind as text (``tensor``, ``int``, ``unknown`` ...).
        is_statement: the call stands alone as a statement (its value is not used).
        optimizers: expressions of the optimizers known in this scope (for ``backward`` and gradient clipping).
        scalars: parameters (or ``self``) that are tensors without dimensions in Torch, or lists of such.
        rows: parameters that are parts of tensors (``x[i]``), or lists of such: elements where ``x`` is a vector.
        derived: parameters computed from such parts.
        picked: parameters (or ``self``) that were taken by a mask and may be empty.
        path: resolves a target (``jittor.concat``, ``helpers.max``) to an expression and records the import.
    """

    rule: Rule
    node: cst.BaseExpression
    receiver: cst.BaseExpression | None
    bound: dict[str, cst.BaseExpression]
    extra: list[cst.BaseExpression]
    starred: bool
    kinds: dict[str, str]
    is_statement: bool
    optimizers: list[cst.BaseExpression]
    path: Callable[[str], cst.BaseExpression]
    notes: list[str] = field(default_factory=list)
    scalars: frozenset[str] = frozenset()
    rows: frozenset[str] = frozenset()
    derived: frozenset[str] = frozenset()
    picked: frozenset[str] = frozenset()

    @property
    def args(self) -> Sequence[cst.Arg]:
        """The arguments as written (converted inside), in their order."""
        return self.node.args if isinstance(self.node, cst.Call) else ()

    def given(self, *names: str) -> bool:
        """Whether any of these parameters was given."""
        return any(name in self.bound for name in names)

    def literal(self, name: str, default: Any = MISSING) -> Any:
        """Python value of a parameter written as a literal; ``MISSING`` when it is something else,
        ``default`` when it was not given."""
        if name not in self.bound:
            return default
        try:
            return ast.literal_eval(cst.Module([]).code_for_node(self.bound[name]))
        except (ValueError, SyntaxError, TypeError):
            return MISSING

    def kind(self, name: str) -> str:
        return self.kinds.get(name, "unknown")

    def call(self, target: str, *args: cst.BaseExpression, **keywords: cst.BaseExpression) -> cst.Call:
        """``target(*args, **keywords)``; target as in a rule's ``to`` (``jittor.x``, ``helpers.x``)."""
        return cst.Call(func=self.path(target), args=_arguments(args, keywords))

    def method(
        self, receiver: cst.BaseExpression, name: str, *args: cst.BaseExpression, **keywords: cst.BaseExpression
    ) -> cst.Call:
        """``receiver.name(*args, **keywords)``."""
        return cst.Call(
            func=cst.Attribute(value=parenthesized(receiver), attr=cst.Name(name)), args=_arguments(args, keywords)
        )

    def same_arguments(self, target: str) -> cst.Call:
        """The call with all its arguments as they stand, to another target (receiver first, if any)."""
        assert isinstance(self.node, cst.Call)
        args = list(self.node.args)
        if self.receiver is not None:
            comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")) if args else cst.MaybeSentinel.DEFAULT
            args.insert(0, cst.Arg(self.receiver, comma=comma))
        return self.node.with_changes(func=self.path(target), args=args)

    def same_method(self, name: str) -> cst.Call:
        """The call with its arguments, as another method of the same receiver."""
        assert isinstance(self.node, cst.Call) and self.receiver is not None
        return self.node.with_changes(func=cst.Attribute(value=self.receiver, attr=cst.Name(name)))


def source(text: str) -> cst.BaseExpression:
    """Parse a small constant expression (``"1e-3"``, ``"(0, 1)"``); never for the user's arguments."""
    return cst.parse_expression(text)


def parenthesized(node: cst.BaseExpression) -> cst.BaseExpression:
    """The node, in parentheses where an attribute or call after it would bind differently."""
    if isinstance(node, cst.Name | cst.Attribute | cst.Call | cst.Subscript | cst.List | cst.Tuple | cst.Dict):
        return node
    if isinstance(node, cst.BaseString) or node.lpar:
        return node
    return node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


def without_parentheses(node: cst.BaseExpression) -> cst.BaseExpression:
    """``(a == b).sum()`` becomes ``sum_of(a == b)``: an argument needs no parentheses of its own."""
    if isinstance(node, cst.BinaryOperation | cst.Comparison | cst.UnaryOperation | cst.Call | cst.Name) and node.lpar:
        if not any(isinstance(p.whitespace_after, cst.ParenthesizedWhitespace) for p in node.lpar):
            return node.with_changes(lpar=[], rpar=[])
    return node


def _arguments(args: Sequence[cst.BaseExpression], keywords: dict[str, cst.BaseExpression]) -> list[cst.Arg]:
    equal = cst.AssignEqual(whitespace_before=cst.SimpleWhitespace(""), whitespace_after=cst.SimpleWhitespace(""))
    return [cst.Arg(without_parentheses(a)) for a in args] + [
        cst.Arg(without_parentheses(v), keyword=cst.Name(k), equal=equal) for k, v in keywords.items()
    ]
