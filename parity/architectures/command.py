"""The subcommand ``models`` of ``jack-parity``."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from parity.check.spec import SpecError, make_inputs
from parity.tolerances import TABLE

_EPILOG = """
\b
Examples:
  jack-parity models zoo/ --results zoo.json
  jack-parity models torchvision/models --settings torchvision.toml --results tv.json --only 'resnet'
  jack-parity models torchvision/models --results tv.json --page docs/architectures.md --only-page
  jack-parity models timm/layers --layers --results layers.json

\b
Exit status: 0 every model that was run is equal or needs you; 1 one differs or fails; 2 wrong usage.
"""


@click.command(epilog=_EPILOG, context_settings={"max_content_width": 100})
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--results", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Answers, as JSON.")
@click.option("--page", type=click.Path(dir_okay=False, path_type=Path), help="Also write them as a Markdown page.")
@click.option("--only-page", is_flag=True, help="Run nothing: write the page from the results.")
@click.option(
    "--settings",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A TOML file of [[model]] tables: match, args, input, skip, skip_train.",
)
@click.option("--input", "inputs", multiple=True, default=("2x3x64x64",), show_default=True, help="Without a setting.")
@click.option("--only", metavar="REGEX", default="", help="Of folder/file.py:name: run these alone.")
@click.option("--layers", is_flag=True, help="Check public classes of modules, not functions that return models.")
@click.option("--mode", "modes", multiple=True, type=click.Choice(["eval", "train"]), help="Default: both.")
@click.option(
    "--missing", is_flag=True, help="Run only what has no good answer, even if the converter writes otherwise now."
)
@click.option(
    "--tolerance",
    default=TABLE["model"].value.relative,
    show_default=True,
    type=click.FloatRange(0),
    help="For outputs.",
)
@click.option(
    "--grad-tolerance",
    default=TABLE["model"].gradient.relative,
    show_default=True,
    type=click.FloatRange(0),
    help="For gradients.",
)
@click.option("--timeout", default=900, show_default=True, metavar="SECONDS", help="For each model on each side.")
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Keep the converted files there.")
def models(
    folder: Path,
    results: Path,
    page: Path | None,
    only_page: bool,
    settings: Path | None,
    inputs: tuple[str, ...],
    only: str,
    layers: bool,
    modes: tuple[str, ...],
    missing: bool,
    tolerance: float,
    grad_tolerance: float,
    timeout: int,
    keep: Path | None,
) -> None:
    """Convert a folder of model files once, and check every public model in it.

    Public is what @register_model registers; in a file without it, the functions in __all__. Each is called, gets the
    same weights in both frameworks, and outputs and gradients are compared, in evaluation and in training mode, with
    dropout off. Weights that the constructor sets to one value are drawn at random, so that nothing hides behind
    a scale of zero. Answers that are already in the results file, and were measured on the same converted text, stay.

    With --layers, classes get arguments by the names of their parameters, and the first input that Torch accepts.
    """
    from parity.architectures.builders import find_builders, read_settings, setting_of
    from parity.architectures.page import as_page
    from parity.architectures.run import MODES, Survey, read_results, survey, write_text
    from parity.check.run import SideFailed

    try:
        make_inputs(inputs, 0)
        wanted = re.compile(only)
        rules, words = read_settings(settings) if settings else ([], {})
        told = read_results(results)
        if not only_page:
            builders = find_builders(folder.absolute(), layers)
            if not builders:
                what = "public class" if layers else "function with @register_model or in __all__"
                raise SpecError(f"{folder}: no {what}")
            if "sample" in words:
                base = folder.absolute()
                keys = {b: f"{b.file.relative_to(base).as_posix()}:{b.name}" for b in builders}
                builders = [b for b in builders if setting_of(keys[b], rules, ()).match != "*"]
            task = Survey(folder.absolute(), builders, rules, inputs, results, modes or MODES)
            task.tolerance, task.gradient_tolerance, task.timeout = tolerance, grad_tolerance, timeout
            task.say = lambda line: click.echo(line, err=True)
            task.only, task.page, task.missing, task.layers = wanted, words, missing, layers
            if keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
            told = survey(task, keep.absolute() if keep else None)
        if page is not None:
            if "source" not in told:
                raise SpecError(f"{results}: holds no answers yet")
            write_text(page, as_page(told))
    except (SpecError, OSError, ValueError, re.error) as error:
        click.echo(f"jack-parity models: {error}", err=True)
        sys.exit(2)
    except SideFailed as failure:
        click.echo("\n".join([f"{failure.side} failed:", *failure.tail()]), err=True)
        sys.exit(1)
    bad = [key for key, answers in told["models"].items() for a in answers.values() if a["answer"] in BAD]
    sys.exit(1 if bad else 0)


BAD = ("differs", "cannot run")
