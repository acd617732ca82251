"""From the activations of a video's segments to scored time intervals, as TSL-Net is tested (NumPy)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Doubles = NDArray[np.float64]

LABELS = ("n", "p")  # negative, positive: the names of classes 0 and 1
SEGMENT_FRAMES = 16  # video frames of one segment


@dataclass(frozen=True)
class LocalizationOptions:
    """How intervals are found; the defaults are the authors'.

    Attributes:
        class_threshold: classes whose video score reaches this are sought (the highest one if none does).
        scale: samples per segment after interpolation.
        class_thresholds: on the class activation, which is set to 0 below each.
        foreground_thresholds: on 1 - background activation.
        margin: length of the surroundings that an interval is compared with, in lengths of the interval.
        video_weight: share of the video's score in an interval's.
        nms_threshold: of two intervals of a class that overlap at least so much, the lower one is dropped.
    """

    class_threshold: float = 0.5
    scale: int = 24
    class_thresholds: Sequence[float] = field(default_factory=lambda: np.arange(0, 0.25, 0.025).tolist())
    foreground_thresholds: Sequence[float] = field(default_factory=lambda: np.arange(0.4, 0.75, 0.025).tolist())
    margin: float = 0.03
    video_weight: float = 0.3
    nms_threshold: float = 0.5


def upsample(sequence: Floats, scale: int) -> Doubles:
    """Linear interpolation along time, T x K to (scale T) x K; the last samples are extrapolated.

    Sample i lies at i / scale; those after T - 1 continue the last slope, so that they may leave the range of the
    input.  The slope is taken in the precision of the input and the rest in float64.  A single segment is repeated.
    """
    length = len(sequence)
    if length == 1:
        return np.repeat(sequence.astype(np.float64), scale, axis=0)
    # Steps of 1 / scale, not i / scale: the two differ in their last bits.
    positions = np.arange(0, length, 1 / scale)[: scale * length]
    upper = np.clip(np.searchsorted(np.arange(length), positions), 1, length - 1)
    lower = upper - 1
    slope = (sequence[upper] - sequence[lower]).astype(np.float64)
    return np.asarray(slope * (positions - lower)[:, None] + sequence[lower], dtype=np.float64)


def runs(indices: NDArray[np.intp]) -> list[tuple[int, int]]:
    """First and last index of each maximal run of consecutive indices."""
    if not indices.size:
        return []
    breaks = np.flatnonzero(np.diff(indices) != 1)
    starts, stops = [0, *(breaks + 1)], [*breaks, len(indices) - 1]
    return [(int(indices[a]), int(indices[z])) for a, z in zip(starts, stops)]


def outer_inner_contrast(score: Floats, first: int, last: int, margin: float) -> float:
    """Mean of a run, ends included, minus the mean of its surroundings (0 if there are none), in the score's precision.

    Args:
        score: one value per sample.
        first: index of the run's first sample.
        last: index of its last sample.
        margin: length of the surroundings on either side, in lengths of the run, rounded towards 0.
    """
    length = last - first + 1
    left = max(0, int(first - margin * length))
    right = min(len(score) - 1, int(last + margin * length))
    around = np.concatenate([score[left:first], score[last + 1 : right + 1]])
    inside = score[first : last + 1].mean()
    return float(inside - around.mean()) if around.size else float(inside)


def propose(
    chosen: NDArray[np.bool_], score: Doubles, video_score: float, seconds: float, options: LocalizationOptions
) -> list[tuple[float, float, float]]:
    """Scored intervals (score, start, end) of one class at one threshold.

    Args:
        chosen: samples above the threshold.
        score: activation of the class.
        video_score: of the class.
        seconds: duration of one sample.
        options: see :class:`LocalizationOptions`.
    """
    indices = np.flatnonzero(chosen)
    if not indices.any():  # the authors' test of "is there one": it also drops a run of sample 0 alone
        return []
    found = []
    for first, last in runs(indices):
        contrast = outer_inner_contrast(score, first, last, options.margin)
        found.append((contrast + options.video_weight * float(video_score), first * seconds, (last + 1) * seconds))
    return found


def suppress(rows: Doubles, threshold: float) -> Doubles:
    """Greedy non-maximum suppression of rows (class, score, start, end), highest score first.

    Lengths are of pixels, end - start + 1, although the ends are seconds: so the authors measure, and short
    intervals are suppressed more than they should be.
    """
    order = np.argsort(rows[:, 1], kind="stable")[::-1]
    start, end = rows[:, 2], rows[:, 3]
    length = end - start + 1
    kept = []
    while order.size:
        best, rest = order[0], order[1:]
        kept.append(best)
        common = np.minimum(end[best], end[rest]) - np.maximum(start[best], start[rest]) + 1
        common = np.maximum(common, 0)
        order = rest[common / (length[best] + length[rest] - common) < threshold]
    return rows[kept]


def localize(
    video_score: Floats, activation: Floats, fps: float, options: LocalizationOptions | None = None
) -> dict[int, Doubles]:
    """The intervals of one video.

    Args:
        video_score: of the C = 2 classes.
        activation: `cas_sigmoid_fuse`, T x 3, last channel background.
        fps: frames per second of the video.
        options: the authors' if None.

    Returns:
        For each class that was sought, rows (class, score, start, end) in seconds, highest score first.
    """
    options = options or LocalizationOptions()
    sought = np.flatnonzero(video_score >= options.class_threshold)
    if not sought.size:
        sought = np.array([np.argmax(video_score)])
    # A video of T segments has 16 T / fps seconds; the samples divide them.
    seconds = SEGMENT_FRAMES * len(activation) / (options.scale * len(activation) * fps)
    scores = upsample(activation[:, sought], options.scale)
    foreground = upsample(1 - activation[:, 2:3], options.scale)[:, 0]

    found: dict[int, Doubles] = {}
    for column, index in enumerate(sought.tolist()):
        score, of_video = scores[:, column], float(video_score[index])
        rows: list[tuple[float, float, float]] = []
        for threshold in options.class_thresholds:
            above = np.where(score < threshold, 0.0, score)
            rows += propose(above > 0, above, of_video, seconds, options)
        for threshold in options.foreground_thresholds:
            chosen = (foreground >= threshold) & (foreground > 0)
            rows += propose(chosen, score, of_video, seconds, options)
        if rows:
            table = np.array([(index, *row) for row in rows], dtype=np.float64)
            found[index] = suppress(table, options.nms_threshold)
    return found


def result_json(videos: Mapping[str, Mapping[int, Doubles]]) -> dict[str, Any]:
    """The intervals of several videos in ActivityNet's format for detections.

    Args:
        videos: name to what :func:`localize` returned, in the order in which they are to appear.
    """
    results = {
        name: [
            {"label": LABELS[int(row[0])], "score": float(row[1]), "segment": [float(row[2]), float(row[3])]}
            for index in sorted(found)
            for row in found[index]
        ]
        for name, found in videos.items()
    }
    external = {"used": True, "details": "Features from I3D Network"}
    return {"version": "VERSION 1.3", "results": results, "external_data": external}
