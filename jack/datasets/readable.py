"""Emotion-Gait and TSL-300 as :class:`jack.datasets.batches.Readable`: samples that any process can read."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jack.datasets.emotion_gait import EmotionGait
from jack.datasets.gait_augmentation import Draws
from jack.datasets.gait_split import split_indices
from jack.datasets.tsl300 import TSL300, Item
from jack.errors import DatasetError

Array = NDArray[Any]


@dataclass(frozen=True)
class GaitItem:
    """One clip: see :meth:`EmotionGait.batch` for the shapes."""

    index: int
    joint: Array
    movement: Array
    feature: Array
    label: Array


class GaitClips:
    """The clips of Emotion-Gait; what augmentation draws depends on the generator that :meth:`read` is given.

    Args:
        root: the data folder.
        split: the first part of the files' names.
        options: further arguments of :class:`EmotionGait`.
    """

    def __init__(self, root: str | Path, split: str, **options: Any) -> None:
        self.root, self.split, self.options = root, split, options
        self.dataset = EmotionGait(root, split, **options)

    def __getstate__(self) -> dict[str, Any]:
        # A worker opens the files itself: they are mapped, and would be sent as a whole.
        return {name: value for name, value in self.__dict__.items() if name != "dataset"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.dataset = EmotionGait(self.root, self.split, **self.options)

    def __len__(self) -> int:
        return len(self.dataset)

    def name(self, index: int) -> str:
        """Of a clip; its number where the file has no names."""
        names = self.dataset.names
        return names[index] if names is not None else str(index)

    def read(self, index: int, draw: random.Random) -> GaitItem:
        """One clip.

        Raises:
            DatasetError: it holds what is no number.
        """
        if (path := self.dataset.broken(index)) is not None:
            raise DatasetError(f"{path}: clip {index} ({self.name(index)}) holds what is no number")
        movement, joint = self.dataset.clip(index, Draws(draw.getrandbits(32)))
        feature = np.asarray(self.dataset.feature[index], dtype=np.float32)
        return GaitItem(index, joint, movement, feature, self.dataset.label[index])

    def collate(self, items: Sequence[GaitItem]) -> dict[str, Array]:
        """joint, movement, feature, label, index."""
        batch = {name: np.stack([getattr(item, name) for item in items]) for name in ("joint", "movement", "feature")}
        batch["label"] = np.array([item.label for item in items], dtype=np.int64)
        batch["index"] = np.array([item.index for item in items], dtype=np.int64)
        return batch


class SentimentVideos:
    """The videos of TSL-300, read one by one; a batch is a list of them.

    Args:
        root: the data folder.
        split: "train" or "test".
        point_labels: see :class:`TSL300`.
        seed: of the mix of annotators.
        skip_missing: leave videos out that lack features, points (training) or a frame rate, listing why in
            :attr:`skipped`, instead of refusing the data set.

    Raises:
        DatasetError: if files are missing or do not fit, or no video is left.
    """

    def __init__(
        self, root: str | Path, split: str, point_labels: str | None, seed: int, skip_missing: bool = False
    ) -> None:
        try:
            self.dataset = TSL300(root, split, point_labels=point_labels, seed=seed)
        except (KeyError, TypeError) as error:
            raise DatasetError(f"{Path(root) / 'gt.json'}: it has no entry {error}") from error
        self.skipped: list[str] = []
        kept = []
        for name in self.dataset.names:
            problem = self._problem(name)
            if problem and not skip_missing:
                raise DatasetError(problem)
            if problem:
                self.skipped.append(problem)
            else:
                kept.append(name)
        if not kept:
            listed = self.dataset.root / f"split_{split}.txt"
            raise DatasetError(f"{listed}: no video can be used" + (f"; {self.skipped[0]}" if self.skipped else ""))
        self.dataset.names = kept

    def _problem(self, name: str) -> str:
        """Why a video cannot be used; empty if it can."""
        dataset = self.dataset
        for modality in ("rgb", "logmfcc"):
            path = dataset.root / "features" / dataset.split / modality / f"{name}.npy"
            if not path.is_file():
                return f"{path}: no such file, but split_{dataset.split}.txt names the video"
        if dataset.split == "train" and not any(point.video == name for point in dataset.points):
            return f"{dataset.root / 'point_gaussian'}: no point of the video {name}, so nothing can be learned from it"
        if dataset.split == "test" and "annotations" not in dataset.annotations.get(name, {}):
            return f"{dataset.root / 'gt.json'}: no annotations of the video {name}"
        if not isinstance(dataset.fps.get(name), int | float) or dataset.fps[name] <= 0:
            return f"{dataset.root / 'fps_dict.json'}: no frame rate of the video {name}"
        return ""

    def __len__(self) -> int:
        return len(self.dataset)

    def read(self, index: int, draw: random.Random) -> Item:
        """One video; nothing is drawn."""
        return self.dataset[index]

    def collate(self, items: Sequence[Item]) -> list[Item]:
        """The videos as they are: they differ in length."""
        return list(items)


def hold_out(count: int, share: float, seed: int, labels: Array | None = None) -> tuple[list[int], list[int]]:
    """Deal samples out to training and validation.

    Args:
        count: samples.
        share: of the validation, of each class where there are labels; above 0, at least one sample of each class that
            has two, else a small data set would have no validation.
        seed: of the draw.
        labels: classes, (count,).

    Returns:
        Indices of the training and of the validation, ascending.

    Raises:
        DatasetError: if one of them would be empty.
    """
    groups = np.zeros(count, dtype=np.int64) if labels is None else np.asarray(labels)
    training, validation = split_indices(groups, [1 - share, share], seed)
    if labels is not None and share > 0:
        missing = [value for value in np.unique(groups) if not np.any(groups[validation] == value)]
        draw = random.Random(seed)
        moved = [draw.choice(own) for value in missing if len(own := training[groups[training] == value].tolist()) > 1]
        training = np.setdiff1d(training, moved)
        validation = np.union1d(validation, np.array(moved, dtype=validation.dtype))
    if not len(training) or not len(validation):
        raise DatasetError(
            f"a validation share of {share:g} of {count} samples leaves {len(training)} for training and"
            f" {len(validation)} for validation: choose another --validation-share, or --select-on test or none"
        )
    return training.tolist(), validation.tolist()
