"""The subcommand ``check`` of ``jack-parity``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

from parity.check.spec import SpecError, check_arguments, make_inputs, parse_target
from parity.tolerances import TABLE

_EPILOG = """
\b
Examples:
  jack-parity check net.py:Net --input 2x3x32x32
  jack-parity check net.py:build --args "18, num_classes=7" --input 1x3x224x224
  jack-parity check text.py:Tagger --input 2x5:int64:0-100 --input mask=2x5:bool
  jack-parity check net.py:Net --input batch.npz --train
  jack-parity check net.py:Net --jittor port.py:Net --input 2x3x32x32
  jack-parity check losses.py:focal --args gamma=3.0 --input 4x5 --input 4x5:float32:0-1

\b
Exit status: 0 both sides compute the same; 1 it does not, or a side failed; 2 wrong usage.
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
    "--jittor",
    "port",
    metavar="PORT.py:NAME",
    help="A Jittor program written by hand: run it as it is, and convert nothing.",
)
@click.option("--jittor-args", "port_arguments", metavar="TEXT", help="Of the port's NAME(...).  [default: --args]")
@click.option(
    "--tolerance",
    type=click.FloatRange(0),
    help=f"For outputs, relative to the largest value.  [default: of the class; of a model {TABLE['model'].value}]",
)
@click.option(
    "--grad-tolerance",
    type=click.FloatRange(0),
    help=f"For gradients, likewise.  [default: of the class; of a model {TABLE['model'].gradient}]",
)
@click.option(
    "--op-class",
    type=click.Choice([name for name, row in TABLE.items() if not row.only]),
    help="Row of the table of tolerances.  [default: model; of a plain function, default]",
)
@click.option("--gradients/--no-gradients", default=True, help="Compare gradients as well.  [default: --gradients]")
@click.option("--jumps", is_flag=True, help="Let a gradient differ by what rounding alone decides about in Torch.")
@click.option("--no-dropout", is_flag=True, help="Switch every dropout layer off, on both sides.")
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
    port: str | None,
    port_arguments: str | None,
    tolerance: float | None,
    grad_tolerance: float | None,
    op_class: str | None,
    gradients: bool,
    jumps: bool,
    no_dropout: bool,
    root: Path | None,
    keep: Path | None,
    timeout: int,
    everything: bool,
) -> None:
    """Run a model in both frameworks with the same weights and inputs, and compare.

    NAME is a class or a function that returns a module, or a plain function of tensors. It is converted, unless
    --jittor names a port. Outputs and the gradients of a random projection of them, with respect to every parameter
    and floating input, are compared; each framework runs in a process of its own.
    """
    from parity.check import report
    from parity.check.run import Check, SideFailed, run

    try:
        found = parse_target(target, root)
        positional, keywords = make_inputs(inputs, seed)
        text = check_arguments(arguments)
        if port_arguments is not None and port is None:
            raise SpecError("--jittor-args: of which port?  Name it with --jittor PORT.py:NAME")
        port_target = parse_target(port) if port is not None else None
        port_text = check_arguments(port_arguments) if port_arguments is not None else None
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
        task.port, task.port_arguments, task.op_class = port_target, port_text, op_class or ""
        task.gradients, task.no_dropout, task.jumps = gradients, no_dropout, jumps
        try:
            outcome = run(task)
        except SideFailed as failure:
            report.print_failure(out, failure)
            sys.exit(1)
        except SpecError as error:
            click.echo(f"jack-parity: {error}", err=True)
            sys.exit(2)
        report.print_outcome(out, outcome, everything, port is not None)
    sys.exit(0 if outcome.holds else 1)


if __name__ == "__main__":
    check()
