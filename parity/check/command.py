"""The subcommand ``check`` of ``jack-parity``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

from parity.check.spec import SpecError, check_arguments, make_inputs, parse_target

_EPILOG = """
\b
Examples:
  jack-parity check net.py:Net --input 2x3x32x32
  jack-parity check net.py:build --args "18, num_classes=7" --input 1x3x224x224
  jack-parity check text.py:Tagger --input 2x5:int64:0-100 --input mask=2x5:bool
  jack-parity check net.py:Net --input batch.npz --train

\b
Exit status: 0 the converted model computes the same; 1 it does not, or a side failed; 2 wrong usage.
"""


@click.command(epilog=_EPILOG, context_settings={"max_content_width": 100})
@click.argument("target", metavar="PATH.py:NAME")
@click.option(
    "--args", "arguments", default="", metavar="TEXT", help="What stands between the parentheses of NAME(...)."
)
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="[KEY=]SHAPE[:KIND[:LOW-HIGH]]|FILE.npz[:NAME]",
    help="An argument of forward: random values of this shape, or stored ones. In order; KEY= for a keyword.",
)
@click.option("--train/--eval", default=False, help="Mode of the model.  [default: --eval]")
@click.option("--seed", default=0, show_default=True, help="Of weights, inputs and the gradient's projection.")
@click.option(
    "--tolerance",
    default=1e-4,
    show_default=True,
    type=click.FloatRange(0),
    help="For outputs, relative to the largest value.",
)
@click.option(
    "--grad-tolerance", default=1e-3, show_default=True, type=click.FloatRange(0), help="For gradients, likewise."
)
@click.option(
    "--root", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder for absolute imports."
)
@click.option(
    "--keep", type=click.Path(path_type=Path), metavar="DIR", help="Keep the converted files, arrays and logs there."
)
@click.option("--timeout", default=1800, show_default=True, metavar="SECONDS", help="For each side.")
@click.option("--all", "everything", is_flag=True, help="Print every row.")
def check(
    target: str,
    arguments: str,
    inputs: tuple[str, ...],
    train: bool,
    seed: int,
    tolerance: float,
    grad_tolerance: float,
    root: Path | None,
    keep: Path | None,
    timeout: int,
    everything: bool,
) -> None:
    """Convert a model, run it in both frameworks with the same weights and inputs, compare.

    NAME is a class or a function that returns a module. Outputs and the gradients of a random projection of them,
    with respect to every parameter and floating input, are compared; each framework runs in a process of its own.
    """
    from parity.check import report
    from parity.check.run import Check, SideFailed, run

    try:
        found = parse_target(target, root)
        positional, keywords = make_inputs(inputs, seed)
        text = check_arguments(arguments)
        if keep is not None and keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
            raise SpecError(f"--keep {keep}: exists and is not an empty folder")
    except SpecError as error:
        click.echo(f"jack-parity: {error}", err=True)
        sys.exit(2)
    out = report.console()
    with tempfile.TemporaryDirectory(prefix="jack-parity-") as temporary:
        folder = Path(temporary)
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            folder = keep.absolute()

        def say(line: str) -> None:
            click.echo(line, err=True)

        task = Check(found, text, positional, keywords, folder, seed, train, tolerance, grad_tolerance, timeout, say)
        try:
            outcome = run(task)
        except SideFailed as failure:
            report.print_failure(out, failure)
            sys.exit(1)
        report.print_outcome(out, outcome, everything)
    sys.exit(0 if outcome.holds else 1)


if __name__ == "__main__":
    check()
