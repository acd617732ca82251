"""Preparing a data set of Emotion-Gait's layout from recordings of joints in a folder for each emotion."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from jack.datasets.emotion_gait import ARRAYS
from jack.datasets.gait_making import SUFFIXES, clip_of, read_recording, write_split
from jack.datasets.gait_split import split_indices
from jack.errors import DatasetError
from jack.methods.bpmgcn_options import CLASSES


def find_recordings(source: Path) -> list[tuple[str, Path]]:
    """Label and file of the recordings SOURCE/Label/id.npy (or another suffix), sorted.

    Raises:
        DatasetError: if there are none, or a folder is named after no emotion.
    """
    if not source.is_dir():
        raise DatasetError(f"{source}: no such folder")
    found = []
    known = {label.casefold(): label for label in CLASSES}
    for path in sorted(source.glob("*/*")):
        if path.suffix.lower() not in SUFFIXES or not path.is_file():
            continue
        if path.parent.name.casefold() not in known:
            raise DatasetError(f"{path.parent}: the emotions are {', '.join(CLASSES)}")
        found.append((known[path.parent.name.casefold()], path))
    if not found:
        raise DatasetError(f"{source}: no recordings Label/id{SUFFIXES[0]} (or {', '.join(SUFFIXES[1:])})")
    return found


def prepare_emotion_gait(
    source: Path,
    root: Path,
    test_share: float = 0.1,
    seed: int = 0,
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> None:
    """Write the files of both splits from recordings; each emotion gives its share to the test.

    A recording of 240 frames or more is thinned to every fifth, then the first 48 are taken, with zeros after fewer.

    Args:
        source: folder of the recordings, Label/id.npy.
        root: the data folder; it is made, and must hold no split yet.
        test_share: share of each emotion for the test.
        seed: of the split.
        tell: hears how many recordings are read, and of how many.

    Raises:
        DatasetError: if a recording cannot be read, or a file is in the way.
    """
    for path in (root / f"{split}_{file}" for split in ("train", "test") for file in ARRAYS.values()):
        if path.exists():
            raise DatasetError(f"{path} is already there: choose another folder or remove it")
    recordings = find_recordings(source)
    joints = []
    for number, (_, path) in enumerate(recordings, start=1):
        joints.append(clip_of(read_recording(path)))
        tell(number, len(recordings))
    labels = np.array([CLASSES.index(label) for label, _ in recordings], dtype=np.int64)
    parts = split_indices(labels, (1 - test_share, test_share), seed)
    for split, chosen in zip(("train", "test"), parts):
        if not len(chosen):
            raise DatasetError(f"{source}: {len(recordings)} recordings leave none for {split}; change the share")
    try:
        root.mkdir(parents=True, exist_ok=True)
        for split, chosen in zip(("train", "test"), parts):
            names = [f"{recordings[index][0]}/{recordings[index][1].stem}" for index in chosen.tolist()]
            write_split(root, split, np.stack([joints[index] for index in chosen]), labels[chosen].tolist(), names)
    except OSError as error:
        raise DatasetError(f"{root}: cannot be written: {error.strerror or error}") from error
