"""Making annotation files, from the lists that data sets come with or from folders of videos."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jack.datasets.annotation import TRAINING, VALIDATION
from jack.errors import DatasetError
from jack.files import replacing

Named = tuple[str, str]  # label and id of a video


def read_classes(path: Path) -> list[str]:
    """Names of the classes, in order, from lines ``index name``; indices count from 0 or 1.

    Raises:
        DatasetError: if the file cannot be read, a line does not fit, or an index is missing.
    """
    found: dict[int, str] = {}
    for number, fields in _lines(path):
        if len(fields) < 2 or not fields[0].isdecimal() or int(fields[0]) in found:
            raise DatasetError(f"{path}, line {number}: expected a new index and a name, found {' '.join(fields)!r}")
        found[int(fields[0])] = " ".join(fields[1:])
    if not found or sorted(found) != list(range(min(found), min(found) + len(found))) or min(found) > 1:
        raise DatasetError(f"{path}: the indices of the classes must be 0, 1, 2, ... or 1, 2, 3, ...")
    return [found[index] for index in sorted(found)]


def read_list(path: Path) -> list[Named]:
    """Label and id of the videos in lines ``Label/id`` or ``Label/id index``, the id without a video's suffix.

    Raises:
        DatasetError: if the file cannot be read, a line does not fit, or a video is listed twice.
    """
    found: dict[Named, int] = {}
    for number, fields in _lines(path):
        label, slash, name = fields[0].rpartition("/")
        if not (slash and label and name) or "/" in label or len(fields) > 2:
            raise DatasetError(f"{path}, line {number}: expected Label/id, found {' '.join(fields)!r}")
        if (label, name) in found:
            raise DatasetError(f"{path}, line {number}: {fields[0]} is listed in line {found[label, name]} already")
        found[label, name] = number
    return list(found)


def annotation_from_lists(
    labels: Sequence[str], training: Sequence[Named], validation: Sequence[Named]
) -> dict[str, Any]:
    """The content of an annotation file.

    Keys are ids, as in the published files; if two classes share one, all keys are ``Label/id``, so that none is lost.

    Raises:
        DatasetError: if a label is unknown, or a video is in both subsets.
    """
    if both := sorted(set(training) & set(validation)):
        raise DatasetError(f"{'/'.join(both[0])} is in both subsets, as are {len(both) - 1} more videos")
    subsets = [(TRAINING, video) for video in training] + [(VALIDATION, video) for video in validation]
    if unknown := [video for _, video in subsets if video[0] not in labels]:
        raise DatasetError(f"{'/'.join(unknown[0])}: the classes are {', '.join(labels)}")
    shared = max(Counter(name for _, (_, name) in subsets).values(), default=0) > 1
    database = {
        f"{label}/{name}" if shared else name: {"subset": subset, "annotations": {"label": label}}
        for subset, (label, name) in subsets
    }
    return {"labels": list(labels), "database": database}


def annotation_from_videos(
    videos: Sequence[Named], validation_share: float = 1 / 3, seed: int = 0, order: Sequence[str] | None = None
) -> dict[str, Any]:
    """The content of an annotation file, with a share of each class drawn for validation.

    Args:
        videos: label and id of each.
        validation_share: of each class, 0 to 1.
        seed: of the draw.
        order: of the classes, in any case of letters; None sorts them.

    Raises:
        ValueError: if the share is not between 0 and 1.
        DatasetError: without videos, or for a label that the order lacks.
    """
    if not 0 <= validation_share <= 1:
        raise ValueError(f"the share for validation must lie between 0 and 1, not be {validation_share}")
    if not videos:
        raise DatasetError("no videos to annotate")
    labels = _ordered({label for label, _ in videos}, order)
    chosen: set[Named] = set()
    for label in labels:
        names = sorted(video for video in videos if video[0] == label)
        draw = random.Random(f"{seed} {label}")
        chosen.update(draw.sample(names, round(len(names) * validation_share)))
    training = [video for video in videos if video not in chosen]
    return annotation_from_lists(labels, training, [video for video in videos if video in chosen])


def _ordered(labels: set[str], order: Sequence[str] | None) -> list[str]:
    if order is None:
        return sorted(labels)
    places = {label.casefold(): place for place, label in enumerate(order)}
    if unknown := sorted(label for label in labels if label.casefold() not in places):
        raise DatasetError(f"{unknown[0]!r} is none of the classes {', '.join(order)}")
    by_place = {places[label.casefold()]: label for label in labels}
    if len(by_place) < len(labels):
        raise DatasetError(f"two folders differ only in the case of letters: {', '.join(sorted(labels))}")
    # A class without videos keeps its number.
    return [by_place.get(place, label) for place, label in enumerate(order)]


def write_annotation(path: Path, content: dict[str, Any]) -> None:
    """Write an annotation file; it appears under its name only when it is complete.

    Raises:
        DatasetError: if it cannot be written.
    """
    with replacing(path) as partial:
        partial.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path}: cannot read the list: {error}") from error
    return [(number, line.split()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
