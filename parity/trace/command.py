"""The subcommand ``trace`` of ``jack-parity``."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import click

from parity.check.spec import SpecError, check_arguments, make_inputs, parse_target

_EPILOG = """
\b
Examples:
  jack-parity trace net.py:Net --input 2x3x32x32
  jack-parity trace net.py:Net --jittor port.py:Net --input 2x3x32x32 --train
  jack-parity trace net.py:build --args "18" --jittor port/net.py:resnet18 --input 1x3x64x64 --html trace.html

\b
Exit status: 0 nothing found; 1 the programs differ, or a side failed; 2 wrong usage.
"""


@click.command(epilog=_EPILOG, context_settings={"max_content_width": 100})
@click.argument("target", metavar="PATH.py:NAME")
@click.option(
    "--args", "arguments", default="", metavar="TEXT", help="What stands between the parentheses of NAME(...)."
)
@click.option(
    "--jittor", "port", metavar="PATH.py:NAME", help="A Jittor program written by hand; without it TARGET is converted."
)
@click.option(
    "--jittor-args",
    "port_arguments",
    metavar="TEXT",
    help="The arguments of the Jittor program.  [default: those of --args]",
)
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="[KEY=]SHAPE[:KIND[:LOW-HIGH]]|FILE.npz[:NAME]",
    help="An argument of forward: random values of this shape, or stored ones. In order; KEY= for a keyword.",
)
@click.option(
    "--train/--eval", default=False, help="Mode of the model; in training, buffers are compared too.  [default: --eval]"
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Of weights, inputs and draws.")
@click.option(
    "--keep-weights",
    is_flag=True,
    help="Weights as the constructor makes them; else those of one value are drawn: a scale of 0 hides what is behind.",
)
@click.option(
    "--unfused",
    is_flag=True,
    help="Jittor runs each operator by itself: compiles in a fraction of the time, but is not how programs run.",
)
@click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder for absolute imports of TARGET.",
)
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write everything there.")
@click.option("--html", "html_file", type=click.Path(dir_okay=False, path_type=Path), help="Write a page there.")
@click.option(
    "--keep", type=click.Path(path_type=Path), metavar="DIR", help="Keep the converted files, arrays and logs there."
)
@click.option("--timeout", default=1800.0, show_default=True, metavar="SECONDS", help="For each process.")
@click.option("--all", "everything", is_flag=True, help="Print the whole tree.")
def trace(
    target: str,
    arguments: str,
    port: str | None,
    port_arguments: str | None,
    inputs: tuple[str, ...],
    train: bool,
    seed: int,
    keep_weights: bool,
    unfused: bool,
    root: Path | None,
    json_file: Path | None,
    html_file: Path | None,
    keep: Path | None,
    timeout: float,
    everything: bool,
) -> None:
    """Find the module, and the line, at which two programs part.

    NAME is a class, a function that returns a module, or a plain function of tensors (a loss).

    Both run with the same weights, inputs and random draws, while every call of every module is recorded. Then each
    module's own code is repeated on Torch's inputs, so that an error shows where it is made and nowhere else; where one
    shows, the values of its lines are compared too.
    """
    from parity.check.report import console
    from parity.report.html import trace_page
    from parity.trace.report import print_trace
    from parity.trace.run import Task, run

    try:
        found = parse_target(target, root)
        theirs = parse_target(port) if port else None
        positional, keywords = make_inputs(inputs, seed)
        text = check_arguments(arguments)
        ours = text if port_arguments is None else check_arguments(port_arguments)
        if keep is not None and keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
            raise SpecError(f"--keep {keep}: exists and is not an empty folder")
        for file in (json_file, html_file):
            if file is not None and not file.absolute().parent.is_dir():
                raise SpecError(f"{file}: no such folder")
    except SpecError as error:
        click.echo(f"jack-parity: {error}", err=True)
        sys.exit(2)
    with tempfile.TemporaryDirectory(prefix="jack-parity-") as temporary:
        folder = Path(temporary).resolve()
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            folder = keep.resolve()

        def say(line: str) -> None:
            click.echo(line, err=True)

        task = Task(found, text, positional, keywords, folder, theirs, ours, seed, train, timeout=timeout, say=say)
        outcome = run(replace(task, draw_constants=not keep_weights, fused=not unfused))
    print_trace(console(), outcome, everything)
    if json_file is not None:
        write(json_file, json.dumps(outcome.as_json(), indent=1))
    if html_file is not None:
        write(html_file, trace_page(outcome))
    sys.exit(0 if outcome.ok else 1)


def write(path: Path, text: str) -> None:
    """Write a file that appears under its name only when it is complete."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
