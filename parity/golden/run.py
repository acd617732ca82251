"""Run the sides of a golden comparison and compare what they wrote."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from parity.arrays import Array, load_arrays
from parity.figures import Figures, figures, incomparable
from parity.golden.suite import HOST, Recorded, Suite
from parity.isolation import Outcome, run_python
from parity.tolerances import EXACT, Tolerance

NOT_COMPUTED = incomparable("not computed")


@dataclass(frozen=True)
class Row:
    """One comparison: an entry on one side."""

    side: str
    name: str
    group: str
    tolerance: Tolerance
    difference: Figures


@dataclass
class Report:
    """Everything that a comparison of one method found.

    Attributes:
        method: its name.
        rows: one for each entry and side.
        problems: what went wrong beside that, one text each: a side that crashed, a section that raised.
        not_compared: recorded arrays that are not compared, with the reason.
        seconds: how long each side took.
    """

    method: str
    rows: list[Row] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    not_compared: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether everything was computed and is near enough."""
        return bool(self.rows) and not self.problems and all(row.difference.ok for row in self.rows)


def run_suite(
    suite: Suite, data: Path, frameworks: Sequence[str], work: Path, timeout: float, host: bool = True
) -> Report:
    """Compare one method on the host and in the given frameworks, one process each, one after another.

    Args:
        suite: the method.
        data: the golden folder.
        frameworks: "torch", "jittor".
        work: an empty folder for logs and arrays.
        timeout: seconds for each process.
        host: whether what needs neither framework is compared.

    Raises:
        GoldenError: if the golden folder is not of the method's format.
    """
    recorded = suite.recorded(data)
    report = Report(suite.name, not_compared=recorded.not_compared)
    for side in (*([HOST] if host else []), *frameworks):
        folder = work / f"{suite.name}-{side}"
        folder.mkdir()
        arguments = [suite.name, side, str(data.resolve()), str(folder)]
        outcome = run_python("parity.golden.worker", arguments, folder / "log.txt", timeout)
        report.seconds[side] = outcome.seconds
        report.problems += side_problems(side, outcome, folder)
        computed: dict[str, Array] = {}
        for path in sorted(folder.glob("*.npz")):
            computed.update(load_arrays(path))
        report.rows += compare_side(side, recorded, computed)
    return report


def side_problems(side: str, outcome: Outcome, folder: Path) -> list[str]:
    """What the process of a side could not do, with its last words."""
    problems = []
    failures = folder / "failures.json"
    if failures.is_file():
        for section, trace in json.loads(failures.read_text(encoding="utf-8")).items():
            problems.append(f"{side}: section {section} raised\n{trace.rstrip()}")
    if not outcome.ok:
        problems.append(f"{side}: {outcome.reason}; the end of its output:\n{outcome.tail()}")
    return problems


def compare_side(side: str, recorded: Recorded, computed: dict[str, Array]) -> list[Row]:
    """A row for each entry that the side should have computed, and a failing one for each that nobody recorded."""
    rows = []
    for name, entry in recorded.entries.items():
        if entry.framework == (side == HOST) or entry.only not in ("", side):
            continue
        difference = figures(computed[name], entry.value, entry.tolerance) if name in computed else NOT_COMPUTED
        rows.append(Row(side, name, entry.group, entry.tolerance, difference))
    unknown = [name for name in computed if name not in recorded.entries and name not in recorded.not_compared]
    for name in unknown:
        rows.append(Row(side, name, "", EXACT, incomparable("not in the golden folder")))
    return rows
