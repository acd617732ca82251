"""The skeleton of BPM-GCN as a graph (NumPy)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NUM_JOINTS = 16
# Every edge points from a joint to the one nearer to the root.
INWARD_EDGES = (
    (9, 8),  # left hand to elbow
    (8, 7),  # left elbow to shoulder
    (7, 2),  # left shoulder to neck
    (3, 2),  # head to neck
    (4, 2),  # right shoulder to neck
    (5, 4),  # right elbow to shoulder
    (6, 5),  # right hand to elbow
    (2, 1),  # neck to spine
    (1, 0),  # spine to root
    (13, 0),  # left hip to root
    (10, 0),  # right hip to root
    (15, 14),  # left foot to knee
    (14, 13),  # left knee to hip
    (12, 11),  # right foot to knee
    (11, 10),  # right knee to hip
)


def normalized_columns(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each column divided by its sum; a column of zeros stays zero."""
    sums = matrix.sum(axis=0, keepdims=True)
    return matrix / np.where(sums == 0, 1, sums)


def adjacency() -> NDArray[np.float64]:
    """The three partitions of "spatial configuration": the joint itself, its parent, its children; 3 x 16 x 16.

    Entry [k, v, w] is the weight with which joint v contributes to joint w (features are multiplied from the right).
    The directions are normalised each by itself, so that only columns of joints with several children have fractions.
    """
    inward = np.zeros((NUM_JOINTS, NUM_JOINTS))
    for source, target in INWARD_EDGES:
        inward[target, source] = 1
    itself = np.eye(NUM_JOINTS)
    return np.stack([itself, normalized_columns(inward), normalized_columns(inward.T)])
