"""Augmentation of gait clips, C x T x V x M (NumPy).

Numbers are drawn from two generators in the order of the authors' code, Python's for offsets and NumPy's for moves, so
that equal seeds give equal clips.  Drawing and applying are apart: one draw can serve several arrays of a clip.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

ANGLES = (-10.0, -5.0, 0.0, 5.0, 10.0)  # degrees
SCALES = (0.9, 1.0, 1.1)
SHIFTS = (-0.2, -0.1, 0.0, 0.1, 0.2)  # in the unit of the positions
SEGMENTS = (1,)  # stretches of a clip, each with a linear course


class Draws:
    """The two generators that augmentation draws from.

    Attributes:
        whole: for offsets in time.
        arrays: for moves.
    """

    def __init__(self, seed: int) -> None:
        self.whole = random.Random(seed)
        self.arrays = np.random.RandomState(seed % 2**32)


@dataclass(frozen=True)
class Move:
    """A rotation, scale and translation in the plane of the first two channels, each linear in time: first, last value.

    Attributes:
        angle: degrees.
        scale: factor.
        x: translation along the first channel.
        y: translation along the second channel.
    """

    angle: tuple[float, float]
    scale: tuple[float, float]
    x: tuple[float, float]
    y: tuple[float, float]


def draw_move(draws: Draws) -> Move:
    """Draw a move from the authors' candidates."""
    ends = draws.whole.choice(SEGMENTS) + 1  # one candidate only, but a number is drawn

    def pair(candidates: tuple[float, ...]) -> tuple[float, float]:
        first, last = draws.arrays.choice(candidates, ends).tolist()
        return first, last

    return Move(pair(ANGLES), pair(SCALES), pair(SHIFTS), pair(SHIFTS))


def apply_move(clip: Array, move: Move, first: int = 0, translate: bool = True) -> Array:
    """A clip whose channels ``first`` and ``first + 1`` are moved; the others stay.

    Frames of zeros, with which short clips are padded, are translated too, as in the authors' code.
    """
    frames = clip.shape[1]
    angle = np.linspace(*move.angle, frames) * np.pi / 180
    scale = np.linspace(*move.scale, frames)
    course = (frames, 1, 1)  # T x V x M
    cos, sin = (scale * np.cos(angle)).reshape(course), (scale * np.sin(angle)).reshape(course)
    x, y = clip[first], clip[first + 1]
    moved = clip.copy()
    moved[first] = cos * x - sin * y + (np.linspace(*move.x, frames).reshape(course) if translate else 0)
    moved[first + 1] = sin * x + cos * y + (np.linspace(*move.y, frames).reshape(course) if translate else 0)
    return moved


def random_move(clip: Array, draws: Draws) -> Array:
    """A clip under a drawn :class:`Move`."""
    return apply_move(clip, draw_move(draws))


def padded(clip: Array, size: int, offset: int = 0) -> Array:
    """A clip among zeros, float64, so that it has ``size`` frames; unchanged if it has as many or more."""
    frames = clip.shape[1]
    if frames >= size:
        return clip
    result = np.zeros((clip.shape[0], size, *clip.shape[2:]))
    result[:, offset : offset + frames] = clip
    return result


def draw_window(frames: int, size: int, draws: Draws) -> int:
    """Where a window begins in a clip, or a shorter clip in the window; nothing is drawn if they are equally long."""
    return 0 if frames == size else draws.whole.randint(0, abs(frames - size))


def apply_window(clip: Array, size: int, start: int) -> Array:
    """The window of ``size`` frames from ``start`` on; a shorter clip lies at ``start`` among zeros."""
    return padded(clip, size, start) if clip.shape[1] < size else clip[:, start : start + size]


def random_choose(clip: Array, size: int, draws: Draws) -> Array:
    """A drawn window of ``size`` frames; see :func:`apply_window`."""
    return apply_window(clip, size, draw_window(clip.shape[1], size, draws))


def valid_frames(clip: Array) -> tuple[int, int]:
    """First frame that is not all zero, and the one after the last; (0, 0) if there is none."""
    valid = np.flatnonzero((clip != 0).any(axis=(0, 2, 3)))
    return (int(valid[0]), int(valid[-1]) + 1) if valid.size else (0, 0)


def draw_shift(clip: Array, draws: Draws) -> tuple[int, int, int]:
    """First valid frame, the one after the last, and where the first is to go; nothing is drawn without any."""
    begin, end = valid_frames(clip)
    return begin, end, draws.whole.randint(0, clip.shape[1] - (end - begin)) if end else 0


def apply_shift(clip: Array, begin: int, end: int, start: int) -> Array:
    """The frames begin..end at ``start``, the rest zero."""
    shifted = np.zeros_like(clip)
    shifted[:, start : start + end - begin] = clip[:, begin:end]
    return shifted


def random_shift(clip: Array, draws: Draws) -> Array:
    """A clip whose valid frames lie at a drawn place; one of zeros stays as it is."""
    return apply_shift(clip, *draw_shift(clip, draws))
