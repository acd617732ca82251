"""Texts made of tensors, sizes and dtypes: ``print(x)``, ``str(x.shape)``, ``f"{x.dtype}"``."""

from __future__ import annotations

import re

import libcst as cst

from converter import apply
from converter.kinds import Kind
from converter.rewrite.operators import Operators
from converter.rules.use import parenthesized

# Replacement fields that say how a number is to be written: a tensor must stay one there.
_PLAIN_FIELDS = re.compile(r"(?:[^{}]|\{\{|\}\}|\{\w*\})*")
_PLAIN_PERCENTS = re.compile(r"(?:[^%]|%%|%s)*")


class Texts(Operators):
    """Jittor writes its objects otherwise (``[2,3,]`` for a size): a helper writes what Torch does."""

    def rw(self, node: cst.BaseExpression) -> cst.BaseExpression:
        form = self._as_text.pop(node, "") if self._as_text else ""
        if not form:
            return super().rw(node)
        mark = len(self.changes.edits)
        new = super().rw(node)
        if form == "item":
            made = cst.Call(func=cst.Attribute(parenthesized(new), cst.Name("item")))
        else:
            more = [cst.Arg(cst.Name("True"))] if form in ("scalar", "scalars") else []
            helper = "helpers.text_of_all" if form in ("scalars", "container") else "helpers.text"
            made = cst.Call(func=apply.path(helper), args=[cst.Arg(new), *more])
        self._edit(node, made, mark)
        return made

    def _call(self, node: cst.Call) -> cst.BaseExpression:
        func = node.func
        if isinstance(func, cst.Name) and func.value in ("print", "str", "repr") and not self.facts.kind(func).known:
            for arg in node.args:
                if not arg.star and arg.keyword is None:
                    self._written(arg.value)
        elif isinstance(func, cst.Attribute) and func.attr.value == "format" and isinstance(func.value, cst.BaseString):
            plain = _template(func.value, _PLAIN_FIELDS)
            for arg in node.args:
                if not arg.star:
                    self._written(arg.value, formatted=True, tensors=plain)
        return super()._call(node)

    def _binary(self, node: cst.BinaryOperation) -> cst.BaseExpression:
        if isinstance(node.operator, cst.Modulo) and isinstance(node.left, cst.BaseString):
            plain = _template(node.left, _PLAIN_PERCENTS)
            values = [e.value for e in node.right.elements] if isinstance(node.right, cst.Tuple) else [node.right]
            for value in values:
                self._written(value, tensors=plain)
        return super()._binary(node)

    def _formatted(self, node: cst.FormattedString) -> cst.BaseExpression:
        for part in node.parts:
            if isinstance(part, cst.FormattedStringExpression) and part.format_spec is None and part.equal is None:
                self._written(part.expression, formatted=part.conversion is None)
        return self._expression(self._rebuild(node))

    def _written(self, node: cst.BaseExpression, formatted: bool = False, tensors: bool = True) -> None:
        """Note that an expression is to be written as Torch writes it; ``formatted``: by ``format``."""
        kind: Kind = self._kind(node)
        rule = self.registry.get(kind.qual) if kind.name in ("api", "alias") else None
        if kind.name in ("size", "dtype") or rule is not None and rule.returns == "dtype" and not rule.signature:
            self._as_text[node] = "text"
        elif isinstance(node, cst.List | cst.Tuple) and {self._kind(e.value).name for e in node.elements} & {
            "size",
            "dtype",
        }:
            self._as_text[node] = "container"
        elif kind.name == "tensor" and tensors:
            self._as_text[node] = "text" if not kind.scalar else "item" if formatted else "scalar"
        elif kind.name in ("list", "tuple", "dict") and (scalar := _scalars_inside(kind)) is not None:
            self._as_text[node] = "scalars" if scalar else "container"


def _scalars_inside(kind: Kind) -> bool | None:
    """Whether the tensors in a container have no dimensions in Torch; None where there are no tensors."""
    parts = [p for p in (*kind.items, *([kind.element] if kind.element is not None else [])) if p.known]
    answers = [p.scalar if p.name == "tensor" else _scalars_inside(p) for p in parts]
    answers += [False for p in parts if p.name in ("size", "dtype")]
    found = [a for a in answers if a is not None]
    return all(found) if found else None


def _template(node: cst.BaseString, plain: re.Pattern[str]) -> bool:
    """Whether a template has only fields that take any value."""
    value = node.evaluated_value if isinstance(node, cst.SimpleString | cst.ConcatenatedString) else None
    return isinstance(value, str) and plain.fullmatch(value) is not None
