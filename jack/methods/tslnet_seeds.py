"""TSL-Net's pseudo labels: from the annotated segments, which neighbours are sentiment, which background (NumPy).

Runs on the host for a whole video at once, so that a framework hands over its activations once per video.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Flags = NDArray[np.bool_]

THRESHOLD = 0.95  # a segment whose background activation reaches this is background


def select_seeds(
    activation: Floats, point_anno: Floats, threshold: float = THRESHOLD
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Greedy search for pseudo labels around the annotated segments.

    The annotated segments cut the video into intervals.  In each, background grows from the segments over the
    threshold (or from the highest one), and sentiment grows from the annotated ends for as long as the background
    activation does not exceed the highest class activation.

    Args:
        activation: `cas_sigmoid_fuse`, B x T x 3, last channel background.
        point_anno: B x T x 3, smoothed labels of the annotated segments, 0 elsewhere.
        threshold: see above.

    Returns:
        act_seed (B x T x 3): the labels, with the activations copied to segments taken for sentiment.
        bkg_seed (B x T): 0, or the highest background activation of the interval where a segment is background.
        A segment may be both.

    Raises:
        ValueError: if a video has no annotated segment.
    """
    seeds = [_select(p, y, threshold) for p, y in zip(activation, point_anno)]
    return np.stack([act for act, _ in seeds]), np.stack([bkg for _, bkg in seeds])


def _select(p: Floats, y: Floats, threshold: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    annotated = np.flatnonzero(y.max(axis=1) > 0)
    if not annotated.size:
        raise ValueError("no segment of the video is annotated: there is nothing to search from")
    background = p[:, 2]
    at_most = background <= p[:, :2].max(axis=1)
    act, bkg = y.astype(np.float32), np.zeros(len(p), dtype=np.float32)

    ends = [-1, *annotated.tolist(), len(p)]
    for start, stop in zip(ends, ends[1:]):
        inside = slice(start + 1, stop)
        if inside.start == stop:
            continue
        at_left, at_right = start < 0, stop == len(p)  # the video's edge instead of an annotated segment
        bkg[inside] = _background(background[inside], threshold, at_left, at_right)
        # The authors' second condition: it fails only where a background activation is exactly 1.
        sentiment = at_most[inside] & (bkg[inside] < 1)
        grown = np.zeros(len(sentiment), dtype=bool)
        if not at_left:
            grown |= np.logical_and.accumulate(sentiment)
        if not at_right:
            grown |= np.logical_and.accumulate(sentiment[::-1])[::-1]
        act[inside][grown] = p[inside][grown]
    return act, bkg


def _background(b: Floats, threshold: float, at_left: bool, at_right: bool) -> NDArray[np.float32]:
    """Background of one interval: 0 or its highest activation.

    The sums are of activations, not of counts, as the authors have them: two segments of .97 make 1.94, so that the
    gap between just two segments over the threshold is not filled.
    """
    highest = np.float32(b.max())
    found = b >= b.dtype.type(threshold)  # in the precision of the activations
    total = np.where(found, highest, np.float32(0)).sum(dtype=np.float32)
    enough = total >= (1 if at_left or at_right else 2)
    peaks = np.flatnonzero(found) if enough else np.array([b.argmax()])
    taken = found.copy()
    if at_left:
        taken[: peaks[-1] + 1] = True
    elif at_right:
        taken[peaks[0] :] = True
    else:
        taken[peaks[0] : peaks[-1] + 1] = True
    return np.where(taken, highest, np.float32(0))
