"""Annotation files of VideoEmotion-8, Ekman-6 and data sets of the same layout.

JSON: ``{"labels": [names in class order], "database": {id: {"subset": ..., "annotations": {"label": name}}}}``.  An id
may be written ``Label/id``, so that two classes can hold the same id.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jack.errors import DatasetError

TRAINING, VALIDATION = "training", "validation"


@dataclass(frozen=True)
class Video:
    """One line of an annotation.

    Attributes:
        name: id of the video, without its class.
        label: name of its class, and of the folder it lies in.
        target: number of its class.
        subset: "training" or "validation".
    """

    name: str
    label: str
    target: int
    subset: str


@dataclass(frozen=True)
class Annotation:
    """The content of an annotation file.

    Attributes:
        path: the file.
        labels: names of the classes, in order.
        videos: all videos, in the order of the file.
    """

    path: Path
    labels: tuple[str, ...]
    videos: tuple[Video, ...]

    def subset(self, name: str) -> list[Video]:
        """The videos of a subset.

        Raises:
            DatasetError: if there are none.
        """
        found = [video for video in self.videos if video.subset == name]
        if not found:
            counts = Counter(video.subset for video in self.videos)
            there = ", ".join(f"{subset} ({count})" for subset, count in counts.items()) or "none"
            raise DatasetError(f"{self.path}: no videos of the subset {name!r}; subsets in the file: {there}")
        return found


def read_annotation(path: Path) -> Annotation:
    """Read an annotation file.

    Raises:
        DatasetError: if it cannot be read, or an entry does not fit.
    """
    content = _read_json(path)
    try:
        labels, database = content["labels"], content["database"]
    except (KeyError, TypeError):
        raise DatasetError(f"{path}: an annotation needs the fields 'labels' and 'database'") from None
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise DatasetError(f"{path}: 'labels' must be a list of class names")
    if repeated := [label for label, count in Counter(labels).items() if count > 1]:
        raise DatasetError(f"{path}: the class {repeated[0]!r} is listed more than once")
    if not isinstance(database, dict):
        raise DatasetError(f"{path}: 'database' must be an object with an entry for each video")
    targets = {label: target for target, label in enumerate(labels)}
    videos = tuple(_video(path, key, entry, targets) for key, entry in database.items())
    seen: set[tuple[str, str]] = set()
    for video in videos:
        if (video.label, video.name) in seen:
            raise DatasetError(f"{path}: video {video.name!r} of class {video.label!r} is listed more than once")
        seen.add((video.label, video.name))
    return Annotation(path, tuple(labels), videos)


def _video(path: Path, key: str, entry: Any, targets: dict[str, int]) -> Video:
    try:
        subset, label = entry["subset"], entry["annotations"]["label"]
    except (KeyError, TypeError):
        raise DatasetError(f"{path}: video {key!r} lacks 'subset' or 'annotations' with a 'label'") from None
    if not isinstance(subset, str) or not isinstance(label, str) or label not in targets:
        raise DatasetError(f"{path}: video {key!r}: {label!r} is none of the labels {', '.join(targets)}")
    folder, slash, name = key.rpartition("/")
    if slash and folder != label:
        raise DatasetError(f"{path}: video {key!r} is labelled {label!r}; before the / must stand its label")
    if name in ("", ".", ".."):
        raise DatasetError(f"{path}: {key!r} names no video")
    return Video(name, label, targets[label], subset)


def _read_json(path: Path) -> Any:
    def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        # JSON keeps the last of equal keys and says nothing: a video would be lost.
        found = dict(pairs)
        if len(found) < len(pairs):
            name = Counter(key for key, _ in pairs).most_common(1)[0][0]
            raise DatasetError(f"{path}: the key {name!r} occurs twice; write Label/id where classes share an id")
        return found

    try:
        return json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=without_repeats)
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path}: cannot read the annotation: {error}") from error
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{path}: no JSON: {error}") from error
