"""One self-contained page of a report."""

from __future__ import annotations

from functools import cache
from importlib import resources

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from benchmarks.harness.cells import PHASES
from benchmarks.harness.result import NOISY_OTHERS, NOISY_SPREAD
from benchmarks.harness.store import Report
from benchmarks.report import view, words


@cache
def _environment() -> Environment:
    loader = ChoiceLoader([PackageLoader("benchmarks.report"), PackageLoader("parity.report")])
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    style = _asset("parity.report", "style.css") + _asset("benchmarks.report", "bench.css")
    made.globals.update(style=style, script="")
    return made


def _asset(package: str, name: str) -> Markup:
    return Markup(resources.files(package).joinpath("templates", name).read_text(encoding="utf-8"))


def page(report: Report) -> str:
    """The page; it loads nothing: style and plots are inside."""
    threads = ", ".join(sorted({str(each.threads) for each in report.results}))
    return (
        _environment()
        .get_template("bench.html")
        .render(
            machine=report.machine,
            memory=f"{report.machine['memory'] / 2**30:.0f} GiB",
            threads=threads,
            measured=sorted(each.measured for each in report.results),
            ratio_plot=view.ratio_plot(report),
            memory_plot=view.memory_plot(report),
            grown=view.grown(report),
            traps=view.traps(report),
            rows=view.table(report),
            counts=view.counts(report),
            phases={words.PHASES[name]: text for name, text in PHASES.items()},
            labels=words.LABELS,
            limits=(f"{NOISY_OTHERS:.0%}", f"{NOISY_SPREAD:.0%}"),
            protocol=report.results[0].protocol,
        )
    )
