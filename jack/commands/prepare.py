"""``jack prepare``: make a data set, or check one."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from click.core import ParameterSource

from jack.checkpoints.errors import CheckpointError
from jack.commands.progress import progress
from jack.datasets.summary import SHOWN, Summary
from jack.errors import DatasetError
from jack.frameworks import FRAMEWORKS, FrameworkError, get_framework
from jack.methods.registry import METHODS

_PATH = click.Path(path_type=Path)

# Which options belong to what is done; the others would be ignored, and are refused.
SYNTHETIC = {"training", "validation", "seed"}
VIDEO_PLACES = {"video_path", "audio_path", "annotation_path"}
MAKING = {
    "vaanet": {"labels", "classes", "train_list", "validation_list", "share", "seed", "height", "force"},
    "tslnet": {"i3d", "framework", "device"},
    "bpmgcn": {"share", "seed"},
}
ALWAYS = {"method", "folder", "synthetic"}


class PrepareError(Exception):
    """A wrong command line; one line."""


@dataclass(frozen=True)
class VideoPlaces:
    """Where a data set of VAANet's and CTEN's layout lies."""

    img: Path
    mp3: Path
    annotation: Path


@click.command(short_help="Make a data set from videos, an invented one, or check one.")
@click.argument("method", metavar="METHOD", type=click.Choice(list(METHODS)))
@click.argument("folder", metavar="DIR", type=_PATH)
@click.option("--synthetic", is_flag=True, help="Write a small invented data set to DIR.")
@click.option(
    "--training", type=click.IntRange(1), metavar="N", help="Synthetic: samples of each class (tslnet: videos)."
)
@click.option("--validation", type=click.IntRange(1), metavar="N", help="Synthetic: the same for validation or test.")
@click.option("--source", type=_PATH, metavar="DIR", help="Make the data set from the files in this folder.")
@click.option("--labels", metavar="NAMES", help="Order of the classes: ve8, ekman6, or names separated by commas.")
@click.option("--classes", type=_PATH, metavar="FILE", help="Order of the classes: lines `index name`.")
@click.option("--train-list", type=_PATH, metavar="FILE", help="Training videos: lines `Class/id`.")
@click.option("--validation-list", type=_PATH, metavar="FILE", help="Validation videos: lines `Class/id`.")
@click.option(
    "--share",
    type=click.FloatRange(0, 1, max_open=True),
    metavar="0..1",
    help="Share of each class for validation (default 1/3), or test (bpmgcn, default 0.1).",
)
@click.option("--height", type=click.IntRange(1), default=240, show_default=True, help="Of the frames, in pixels.")
@click.option("--i3d", type=_PATH, metavar="FILE", help="tslnet: weights of I3D (rgb_imagenet.pt).")
@click.option("--framework", type=click.Choice(FRAMEWORKS), default="jittor", show_default=True, help="Computes I3D.")
@click.option("--device", type=click.Choice(("cpu", "cuda")), default="cpu", show_default=True, help="For I3D.")
@click.option("--video-path", type=_PATH, metavar="DIR", help="Frames, or videos.  [default: DIR/img]")
@click.option("--audio-path", type=_PATH, metavar="DIR", help="Sound.  [default: DIR/mp3]")
@click.option("--annotation-path", type=_PATH, metavar="FILE", help="Annotation.  [default: DIR/annotation.json]")
@click.option("--seed", type=int, default=0, show_default=True, help="Of everything that is drawn.")
@click.option("--read", is_flag=True, help="Decode every frame and sound in the check, instead of looking for files.")
@click.option("--workers", type=click.IntRange(0), metavar="N", help="Processes.  [default: one a CPU]")
@click.option("--force", is_flag=True, help="Replace an annotation that is there.")
@click.pass_context
def prepare(
    ctx: click.Context,
    method: str,
    folder: Path,
    synthetic: bool,
    training: int | None,
    validation: int | None,
    source: Path | None,
    labels: str | None,
    classes: Path | None,
    train_list: Path | None,
    validation_list: Path | None,
    share: float | None,
    height: int,
    i3d: Path | None,
    framework: str,
    device: str,
    video_path: Path | None,
    audio_path: Path | None,
    annotation_path: Path | None,
    seed: int,
    read: bool,
    workers: int | None,
    force: bool,
) -> None:
    """Make the data set of METHOD in DIR, then check it and say what is in it.

    \b
    An invented one, to try a method out:
      jack prepare --synthetic vaanet data
    VAANet, CTEN: from videos/Joy/1.mp4 ... to data/img, data/mp3, data/annotation.json
      jack prepare vaanet data --source videos
      jack prepare cten data --source videos --labels ekman6
    TSL-Net: from videos/train/1.mp4, videos/test/2.mp4, videos/gt/2.txt ...
      jack prepare tslnet data --source videos --i3d rgb_imagenet.pt
    BPM-GCN: from walks/Happy/1.npy ...
      jack prepare bpmgcn data --source walks
    Only check, decoding everything:
      jack prepare cten data --read

    What is complete already stays: an interrupted run goes on where it was.

    Exit status: 0 when every sample can be used; 1 when some cannot; 2 for a data set that cannot be read, and for a
    wrong command line.
    """
    count = os.cpu_count() or 1 if workers is None else workers
    try:
        _refuse_others(ctx, method, synthetic, source)
        if synthetic:
            _write_synthetic(method, folder, training, validation, seed)
        problems: list[str] = []
        if method in ("vaanet", "cten"):
            img, mp3 = video_path or folder / "img", audio_path or folder / "mp3"
            places = VideoPlaces(img, mp3, annotation_path or folder / "annotation.json")
            if source is not None:
                order = _order(labels, classes)
                problems = _make_videos(
                    source, places, order, (train_list, validation_list), share, seed, height, count, force
                )
            summary = _check_videos(places, audio_path is not None, read, count)
        elif method == "tslnet":
            if source is not None:
                problems = _make_sentiments(source, folder, i3d, framework, device)
            from jack.datasets.check_tsl300 import check_tsl300

            summary = check_tsl300(folder, read)
        else:
            if source is not None:
                _make_gaits(source, folder, share, seed)
            from jack.datasets.check_emotion_gait import check_emotion_gait

            summary = check_emotion_gait(folder, read)
    except (PrepareError, DatasetError, CheckpointError, FrameworkError) as error:
        click.echo(f"jack prepare: {error}", err=True)
        sys.exit(2)
    click.echo(summary.table())
    if problems:
        click.echo(f"\n{len(problems)} of {source} were not prepared:")
        click.echo("\n".join([*problems[:SHOWN], *(["..."] if len(problems) > SHOWN else [])]))
    sys.exit(0 if summary.ok and not problems else 1)


def _refuse_others(ctx: click.Context, method: str, synthetic: bool, source: Path | None) -> None:
    kind = "vaanet" if method == "cten" else method
    allowed = set(ALWAYS)
    if synthetic:
        allowed |= SYNTHETIC
    else:
        allowed |= {"source", "read", "workers"} | (VIDEO_PLACES if kind == "vaanet" else set())
        allowed |= MAKING[kind] if source is not None else set()
    given = [name for name in ctx.params if ctx.get_parameter_source(name) == ParameterSource.COMMANDLINE]
    for name in given:
        if name not in allowed:
            doing = f"writing a synthetic {method}" if synthetic else f"making {method}" if source else "checking"
            hint = "" if source or synthetic or name not in MAKING[kind] else "; it goes with --source"
            raise PrepareError(f"--{name.replace('_', '-')} is not used for {doing}{hint}")


def _write_synthetic(method: str, folder: Path, training: int | None, validation: int | None, seed: int) -> None:
    from jack.datasets.synthetic import METHODS as KINDS
    from jack.datasets.synthetic import Sizes, write_synthetic

    default = KINDS[method].sizes
    if seed < 0:
        raise PrepareError(f"--seed is at least 0, not {seed}")
    with progress(f"synthetic {method}") as tell:
        write_synthetic(
            method, folder, Sizes(training or default.training, validation or default.validation), seed, tell
        )


def _order(labels: str | None, classes: Path | None) -> Sequence[str] | None:
    from jack.datasets.annotation_making import read_classes
    from jack.datasets.labels import KNOWN

    if labels is not None and classes is not None:
        raise PrepareError("give --labels or --classes, not both")
    if classes is not None:
        return read_classes(classes)
    if labels is None:
        return None
    order = KNOWN.get(labels) or [label.strip() for label in labels.split(",")]
    if len({label.casefold() for label in order}) < len(order) or not all(order):
        raise PrepareError(f"--labels {labels}: names must differ, and not be empty")
    return order


def _make_videos(
    source: Path,
    places: VideoPlaces,
    order: Sequence[str] | None,
    lists: tuple[Path | None, Path | None],
    share: float | None,
    seed: int,
    height: int,
    workers: int,
    force: bool,
) -> list[str]:
    """Frames, sound and annotation; the problems."""
    from jack.datasets.annotation_making import (
        annotation_from_lists,
        annotation_from_videos,
        read_list,
        write_annotation,
    )
    from jack.datasets.prepare_video import find_videos, prepare_videos

    if (lists[0] is None) != (lists[1] is None):
        raise PrepareError("--train-list and --validation-list go together")
    if lists[0] is not None and share is not None:
        raise PrepareError("--share draws a split, but --train-list gives one")
    if places.annotation.exists() and not force:
        raise PrepareError(
            f"{places.annotation}: is there already; --force replaces it, without --source it is checked"
        )
    videos = list(find_videos(source))
    listed = [read_list(path) for path in lists if path is not None]
    labels = order or sorted({label for label, _ in videos})
    if listed:
        annotation_from_lists(labels, *listed)  # refuses what does not fit before hours are spent
    else:
        annotation_from_videos(videos, seed=seed, order=order)
    problems, usable = [], []
    with progress("videos") as tell:
        for done, outcome in enumerate(prepare_videos(source, places.img, places.mp3, height, workers), start=1):
            if outcome.problem:
                problems.append(outcome.problem)
            else:
                usable.append(videos[done - 1])
            tell(done, len(videos))
    if not usable:
        raise DatasetError(f"{source}: no video can be used; {problems[0]}")
    if listed:
        there = set(usable)
        known = set(videos)
        problems += [
            f"{'/'.join(video)}: is in the list, but not in {source}" for video in sum(listed, []) if video not in known
        ]
        content = annotation_from_lists(labels, *([video for video in part if video in there] for part in listed))
    else:
        content = annotation_from_videos(usable, 1 / 3 if share is None else share, seed, order)
    write_annotation(places.annotation, content)
    return problems


def _check_videos(places: VideoPlaces, own_audio: bool, read: bool, workers: int) -> Summary:
    from jack.datasets.prepare_video import check_dataset

    # Without a folder of sound the video files are heard themselves.
    mp3 = places.mp3 if own_audio or places.mp3.is_dir() else None
    with progress("checking") as tell:
        return check_dataset(places.annotation, places.img, mp3, read, workers if read else 0, tell)


def _make_sentiments(source: Path, folder: Path, i3d: Path | None, framework: str, device: str) -> list[str]:
    from jack.datasets.prepare_tsl300 import find_split_videos, prepare_tsl300

    if i3d is None:
        raise PrepareError("a video's features need the weights of I3D: --i3d rgb_imagenet.pt")
    find_split_videos(source)  # refuses before a framework starts
    from jack.inference.i3d import I3DFeatures

    extract = I3DFeatures(get_framework(framework, device), i3d)
    with progress("videos") as tell:
        return prepare_tsl300(source, folder, extract, tell)


def _make_gaits(source: Path, folder: Path, share: float | None, seed: int) -> None:
    from jack.datasets.prepare_emotion_gait import prepare_emotion_gait

    with progress("recordings") as tell:
        prepare_emotion_gait(source, folder, 0.1 if share is None else share, seed, tell)
