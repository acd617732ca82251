"""What ``jack-parity check`` prints."""

from __future__ import annotations

import math

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from parity.check.compare import Row
from parity.check.run import Outcome, SideFailed

SHOWN = 15


def console() -> Console:
    """The terminal; a log file gets lines wide enough for names of parameters."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=140)


def _figure(value: float) -> str:
    return f"{value:.2e}" if math.isfinite(value) else "-"


def _table(rows: list[Row]) -> Table:
    table = Table(box=box.SIMPLE)
    table.add_column("what", no_wrap=True)
    table.add_column("name", overflow="fold")
    table.add_column("shape", no_wrap=True)
    for title in ("max abs diff", "relative", "tolerance"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("verdict", overflow="fold")
    for row in rows:
        if row.problem:
            verdict = Text(row.problem, style="bold red")
        elif not row.holds:
            verdict = Text("differs", style="bold red")
        elif row.jump:
            verdict = Text(f"a jump (rounding alone: {row.noise:.1e})", style="yellow")
        elif row.zero:
            verdict = Text(f"equal (below {row.floor:.1e})", style="green")
        else:
            verdict = Text("equal", style="green")
        shape = "x".join(map(str, row.shape)) or "scalar"
        figures = (_figure(row.absolute), _figure(row.relative), str(row.tolerance))
        table.add_row(row.group, Text(row.name), shape, *figures, verdict)
    return table


def print_outcome(out: Console, outcome: Outcome, everything: bool = False, port: bool = False) -> None:
    """Print outputs, the worst gradients and buffers, the counts, what the converter left, the verdict."""
    outputs = [row for row in outcome.rows if row.group == "output"]
    others = sorted((row for row in outcome.rows if row.group != "output"), key=lambda row: -row.badness)
    shown = others if everything else others[:SHOWN]
    out.print(_table(outputs + shown))
    if len(shown) < len(others):
        out.print(f"{len(others) - len(shown)} further gradients and buffers, none worse than these (--all shows them)")
    for group in ("output", "gradient", "buffer"):
        rows = [row for row in outcome.rows if row.group == group]
        if rows:
            # A zero but for rounding has no meaningful relative difference; such rows are counted by themselves.
            below = [row for row in rows if row.zero]
            figures = [row.relative for row in rows if not (row.zero or row.jump) and math.isfinite(row.relative)]
            worst = f", largest relative difference {max(figures):.2e}" if figures else ""
            zeros = f", {len(below)} of them zero but for rounding" if below else ""
            jumps = sum(row.jump for row in rows)
            zeros += f", {jumps} of them by a jump that rounding alone decides about" if jumps else ""
            out.print(f"{group}s: {sum(row.holds for row in rows)} of {len(rows)} equal{zeros}{worst}")
    if not any(row.group == "gradient" for row in outcome.rows):
        out.print("gradients: none were compared")
    for fault in outcome.faults:
        out.print(Text(fault, style="bold red"))
    for note in outcome.notes:
        out.print(Text(note, style="yellow"), soft_wrap=True)
    if outcome.left:
        out.print(f"the converter left {len(outcome.left)} places in the files that were imported:")
        limit = len(outcome.left) if everything else SHOWN
        for line in outcome.left[:limit]:
            out.print(Text(f"  {line}", style="yellow"), soft_wrap=True)
        if limit < len(outcome.left):
            out.print(f"  ... and {len(outcome.left) - limit} more (--all shows them)")
    versions = ", ".join(f"{name} {version}" for name, version in outcome.versions.items())
    out.print(f"{outcome.parameters} weights carried over; {versions}")
    what = f"The {outcome.kind} in Jittor" if port else f"The converted {outcome.kind}"
    if outcome.holds:
        out.print(Text(f"{what} computes the same.", style="bold green"))
    else:
        out.print(Text(f"{what} does NOT compute the same.", style="bold red"))


def print_failure(out: Console, failure: SideFailed) -> None:
    """Print which side failed and the end of its log."""
    out.print(Text(f"{failure.side} failed:", style="bold red"))
    for line in failure.tail():
        out.print(Text(f"  {line}"), soft_wrap=True)
