"""Short stand-ins of large arrays that keep their distances, so that two processes can compare many tensors."""

from __future__ import annotations

import zlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from parity.arrays import Array

SIZE = 256


def sketch(array: Array, name: str) -> NDArray[np.float64]:
    """Sums of entries with random signs: the array itself up to 256 entries.

    It is linear, and the length of the difference of two sketches of the same name and shape is the length of the
    difference of the arrays, within some percent (Charikar, Chen and Farach-Colton, 2002: count sketch).

    Args:
        array: of any shape; whole numbers and booleans as numbers.
        name: chooses the signs.

    Returns:
        min(size, 256) numbers.
    """
    flat = np.asarray(array)
    if flat.dtype.kind == "c":
        flat = np.stack([flat.real, flat.imag])
    values = flat.astype(np.float64).reshape(-1)
    if values.size <= SIZE:
        return values
    values = values * _signs(name, values.size)
    values = np.concatenate([values, np.zeros(-values.size % SIZE)])
    total: NDArray[np.float64] = values.reshape(-1, SIZE).sum(0)
    return total


@lru_cache(maxsize=4096)
def _signs(name: str, size: int) -> NDArray[np.int8]:
    draw = np.random.default_rng(zlib.crc32(name.encode()))
    return (2 * draw.integers(0, 2, size, dtype=np.int8) - 1).astype(np.int8)


def length(vector: Array) -> float:
    """Euclidean length; infinite when an entry is not finite."""
    found = float(np.sqrt(np.square(np.asarray(vector, np.float64)).sum()))
    return found if np.isfinite(found) else float("inf")


def apart(ours: Array, theirs: Array) -> float:
    """Distance of two sketches; infinite when they cannot be compared.  Equal entries that are not finite agree."""
    if ours.shape != theirs.shape:
        return float("inf")
    with np.errstate(invalid="ignore"):
        gap = np.where((ours == theirs) | (np.isnan(ours) & np.isnan(theirs)), 0.0, ours - theirs)
    return length(gap)
