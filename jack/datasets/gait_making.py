"""Making the files of Emotion-Gait from recordings of joints (NumPy)."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jack.datasets.emotion_gait import ARRAYS, JOINTS
from jack.datasets.gait_features import affective_features, clip_frames, movement
from jack.datasets.gait_files import read_array, write_file
from jack.errors import DatasetError

Array = NDArray[Any]

SUFFIXES = (".npy", ".csv", ".txt")
FORMS = f"frames x {JOINTS} x 3, 3 x frames x {JOINTS}, or frames x {3 * JOINTS}"


def read_recording(path: Path, index: int | None = None) -> NDArray[np.float32]:
    """Joint positions of one walk, frames x 16 x 3.

    Args:
        path: an .npy array, or a .csv or .txt table of numbers with a frame in each line; of the shapes
            frames x 16 x 3, 3 x frames x 16 (with a last axis of one person or without) or frames x 48.
        index: which walk of a file of several, N x 3 x frames x 16 x 1.

    Raises:
        DatasetError: if it cannot be read, has another shape, or holds what is no number.
    """
    array = read_array(path, mapped=True) if path.suffix.lower() == ".npy" else _table(path)
    if array.dtype.kind not in "fiu":
        raise DatasetError(f"{path} holds {array.dtype}, expected numbers")
    if index is not None:
        if array.ndim != 5 or not 0 <= index < len(array):
            raise DatasetError(f"{path} has the shape {array.shape}: no walk number {index}, counted from 0")
        array = array[index]
    elif array.ndim == 5 and len(array) > 1:
        raise DatasetError(f"{path} holds {len(array)} walks: choose one, 0 to {len(array) - 1} (--index)")
    found = _frames_first(array)
    if found is None:
        raise DatasetError(f"{path} has the shape {array.shape}, expected {FORMS}")
    if not len(found):
        raise DatasetError(f"{path}: no frames")
    if not np.isfinite(found).all():
        raise DatasetError(f"{path}: frame {int(np.argwhere(~np.isfinite(found))[0][0])} holds what is no number")
    return np.ascontiguousarray(found, dtype=np.float32)


def _frames_first(array: Array) -> Array | None:
    shape = array.shape
    if len(shape) == 5 and shape[0] == 1:
        array, shape = array[0], shape[1:]
    if len(shape) == 4 and shape[3] == 1:
        array, shape = array[..., 0], shape[:3]
    if len(shape) == 3 and shape[1:] == (JOINTS, 3):
        return array
    if len(shape) == 3 and shape[0] == 3 and shape[2] == JOINTS:
        return array.transpose(1, 2, 0)
    if len(shape) == 2 and shape[1] == 3 * JOINTS:
        return array.reshape(len(array), JOINTS, 3)
    return None


def _table(path: Path) -> Array:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"cannot read {path}: {error}") from error
    rows = []
    for number, line in enumerate(text.splitlines(), start=1):
        fields = line.replace(",", " ").replace(";", " ").split()
        if not fields:
            continue
        try:
            rows.append([float(field) for field in fields])
        except ValueError:
            raise DatasetError(f"{path}, line {number}: not a row of numbers: {line[:60]!r}") from None
        if len(rows[-1]) != len(rows[0]):
            raise DatasetError(f"{path}, line {number}: {len(rows[-1])} numbers, but {len(rows[0])} in the first line")
    return np.array(rows, dtype=np.float64)


def clip_of(recording: Array) -> NDArray[np.float32]:
    """A recording, frames x 16 x 3, as the model's clip of joints, 3 x 48 x 16 x 1."""
    return np.ascontiguousarray(clip_frames(recording).transpose(2, 0, 1)[..., None], dtype=np.float32)


def write_split(root: Path, split: str, joint: Array, labels: Sequence[int], names: Sequence[str]) -> None:
    """Write the four files of a split: joints, movement, affective features, names and labels.

    Args:
        root: the data folder; it exists.
        split: first part of the files' names.
        joint: positions, N x 3 x 48 x 16 x 1.
        labels: class numbers.
        names: of the clips.
    """
    arrays = {"joint": joint, "movement": movement(joint), "feature": affective_features(joint)}
    for name, array in arrays.items():
        plain = np.asarray(array, dtype=np.float32)
        write_file(root / f"{split}_{ARRAYS[name]}", lambda stream, plain=plain: np.save(stream, plain))  # type: ignore[misc]
    pair = (list(names), [int(label) for label in labels])
    write_file(root / f"{split}_{ARRAYS['label']}", lambda stream: pickle.dump(pair, stream, protocol=2))
