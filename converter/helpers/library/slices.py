"""Indexing: slices that reach beyond the ends of a tensor, masks of NumPy."""

from __future__ import annotations

from typing import Any

import jittor as jt
import numpy as np


def forgiving_slices() -> bool:
    """Let slices reach beyond the ends of a tensor, as in Torch: Jittor refuses ``x[-16:]`` of 3 elements."""
    if not hasattr(jt.Var.__getitem__, "takes"):
        jt.Var.__getitem__ = Indexing(jt.Var.__getitem__).function()
        jt.Var.__setitem__ = Indexing(jt.Var.__setitem__).function()
    return True


class Indexing:
    """Jittor's own function, given a key that it understands."""

    def __init__(self, own: Any) -> None:
        self.own = own

    def function(self) -> Any:
        def indexed(tensor: Any, key: Any, *value: Any) -> Any:
            return self.own(tensor, key_within(tensor, key), *value)

        indexed.takes = self.own  # type: ignore[attr-defined]
        return indexed


def key_within(tensor: Any, key: Any) -> Any:
    """The key of an index, its slices cut at the ends of the dimensions."""
    parts = key if isinstance(key, tuple) else (key,)
    if not any(isinstance(p, slice | np.ndarray | range) for p in parts):
        return key
    parts = tuple(list(p) if isinstance(p, range) else p for p in parts)
    parts = tuple(jt.array(p) if isinstance(p, np.ndarray) and p.dtype == bool else p for p in parts)
    shape, axis, cut = tensor.shape, 0, []
    for part in parts:
        if part is Ellipsis:
            axis += len(shape) - sum(dimensions_taken(p) for p in parts)
        elif isinstance(part, slice) and axis < len(shape):
            part = slice_within(part, shape[axis])
        axis += dimensions_taken(part)
        cut.append(part)
    return tuple(cut) if isinstance(key, tuple) else cut[0]


def dimensions_taken(part: Any) -> int:
    """How many dimensions of a tensor one part of a key stands for."""
    if part is None or part is Ellipsis:
        return 0
    return len(part.shape) if isinstance(part, jt.Var) and str(part.dtype) == "bool" else 1


def slice_within(part: slice, length: int) -> slice:
    """A slice cut at the ends of a dimension."""
    start, stop = part.start, part.stop
    if isinstance(start, int) and not -length <= start <= length:
        start = length if start > 0 else 0
    if isinstance(stop, int) and stop < -length:
        stop = 0
    return slice(start, stop, part.step)


# Every helper module has this line: slices are written without a call.
FORGIVING_SLICES = forgiving_slices()
