"""The subcommands ``jack convert-checkpoint`` and ``jack make-weights``."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from jack.checkpoints import report as reports
from jack.checkpoints.dtypes import Array
from jack.checkpoints.errors import CheckpointError
from jack.checkpoints.keys import Expected, method_state
from jack.checkpoints.match import Match, fitting_sizes, match, without_prefix
from jack.checkpoints.read import Checkpoint, load_checkpoint
from jack.checkpoints.write import FORMATS, format_of, replacing, save_checkpoint
from jack.methods.registry import METHODS, Method, UnknownMethodError, get_method

DAMAGED = 2
_PATH = click.Path(path_type=Path)


def _fail(command: str, error: Exception) -> None:
    click.echo(f"jack {command}: {error}", err=True)
    sys.exit(DAMAGED)


@click.command("convert-checkpoint", short_help="Read weights of Torch or Jittor, check them, write them for either.")
@click.argument("source", metavar="INPUT", type=_PATH)
@click.option("-o", "--output", type=_PATH, metavar="FILE", help="Write the weights; without it they are only shown.")
@click.option("--to", type=click.Choice(FORMATS), help="Format of the output, if its suffix does not say it.")
@click.option("--method", metavar="NAME", help=f"Match the names to a method: {', '.join(METHODS)}.")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="Option of the method's model, such as seq_len=12."
)
@click.option(
    "--as-backbone/--no-backbone",
    default=None,
    help="The file is (not) a published network for a part of the method: Kinetics 3-D ResNet-101, ImageNet"
    " ResNet-18.  [default: found out by the names]",
)
@click.option("--entry", metavar="NAME", help="Where the weights lie in a file of several things.")
@click.option(
    "--skip-code",
    is_flag=True,
    help="Read the weights around objects of other classes, such as a whole pickled model.  These objects become"
    " empty placeholders; nothing of theirs is imported or run, so this is safe with any file.",
)
@click.option("--keep-names", is_flag=True, help="Without --method: keep the prefix module. of DataParallel.")
@click.option(
    "--keep-tables",
    is_flag=True,
    help="Keep fixed tables that hand-ported Jittor programs saved and trained (bpmgcn *.gcn1.A, tslnet *.tpe), to"
    " reproduce such a checkpoint exactly.",
)
@click.option("--report", "report_file", type=_PATH, metavar="FILE.json", help="Write the report as JSON too.")
@click.option("--list", "every", is_flag=True, help="Show every name.")
@click.option("--force", is_flag=True, help="Replace files that are there.")
def convert_checkpoint(
    source: Path,
    output: Path | None,
    to: str | None,
    method: str | None,
    settings: tuple[str, ...],
    as_backbone: bool | None,
    entry: str | None,
    skip_code: bool,
    keep_names: bool,
    keep_tables: bool,
    report_file: Path | None,
    every: bool,
    force: bool,
) -> None:
    """Read a file of weights, say what is in it, and write it for Torch, Jittor or anything else, bit for bit.

    INPUT may be a Torch file (.pth, .pt, of any version), a Jittor file (.pkl, .jtr, .pth), a pickle of arrays,
    safetensors or .npz: alone, or in a dictionary with epoch and optimizer. It is never run: pickles that hold more
    than weights are refused.

    \b
    What is in it?
      jack convert-checkpoint save_20.pth --list
    From Torch to Jittor, and back:
      jack convert-checkpoint save_20.pth -o save_20.pkl
      jack convert-checkpoint save_20.pkl -o again.pth
    Check that it fits a method, and write clean names:
      jack convert-checkpoint save_20.pth --method cten -o cten.safetensors
    A published backbone for a method:
      jack convert-checkpoint resnet-101-kinetics.pth --method vaanet -o backbone.pkl
    The weights out of a whole pickled model, without running it:
      jack convert-checkpoint model.pt --skip-code -o weights.pth

    \b
    .safetensors   safetensors
    .pth .pt .bin  Torch; torch.load(weights_only=True) and jt.load read it
    .pkl .jtr      Jittor: jt.load reads it
    .npz           numpy

    Exit status: 0 when everything fits; 1 when the method has weights that the file lacks or has in another shape
    (what fits is written); 2 for a file that is damaged, refused or foreign, and for a wrong command line.
    """
    try:
        if output is not None:
            format_of(output, to)
        checkpoint = load_checkpoint(source, entry=entry, skip_code=skip_code)
        made: Match | None = None
        extra: dict[str, Any] = {}
        options: dict[str, Any] = {}
        if method is None:
            weights, extra = _plain(checkpoint, keep_names, settings, as_backbone)
        else:
            chosen = get_method(method)
            options = chosen.parse_options(settings)
            made = _matched(checkpoint, chosen, options, as_backbone, keep_tables)
            weights, extra = made.weights, {"method": method, "options": options}
        written = None
        if output is not None and weights:
            metadata = {"method": method} if method else {}
            form = save_checkpoint(weights, output, to=to, force=force, metadata=metadata)
            written = {"path": str(output), "format": form, "arrays": len(weights)}
        if report_file is not None:
            _write_json(report_file, reports.as_json(checkpoint, made, {**extra, "output": written}), force)
    except (CheckpointError, UnknownMethodError) as error:
        return _fail("convert-checkpoint", error)
    reports.print_summary(checkpoint)
    if made is None:
        _say_plain(checkpoint, extra, every or output is None)
        if every or output is None:
            reports.print_contents(checkpoint, every)
    else:
        reports.print_match(made, f"{method}: {len(made.weights)} of {_total(made)} names", every)
    if written is not None:
        _say_written(written, weights)
    if made is not None and method is not None and not made.complete:
        click.echo(f"INCOMPLETE: {made.problems()}", err=True)
        _advise(checkpoint, made, get_method(method), options)
        sys.exit(1)


def _plain(
    checkpoint: Checkpoint, keep_names: bool, settings: tuple[str, ...], as_backbone: bool | None
) -> tuple[Mapping[str, Array], dict[str, Any]]:
    """The weights when no method is named: as they are, without the prefix of DataParallel."""
    if settings or as_backbone is not None:
        raise CheckpointError("--set and --as-backbone need --method")
    names = {name: name for name in checkpoint.weights} if keep_names else without_prefix(checkpoint.weights)
    renamed = {source: name for source, name in names.items() if source != name}
    return {names[source]: array for source, array in checkpoint.weights.items()}, {"renamed": renamed}


def _matched(
    checkpoint: Checkpoint,
    method: Method,
    options: dict[str, Any],
    as_backbone: bool | None,
    keep_tables: bool,
) -> Match:
    expected = _expected(method, options)
    try:
        return match(
            checkpoint.weights,
            expected,
            backbones=method.backbones,
            as_backbone=as_backbone,
            keep_tables=keep_tables,
        )
    except CheckpointError as error:
        raise CheckpointError(f"{checkpoint.path}: not of {method.name}: {error}") from error


def _expected(method: Method, options: dict[str, Any]) -> Expected:
    try:
        return method_state(method, options)
    except ValueError as error:  # the constructor's own words about options that do not go together
        raise CheckpointError(f"{method.name}: {error}") from error


def _write_json(path: Path, content: Mapping[str, Any], force: bool) -> None:
    if path.exists() and not force:
        raise CheckpointError(f"{path}: is there already; --force replaces it")
    with replacing(path) as file:
        file.write(json.dumps(content, indent=1).encode() + b"\n")


def _total(made: Match) -> int:
    return len(made.weights) + len(made.missing) + len(made.mismatched)


def _say_plain(checkpoint: Checkpoint, extra: Mapping[str, Any], shown: bool) -> None:
    if extra.get("renamed"):
        click.echo(f"  {len(extra['renamed'])} renamed: prefix module. removed (--keep-names keeps it)")
    means = [name for name in checkpoint.weights if name.endswith("running_mean")]
    counted = [name for name in checkpoint.weights if name.endswith("num_batches_tracked")]
    if len(means) > len(counted):
        absent = len(means) - len(counted)
        click.echo(f"  {absent} batch norms without num_batches_tracked (Jittor has none): Torch starts them at 0")


def _say_written(written: Mapping[str, Any], weights: Mapping[str, Array]) -> None:
    click.echo(f"wrote {written['path']}: {written['format']}, {written['arrays']} arrays, read back and compared")
    narrow = reports.bfloat16_names(weights)
    if written["format"] == "jittor" and narrow:
        click.echo(
            f"  {len(narrow)} bfloat16 arrays are float32 of the same values for jt.load; this program knows that they"
            " were bfloat16"
        )


def _advise(checkpoint: Checkpoint, made: Match, method: Method, options: Mapping[str, Any]) -> None:
    """Say with which options of the model the file would fit, if there are such."""
    sizes = fitting_sizes(made, method.sizes)
    if not sizes:
        return
    try:
        other = _matched(checkpoint, method, {**options, **sizes}, None, False)
    except CheckpointError:
        return
    if other.complete:
        texts = " ".join(f"--set {option}={value}" for option, value in sizes.items())
        click.echo(f"it fits a model with other options: add {texts}", err=True)


@click.command("make-weights", short_help="Initial weights of a method, once for both frameworks.")
@click.argument("method", metavar="METHOD")
@click.option("--seed", required=True, type=click.IntRange(0, 2**63 - 1), help="Of the random numbers.")
@click.option("-o", "--output", required=True, type=_PATH, metavar="FILE", help="Suffix as for convert-checkpoint.")
@click.option("--to", type=click.Choice(FORMATS), help="Format of the output, if its suffix does not say it.")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="Option of the method's model, such as seq_len=12."
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def make_weights(method: str, seed: int, output: Path, to: str | None, settings: tuple[str, ...], force: bool) -> None:
    """Make the weights that a training of METHOD starts from, by the method's own initialisation.

    The frameworks draw different random numbers from one seed. Weights that are made once and given to both make
    their trainings comparable.

    \b
      jack make-weights vaanet --seed 1 -o start.safetensors
      jack make-weights cten --seed 1 --set seq_len=4 --set audio_n_segments=4 -o start.pkl

    Exit status: 0 when the file is written, 2 when it is not.
    """
    try:
        format_of(output, to)
        chosen = get_method(method)
        weights, metadata = initial_weights(chosen, seed, chosen.parse_options(settings))
        form = save_checkpoint(weights, output, to=to, force=force, metadata=metadata)
    except (CheckpointError, UnknownMethodError) as error:
        return _fail("make-weights", error)
    count = sum(array.size for array in weights.values())
    click.echo(f"wrote {output}: {form}, {len(weights)} arrays, {count:,} numbers, {method} with seed {seed}")


def initial_weights(
    method: Method, seed: int, options: Mapping[str, Any] | None = None
) -> tuple[dict[str, Array], dict[str, str]]:
    """Initial weights by a method's own initialisation, drawn by Torch on the CPU.

    Args:
        method: of :mod:`jack.methods.registry`.
        seed: of Torch's, numpy's and Python's random numbers, whose states are given back afterwards.
        options: of the model's constructor.

    Returns:
        the state by name, and where it comes from: method, seed, options, version of Torch.

    Raises:
        CheckpointError: for options that do not go together.
    """
    import random

    import numpy as np
    import torch

    states = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            np.random.seed(seed % 2**32)
            random.seed(seed)
            try:
                model = method.build("torch", **dict(options or {}))
            except ValueError as error:
                raise CheckpointError(f"{method.name}: {error}") from error
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
    weights = {name: value.detach().numpy().copy() for name, value in model.state_dict().items()}
    metadata = {"method": method.name, "seed": str(seed), "options": json.dumps(dict(options or {}))}
    return weights, {**metadata, "torch": torch.__version__}
