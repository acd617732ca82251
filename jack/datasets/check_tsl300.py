"""Checking a data set of TSL-300's layout, one problem a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from jack.datasets.gait_files import read_array
from jack.datasets.summary import Summary
from jack.datasets.tsl300 import CLASSES, MEL_FRAMES, SEGMENT_FRAMES, TSL300, WIDTHS, Point, read_features
from jack.errors import DatasetError

SPLITS = ("train", "test")
Array = NDArray[Any]

SLACK = 2.0  # seconds that an annotation may end after the features: they leave up to a segment out


def check_tsl300(root: Path, read: bool = False) -> Summary:
    """Whether every video of both splits has features, a frame rate and annotations that fit.

    Args:
        root: the data folder.
        read: look at every number of the features, instead of their shapes alone.

    Raises:
        DatasetError: if a list or an annotation file cannot be read.
    """
    summary = Summary(("videos",))
    sets = {split: TSL300(root, split) for split in SPLITS}
    both = set(sets["train"].names) & set(sets["test"].names)
    for split, data in sets.items():
        points: dict[str, list[Point]] = {}
        for point in data.points:
            points.setdefault(point.video, []).append(point)
        found = dict.fromkeys(CLASSES, 0)
        for name in data.names:
            summary.counts["videos", split] += 1
            problem = next(_problems(data, name, points.get(name, []), both, read), "")
            if problem:
                summary.problems.append(problem)
            else:
                summary.usable["videos"] += 1
            if split == "test":
                for note in data.annotations.get(name, {}).get("annotations", []):
                    found[note["label"]] += 1
            for point in points.get(name, []):
                found[next(label for label, index in CLASSES.items() if index == point.class_index)] += 1
        what = "points" if split == "train" else "segments"
        counts = ", ".join(f"{count} {label}" for label, count in found.items())
        summary.notes.append(f"{split}: {what} {counts}")
    return summary


def _problems(data: TSL300, name: str, points: list[Point], both: set[str], read: bool) -> Iterator[str]:
    if name in both:
        yield f"{data.root}: {name} is in both splits"
    lengths = {}
    for modality, width in WIDTHS.items():
        path = data.root / "features" / data.split / modality / f"{name}.npy"
        try:
            lengths[modality] = len(read_features(path, width) if read else _mapped(path, width))
        except DatasetError as error:
            yield str(error)
            return
    segments = min(lengths["rgb"], lengths["logmfcc"] // MEL_FRAMES)
    if segments < 1:
        yield (
            f"{data.root}: {name}: {lengths['rgb']} features and {lengths['logmfcc']} spectrogram columns make no"
            " segment"
        )
    if name not in data.fps:
        yield f"{data.root / 'fps_dict.json'}: no frame rate of {name}"
        return
    if data.split == "train":
        if not points:
            yield f"{data.root / 'point_gaussian'}: no point of {name}"
        return
    if name not in data.annotations:
        yield f"{data.root / 'gt.json'}: no entry of {name}"
        return
    seconds = segments * SEGMENT_FRAMES / data.fps[name]
    for note in data.annotations[name]["annotations"]:
        start, end = (float(value) for value in note["segment"])
        if end > seconds + SLACK:
            yield f"{data.root / 'gt.json'}: {name}: segment {start} to {end} s, but features of {seconds:.1f} s"


def _mapped(path: Path, width: int) -> Array:
    array = read_array(path, mapped=True)
    if array.ndim != 2 or array.shape[1] != width or array.dtype.kind != "f":
        raise DatasetError(f"{path} holds {array.dtype} of the shape {array.shape}, expected floats, N x {width}")
    return array
