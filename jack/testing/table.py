"""An outcome as a table for the terminal."""

from __future__ import annotations

from tabulate import tabulate

from jack.testing.outcome import Outcome


def outcome_table(outcome: Outcome) -> str:
    """The figures of an outcome, one a line; for classes also how many there were."""
    if outcome.confusion is None:
        return tabulate([(name, _shown(value)) for name, value in outcome.figures.items()], ["figure", "value"])
    rows = []
    for row, name in enumerate(outcome.classes):
        count, right = int(outcome.confusion[row].sum()), int(outcome.confusion[row, row])
        rows.append((name, count, right, _shown(outcome.figures[f"recall_{name}"])))
    total, right = int(outcome.confusion.sum()), int(outcome.confusion.trace())
    rows.append(("all", total, right, _shown(outcome.figures["accuracy"])))
    return tabulate(rows, ["class", "samples", "right", "accuracy"], disable_numparse=True, stralign="right")


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
