"""Preparing a data set of TSL-300's layout from videos, annotations as texts, and a visual feature extractor."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jack.datasets.gait_files import write_file
from jack.datasets.tsl300 import CLASSES, HEADER, SEGMENTS_OF_TRAINING, natural_key, read_points, read_rates
from jack.datasets.video_emotion import VIDEO_SUFFIXES
from jack.errors import DatasetError
from jack.files import replacing
from jack.media.tslnet_features import frame_rate, video_log_mel

SPLITS = ("train", "test")
Extract = Callable[[Path], NDArray[np.float32]]
"""Visual features of a video file, segments x 1024."""
Segment = tuple[float, float, str]  # start and end in seconds, label


def find_split_videos(source: Path) -> dict[str, list[Path]]:
    """Video files SOURCE/train/NAME.mp4 and SOURCE/test/NAME.mp4 by split, in natural order of names.

    Raises:
        DatasetError: if a split has none, or a name occurs twice.
    """
    found: dict[str, list[Path]] = {}
    seen: dict[str, Path] = {}
    for split in SPLITS:
        folder = source / split
        paths = [path for path in folder.glob("*") if path.suffix.lower() in VIDEO_SUFFIXES and path.is_file()]
        if not paths:
            raise DatasetError(f"{folder}: no videos NAME{VIDEO_SUFFIXES[0]} (or {', '.join(VIDEO_SUFFIXES[1:])})")
        found[split] = sorted(paths, key=lambda path: natural_key(path.stem))
        for path in found[split]:
            if path.stem in seen:
                raise DatasetError(f"{path}: {seen[path.stem]} has the same name")
            seen[path.stem] = path
    return found


def read_segments(path: Path) -> list[Segment]:
    """The segments of a video, from lines ``start,end,class`` (seconds; class n or p, or 0 or 1).

    Raises:
        DatasetError: if the file cannot be read, or a line does not fit.
    """
    names = {**{label: label for label in CLASSES}, **{str(index): label for label, index in CLASSES.items()}}
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"cannot read {path}: {error}") from error
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        fields = [field.strip() for field in line.split(",")]
        try:
            start, end, label = float(fields[0]), float(fields[1]), names[fields[2]]
        except (IndexError, KeyError, ValueError):
            raise DatasetError(f"{path}, line {number}: expected start,end,class, found {line.strip()!r}") from None
        if not 0 <= start < end or len(fields) > 3:
            raise DatasetError(f"{path}, line {number}: no segment of a video: {line.strip()!r}")
        found.append((start, end, label))
    return found


def prepare_tsl300(
    source: Path,
    root: Path,
    extract: Extract,
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> list[str]:
    """Write features, lists and annotations; features that are there already stay.

    SOURCE holds train/NAME.mp4, test/NAME.mp4, gt/NAME.txt with lines ``start,end,class``, and points/*.txt, a file for
    each annotator.  Without the latter there is a point in the middle of each training video's segments.

    Args:
        source: folder of videos and annotations.
        root: the data folder; it is made.
        extract: makes visual features of a video.
        tell: hears how many videos are done, and of how many.

    Returns:
        A line for each video that could not be prepared; it is left out of the lists.

    Raises:
        DatasetError: if there are no videos, an annotation does not fit, the folder holds another data set, or a file
            cannot be written.
    """
    videos = find_split_videos(source)
    segments = {path.stem: read_segments(source / "gt" / f"{path.stem}.txt") for path in videos["test"]}
    points = sorted((source / "points").glob("*.txt"))
    for path in points:
        read_points(path)
    if not points:
        segments.update({path.stem: read_segments(source / "gt" / f"{path.stem}.txt") for path in videos["train"]})
    _refuse_others(root, {path.stem for paths in videos.values() for path in paths}, source)
    total, done, problems = sum(map(len, videos.values())), 0, []
    listed: dict[str, list[str]] = {split: [] for split in SPLITS}
    rates = read_rates(root / "fps_dict.json") if (root / "fps_dict.json").is_file() else {}
    for split, paths in videos.items():
        for path in paths:
            try:
                rates[path.stem] = frame_rate(path)
                _write_features(path, root / "features" / split, extract)
                listed[split].append(path.stem)
            except DatasetError as error:
                problems.append(str(error))
            done += 1
            tell(done, total)
    for split, names in listed.items():
        if not names:
            raise DatasetError(f"{source / split}: no video can be used; {problems[0]}")
        _write_text(root / f"split_{split}.txt", "".join(f"{name}\n" for name in names))
    _write_json(root / "fps_dict.json", rates)
    _write_json(root / "gt.json", {"database": _entries(listed, segments, ("test",))})
    _write_json(root / SEGMENTS_OF_TRAINING, {"database": _entries(listed, segments, SPLITS)})
    if points:
        for path in points:
            _write_text(root / "point_gaussian" / "train" / path.name, path.read_text(encoding="utf-8"))
    else:
        rows = [row for name in listed["train"] for row in middle_points(name, segments[name], rates[name])]
        _write_text(root / "point_gaussian" / "train" / "point_anno_0.txt", "\n".join([HEADER, *rows]) + "\n")
    return problems


def middle_points(name: str, segments: Sequence[Segment], fps: float) -> list[str]:
    """Rows of an annotator's file: the middle frame of each segment."""
    rows = []
    for start, end, label in segments:
        first, last = int(start * fps), int(end * fps)
        rows.append(f"{label},{CLASSES[label]},{first},{last},{name},{(first + last) // 2}")
    return rows


def _refuse_others(root: Path, names: set[str], source: Path) -> None:
    """Lists of another data set, such as the published one, are not replaced."""
    for path in (root / f"split_{split}.txt" for split in SPLITS):
        listed = path.read_text(encoding="utf-8", errors="replace").split("\n") if path.is_file() else []
        for name in filter(None, map(str.strip, listed)):
            if name not in names:
                raise DatasetError(f"{path}: lists {name}, which is not in {source}; choose another folder")


def _entries(listed: dict[str, list[str]], segments: dict[str, list[Segment]], filled: Sequence[str]) -> dict[str, Any]:
    # As published: in gt.json the training videos have empty lists, since the method learns from points alone.
    return {
        name: {
            "subset": split,
            "annotations": [
                {"segment": [str(start), str(end)], "label": label}
                for start, end, label in (segments.get(name, []) if split in filled else [])
            ],
        }
        for split, names in listed.items()
        for name in names
    }


def _write_features(video: Path, folder: Path, extract: Extract) -> None:
    made: dict[str, Extract] = {"logmfcc": video_log_mel, "rgb": extract}  # the fast one first: it may fail
    for modality, make in made.items():
        path = folder / modality / f"{video.stem}.npy"
        if path.is_file():
            continue
        array = make(video)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, lambda stream, array=array: np.save(stream, array))  # type: ignore[misc]
        except OSError as error:
            raise DatasetError(f"{path}: cannot be written: {error.strerror or error}") from error


def _write_text(path: Path, text: str) -> None:
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def _write_json(path: Path, content: Any) -> None:
    _write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
