"""Emotion-Gait, the data set of emotions from gait: clips of joints, movement, affective features, labels (NumPy).

Below the data folder, for each split: SPLIT_joint.npy (N x 3 x 48 x 16 x 1), SPLIT_movement.npy (N x 8 x 48 x 16 x 1),
SPLIT_affective.npy (N x 1488), SPLIT_label.pkl (the pair: names, labels).  The published splits are train and test.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jack.datasets.gait_augmentation import (
    Draws,
    apply_move,
    apply_shift,
    apply_window,
    draw_move,
    draw_shift,
    draw_window,
    padded,
    random_choose,
    random_move,
    random_shift,
)
from jack.datasets.gait_files import read_array, read_labels
from jack.errors import DatasetError

JOINTS = 16
DEBUG_CLIPS = 100
LARGEST_STATISTICS = 512 * 2**20  # bytes taken at once for means over all clips
ARRAYS = {"joint": "joint.npy", "movement": "movement.npy", "feature": "affective.npy", "label": "label.pkl"}
CHANNELS = {"joint": 3, "movement": 8}
VELOCITY, ACCELERATION = 0, 4  # first channels of the vectors of the movement

Array = NDArray[Any]


@dataclass(frozen=True)
class Augmentation:
    """What is done to a clip when it is read; the default is nothing, as in a test.

    Attributes:
        random_shift: move the frames that are not zero to a drawn place.
        random_choose: take a drawn window of window_size frames.
        random_move: rotate, scale and translate.
        window_size: frames; -1 leaves the length as it is.  Without random_choose a shorter clip is padded.
        shared: one draw for both arrays of a clip.  The authors draw for each, which turns posture and velocity by
            different angles, leaves the acceleration as it is, and adds the translation to velocities; shared turns
            and scales positions, velocities and accelerations alike and translates positions only.  The lengths of
            the vectors, which are channels of their own, stay in either case.
    """

    random_shift: bool = False
    random_choose: bool = False
    random_move: bool = False
    window_size: int = -1
    shared: bool = False

    def __post_init__(self) -> None:
        if self.random_choose and self.window_size < 1:
            raise ValueError(f"random_choose needs a window_size, not {self.window_size}")

    def apply(self, movement: Array, joint: Array, draws: Draws) -> tuple[Array, Array]:
        """Movement and joints of one clip, C x T x V x M each, after augmentation."""
        if self.shared:
            return self._apply_shared(movement, joint, draws)
        clips = [movement, joint]  # every operation on the movement first: the order of draws
        if self.random_shift:
            clips = [random_shift(clip, draws) for clip in clips]
        if self.random_choose:
            clips = [random_choose(clip, self.window_size, draws) for clip in clips]
        else:
            clips = [padded(clip, self.window_size) for clip in clips]
        if self.random_move:
            clips = [random_move(clip, draws) for clip in clips]
        return clips[0], clips[1]

    def _apply_shared(self, movement: Array, joint: Array, draws: Draws) -> tuple[Array, Array]:
        clips = [movement, joint]
        if self.random_shift:
            drawn = draw_shift(joint, draws)
            clips = [apply_shift(clip, *drawn) for clip in clips]
        if self.random_choose:
            start = draw_window(joint.shape[1], self.window_size, draws)
            clips = [apply_window(clip, self.window_size, start) for clip in clips]
        else:
            clips = [padded(clip, self.window_size) for clip in clips]
        if self.random_move:
            move = draw_move(draws)
            moved = apply_move(clips[0], move, VELOCITY, translate=False)
            clips = [apply_move(moved, move, ACCELERATION, translate=False), apply_move(clips[1], move)]
        return clips[0], clips[1]


TEST = Augmentation()
TRAINING = Augmentation(random_choose=True, random_move=True, window_size=48)  # the released configuration


@dataclass(frozen=True)
class Statistics:
    """Mean and standard deviation of every element of a clip over a set, C x T x V x M each, by array name."""

    mean: dict[str, Array]
    std: dict[str, Array]

    def normalize(self, name: str, clip: Array) -> Array:
        return (clip - self.mean[name]) / self.std[name]


class EmotionGait:
    """The clips of one split; ``dataset.batch(indices)`` gives arrays.

    Args:
        root: the data folder.
        split: the first part of the files' names: "train", "test", or one that the splitter has made.
        augmentation: what is done to each clip; None for nothing.
        normalization: subtract means and divide by deviations.  Off in the released configuration, whose network
            begins with a norm.
        statistics: those for the normalization; None takes the split's own, as the authors do also in a test.  Hand a
            test split the ones of the training split.
        num_classes: labels lie in 0..num_classes - 1.
        debug: read the first 100 clips only.
        mapped: leave joints and movement on the disk and read what is used.
        paths: files in place of those below root, by the names joint, movement, feature, label.

    Raises:
        DatasetError: for files that are missing, broken or do not fit one another.
    """

    def __init__(
        self,
        root: str | Path,
        split: str,
        augmentation: Augmentation | None = None,
        normalization: bool = False,
        statistics: Statistics | None = None,
        num_classes: int = 4,
        debug: bool = False,
        mapped: bool = True,
        paths: dict[str, str | Path] | None = None,
    ) -> None:
        self.paths = {name: Path(root) / f"{split}_{file}" for name, file in ARRAYS.items()}
        self.paths.update({name: Path(path) for name, path in (paths or {}).items()})
        unknown = [name for name in self.paths if name not in ARRAYS]
        if unknown:
            raise ValueError(f"paths are of {', '.join(ARRAYS)}, not of {', '.join(unknown)}")
        self.augmentation = augmentation or TEST
        self.joint = read_array(self.paths["joint"], mapped)
        self.movement = read_array(self.paths["movement"], mapped)
        self.feature = read_array(self.paths["feature"])
        self.names, self.label = read_labels(self.paths["label"])
        self._check(num_classes)
        if debug:
            self.joint, self.movement = self.joint[:DEBUG_CLIPS], self.movement[:DEBUG_CLIPS]
            self.feature, self.label = self.feature[:DEBUG_CLIPS], self.label[:DEBUG_CLIPS]
            self.names = self.names[:DEBUG_CLIPS] if self.names is not None else None
        self.statistics = (statistics or self.own_statistics()) if normalization else None

    def __len__(self) -> int:
        return len(self.label)

    def _check(self, num_classes: int) -> None:
        for name, channels in CHANNELS.items():
            shape = getattr(self, name).shape
            if len(shape) != 5 or shape[1] != channels or shape[3:] != (JOINTS, 1):
                wanted = f"N x {channels} x frames x {JOINTS} x 1"
                raise DatasetError(f"{self.paths[name]} has the shape {shape}, expected {wanted}")
        for name in (*CHANNELS, "feature"):
            if getattr(self, name).dtype.kind != "f":
                raise DatasetError(f"{self.paths[name]} holds {getattr(self, name).dtype}, expected floats")
        if self.feature.ndim != 2:
            raise DatasetError(f"{self.paths['feature']} has the shape {self.feature.shape}, expected N x features")
        clips = len(self.joint)
        for name in ("movement", "feature", "label"):
            count = len(getattr(self, name))
            if count != clips:
                raise DatasetError(f"{self.paths[name]} has {count} entries, but {self.paths['joint']} has {clips}")
        frames, others = self.joint.shape[2], self.movement.shape[2]
        if frames != others:
            raise DatasetError(f"{self.paths['movement']} has {others} frames, but {self.paths['joint']} has {frames}")
        if not clips:
            raise DatasetError(f"{self.paths['joint']} holds no clip")
        highest = num_classes if self.label.ndim == 1 else 2
        wrong = np.flatnonzero(((self.label < 0) | (self.label >= highest)).reshape(clips, -1).any(axis=1))
        if wrong.size:
            found = self.label[wrong[0]].tolist()
            raise DatasetError(f"{self.paths['label']}: label {found} of clip {wrong[0]} is not in 0..{highest - 1}")
        if self.label.ndim == 2 and self.label.shape[1] != num_classes:
            raise DatasetError(f"{self.paths['label']} marks {self.label.shape[1]} classes, expected {num_classes}")

    def own_statistics(self) -> Statistics:
        """Means and deviations over the clips of this split."""
        mean, std = {}, {}
        for name in CHANNELS:
            array = getattr(self, name)
            mean[name] = array.mean(axis=0, dtype=np.float64)
            square = np.zeros_like(mean[name])
            step = max(1, LARGEST_STATISTICS // max(1, mean[name].nbytes))
            for start in range(0, len(array), step):
                square += ((array[start : start + step] - mean[name]) ** 2).sum(axis=0)
            std[name] = np.sqrt(square / len(array)) + 1e-6
        return Statistics(mean, std)

    def broken(self, index: int) -> Path | None:
        """The file in which a clip holds what is no number; None where all is well."""
        for name in (*CHANNELS, "feature"):
            if not np.isfinite(getattr(self, name)[index]).all():
                return self.paths[name]
        return None

    def clip(self, index: int, draws: Draws) -> tuple[Array, Array]:
        """Movement and joints of a clip, C x T x V x 1, float32, normalised and augmented."""
        movement, joint = np.array(self.movement[index]), np.array(self.joint[index])
        if self.statistics:
            movement = self.statistics.normalize("movement", movement)
            joint = self.statistics.normalize("joint", joint)
        movement, joint = self.augmentation.apply(movement, joint, draws)
        return movement.astype(np.float32), joint.astype(np.float32)

    def batch(self, indices: Sequence[int], draws: Draws | Sequence[Draws]) -> dict[str, Array]:
        """Clips as a batch.

        Args:
            indices: which.
            draws: what augmentation draws from: one for all, in turn, or one for each.

        Returns:
            joint (N x 3 x T x V x 1), movement (N x 8 x T x V x 1) and feature (N x T * 31), float32; label (N, or
            N x K) and index (N), int64.
        """
        each = [draws] * len(indices) if isinstance(draws, Draws) else draws
        clips = [self.clip(index, own) for index, own in zip(indices, each)]
        chosen = np.array(indices, dtype=np.int64)
        return {
            "joint": np.stack([joint for _, joint in clips]),
            "movement": np.stack([movement for movement, _ in clips]),
            "feature": np.asarray(self.feature[chosen], dtype=np.float32),
            "label": self.label[chosen],
            "index": chosen,
        }


class Batches:
    """A data set in batches, epoch by epoch.

    What augmentation draws for a clip depends on seed, epoch and clip alone.  The authors seed each worker process with
    its number, the same in every epoch, so that the sequence of draws repeats; ``seeding="authors"`` does so too.

    Args:
        dataset: what to read.
        batch_size: clips of a batch.
        seed: of order and augmentation.
        shuffle: a new order each epoch.
        drop_last: leave an incomplete last batch out.  For training only: in a test it would lose clips.
        seeding: "epoch" or "authors".
        workers: for "authors": among how many sequences of draws the batches are dealt out.
    """

    def __init__(
        self,
        dataset: EmotionGait,
        batch_size: int,
        seed: int = 0,
        shuffle: bool = False,
        drop_last: bool = False,
        seeding: str = "epoch",
        workers: int = 20,
    ) -> None:
        if batch_size < 1 or workers < 1:
            raise ValueError(f"batch_size {batch_size} and workers {workers} must be positive")
        if seeding not in ("epoch", "authors"):
            raise ValueError(f"seeding is 'epoch' or 'authors', not {seeding!r}")
        if drop_last and batch_size > len(dataset):
            raise DatasetError(f"{len(dataset)} clips make no whole batch of {batch_size}: use a smaller batch size")
        self.dataset, self.batch_size, self.seed = dataset, batch_size, seed
        self.shuffle, self.drop_last, self.seeding, self.workers = shuffle, drop_last, seeding, workers

    def __len__(self) -> int:
        clips = len(self.dataset)
        return clips // self.batch_size if self.drop_last else -(-clips // self.batch_size)

    def indices(self, epoch: int) -> list[list[int]]:
        """Which clips make each batch of an epoch."""
        order = list(range(len(self.dataset)))
        if self.shuffle:
            random.Random(f"order {self.seed} {epoch}").shuffle(order)
        size = self.batch_size
        return [order[number * size : (number + 1) * size] for number in range(len(self))]

    def epoch(self, epoch: int) -> Iterator[dict[str, Array]]:
        """The batches of an epoch, counted from 0; see :meth:`EmotionGait.batch`."""
        of_workers = [Draws(worker) for worker in range(self.workers)] if self.seeding == "authors" else []
        for number, indices in enumerate(self.indices(epoch)):
            if of_workers:
                yield self.dataset.batch(indices, of_workers[number % self.workers])
            else:
                yield self.dataset.batch(indices, [Draws(clip_seed(self.seed, epoch, index)) for index in indices])


def clip_seed(seed: int, epoch: int, index: int) -> int:
    """A number of 32 bits for a clip in an epoch."""
    return int(np.random.SeedSequence([seed % 2**32, epoch, index]).generate_state(1)[0])
