"""Golden comparisons as parametrised tests: one for each installed method and side.

::

    @pytest.mark.parametrize("case", golden_cases(DATA), ids=str)
    def test_golden(case, tmp_path):
        case.assert_agrees(tmp_path)
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from parity.assertions import ParityError
from parity.backends import FRAMEWORKS
from parity.golden.run import Report, Row, run_suite
from parity.golden.suite import HOST, Suite, available, missing_files
from parity.golden.table import as_text
from parity.records import RECORDS, Comparison


@dataclass(frozen=True)
class Case:
    """One method on one side.

    Attributes:
        suite: the method's comparison.
        side: ``torch``, ``jittor``, or ``host`` for what needs neither.
        data: the folder of recorded figures.
    """

    suite: Suite
    side: str
    data: Path

    def __str__(self) -> str:
        return f"{self.suite.name}-{self.side}"

    def assert_agrees(self, work: Path, timeout: float = 3600) -> Report:
        """Compute everything that is recorded, at the recorded sizes, and compare.

        Args:
            work: an empty folder for logs and arrays.
            timeout: seconds.

        Raises:
            ParityError: something differs, or the side failed.
            GoldenError: the folder is not of the method's format.
        """
        __tracebackhide__ = True
        frameworks = [] if self.side == HOST else [self.side]
        report = run_suite(self.suite, self.data, frameworks, work, timeout, host=self.side == HOST)
        RECORDS.comparisons += [_comparison(self, row) for row in report.rows]
        if not report.ok:
            raise ParityError(as_text(report))
        return report


def golden_cases(data: Path, methods: Iterable[str] | None = None) -> list[Case]:
    """All cases of the installed methods whose figures a folder holds.

    Args:
        data: the folder of recorded figures.
        methods: names of some; by default all.
    """
    suites = available()
    chosen = [suites[name] for name in methods] if methods is not None else list(suites.values())
    held = [suite for suite in chosen if not missing_files(suite, data)]
    return [
        Case(suite, side, data) for suite in held for side in (HOST, *FRAMEWORKS) if side != HOST or suite.host_sections
    ]


def _comparison(case: Case, row: Row) -> Comparison:
    found = row.difference
    return Comparison(
        f"{case.suite.name} ({case.side})",
        row.name,
        found.max_abs,
        found.max_rel,
        found.max_ulp,
        found.cosine,
        found.outside,
        str(row.tolerance),
        found.used,
        found.ok,
        found.problem,
        test=os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0],
    )
