"""What a check of a data set found, as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tabulate import tabulate

SHOWN = 20  # problems in a summary


@dataclass
class Summary:
    """What a check of a data set found.

    Attributes:
        labels: names of the classes.
        counts: samples by label and subset.
        usable: samples without a problem, by label.
        problems: a line for each sample that cannot be used.
        notes: further lines.
        samples: what they are.
    """

    labels: tuple[str, ...]
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    usable: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    samples: str = "videos"

    @property
    def ok(self) -> bool:
        """Whether every sample can be used."""
        return not self.problems

    def table(self) -> str:
        """Label counts, then the first problems."""
        subsets = sorted({subset for _, subset in self.counts})
        rows = [self._row(label, [label], subsets) for label in self.labels]
        rows.append(self._row("all", self.labels, subsets))
        lines = [tabulate(rows, headers=["label", *subsets, "all", "usable"])]
        lines += ["", *self.notes] if self.notes else []
        if self.problems:
            count = f"{len(self.problems)} of {sum(self.counts.values())}"
            lines += ["", f"{count} {self.samples} cannot be used:", *self.problems[:SHOWN]]
        if len(self.problems) > SHOWN:
            lines.append(f"... and {len(self.problems) - SHOWN} more")
        return "\n".join(lines)

    def _row(self, name: str, labels: Sequence[str], subsets: Sequence[str]) -> list[str | int]:
        counts = [sum(self.counts[label, subset] for label in labels) for subset in subsets]
        return [name, *counts, sum(counts), sum(self.usable[label] for label in labels)]
