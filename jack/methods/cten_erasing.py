"""Which segments CTEN erases: by a threshold on the attention of each video by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_SHARE = np.float32(0.7)
MIN_SHARE = np.float32(0.3)


def thresholds(gamma: NDArray[Any]) -> NDArray[np.float32]:
    """0.7 of the largest and 0.3 of the smallest attention of each video: B x L to B."""
    gamma = gamma.astype(np.float32)
    return MAX_SHARE * gamma.max(axis=1) + MIN_SHARE * gamma.min(axis=1)


def keep_masks(gamma: NDArray[Any]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The segments that are left without the key segments, and those that are left without the context.

    A segment exactly on the threshold is in neither.  Where the attention is constant (all zero, for instance) both
    are empty: whoever reads the frames then takes all of them.

    Args:
        gamma: attention of the segments, B x L.

    Returns:
        two masks, B x L: below the threshold, above it.
    """
    limit = thresholds(gamma)[:, None]
    gamma = gamma.astype(np.float32)
    return gamma < limit, gamma > limit
