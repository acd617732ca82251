"""The pytest plugin: ``--parity`` shows what every comparison of the session measured, ``--parity-report`` keeps it.

Tests call :func:`parity.assert_parity` and :func:`parity.assert_close`.  This module is loaded whenever pytest starts
in an environment that has the toolkit; it imports neither a framework nor numpy.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from parity.records import RECORDS, Comparison, worst_first, write_report

if TYPE_CHECKING:
    from parity.check.session import Session

SHOWN = 40


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the two options."""
    group = parser.getgroup("parity", "PyTorch and Jittor compute the same (jack-parity)")
    group.addoption(
        "--parity",
        action="store_true",
        help=f"show the {SHOWN} worst comparisons of the session, each with its figure and its tolerance (-v: all)",
    )
    group.addoption(
        "--parity-report", metavar="FILE.json", help="write every comparison of the session, worst first, to FILE.json"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Listen to reports only if somebody wants to know.

    Raises:
        pytest.UsageError: the report's folder is not there.
    """
    told = config.getoption("--parity-report")
    if told and not Path(told).absolute().parent.is_dir():
        raise pytest.UsageError(f"--parity-report {told}: no such folder")
    if config.getoption("--parity") or told:
        config.pluginmanager.register(Summary(config), "parity-summary")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach what the test compared to its report, which pytest-xdist carries to the main process."""
    report = yield
    if RECORDS.comparisons or RECORDS.notes:
        report.__dict__["parity"] = RECORDS.take()  # pytest-xdist sends what stands there
    return report


def pytest_sessionfinish() -> None:
    """End the processes of the frameworks, if any test started them."""
    session = sys.modules.get("parity.check.session")
    if session is not None:
        session.SESSION.close()


@pytest.fixture
def fresh_frameworks() -> Generator[Session, None, None]:
    """New processes of both frameworks for this test alone: for programs that change a framework's global settings."""
    from parity.check.session import SESSION

    SESSION.close()
    yield SESSION
    SESSION.close()


class Summary:
    """Collects the comparisons of all tests, of all processes of pytest-xdist too."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.comparisons: list[Comparison] = []
        self.notes: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what :func:`pytest_runtest_makereport` attached."""
        told: dict[str, Any] = getattr(report, "parity", {})
        self.comparisons += [Comparison(**row) for row in told.get("comparisons", ())]
        self.notes += told.get("notes", ())

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table, worst first, and write the report."""
        out, path = terminalreporter, self.config.getoption("--parity-report")
        if path:
            try:
                write_report(Path(path), self.comparisons, self.notes)
            except OSError as error:
                out.write_line(f"--parity-report {path}: {error.strerror}", red=True)
        out.section("parity")
        if not self.comparisons:
            out.write_line("nothing was compared")
            return
        rows = worst_first(self.comparisons)
        shown = rows if self.config.getoption("verbose") > 0 else rows[:SHOWN]
        for line, row in zip(table(shown), [None, None, *shown]):
            out.write_line(line, red=row is not None and not row.ok)
        if len(shown) < len(rows):
            out.write_line(f"{len(rows) - len(shown)} more, none worse than these (-v shows them)")
        for note in dict.fromkeys(self.notes):
            out.write_line(f"note: {note}", yellow=True)
        good = sum(row.ok for row in rows)
        out.write_line(f"{good} of {len(rows)} comparisons within their tolerance", green=good == len(rows))
        if path:
            out.write_line(f"written to {path}")


def table(rows: list[Comparison]) -> list[str]:
    """Lines: a head, a rule, one for each comparison."""
    from tabulate import tabulate

    head = ["compared", "array", "max abs", "max rel", "ulp", "cosine", "tolerance", "used", ""]
    cells = []
    for row in rows:
        measured = (row.max_abs, "{:.2e}"), (row.max_rel, "{:.2e}"), (row.max_ulp, "{:.0f}"), (row.cosine, "{:.8f}")
        figures = ["-" if math.isnan(value) else style.format(value) for value, style in measured]
        verdict = "ok" if row.ok else row.problem or "FAIL"
        cells.append([row.subject, row.name, *figures, row.tolerance, f"{row.used:.2g}", verdict])
    aligned = ["left", "left", *["right"] * 6, "left"]
    return tabulate(cells, headers=head, colalign=aligned, disable_numparse=True).splitlines()
