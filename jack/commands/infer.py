"""``jack infer METHOD``: what a trained model says about one video or one walk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jack.commands.progress import progress
from jack.frameworks import FrameworkError
from jack.options import BPMGCNOptions, OptionError, Options, TSLNetOptions, VideoEmotionOptions
from jack.options.command_line import MethodGroup

if TYPE_CHECKING:
    from jack.inference.result import Result

HELP = """Say what a trained model makes of one video (vaanet, cten, tslnet) or one walk (bpmgcn).

The result is printed, and written as JSON and as a picture.
"""

_PATH = click.Path(path_type=Path)


def _own(method: str) -> Sequence[click.Parameter]:
    """What the command has besides the method's options."""
    first = {"bpmgcn": "RECORDING", "tslnet": "[VIDEO]"}.get(method, "VIDEO")
    output = click.Option(
        ["--output"], type=_PATH, metavar="DIR", help="Folder of the JSON file and the picture.  [default: results]"
    )
    as_json = click.Option(["--json", "as_json"], is_flag=True, help="Print the JSON instead of a table.")
    more: list[click.Parameter] = []
    if method in ("vaanet", "cten"):
        help = "Names of the emotions, separated by commas, or the annotation file (.json) of the training."
        more = [click.Option(["--labels"], default="", metavar="NAMES", help=help)]
    if method == "tslnet":
        more = [
            click.Option(["--i3d"], type=_PATH, metavar="FILE", help="Weights of I3D (rgb_imagenet.pt), for a video."),
            click.Option(
                ["--rgb-path"], type=_PATH, metavar="FILE.npy", help="I3D features, T x 1024, in place of I3D."
            ),
            click.Option(
                ["--mfcc-path"], type=_PATH, metavar="FILE.npy", help="Log-mel spectrogram, columns x 60, in decibels."
            ),
            click.Option(["--fps"], type=float, metavar="NUMBER", help="Frame rate that the features belong to."),
        ]
    if method == "bpmgcn":
        more = [click.Option(["--index"], type=int, metavar="N", help="Which walk of a file of several, from 0.")]
    given = click.Argument(["source"], metavar=first, type=_PATH, required=method != "tslnet")
    return [given, *more, output, as_json]


def _run(options: Options, source: Path | None, output: Path | None, as_json: bool, **given: Any) -> int:
    """Run the command; returns the exit code."""
    try:
        with progress("features") as tell:
            result = _result(options, source, given, tell)
    except FrameworkError as error:
        raise OptionError(str(error)) from error
    if output is None:
        output = options.result_folder() if isinstance(options, VideoEmotionOptions) else Path("results")
    data, picture = result.save(output)
    if as_json:
        click.echo(result.text())
    else:
        click.echo(result.table())
        click.echo(f"\nwrote {data} and {picture}")
    return 0


def _result(options: Options, source: Path | None, given: dict[str, Any], tell: Any) -> Result:
    if isinstance(options, VideoEmotionOptions):
        from jack.inference.video_emotion import infer_video

        assert source is not None  # the argument is required
        return infer_video(options, source, given["labels"])
    if isinstance(options, TSLNetOptions):
        from jack.inference.tslnet import Source, infer_sentiments

        features = Source(source, given["i3d"], given["rgb_path"], given["mfcc_path"], given["fps"])
        return infer_sentiments(options, features, tell)
    from jack.inference.bpmgcn import infer_gait

    assert isinstance(options, BPMGCNOptions) and source is not None
    return infer_gait(options, source, given["index"])


infer = MethodGroup("infer", HELP, _run, _own)
