"""What became slower or faster since an earlier report."""

from __future__ import annotations

from dataclasses import dataclass

from tabulate import tabulate

from benchmarks.harness.result import Result
from benchmarks.harness.store import Report
from benchmarks.report import words

LEAST = 0.05
"""A change counts from this share on, and only if the intervals of the ratios lie apart."""


@dataclass(frozen=True)
class Change:
    """Of the ratio of one side in one cell.

    Attributes:
        result: the new measurement.
        side: which.
        old, new: Torch's time divided by the side's.
        verdict: ``slower``, ``faster`` or ``same``.
    """

    result: Result
    side: str
    old: float
    new: float
    verdict: str


@dataclass(frozen=True)
class Comparison:
    """All changes, and the text that tells them."""

    changes: list[Change]
    text: str

    @property
    def slower(self) -> bool:
        """Whether anything became slower, against Torch in the same run."""
        return any(change.verdict == "slower" for change in self.changes)


def compared(old: Report, new: Report) -> Comparison:
    """Compare ratios, not times: what the machine does to both frameworks cancels out."""
    earlier = {(each.key, each.device): each for each in old.results}
    changes = []
    for result in words.ordered(new.results):
        before = earlier.get((result.key, result.device))
        for side in result.sides if before else ():
            change = _change(before, result, side) if before else None
            if change:
                changes.append(change)
    rows = [
        [change.result.key, words.LABELS[change.side], f"{change.old:.2f}", f"{change.new:.2f}", _percent(change)]
        for change in changes
    ]
    if not rows:
        return Comparison(changes, "Nothing to compare: no cell is in both reports.")
    lines = [tabulate(rows, ["cell", "side", "ratio before", "ratio now", "change"], disable_numparse=True)]
    same_machine = all(old.machine.get(key) == new.machine.get(key) for key in ("processor", "cpus"))
    if not same_machine:
        lines.append(f"Another machine before: {old.machine['processor']}, {old.machine['cpus']} CPUs.")
    threads = {each.threads for each in (*old.results, *new.results)}
    if len(threads) > 1:
        lines.append("Not the same number of threads: these ratios cannot be compared.")
    count = sum(change.verdict == "slower" for change in changes)
    lines.append(
        f"{count} slower, {sum(c.verdict == 'faster' for c in changes)} faster of {len(changes)}: by at least"
        f" {LEAST:.0%}, and the 95 % intervals lie apart."
    )
    return Comparison(changes, "\n".join(lines))


def _percent(change: Change) -> str:
    return f"{change.new / change.old - 1:+.0%}" + ("" if change.verdict == "same" else f"  {change.verdict.upper()}")


def _change(old: Result, new: Result, side: str) -> Change | None:
    before, now = (each.ratio(side) if side in each.sides and side != "torch" else None for each in (old, new))
    if before is None or now is None:
        return None
    verdict = "same"
    if now.high < before.low and now.value < before.value * (1 - LEAST):
        verdict = "slower"
    elif now.low > before.high and now.value > before.value * (1 + LEAST):
        verdict = "faster"
    return Change(new, side, before.value, now.value, verdict)
