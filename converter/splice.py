"""Put the changes into the text: positions of nodes, outermost edits, removed lines, comments above statements."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable
from dataclasses import dataclass

import libcst as cst
from libcst._nodes.internal import CodegenState


@dataclass(frozen=True, slots=True)
class Span:
    """Where a node stands in the text (character offsets) and the indentation around it."""

    start: int
    end: int
    indent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edit:
    """One replacement in the text."""

    start: int
    end: int
    text: str


class _Recorder(CodegenState):
    """Prints the input once and notes where the wanted nodes stand."""

    def __init__(self, module: cst.Module, wanted: set[cst.CSTNode]) -> None:
        super().__init__(default_indent=module.default_indent, default_newline=module.default_newline)
        self.wanted = wanted
        self.length = 0
        self.open: dict[int, int] = {}
        self.spans: dict[cst.CSTNode, Span] = {}

    def add_indent_tokens(self) -> None:
        for token in self.indent_tokens:
            self.add_token(token)

    def add_token(self, value: str) -> None:
        self.length += len(value)
        self.tokens.append(value)

    def before_codegen(self, node: cst.CSTNode) -> None:
        if node in self.wanted:
            self.open[id(node)] = self.length

    def after_codegen(self, node: cst.CSTNode) -> None:
        if node in self.wanted:
            self.spans[node] = Span(self.open.pop(id(node)), self.length, tuple(self.indent_tokens))


class Text:
    """The input's text with positions of the nodes that matter."""

    def __init__(self, module: cst.Module, wanted: Iterable[cst.CSTNode]) -> None:
        self.module = module
        state = _Recorder(module, set(wanted))
        module._codegen(state)
        self.source = "".join(state.tokens)
        self.spans = state.spans
        self._lines = [0, *(m.end() for m in re.finditer(r"\r\n|\n|\r", self.source))]

    def position(self, node: cst.CSTNode) -> tuple[int, int]:
        """Line and column, both from 1."""
        start = self.code_start(node)
        line = bisect.bisect_right(self._lines, start)
        return line, start - self._lines[line - 1] + 1

    def code_start(self, node: cst.CSTNode) -> int:
        """Where the node's own code starts, after the comments and blank lines that belong to it."""
        start = self.spans[node].start
        lines = getattr(node, "leading_lines", ())
        if lines or isinstance(node, cst.BaseStatement | cst.Decorator | cst.ExceptHandler):
            end = self.spans[node].end
            offset = start
            while offset < end:
                stop = self.line_end(offset)
                text = self.source[offset:stop].strip()
                if text and not text.startswith("#"):
                    return offset + len(self.source[offset:stop]) - len(self.source[offset:stop].lstrip())
                offset = stop
        return start

    def line_start(self, offset: int) -> int:
        return self._lines[bisect.bisect_right(self._lines, offset) - 1]

    def line_end(self, offset: int) -> int:
        """Offset just behind the line break of the line that holds an offset."""
        index = bisect.bisect_right(self._lines, offset)
        return self._lines[index] if index < len(self._lines) else len(self.source)

    def line_text(self, number: int) -> str:
        """Line ``number`` (from 1) without its line break, or an empty text outside the file."""
        if not 1 <= number <= len(self._lines):
            return ""
        start = self._lines[number - 1]
        return self.source[start : self.line_end(start)].rstrip("\r\n")

    def print_node(self, node: cst.CSTNode, at: Span) -> str:
        """Text of a new node, indented as its place needs."""
        state = CodegenState(self.module.default_indent, self.module.default_newline, indent_tokens=list(at.indent))
        node._codegen(state)
        return "".join(state.tokens)

    @staticmethod
    def print_alone(node: cst.CSTNode) -> str:
        """Text of a new node in no particular place."""
        return cst.Module([]).code_for_node(node)

    def replacement(self, old: cst.CSTNode, new: cst.CSTNode) -> Edit:
        span = self.spans[old]
        return Edit(span.start, span.end, self.print_node(new, span))

    def removal(self, small: cst.CSTNode, line: cst.CSTNode) -> Edit:
        """Take a small statement (or decorator) out; the whole line when nothing else is on it.

        A comment on the line stays, and a block that would become empty gets ``pass``.
        """
        start, end = self.spans[small].start, self.spans[small].end
        if isinstance(small, cst.Decorator):
            start = self.code_start(small)
            first, last = self.line_start(start), self.line_end(start)
            stop = max(last, self.line_end(max(start, end - 1)) if self.source[end - 1 : end] not in "\r\n" else end)
            rest = self.source[start:stop]
            comment = rest.find("#")
            if comment >= 0:
                return Edit(start, start + comment, "")
            return Edit(first, stop, "")
        while self.source[end : end + 1] in (" ", ";") and self.source[end : end + 1]:
            end += 1
        first, last = self.line_start(start), self.line_end(max(end - 1, start))
        before, after = self.source[first:start], self.source[end:last]
        if not before.strip() and not after.strip():
            return Edit(first, last, "")
        return Edit(start, end, "")


def outermost(edits: Iterable[Edit]) -> list[Edit]:
    """Edits in order of their place; what lies inside another edit is dropped (the outer one contains it)."""
    kept: list[Edit] = []
    at = 0
    for edit in sorted(edits, key=lambda e: (e.start, e.end > e.start, -e.end)):
        if edit.start >= at:
            kept.append(edit)
            at = edit.end
    return kept


def splice(source: str, edits: Iterable[Edit]) -> str:
    """Apply edits in order; they must not overlap."""
    out: list[str] = []
    at = 0
    for edit in edits:
        out += [source[at : edit.start], edit.text]
        at = edit.end
    out.append(source[at:])
    return "".join(out)


def unchanged_outside(source: str, output: str, edits: Iterable[Edit]) -> bool:
    """Whether the output is the input, byte for byte, except in the edited spans."""
    at = position = 0
    for edit in edits:
        piece = source[at : edit.start] + edit.text
        if not output.startswith(piece, position):
            return False
        position += len(piece)
        at = edit.end
    return output[position:] == source[at:]
