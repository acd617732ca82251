"""TSL-300, the data set of temporal sentiment localization: features, point labels, segments (NumPy).

Below the data folder: split_train.txt, split_test.txt (a video name per line), gt.json, fps_dict.json,
features/{train,test}/{rgb,logmfcc}/NAME.npy, point_gaussian/train/*.txt (one file of points per annotator) and, where
they were already mixed, point_gaussian/point_labels.csv.  Nothing is written there.
"""

from __future__ import annotations

import json
import random
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jack.errors import DatasetError as DatasetError

SEGMENT_FRAMES = 16  # video frames of a segment: one I3D feature
MEL_FRAMES = 32  # spectrogram columns of a segment
CLASSES = {"n": 0, "p": 1}
SEGMENTS_OF_TRAINING = "videosenti_gt.json"  # published, with the segments that gt.json leaves out
MARKED, UNMARKED = 0.9, 0.1  # the smoothed label of an annotated segment
WIDTHS = {"rgb": 1024, "logmfcc": 60}  # columns of the features
HEADER = "class,class_index,start_frame,stop_frame,video_id,point"

Float32s = NDArray[np.float32]


@dataclass(frozen=True)
class Item:
    """One video.

    Attributes:
        index: its place in the split.
        name: its name.
        rgb: I3D features, T x 1024.
        mel: normalised log-mel segments, T x 32 x 60.
        label: 1 for each class that occurs, (2,).
        label_distribution: share of each class among the points, (2,); zeros without points.
        point_anno: smoothed labels of the annotated segments, T x 2, 0 elsewhere.
        num_segments: segments of the video before sampling.
    """

    index: int
    name: str
    rgb: Float32s
    mel: Float32s
    label: Float32s
    label_distribution: Float32s
    point_anno: Float32s
    num_segments: int

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What a training step reads."""
        names = ("rgb", "mel", "label", "label_distribution", "point_anno")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Point:
    """A row of an annotator's file: a frame that shows a sentiment, and the row's text."""

    video: str
    class_index: int
    frame: int
    text: str


def natural_key(name: str) -> list[tuple[int, int | str]]:
    """Sort key under which 2_a comes before 10_a."""
    parts = re.split(r"(\d+)", name)
    return [(0, int(part)) if part.isdigit() else (1, part) for part in parts if part]


def read_points(path: Path) -> list[Point]:
    """The rows of a file of points.

    Raises:
        DatasetError: if the file cannot be read or a row does not fit the header.
    """
    lines = _read(path).splitlines()
    if not lines or lines[0].strip() != HEADER:
        raise DatasetError(f"{path}: the first line must be {HEADER!r}")
    points = []
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        fields = line.strip().split(",")
        try:
            # A video's name may hold commas; the other five columns cannot.
            video, class_index, frame = ",".join(fields[4:-1]), int(fields[1]), int(float(fields[-1]))
        except (IndexError, ValueError) as error:
            raise DatasetError(f"{path}, line {number}: not a row of {HEADER!r}: {line!r}") from error
        if class_index not in CLASSES.values() or not video:
            raise DatasetError(f"{path}, line {number}: class {class_index} of video {video!r} is unknown")
        points.append(Point(video, class_index, frame, line.strip()))
    return points


def mix_points(annotators: Sequence[Sequence[Point]], draw: random.Random) -> list[Point]:
    """For each video, in natural order of names, the points of one annotator drawn at random.

    The generator is drawn from twice for each video, as the authors do, so that equal seeds give equal mixes.
    """
    mixed: list[Point] = []
    for video in sorted({point.video for points in annotators for point in points}, key=natural_key):
        first, second = draw.randint(0, len(annotators) - 1), draw.randint(0, 0)
        chosen = annotators[(first + second) % len(annotators)]
        mixed += [point for point in chosen if point.video == video]
    return mixed


def points_text(points: Sequence[Point]) -> str:
    """Points as the text of a file that :func:`read_points` reads."""
    return "\n".join([HEADER, *(point.text for point in points)]) + "\n"


def perturbed_indices(length: int, count: int, draw: np.random.RandomState) -> NDArray[np.int64]:
    """One random segment from each of ``count`` equal parts of ``length`` segments (training)."""
    starts = [int(i * length / count) for i in range(count)]
    stops = [*starts[1:], length - 1]
    indices = []
    for i, (start, stop) in enumerate(zip(starts, stops)):
        free = start < stop if i == count - 1 else start != stop
        indices.append(int(draw.choice(range(start, stop + 1))) if free else start)
    return np.array(indices, dtype=np.int64)


def uniform_indices(length: int, count: int) -> NDArray[np.int64]:
    """``count`` evenly spaced segments of ``length``; all, if there are no more than that."""
    if length <= count:
        return np.arange(length, dtype=np.int64)
    return np.asarray(np.floor(np.arange(count) * length / count), dtype=np.int64)


def split_points(points: Sequence[Point], segments: int) -> tuple[Float32s, Float32s, Float32s]:
    """Labels of one video from its points.

    Args:
        points: all points of the video; a later one in the same segment replaces the earlier.
        segments: T.  Features may end before the video: later points count for the last segment.

    Returns:
        label (2,), label_distribution (2,), point_anno (T x 2).
    """
    counts = np.zeros(len(CLASSES), dtype=np.float32)
    anno = np.zeros((segments, len(CLASSES)), dtype=np.float32)
    for point in points:
        segment = min(int(point.frame / SEGMENT_FRAMES), segments - 1)
        anno[segment] = UNMARKED
        anno[segment, point.class_index] = MARKED
        counts[point.class_index] += 1
    distribution = counts / counts.sum() if counts.sum() else counts
    return (counts > 0).astype(np.float32), distribution.astype(np.float32), anno


class TSL300:
    """The videos of one split; ``dataset[i]`` reads features from the disk.

    Args:
        root: the data folder.
        split: "train" or "test".
        modal: "all"; the model needs both modalities, so that "rgb" or "logmfcc" alone are refused.
        point_labels: "shipped" reads point_gaussian/point_labels.csv; "mix" draws an annotator for each video; None
            takes the shipped file if there is one.
        seed: of the mix and of the sampling; None draws a new one.
        num_segments: segments to sample from each video, -1 for all.
        sampling: "random" or "uniform", how.

    Raises:
        DatasetError: for files that are missing or broken.
        ValueError: for an unknown option.
    """

    def __init__(
        self,
        root: str | Path,
        split: str,
        modal: str = "all",
        point_labels: str | None = None,
        seed: int | None = None,
        num_segments: int = -1,
        sampling: str = "random",
    ) -> None:
        if split not in ("train", "test"):
            raise ValueError(f"split is 'train' or 'test', not {split!r}")
        if modal != "all":
            raise ValueError(f"modal {modal!r}: the model takes both modalities, so only 'all' can be used")
        if sampling not in ("random", "uniform"):
            raise ValueError(f"sampling is 'random' or 'uniform', not {sampling!r}")
        if point_labels not in (None, "shipped", "mix"):
            raise ValueError(f"point_labels is 'shipped' or 'mix', not {point_labels!r}")
        self.root, self.split = Path(root), split
        self.num_segments, self.sampling = num_segments, sampling
        self.draw = np.random.RandomState(seed)
        self.names = _read(self.root / f"split_{split}.txt").split("\n")
        self.names = [name.strip() for name in self.names if name.strip()]
        if not self.names:
            raise DatasetError(f"{self.root / f'split_{split}.txt'}: no names of videos")
        self.annotations = read_annotations(self.root / "gt.json")
        self.fps = read_rates(self.root / "fps_dict.json")
        self.points = self._load_points(point_labels, random.Random(seed)) if split == "train" else []

    def _load_points(self, point_labels: str | None, draw: random.Random) -> list[Point]:
        folder = self.root / "point_gaussian"
        shipped = folder / "point_labels.csv"
        if point_labels == "shipped" or (point_labels is None and shipped.is_file()):
            return read_points(shipped)
        files = sorted((folder / "train").glob("*.txt"))  # sorted: the order of a listing is the file system's
        if not files:
            raise DatasetError(f"no file of points in {folder / 'train'}")
        return mix_points([read_points(path) for path in files], draw)

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[Item]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Item:
        name = self.names[index]
        rgb, mel = self._features("rgb", name), self._features("logmfcc", name)
        segments = min(len(rgb), len(mel) // MEL_FRAMES)
        if segments < 1:
            raise DatasetError(
                f"{self.root}: {name}: {len(rgb)} features and {len(mel)} spectrogram columns make no segment"
            )
        rgb = rgb[:segments]
        mel = mel_segments(mel, segments)
        points = [point for point in self.points if point.video == name]
        label, distribution, anno = split_points(points, segments)
        if self.split == "test":
            if name not in self.annotations:
                raise DatasetError(f"{self.root / 'gt.json'}: no entry of {name}")
            for note in self.annotations[name]["annotations"]:
                label[CLASSES[note["label"]]] = 1
        chosen = self._sample(segments)
        return Item(index, name, rgb[chosen], mel[chosen], label, distribution, anno[chosen], segments)

    def _sample(self, segments: int) -> NDArray[np.int64]:
        if self.num_segments in (-1, segments):
            return np.arange(segments, dtype=np.int64)
        if self.sampling == "random":
            return perturbed_indices(segments, self.num_segments, self.draw)
        return uniform_indices(segments, self.num_segments)

    def _features(self, modality: str, name: str) -> Float32s:
        path = self.root / "features" / self.split / modality / f"{name}.npy"
        return read_features(path, WIDTHS[modality])


def read_features(path: Path, width: int) -> Float32s:
    """Features of one modality, rows x width, float32.

    Raises:
        DatasetError: if the file cannot be read, has another shape, or holds what is no number.
    """
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, EOFError, ValueError, SyntaxError, tokenize.TokenError) as error:  # of a damaged header the last
        raise DatasetError(f"cannot read {path}: {' '.join(str(error).split())}") from error
    if not isinstance(array, np.ndarray) or array.ndim != 2 or array.shape[1] != width or array.dtype.kind != "f":
        what = f"{array.dtype} of the shape {array.shape}" if isinstance(array, np.ndarray) else "several arrays"
        raise DatasetError(f"{path} holds {what}, expected floats of the shape N x {width}")
    if not np.isfinite(array).all():
        raise DatasetError(f"{path} holds values that are no numbers")
    return np.asarray(array, dtype=np.float32)


def mel_segments(mel: Float32s, segments: int) -> Float32s:
    """The spectrogram of the first segments, normalised, segments x 32 x 60."""
    return np.asarray(
        (mel[: MEL_FRAMES * segments].reshape(segments, MEL_FRAMES, -1) + np.float32(50)) / np.float32(80)
    )


def read_annotations(path: Path) -> dict[str, dict[str, Any]]:
    """The entries of gt.json by video, each with its list ``annotations`` of labels and segments in seconds.

    Raises:
        DatasetError: if the file cannot be read, or an entry does not fit.
    """
    content = read_json(path)
    database = content.get("database") if isinstance(content, dict) else None
    if not isinstance(database, dict):
        raise DatasetError(f"{path}: no object 'database' with an entry for each video")
    for name, entry in database.items():
        notes = entry.get("annotations") if isinstance(entry, dict) else None
        if not isinstance(notes, list):
            raise DatasetError(f"{path}: {name} has no list 'annotations'")
        for note in notes:
            _check_note(path, name, note)
    return database


def _check_note(path: Path, name: str, note: Any) -> None:
    try:
        start, end = (float(value) for value in note["segment"])
        label = note["label"]
    except (KeyError, TypeError, ValueError):
        raise DatasetError(f"{path}: {name}: {note!r} needs a 'segment' of two times and a 'label'") from None
    if not isinstance(label, str) or label not in CLASSES:
        raise DatasetError(f"{path}: {name}: label {label!r} is none of {', '.join(CLASSES)}")
    if not 0 <= start < end:
        raise DatasetError(f"{path}: {name}: a segment from {start} to {end} s")


def read_rates(path: Path) -> dict[str, float]:
    """Frames per second by video.

    Raises:
        DatasetError: if the file cannot be read, or a rate is no positive number.
    """
    content = read_json(path)
    if not isinstance(content, dict):
        raise DatasetError(f"{path}: no object of a frame rate for each video")
    for name, rate in content.items():
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate < float("inf"):
            raise DatasetError(f"{path}: {name}: {rate!r} is no frame rate")
    return {name: float(rate) for name, rate in content.items()}


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        DatasetError: if it cannot be read.
    """
    try:
        return json.loads(_read(path))
    except ValueError as error:
        raise DatasetError(f"{path} is no JSON: {error}") from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"cannot read {path}: {error}") from error
