"""Tell what a file held and where it went: a table for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from jack.checkpoints.dtypes import Array
from jack.checkpoints.match import Match
from jack.checkpoints.read import Checkpoint

Row = tuple[str, str, str]


def as_json(checkpoint: Checkpoint, made: Match | None, extra: Mapping[str, Any]) -> dict[str, Any]:
    """The report as plain values.

    Args:
        checkpoint: what was read.
        made: how it fits a method, None if no method was named.
        extra: entries of the caller: the method, its options, the file that was written.
    """
    weights = checkpoint.weights
    report: dict[str, Any] = {
        "input": str(checkpoint.path),
        "format": checkpoint.format,
        "entry": checkpoint.entry,
        "ignored": checkpoint.ignored,
        "weights": {name: {"shape": list(a.shape), "dtype": a.dtype.name} for name, a in weights.items()},
        "notes": [*checkpoint.notes, *(made.notes if made else [])],
        **extra,
    }
    if made is not None:
        report["match"] = {
            "complete": made.complete,
            "scope": made.scope,
            "outside": made.outside,
            "matched": [{"name": name, "shape": list(made.weights[name].shape)} for name in made.matched],
            "renamed": [
                {"from": source, "to": name, "how": how, "shape": list(made.weights[name].shape)}
                for source, name, how in made.renamed
            ],
            "added": [{"name": name, "value": value} for name, value in made.added.items()],
            "missing": [{"name": name, "shape": list(shape)} for name, shape in made.missing.items()],
            "mismatched": [
                {"name": name, "shape": list(found), "expected": list(wanted)}
                for name, found, wanted in made.mismatched
            ],
            "left_over": [
                {"name": name, "shape": list(shape), "why": why} for name, (shape, why) in made.left_over.items()
            ],
        }
    return report


def console() -> Console:
    """Standard output; a file or a pipe gets lines that are wide enough."""
    made = Console(highlight=False)
    return made if made.is_terminal else Console(highlight=False, width=160)


def print_contents(checkpoint: Checkpoint, every: bool = False) -> None:
    """Print names, shapes and types; without ``every`` the first of them."""
    rows = [(name, shape_text(a.shape), a.dtype.name) for name, a in checkpoint.weights.items()]
    print_rows(("name", "shape", "type"), rows, every, 20)


def print_summary(checkpoint: Checkpoint) -> None:
    """Print what the file is, in a few lines."""
    out = console()
    weights = checkpoint.weights
    where = f", under {checkpoint.entry!r}" if checkpoint.entry else ""
    count = sum(array.size for array in weights.values())
    out.print(escape(f"{checkpoint.path}: {checkpoint.format}{where}; {len(weights)} arrays, {count:,} numbers"))
    for name, word in list(checkpoint.ignored.items())[:10]:
        out.print(escape(f"  not read: {name} ({word})"))
    if len(checkpoint.ignored) > 10:
        out.print(f"  not read: {len(checkpoint.ignored) - 10} more")
    for note in checkpoint.notes:
        out.print(escape(f"  {note}"))


def print_match(made: Match, title: str, every: bool = False) -> None:
    """Print where every name went: the numbers, then the names that a person should look at."""
    out = console()
    counts: list[tuple[str, Sized, str]] = [
        ("matched", made.matched, "the same name in both"),
        ("renamed", made.renamed, ""),
        ("added", made.added, "batch norm counters, which Jittor's files lack, as 0"),
        ("missing", made.missing, "the model has them, the file has not"),
        ("mismatched", made.mismatched, "another shape"),
        ("left over", made.left_over, "the file has them, the model has no place for them"),
    ]
    table = Table(box=box.SIMPLE, title=escape(title), title_justify="left")
    for column in ("state", "names", "meaning"):
        table.add_column(column, justify="right" if column == "names" else "left")
    for state, names, meaning in counts:
        bad = state in ("missing", "mismatched") and names
        table.add_row(state, str(len(names)), meaning, style="red" if bad else None)
    out.print(table)
    if made.renamed:
        rows = [(source, name, how) for source, name, how in made.renamed]
        print_rows(("renamed from", "to", "how"), rows, every, 3)
    if made.mismatched:
        rows = [(name, shape_text(found), shape_text(wanted)) for name, found, wanted in made.mismatched]
        print_rows(("mismatched", "in the file", "in the model"), rows, every)
    if made.missing:
        print_rows(("missing", "shape", ""), [(name, shape_text(s), "") for name, s in made.missing.items()], every)
    if made.left_over:
        rows = [(name, shape_text(shape), why) for name, (shape, why) in made.left_over.items()]
        print_rows(("left over", "shape", "why"), rows, every)
    if made.scope:
        out.print(
            escape(f"This file is for the part {made.scope}* only; {made.outside} other names are not concerned.")
        )
    for note in made.notes:
        out.print(escape(note), soft_wrap=True)


def print_rows(heads: Row, rows: Iterable[Row], every: bool, count: int = 10) -> None:
    """Print a table, its first rows only unless all are wanted."""
    out = console()
    kept = list(rows)
    table = Table(box=box.SIMPLE)
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in kept if every else kept[:count]:
        table.add_row(*(escape(cell) for cell in row))
    out.print(table)
    if not every and len(kept) > count:
        out.print(f"  ... and {len(kept) - count} more (--list shows all)")


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape as text."""
    return " x ".join(map(str, shape)) or "scalar"


def bfloat16_names(weights: Mapping[str, Array]) -> list[str]:
    """Names of the arrays that Jittor's pickles cannot hold as they are."""
    return [name for name, array in weights.items() if array.dtype.name == "bfloat16"]
