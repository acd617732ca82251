"""The terminal report: one line a finding, a summary counted from the outputs."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from converter.diagnostics import CODES, Severity
from converter.project import Converted

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def findings(console: Console, item: Converted, verbose: bool) -> None:
    """Print a file's diagnostics; notes only when asked for."""
    for d in item.result.diagnostics:
        if d.severity is Severity.NOTE and not verbose:
            continue
        place = f"{item.source.path}:{d.line}:{d.column}" if d.line else str(item.source.path)
        line = Text(f"{place}: ")
        line.append(d.code, style=_STYLES[d.severity])
        line.append(f" {d.severity.value}: {CODES[d.code].title}: {d.message}")
        if d.evidence and d.evidence != "certain":
            line.append(f" [{d.evidence}]", style="dim")
        console.print(line, soft_wrap=True, highlight=False)


def unified_diff(item: Converted) -> str:
    """The change as a unified diff; empty where nothing changed."""
    name = item.source.path.as_posix()
    lines = difflib.unified_diff(
        item.text.splitlines(keepends=True), item.result.code.splitlines(keepends=True), f"a/{name}", f"b/{name}"
    )
    return "".join(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines)


def print_diff(console: Console, text: str) -> None:
    """A diff, coloured when the output is a terminal."""
    if console.is_terminal:
        console.print(Syntax(text, "diff", background_color="default", word_wrap=False))
    else:
        console.file.write(text)


def summary(console: Console, items: Iterable[Converted]) -> None:
    """One line: files, answers, and the Torch names that the outputs still hold."""
    items = list(items)
    answers: Counter[str] = Counter()
    for item in items:
        answers.update(item.result.answers)
    changed = sum(item.result.changed for item in items)
    failed = sum(item.result.failed for item in items)
    left = sum(item.result.left for item in items)
    parts = [f"{len(items)} file{'s' * (len(items) != 1)}, {changed} converted"]
    if failed:
        parts.append(f"{failed} failed")
    parts += [f"{answers[name]} {name}" for name in ("rewritten", "kept", "needs you", "unknown") if answers[name]]
    parts.append(f"{left} Torch name{'s' * (left != 1)} left")
    console.print("; ".join(parts), highlight=False, soft_wrap=True)


def statistics(console: Console, items: Iterable[Converted]) -> None:
    """How often each API was left, most frequent first."""
    counts: Counter[tuple[str, str]] = Counter()
    for item in items:
        for d in item.result.diagnostics:
            if d.severity is not Severity.NOTE:
                counts[(d.code, d.api or d.message)] += 1
    for (code, api), number in counts.most_common():
        console.print(f"{number:6d}  {code}  {api}", highlight=False)
