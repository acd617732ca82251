"""Fast walks over LibCST trees.

``CSTNode.children`` runs a visitor and ``CSTTransformer`` rebuilds every node; both make a converter several
times slower than parsing.  Here the fields that can hold code (not white space, commas or parentheses) are
looked up once per node class, and only what changes is rebuilt.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import libcst as cst

_LAYOUT = frozenset(
    "lpar rpar comma semicolon dot equal leading_lines lines_after_decorators header footer newline indent "
    "trailing_whitespace lbracket rbracket lbrace rbrace colon first_line last_line empty_lines arrow".split()
)
_fields: dict[type[cst.CSTNode], tuple[str, ...]] = {}


def code_fields(cls: type[cst.CSTNode]) -> tuple[str, ...]:
    """Names of the fields of a node class that can hold code."""
    found = _fields.get(cls)
    if found is None:
        found = tuple(
            f.name
            for f in dataclasses.fields(cls)
            if f.name not in _LAYOUT and not f.name.startswith("whitespace") and not f.name.startswith("lines_")
        )
        if issubclass(cls, cst.IndentedBlock | cst.SimpleStatementSuite | cst.Module):
            found = ("body",)
        elif issubclass(cls, cst.SimpleString | cst.Integer | cst.Float | cst.Imaginary | cst.Name):
            found = ()
        _fields[cls] = found
    return found


def children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The parts of a node that are code, in source order of the fields."""
    for name in code_fields(type(node)):
        value = getattr(node, name)
        if isinstance(value, cst.CSTNode):
            yield value
        elif isinstance(value, list | tuple):
            for item in value:
                if isinstance(item, cst.CSTNode):
                    yield item


def walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The node and everything below it that is code."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(list(children(current))))


def dotted(node: cst.CSTNode) -> str | None:
    """``a.b.c`` for a chain of names, else None."""
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    if not isinstance(node, cst.Name):
        return None
    parts.append(node.value)
    return ".".join(reversed(parts))


def code(node: cst.CSTNode) -> str:
    """Source text of a node that stands alone."""
    return cst.Module([]).code_for_node(node)
