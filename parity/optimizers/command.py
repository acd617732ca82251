"""The subcommand ``jack-parity optimizers``."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path

import click


@click.command()
@click.option("--steps", default=10, show_default=True, type=click.IntRange(1, 1000), help="Steps of each.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Of parameters and gradients.")
@click.option("--only", default="", metavar="REGEX", help="Only classes in whose name this is found.")
@click.option(
    "--stock", is_flag=True, help="Compare Torch with Jittor's own classes, not with what the converter makes."
)
@click.option("--all", "everything", is_flag=True, help="Print the difference after each step of all of them.")
@click.option("--timeout", default=600.0, show_default=True, metavar="SECONDS", help="For each, on each side.")
@click.option("--output-format", default="text", show_default=True, type=click.Choice(["text", "json"]))
def optimizers(
    steps: int, seed: int, only: str, stock: bool, everything: bool, timeout: float, output_format: str
) -> None:
    """Compare every optimizer and learning-rate schedule of Torch alone: same parameters, same gradients.

    One of the parameters gets no gradient in the first steps.  Exit status: 0 when all that run are equal, 1 when one
    differs or fails, 2 for a wrong command line.  What the converter refuses is listed and does not count.
    """
    from parity.check.run import SideFailed
    from parity.optimizers.run import Survey, SurveyFailed, run
    from parity.optimizers.table import as_json, as_text, holds

    try:
        pattern = re.compile(only)
    except re.error as error:
        click.echo(f"jack-parity optimizers: --only {only!r} is no regular expression: {error}", err=True)
        sys.exit(2)
    with tempfile.TemporaryDirectory(prefix="jack-parity-") as folder:

        def say(line: str) -> None:
            click.echo(line, err=True)

        try:
            rows = run(Survey(Path(folder), steps, seed, stock, pattern, timeout, say))
        except SideFailed as failure:
            click.echo("\n".join([f"{failure.side} failed:", *failure.tail()]), err=True)
            sys.exit(1)
        except SurveyFailed as failure:
            click.echo(f"jack-parity optimizers: {failure}", err=True)
            sys.exit(1)
    if not rows:
        click.echo(f"jack-parity optimizers: --only {only!r} finds no class", err=True)
        sys.exit(2)
    click.echo(
        json.dumps(as_json(rows, stock), indent=1) if output_format == "json" else as_text(rows, stock, everything)
    )
    sys.exit(0 if holds(rows) else 1)
