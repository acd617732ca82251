"""``jack-bench methods``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click

from benchmarks.harness.cells import PHASES, SIDES, PlanError, Request
from benchmarks.methods import names

DEFAULT_FOLDER = "bench-results"


def _chosen(known: tuple[str, ...]) -> Callable[[click.Context, click.Parameter, str], tuple[str, ...]]:
    def parse(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
        for part in found:
            if part not in known:
                raise click.BadParameter(f"{part!r} is not one of {', '.join(known)}")
        return found

    return parse


def _numbers(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, ...]:
    parts = [part.strip() for part in value.split(",") if part.strip()]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise click.BadParameter(f"{value!r}: give numbers such as 1,4,16")
    return tuple(dict.fromkeys(map(int, parts)))


def _listed(what: dict[str, str]) -> str:
    return "\n".join(f"  {name:10} {text}" for name, text in what.items())


HELP = f"""Measure the methods in Torch and in Jittor: METHOD is {", ".join(names())}; all of them by default.

\b
Phases:
{_listed(PHASES)}

\b
Frameworks (Torch is the reference of every ratio):
{_listed(SIDES)}

Each framework runs in a process of its own with the same weights and inputs.  First both must compute the same; then
they take turns, step by step, each step waited for.  What is slow counts too.  Finished cells are kept in the folder:
a run that was interrupted goes on where it was, and a cell is measured again when its code, versions or protocol have
changed.

Without --batch and --length real sizes are measured, and how the cost grows with them.

\b
  jack-bench methods --quick                       a first look, some minutes
  jack-bench methods tslnet --phases step          one phase of one method
  jack-bench methods bpmgcn --batch 1,8,32         how it grows with the batch
  jack-bench methods --compare old/results.json    exit status 1 if something became slower
"""


@click.command(help=HELP)
@click.argument("methods", nargs=-1, metavar="[METHOD]...")
@click.option("--phases", callback=_chosen(tuple(PHASES)), default="", metavar="LIST", help="Only these.")
@click.option("--frameworks", callback=_chosen(tuple(SIDES)), default="", metavar="LIST", help="Only these.")
@click.option("--batch", "batches", callback=_numbers, default="", metavar="NUMBERS", help="Samples at once.")
@click.option("--length", "lengths", callback=_numbers, default="", metavar="NUMBERS", help="Segments, or snippets.")
@click.option("--quick", is_flag=True, help="Small sizes, inference and training step, shorter timing.")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@click.option(
    "--threads", type=click.IntRange(1), default=None, help="Of each framework.  [default: the CPUs of this process]"
)
@click.option("--rounds", type=click.IntRange(2), default=None, metavar="INTEGER", help="Timed steps, in place of 30.")
@click.option(
    "--seconds", type=click.FloatRange(0, min_open=True), default=None, help="A slow cell ends after so many for each."
)
@click.option("--limit", type=click.FloatRange(1), default=None, help="Seconds that a first step may compile.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=DEFAULT_FOLDER,
    show_default=True,
    metavar="FOLDER",
)
@click.option("--again", is_flag=True, help="Measure also what is there already.")
@click.option("--show-trap", is_flag=True, help="Show the time without waiting beside the true one.")
@click.option(
    "--compare", type=click.Path(path_type=Path, dir_okay=False), metavar="OLD.json", help="Show what became slower."
)
@click.option("--html/--no-html", default=True, help="Write the page with the plots.  [default: --html]")
def methods(
    methods: tuple[str, ...],
    phases: tuple[str, ...],
    frameworks: tuple[str, ...],
    batches: tuple[int, ...],
    lengths: tuple[int, ...],
    quick: bool,
    device: str,
    threads: int | None,
    rounds: int | None,
    seconds: float | None,
    limit: float | None,
    out: Path,
    again: bool,
    show_trap: bool,
    compare: Path | None,
    html: bool,
) -> None:
    from benchmarks.harness.run import QUICK, Protocol
    from benchmarks.harness.session import Session
    from benchmarks.harness.store import StoreError, read_report
    from benchmarks.report.comparison import compared
    from benchmarks.report.files import write_all
    from benchmarks.report.terminal import table
    from jack.errors import DatasetError
    from jack.runtime import available_threads

    unknown = [name for name in methods if name not in names()]
    if unknown:
        raise click.UsageError(f"no method {unknown[0]!r}; there are: {', '.join(names())}")
    protocol = QUICK if quick else Protocol()
    if rounds is not None:
        protocol = replace(
            protocol, rounds=rounds, fewest=min(rounds, protocol.fewest), most=max(rounds, protocol.most)
        )
    protocol = replace(protocol, seconds=seconds or protocol.seconds, limit=limit or protocol.limit)
    request = Request(methods or names(), phases, frameworks, batches, lengths, quick)
    try:
        old = read_report(compare) if compare else None
        session = Session(request, protocol, device, threads or available_threads(), out, again)
        report = session.run(lambda line: click.echo(line, err=True))
        written = write_all(out, session.everything(report), html)
    except (PlanError, StoreError, DatasetError) as error:
        click.echo(f"jack-bench: {error}", err=True)
        sys.exit(2)
    if report.results:
        click.echo(table(report, show_trap))
    code = 0
    if old is not None:
        comparison = compared(old, report)
        click.echo(f"\n{comparison.text}")
        code = 1 if comparison.slower else 0
    for path in written:
        click.echo(f"written: {path}", err=True)
    if session.interrupted:
        click.echo("jack-bench: interrupted; the same command goes on with the cells that are missing", err=True)
        code = 130
    sys.exit(code)
