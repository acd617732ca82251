"""Split the clips of Emotion-Gait anew, with a seed (NumPy)."""

from __future__ import annotations

import pickle
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jack.datasets.emotion_gait import ARRAYS, EmotionGait
from jack.datasets.gait_files import write_file
from jack.errors import DatasetError

Array = NDArray[Any]


def split_indices(
    labels: Array, ratios: Sequence[float], seed: int, stratified: bool = True
) -> list[NDArray[np.int64]]:
    """Deal clips out at random.

    Args:
        labels: N, or N x K.
        ratios: share of each part; they sum to at most 1, and what remains is left out.
        seed: of the draw.
        stratified: give every part its share of each class (labels N) instead of its share of all.

    Returns:
        The indices of each part, ascending.
    """
    if not ratios or min(ratios) < 0 or sum(ratios) > 1 + 1e-9:
        raise ValueError(f"shares must not be negative and sum to at most 1: {list(ratios)}")
    draw = random.Random(seed)
    groups = [list(range(len(labels)))]
    if stratified and labels.ndim == 1:
        groups = [np.flatnonzero(labels == value).tolist() for value in np.unique(labels)]
    parts: list[list[int]] = [[] for _ in ratios]
    for group in groups:
        draw.shuffle(group)
        # Ends are rounded, not sizes: so sizes sum to what they should.
        ends = [0, *(int(round(float(share) * len(group))) for share in np.cumsum(ratios))]
        for part, start, stop in zip(parts, ends[:-1], ends[1:]):
            part += group[start:stop]
    return [np.array(sorted(part), dtype=np.int64) for part in parts]


def split_files(
    root: str | Path,
    goal: str | Path,
    ratios: dict[str, float],
    seed: int,
    stratified: bool = True,
    sources: Sequence[str] = ("train", "test"),
) -> dict[str, int]:
    """Join the clips of some splits and write new ones.

    Args:
        root: the data folder.
        goal: where the new files are written; it is made, and must hold no split of the new names.
        ratios: name to share of each new split, for example {"train": 0.8, "val": 0.1, "test": 0.1}.
        seed: of the draw.
        stratified: see :func:`split_indices`.
        sources: the splits to be joined.

    Returns:
        How many clips each new split has.

    Raises:
        DatasetError: for files that are missing, broken or in the way.
    """
    goal = Path(goal)
    in_the_way = [goal / f"{name}_{file}" for name in ratios for file in ARRAYS.values()]
    for path in in_the_way:
        if path.exists():
            raise DatasetError(f"{path} is already there: choose another folder or remove it")
    sets = [EmotionGait(root, source, mapped=True) for source in sources]
    shapes = {(part.joint.shape[1:], part.feature.shape[1:], part.label.shape[1:]) for part in sets}
    if len(shapes) > 1:
        raise DatasetError(f"{root}: clips, features or labels of {' and '.join(sources)} differ in shape")
    names = [name for part, source in zip(sets, sources) for name in _names(part, source)]
    label = np.concatenate([part.label for part in sets])
    parts = dict(zip(ratios, split_indices(label, list(ratios.values()), seed, stratified)))
    goal.mkdir(parents=True, exist_ok=True)
    for array in ("joint", "movement", "feature"):
        joined = np.concatenate([getattr(part, array) for part in sets])
        for name, chosen in parts.items():
            _save(goal / f"{name}_{ARRAYS[array]}", joined[chosen])
    for name, chosen in parts.items():
        pair = ([names[index] for index in chosen.tolist()], label[chosen].tolist())
        path = goal / f"{name}_{ARRAYS['label']}"
        write_file(path, lambda stream, pair=pair: pickle.dump(pair, stream, protocol=2))  # type: ignore[misc]
    return {name: len(chosen) for name, chosen in parts.items()}


def _save(path: Path, array: Array) -> None:
    write_file(path, lambda stream: np.save(stream, array, allow_pickle=False))


def _names(part: EmotionGait, source: str) -> list[str]:
    return part.names if part.names is not None else [f"{source}_{index}" for index in range(len(part))]
