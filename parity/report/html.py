"""The page of one trace."""

from __future__ import annotations

from parity.report.page import render
from parity.report.view import view
from parity.trace.result import Trace


def trace_page(trace: Trace) -> str:
    """One self-contained HTML page.

    It loads nothing: style, script, plots and data are inside.  Files that the trace names are read again for the lines
    around each finding, where they are still as they were.
    """
    return render("trace.html", view=view(trace))
