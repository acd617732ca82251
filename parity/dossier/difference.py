"""Two texts side by side, as rows for a page: what changed, what was said about it, and a few lines around."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from parity.dossier.conversion import Diagnostic, File

_CONTEXT = 3
_MOST = 3000  # rows of one file
_PARTS = re.compile(r"\w+|\s+|.")


@dataclass(frozen=True)
class Row:
    """A line of both sides.

    Attributes:
        left, right: line numbers from 1; 0 where a side has none.
        old, new: the lines, what differs in them marked.
        same: whether they are equal.
        said: diagnostics about the line of the input.
        gap: for a row that stands for unchanged lines that are left out: how many.
    """

    left: int = 0
    right: int = 0
    old: Markup = Markup("")
    new: Markup = Markup("")
    same: bool = True
    said: Sequence[Diagnostic] = ()
    gap: int = 0


@dataclass(frozen=True)
class Difference:
    """Both sides of a file: the rows that matter, how many lines changed, how many rows were left out at the end."""

    rows: list[Row]
    changed: int
    cut: int


def difference(file: File) -> Difference:
    """What the converter made of a file."""
    told: dict[int, list[Diagnostic]] = {}
    for each in file.diagnostics:
        told.setdefault(each.line or 0, []).append(each)
    rows = list(_paired(file.before, file.before if file.after is None else file.after, told))
    shown: set[int] = set()
    for at, row in enumerate(rows):
        if not row.same or row.said:
            shown.update(range(at - _CONTEXT, at + _CONTEXT + 1))
    kept: list[Row] = [Row(said=told[0])] if 0 in told else []
    hidden = 0
    for at, row in enumerate(rows):
        if at not in shown:
            hidden += 1
            continue
        if hidden:
            kept.append(Row(gap=hidden))
            hidden = 0
        kept.append(row)
    if hidden and shown:
        kept.append(Row(gap=hidden))
    return Difference(kept[:_MOST], sum(not row.same for row in rows), max(0, len(kept) - _MOST))


def _paired(before: str, after: str, told: dict[int, list[Diagnostic]]) -> Iterator[Row]:
    a, b = before.splitlines(), after.splitlines()
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        for k in range(max(i2 - i1, j2 - j1)):
            left = i1 + k + 1 if i1 + k < i2 else 0
            right = j1 + k + 1 if j1 + k < j2 else 0
            old, new = (a[left - 1] if left else ""), (b[right - 1] if right else "")
            one, other = (escape(old), escape(new)) if tag == "equal" else marked(old, new)
            yield Row(left, right, one, other, tag == "equal", told.get(left, ()) if left else ())


def marked(old: str, new: str) -> tuple[Markup, Markup]:
    """Both lines with the parts that differ marked, unless they have little in common."""
    a, b = _PARTS.findall(old), _PARTS.findall(new)
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    if not old or not new or matcher.ratio() < 0.3:
        return escape(old), escape(new)
    left, right = Markup(""), Markup("")
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        before, after = "".join(a[i1:i2]), "".join(b[j1:j2])
        form = Markup("{}") if tag == "equal" else Markup("<mark>{}</mark>")
        left += form.format(before) if before else Markup("")
        right += form.format(after) if after else Markup("")
    return left, right
