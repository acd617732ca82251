"""What BPM-GCN computes from joint positions: clips of one length, movement, affective features (NumPy).

The authors published no code for these; where their paper leaves something open, the function says what it takes.
Joints: 0 root, 1 spine, 2 neck, 3 head; shoulder, elbow, hand 4 5 6 (right) and 7 8 9 (left); hip, knee, foot 10 11 12
(right) and 13 14 15 (left).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

CLIP_FRAMES = 48
LONG_CLIP = 240  # frames of a clip of which every fifth is taken
UP = -1  # in place of a joint: a point straight above the root
VERTICAL = (0.0, 1.0, 0.0)

# Triples of joints; the angle is at the middle one.
ANGLES = (
    *((7, 2, 4), (4, 7, 2), (2, 7, 8), (7, 8, 9), (3, 2, 1), (0, 13, 14), (13, 14, 15)),
    *((2, 4, 7), (2, 4, 5), (4, 5, 6), (2, 1, 0), (0, 10, 11), (10, 11, 12), (3, 0, UP)),
)
DISTANCES = ((6, 0), (6, 4), (5, 0), (12, 0), (12, 15), (9, 0), (9, 7), (8, 0), (15, 0))
TRIANGLES = ((9, 2, 6), (9, 0, 6), (15, 2, 12), (15, 0, 12), (7, 2, 4), (8, 2, 5), (13, 2, 10), (14, 2, 11))
NUM_FEATURES = len(ANGLES) + len(DISTANCES) + len(TRIANGLES)  # 31 of each frame


def clip_frames(positions: Array) -> Array:
    """A recording, T x ..., as 48 frames: every fifth of 240, else the first 48, with zeros after a shorter one."""
    chosen = positions[::5] if len(positions) >= LONG_CLIP else positions
    chosen = chosen[:CLIP_FRAMES]
    padding = np.zeros((CLIP_FRAMES - len(chosen), *positions.shape[1:]), dtype=positions.dtype)
    return np.concatenate([chosen, padding])


def movement(joint: Array) -> Array:
    """Velocity, its length, acceleration, its length: differences of neighbouring frames.

    The first frame has no predecessor; velocity and acceleration are taken to be zero there.

    Args:
        joint: positions, N x 3 x T x V x M.

    Returns:
        N x 8 x T x V x M in the order vx, vy, vz, |v|, ax, ay, az, |a|.
    """
    velocity = np.diff(joint, axis=2, prepend=joint[:, :, :1])
    before = np.concatenate([np.zeros_like(velocity[:, :, :1]), velocity[:, :, :-1]], axis=2)
    acceleration = velocity - before
    parts = []
    for vector in (velocity, acceleration):
        parts += [vector, np.sqrt((vector * vector).sum(axis=1, keepdims=True))]
    return np.concatenate(parts, axis=1)


def affective_features(joint: Array) -> Array:
    """14 angles in radians, 9 distances and 8 triangle areas of each frame, after the paper's Table I.

    The order is the table's, and the vertical axis is taken to be the second.  An angle at a joint that coincides with
    one of its neighbours, as in the zeros after a short clip, is 0.

    Args:
        joint: positions, N x 3 x T x V x 1.

    Returns:
        N x (T * 31), frame by frame.
    """
    points = np.asarray(joint, dtype=np.float64)[..., 0].transpose(0, 2, 3, 1)  # N x T x V x 3
    above = points[:, :, :1] + np.array(VERTICAL)
    points = np.concatenate([points, above], axis=2)  # the last, index -1, is UP

    def corners(groups: tuple[tuple[int, ...], ...]) -> list[Array]:
        return [points[:, :, list(column)] for column in zip(*groups)]  # N x T x groups x 3 each

    first, vertex, last = corners(ANGLES)
    angles = angle_between(first - vertex, last - vertex)
    start, stop = corners(DISTANCES)
    distances = np.linalg.norm(start - stop, axis=-1)
    first, second, third = corners(TRIANGLES)
    areas = np.linalg.norm(np.cross(second - first, third - first), axis=-1) / 2
    features: Array = np.concatenate([angles, distances, areas], axis=2)  # N x T x 31
    return features.reshape(len(features), -1)


def angle_between(a: Array, b: Array) -> Array:
    """The angle between vectors (last axis), in radians 0..pi; 0 where one has no length."""
    lengths = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    cosine = (a * b).sum(axis=-1) / np.where(lengths > 0, lengths, 1)
    return np.where(lengths > 0, np.arccos(np.clip(cosine, -1, 1)), 0.0)
