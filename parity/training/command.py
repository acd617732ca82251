"""The subcommand ``jack-parity train``."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import click

from parity.training.run import run_training
from parity.training.table import as_json, as_text
from parity.training.trainee import Trainee, TrainingError, available


@click.command()
@click.option("--method", "methods", multiple=True, metavar="NAME", help="May be repeated; default: all.")
@click.option("--steps", default=30, show_default=True, type=click.IntRange(1), help="Optimizer steps.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Of the weights and the batches.")
@click.option(
    "--bound",
    type=float,
    metavar="RATIO",
    help="Largest relative difference of the figures; default: the method's own.",
)
@click.option(
    "--noise", is_flag=True, help="Also train a second time in Torch with one thread: what rounding alone does."
)
@click.option("--timeout", default=1800.0, show_default=True, metavar="SECONDS", help="For each process.")
@click.option("--output-format", default="text", show_default=True, type=click.Choice(["text", "json"]))
def train(
    methods: tuple[str, ...],
    steps: int,
    seed: int,
    bound: float | None,
    noise: bool,
    timeout: float,
    output_format: str,
) -> None:
    """Train in both frameworks with the same weights and batches, and find the step where they part.

    The weights are made once, by Torch, and given to both.  Exit status: 0 when all steps agree, 1 when they do not
    (or a run failed), 2 for a wrong command line.
    """
    try:
        chosen = _chosen(methods)
    except TrainingError as error:
        click.echo(f"jack-parity train: {error}", err=True)
        sys.exit(2)
    reports = []
    for trainee in chosen:
        with tempfile.TemporaryDirectory(prefix="jack-parity-") as work:
            reports.append(run_training(trainee, seed, steps, Path(work), timeout, noise, bound))
        if output_format == "text":
            click.echo(as_text(reports[-1]) + "\n")
    if output_format == "json":
        click.echo(json.dumps([as_json(report) for report in reports], indent=1))
    sys.exit(0 if all(report.ok for report in reports) else 1)


def _chosen(methods: tuple[str, ...]) -> list[Trainee]:
    trainees = available()
    if not trainees:
        raise TrainingError("no installed package offers a training (entry points jack_parity.training)")
    unknown = [name for name in methods if name not in trainees]
    if unknown:
        raise TrainingError(f"unknown method {', '.join(unknown)}; there are: {', '.join(trainees)}")
    return [trainees[name] for name in dict.fromkeys(methods)] or list(trainees.values())
