"""Checking a data set of Emotion-Gait's layout."""

from __future__ import annotations

from pathlib import Path

from jack.datasets.emotion_gait import EmotionGait
from jack.datasets.summary import Summary
from jack.methods.bpmgcn_options import CLASSES

SPLITS = ("train", "test")


def check_emotion_gait(root: Path, read: bool = False, splits: tuple[str, ...] = SPLITS) -> Summary:
    """Whether the files of each split are there, fit one another, and hold numbers.

    Args:
        root: the data folder.
        read: look at every number, instead of shapes and labels alone.
        splits: first parts of the files' names.

    Raises:
        DatasetError: if a file is missing, broken or does not fit the others.
    """
    summary = Summary(CLASSES, samples="clips")
    for split in splits:
        data = EmotionGait(root, split, num_classes=len(CLASSES))
        labels = data.label if data.label.ndim == 1 else data.label.argmax(axis=1)
        if data.label.ndim == 2:
            summary.notes.append(f"{split}: several labels a clip; the table counts the first")
        broken = _broken(data) if read else {}
        names = data.names or [str(index) for index in range(len(data))]
        for index, label in enumerate(labels.tolist()):
            summary.counts[CLASSES[label], split] += 1
            if index in broken:
                summary.problems.append(f"{broken[index]}: clip {index} ({names[index]}) holds what is no number")
            else:
                summary.usable[CLASSES[label]] += 1
        empty = int(sum(not data.joint[index].any() for index in range(len(data)))) if read else 0
        if empty:
            summary.notes.append(f"{split}: {empty} clips of zeros only")
    return summary


def _broken(data: EmotionGait) -> dict[int, Path]:
    return {index: path for index in range(len(data)) if (path := data.broken(index)) is not None}
