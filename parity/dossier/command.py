"""The subcommand ``jack-parity dossier``."""

from __future__ import annotations

import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from parity.dossier.conversion import DossierError
from parity.dossier.tracing import Model

_OWN = ("arguments", "inputs", "modes")  # options that belong to the --model before them
_ORDER = "jack_parity_dossier_order"
_FILE = click.Path(path_type=Path)

_EPILOG = """
\b
Examples:
  jack-parity dossier project/ -o dossier.html
  jack-parity dossier net.py --model net.py:Net --input 2x3x32x32 -o dossier.html
  jack-parity dossier project/ --model project/a.py:A --input 2x8 --model project/b.py:B --args "3" --input 1x4 \\
      --train training.json --check session.json --bench timings.json -o dossier.html

\b
Exit status: 0 everything was converted and everything that was compared agrees; 1 something is left or
differs (the page is written and says so); 2 wrong usage.
"""


class _Ordered(click.Command):
    """Remembers the order in which options were typed: ``--input`` belongs to the ``--model`` before it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        values, _, order = self.make_parser(ctx).parse_args(list(args))
        typed: list[tuple[str, Any]] = []
        seen: dict[str, int] = {}
        for parameter in order:
            name = parameter.name or ""
            given = values.get(name)
            if isinstance(given, list):
                at = seen.get(name, 0)
                seen[name] = at + 1
                typed.append((name, given[at]))
        ctx.meta[_ORDER] = typed
        ctx.meta[f"{_ORDER}_words"] = list(args)
        return super().parse_args(ctx, args)


def models_of(typed: Sequence[tuple[str, Any]]) -> list[Model]:
    """The models of a command line.

    Args:
        typed: names and values of the repeatable options in the order in which they were typed.

    Raises:
        DossierError: an option that describes a model stands before every ``--model``.
    """
    found: list[Model] = []
    for name, value in typed:
        if name == "models":
            found.append(Model(value))
        elif name in _OWN and not found:
            option = {"arguments": "--args", "inputs": "--input", "modes": "--mode"}[name]
            raise DossierError(
                f"{option} {value}: stands before --model; give the model first, then what belongs to it"
            )
        elif name == "arguments":
            found[-1].arguments = value
        elif name == "inputs":
            found[-1].inputs += (value,)
        elif name == "modes":
            found[-1].train = value == "train"
    return found


@click.command(cls=_Ordered, epilog=_EPILOG, context_settings={"max_content_width": 100})
@click.argument("project", type=_FILE)
@click.option("-o", "--output", required=True, type=_FILE, metavar="FILE.html", help="The page.")
@click.option("--model", "models", multiple=True, metavar="PATH.py:NAME", help="Trace this model. May be repeated.")
@click.option("--args", "arguments", multiple=True, metavar="TEXT", help="Arguments of the --model before it.")
@click.option("--input", "inputs", multiple=True, metavar="SHAPE|FILE", help="An input of the --model before it.")
@click.option("--mode", "modes", multiple=True, type=click.Choice(["eval", "train"]), help="Of the --model before it.")
@click.option(
    "--trace", "traces", multiple=True, type=_FILE, metavar="FILE.json", help="From jack-parity trace --json."
)
@click.option(
    "--check",
    "checks",
    multiple=True,
    type=_FILE,
    metavar="FILE.json",
    help="From pytest --parity-report, jack-parity golden (json) or jack-parity models --results.",
)
@click.option(
    "--train", "trainings", multiple=True, type=_FILE, metavar="FILE.json", help="From jack-parity train (json)."
)
@click.option("--bench", "timings", multiple=True, type=_FILE, metavar="FILE.json", help="From jack-bench run --json.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave files out of the conversion.")
@click.option("--root", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder for imports.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Of weights and inputs.")
@click.option("--timeout", default=1800.0, show_default=True, metavar="SECONDS", help="For each process.")
@click.pass_context
def dossier(
    ctx: click.Context,
    project: Path,
    output: Path,
    models: tuple[str, ...],
    arguments: tuple[str, ...],
    inputs: tuple[str, ...],
    modes: tuple[str, ...],
    traces: tuple[Path, ...],
    checks: tuple[Path, ...],
    trainings: tuple[Path, ...],
    timings: tuple[Path, ...],
    exclude: tuple[str, ...],
    root: Path | None,
    seed: int,
    timeout: float,
) -> None:
    """Gather what is known of a conversion into one HTML file that stands alone.

    PROJECT, a file or a folder with Torch code, is converted; models are traced; what other commands measured is taken
    from their JSON files. The page says what is shown and what is not.
    """
    from parity.dossier.checks import read_checks
    from parity.dossier.conversion import convert
    from parity.dossier.evidence import read_trace, read_training
    from parity.dossier.page import Material, dossier_page
    from parity.dossier.repeat import trace_command
    from parity.dossier.timings import read_timings
    from parity.dossier.tracing import prepare, trace

    def say(line: str) -> None:
        click.echo(line, err=True)

    try:
        _look_at(project, output)
        # Everything that may be wrong with the command line is found before anything takes time.
        prepared = [prepare(model, root, seed) for model in models_of(ctx.meta[_ORDER])]
        stored = [read_trace(path) for path in traces]
        reports = [(told, path.name) for path in trainings for told in read_training(path)]
        tables = [read_checks(path) for path in checks]
        figures = [(path.name, read_timings(path)) for path in timings]
        say(f"jack-convert: {project}")
        with tempfile.TemporaryDirectory(prefix="jack-parity-") as folder:
            conversion = convert(project, Path(folder), exclude, timeout)
    except DossierError as error:
        click.echo(f"jack-parity: {error}", err=True)
        sys.exit(2)
    words = shlex.join(["jack-parity", "dossier", *ctx.meta[f"{_ORDER}_words"]])
    material = Material(conversion, words, trainings=reports, checks=tables, timings=figures)
    material.traces = [(each, *trace_command(each)) for each in stored]
    for each in prepared:
        material.traces.append((trace(each, seed, timeout, say), each.model.command(seed), ""))
    page, verdict = dossier_page(material)
    _write(output, page)
    click.echo(f"{output}: {verdict.sentence}")
    # Classes that nobody ran are named on the page; they are no failure of this command.
    sys.exit(0 if verdict.style != "wrong" and conversion.complete else 1)


def _look_at(project: Path, output: Path) -> None:
    if not project.exists():
        raise DossierError(f"{project}: no such file or folder")
    if output.is_dir() or not output.absolute().parent.is_dir():
        raise DossierError(f"-o {output}: {'is a folder' if output.is_dir() else 'its folder does not exist'}")
    if output.absolute() == project.absolute():
        raise DossierError(f"-o {output}: would replace the project")


def _write(output: Path, page: str) -> None:
    from parity.trace.command import write

    try:
        write(output, page)
    except OSError as error:
        click.echo(f"jack-parity: -o {output}: {error.strerror or error}", err=True)
        sys.exit(2)
