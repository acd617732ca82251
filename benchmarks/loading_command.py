"""``jack-bench loading METHOD``."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from jack.options.command_line import MethodGroup
from jack.options.common import Options

HELP = """Measure how fast samples are read, and what share of its time a training waits for them.

Options are those of `jack train` (--config takes the file of a run). Data is read by each number of worker processes,
alone and during some steps of training; what the trainings write is removed.
"""


def _counts(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, ...]:
    """Numbers separated by commas; a usage error for anything else."""
    parts = value.split(",")
    if not all(part.strip().isdecimal() for part in parts):
        raise click.BadParameter(f"{value!r}: give numbers of worker processes, such as 0,1,2")
    return tuple(dict.fromkeys(int(part) for part in parts))


def _own(method: str) -> Sequence[click.Parameter]:
    at_least_2, from_0 = click.IntRange(2), click.IntRange(0)
    return [
        click.Option(
            ["--workers"],
            callback=_counts,
            default="0,1,2",
            metavar="NUMBERS",
            show_default=True,
            help="Of processes that read, in place of --num-workers.",
        ),
        click.Option(
            ["--batches"], type=at_least_2, default=12, show_default=True, help="Batches and steps that count."
        ),
        click.Option(["--warm-up"], type=from_0, default=3, show_default=True, help="Steps of training before these."),
        click.Option(["--json", "as_json"], is_flag=True, help="Print all measurements as JSON."),
    ]


def _run(options: Options, workers: tuple[int, ...], batches: int, warm_up: int, as_json: bool) -> int:
    from benchmarks.loading import TrainingFailed, measure, table

    with tempfile.TemporaryDirectory(prefix="jack-bench-") as folder:
        try:
            machine, rows = measure(
                options, workers, batches, warm_up, Path(folder), lambda line: click.echo(f"{line} ...", err=True)
            )
        except TrainingFailed as failure:
            click.echo(f"jack-bench: the training failed: {failure}", err=True)
            return 1
    if as_json:
        click.echo(json.dumps({"method": options.method, **asdict(machine), "rows": [asdict(row) for row in rows]}))
    else:
        click.echo(table(options, machine, rows))
    return 0


# Its options are those that belong to `jack train`.
loading = MethodGroup("train", HELP, _run, _own, program="jack-bench")
