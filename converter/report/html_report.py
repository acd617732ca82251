"""The HTML report: one page that needs nothing else, with a summary, and both sides of every file that changed."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape

from converter.diagnostics import CODES, Diagnostic, Severity
from converter.project import Converted
from converter.report.html_style import STYLE

_CONTEXT = 3
_PARTS = re.compile(r"\w+|\s+|.")


@dataclass(frozen=True, slots=True)
class Pair:
    """One row of a comparison: line numbers from 1 (0 for none) and texts; ``same`` for an unchanged line."""

    left: int
    right: int
    old: str
    new: str
    same: bool


def pairs(old: str, new: str) -> list[Pair]:
    """Both texts line by line, side by side."""
    a, b = old.splitlines(), new.splitlines()
    rows: list[Pair] = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        for k in range(max(i2 - i1, j2 - j1)):
            i, j = i1 + k, j1 + k
            left, right = (i + 1 if i < i2 else 0), (j + 1 if j < j2 else 0)
            rows.append(Pair(left, right, a[i] if left else "", b[j] if right else "", tag == "equal"))
    return rows


def _marked(old: str, new: str) -> tuple[str, str]:
    """Both lines with the parts that differ marked."""
    a, b = _PARTS.findall(old), _PARTS.findall(new)
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    if not old or not new or matcher.ratio() < 0.3:
        return escape(old), escape(new)
    left, right = "", ""
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        before, after = escape("".join(a[i1:i2])), escape("".join(b[j1:j2]))
        left += before if tag == "equal" or not before else f"<mark>{before}</mark>"
        right += after if tag == "equal" or not after else f"<mark>{after}</mark>"
    return left, right


def _said(diagnostic: Diagnostic) -> str:
    severity = diagnostic.severity.value
    text = escape(f"{CODES[diagnostic.code].title}: {diagnostic.message}")
    sure = f" <i>({diagnostic.evidence})</i>" if diagnostic.evidence not in ("", "certain") else ""
    return f'<tr class="said {severity}"><td colspan="4"><b>{diagnostic.code}</b>{text}{sure}</td></tr>'


def _rows(item: Converted) -> Iterator[str]:
    """The rows that matter: changes, diagnostics, and a few lines around them."""
    rows = pairs(item.text, item.result.code)
    by_line: dict[int, list[Diagnostic]] = {}
    for diagnostic in item.result.diagnostics:
        by_line.setdefault(diagnostic.line, []).append(diagnostic)
    yield from (_said(d) for d in by_line.get(0, ()))
    shown: set[int] = set()
    for index, row in enumerate(rows):
        if not row.same or row.left in by_line:
            shown.update(range(index - _CONTEXT, index + _CONTEXT + 1))
    hidden = 0
    for index, row in enumerate(rows):
        if index not in shown:
            hidden += 1
            continue
        if hidden:
            yield _gap(hidden)
            hidden = 0
        yield _row(row)
        yield from (_said(d) for d in by_line.get(row.left, ()) if row.left)
    if hidden and shown:
        yield _gap(hidden)


def _gap(count: int) -> str:
    return f'<tr class="gap"><td colspan="4">{count} unchanged line{"s" * (count != 1)}</td></tr>'


def _row(row: Pair) -> str:
    old, new = (escape(row.old), escape(row.new)) if row.same else _marked(row.old, row.new)
    classes = [("" if row.same or not number else f' class="{name}"') for number, name in
               ((row.left, "old"), (row.right, "new"))]  # fmt: skip
    return (
        f'<tr><td class="n">{row.left or ""}</td><td{classes[0]}>{old}</td>'
        f'<td class="n">{row.right or ""}</td><td{classes[1]}>{new}</td></tr>'
    )


def share(found: int, left: int) -> float | None:
    """Percentage of the input's Torch names that the output does not have any more; None without any."""
    return None if not found else 100.0 * (1 - min(left, found) / found)


def _percent(found: int, left: int) -> str:
    value = share(found, left)
    if value is None:
        return "no Torch"
    # Never rounded up to 100 while a name is left.
    text = "100 %" if not left else f"{min(value, 99.9):.1f} %"
    return f'<span class="bar"><i style="width:{value:.1f}%"></i></span>{text}'


def _counts(item: Converted) -> Counter[Severity]:
    return Counter(d.severity for d in item.result.diagnostics)


def _file_line(number: int, item: Converted) -> str:
    counts = _counts(item)
    cells = [
        f'<a href="#file-{number}">{escape(str(item.source.path))}</a>',
        str(len(item.text.splitlines())),
        str(sum(not row.same for row in pairs(item.text, item.result.code))) if item.result.changed else "0",
        str(item.result.found),
        str(item.result.left),
        "failed" if item.result.failed else _percent(item.result.found, item.result.left),
        *(f'<span class="{s.value}">{counts[s]}</span>' if counts[s] else "0" for s in Severity),
    ]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _section(number: int, item: Converted) -> str:
    counts = _counts(item)
    said = ", ".join(f"{counts[s]} {s.value}{'s' * (counts[s] != 1)}" for s in Severity if counts[s])
    head = f"<header><h2>{escape(str(item.source.path))}</h2><span>{said or 'nothing to report'}</span></header>"
    rows = "".join(_rows(item))
    columns = '<col class="number"><col><col class="number"><col>'
    body = f'<table class="diff"><colgroup>{columns}</colgroup>{rows}</table>'
    return f'<section id="file-{number}">{head}{body}</section>'


def render(items: Iterable[Converted]) -> str:
    """The page.  Percentages compare the Torch names of the input's tree with those of the output's tree."""
    items = list(items)
    found, left = sum(i.result.found for i in items), sum(i.result.left for i in items)
    counts = sum((_counts(item) for item in items), Counter[Severity]())
    value = share(found, left)
    gone = "none" if value is None else "100 %" if not left else f"{min(value, 99.9):.1f} %"
    tiles = [
        (gone, "of the Torch names are gone"),
        (f"{left}", f"of {found} Torch names left"),
        (f"{sum(i.result.changed for i in items)}", f"of {len(items)} files changed"),
        *((f'<span class="{s.value}">{counts[s]}</span>', f"{s.value}s") for s in Severity),
    ]
    boxes = "".join(f'<div class="tile"><b>{number}</b><span>{what}</span></div>' for number, what in tiles)
    head = ["file", "lines", "changed", "Torch names", "left", "gone", "errors", "warnings", "notes"]
    table = "".join(f"<th>{name}</th>" for name in head)
    numbered = list(enumerate(items, 1))
    lines = "".join(_file_line(number, item) for number, item in numbered)
    sections = "".join(_section(n, i) for n, i in numbered if i.result.changed or i.result.diagnostics)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>jack-convert</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body><main>'
        '<h1>PyTorch to Jittor</h1><p class="under">Left: the input. Right: the output. Names are counted in the '
        "syntax trees of both.</p>"
        f'<div class="tiles">{boxes}</div><table class="files"><tr>{table}</tr>{lines}</table>{sections}'
        "</main></body></html>\n"
    )
