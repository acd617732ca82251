"""Average precision of time intervals in the manner of ActivityNet's evaluation (NumPy)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

TIOU = tuple(np.linspace(0.1, 0.3, 5).tolist())
Interval = tuple[float, float]


@dataclass(frozen=True)
class DetectionScores:
    """Figures per temporal IoU threshold (first axis) and class (second).

    Attributes:
        labels: the classes, in order of their first appearance in the ground truth.
        tiou: the thresholds.
        ap: average precision.
        mean_precision: the mean of the precision over all prefixes of the ranked list, not its end value: the
            authors report this mean as precision.
        mean_recall: likewise.
        ignored: labels that are predicted but absent from the ground truth; they count nowhere.
    """

    labels: tuple[str, ...]
    tiou: tuple[float, ...]
    ap: Doubles
    mean_precision: Doubles
    mean_recall: Doubles
    ignored: tuple[str, ...] = ()

    @property
    def mean_ap(self) -> Doubles:
        """Mean over the classes, per threshold."""
        return np.asarray(self.ap.mean(axis=1))

    @property
    def class_ap(self) -> dict[str, float]:
        """Mean over the thresholds, by the name of the class."""
        return dict(zip(self.labels, self.ap.mean(axis=0).tolist()))

    @property
    def average_map(self) -> float:
        """Mean over classes and thresholds."""
        return float(self.mean_ap.mean())

    @property
    def precision(self) -> Doubles:
        """`mean_precision`, averaged over the classes, per threshold."""
        return np.asarray(self.mean_precision.mean(axis=1))

    @property
    def recall(self) -> Doubles:
        """`mean_recall`, averaged over the classes, per threshold."""
        return np.asarray(self.mean_recall.mean(axis=1))

    @property
    def f2(self) -> Doubles:
        """5PR / (4P + R), which weighs recall double, per threshold; NaN where both are 0."""
        precision, recall = self.precision, self.recall
        with np.errstate(invalid="ignore"):
            return np.asarray(5 * precision * recall / (4 * precision + recall))


def evaluate(
    ground_truth: Mapping[str, Any], predictions: Mapping[str, Any], subset: str = "test", tiou: Sequence[float] = TIOU
) -> DetectionScores:
    """Score detections.

    Args:
        ground_truth: {"database": {video: {"subset": ..., "annotations": [{"segment": [s, e], "label": ...}]}}};
            seconds may be texts.
        predictions: {"results": {video: [{"label": ..., "score": ..., "segment": [s, e]}]}}.
        subset: which videos of the ground truth count.
        tiou: thresholds.

    Raises:
        ValueError: if the subset has no annotation.
    """
    truth: dict[str, dict[str, list[Interval]]] = {}
    for video, entry in ground_truth["database"].items():
        for note in entry["annotations"] if entry["subset"] == subset else ():
            start, end = note["segment"]
            truth.setdefault(note["label"], {}).setdefault(video, []).append((float(start), float(end)))
    if not truth:
        raise ValueError(f"the ground truth has no annotation in the subset {subset!r}")

    detections: dict[str, list[tuple[str, float, Interval]]] = {label: [] for label in truth}
    ignored = set()
    for video, rows in predictions["results"].items():
        for row in rows:
            if row["label"] in detections:
                start, end = row["segment"]
                detections[row["label"]].append((video, float(row["score"]), (float(start), float(end))))
            else:
                ignored.add(row["label"])

    thresholds = np.array(tiou, dtype=np.float64)
    figures = [score_class(truth[label], detections[label], thresholds) for label in truth]
    ap, precision, recall = (np.stack(columns, axis=1) for columns in zip(*figures))
    return DetectionScores(tuple(truth), tuple(thresholds.tolist()), ap, precision, recall, tuple(sorted(ignored)))


def score_class(
    truth: Mapping[str, Sequence[Interval]], detections: Sequence[tuple[str, float, Interval]], tiou: Doubles
) -> tuple[Doubles, Doubles, Doubles]:
    """Average precision, mean precision and mean recall of one class, each per threshold.

    All are 0 if there is no detection.  Detections are taken by falling score, equal ones in reversed order; each
    claims the annotation of its video that it overlaps most among those not claimed yet.
    """
    hits = np.zeros((len(tiou), len(detections)))
    claimed: list[set[tuple[str, int]]] = [set() for _ in tiou]
    order = np.argsort([score for _, score, _ in detections], kind="stable")[::-1]
    for rank, number in enumerate(order.tolist()):
        video, _, interval = detections[number]
        overlaps = temporal_iou(interval, truth.get(video, ()))
        by_overlap = np.argsort(overlaps, kind="stable")[::-1].tolist()
        for row, threshold in enumerate(tiou):
            for index in by_overlap:
                if overlaps[index] < threshold:
                    break
                if (video, index) not in claimed[row]:
                    claimed[row].add((video, index))
                    hits[row, rank] = 1
                    break
    if not detections:
        return np.zeros(len(tiou)), np.zeros(len(tiou)), np.zeros(len(tiou))
    found = np.cumsum(hits, axis=1)
    recall = found / sum(len(intervals) for intervals in truth.values())
    precision = found / np.arange(1, len(detections) + 1)
    ap = np.array([average_precision(p, r) for p, r in zip(precision, recall)])
    return ap, precision.mean(axis=1), recall.mean(axis=1)


def temporal_iou(interval: Interval, others: Sequence[Interval]) -> Doubles:
    """Intersection over union of an interval with each of others, in seconds."""
    table = np.array(others, dtype=np.float64).reshape(-1, 2)
    start, end = interval
    common = np.maximum(np.minimum(end, table[:, 1]) - np.maximum(start, table[:, 0]), 0)
    union = (end - start) + (table[:, 1] - table[:, 0]) - common
    return np.asarray(common / union)


def average_precision(precision: Doubles, recall: Doubles) -> float:
    """Area under the falling envelope of precision over recall, summed over every step of recall."""
    steps = np.concatenate([[0.0], recall, [1.0]])
    envelope = np.maximum.accumulate(np.concatenate([[0.0], precision, [0.0]])[::-1])[::-1]
    return float(np.sum(np.diff(steps) * envelope[1:]))


def record_text(step: int, scores: DetectionScores, negative: str = "n", positive: str = "p") -> str:
    """The record that is kept of the best test so far.

    Average precision of the classes is looked up by name; the authors' code takes the first class that appears for
    the negative one, so that their published files have the two exchanged.
    """
    by_name = scores.class_ap
    return format_record(step, scores, by_name.get(negative, 0.0), by_name.get(positive, 0.0))


def format_record(step: int, scores: DetectionScores, negative_ap: float, positive_ap: float) -> str:
    """The lines of :func:`record_text` with the two classes' figures given."""
    extent = f"[{min(scores.tiou):.1f}:{max(scores.tiou):.1f}]"
    lines = [f"Step: {step:d}", f"average_mAP{extent}: {scores.average_map:.4f}", ""]
    lines += [f"average_pAP{extent}: {positive_ap:.4f}", f"average_nAP{extent}: {negative_ap:.4f}", ""]
    for title, values in (("mAP", scores.mean_ap), ("Rc", scores.recall), ("F2", scores.f2)):
        lines += [f"{title}@{at:.2f}: {value:.4f}" for at, value in zip(scores.tiou, values.tolist())] + [""]
    lines += [f"Rc@AVG: {scores.recall.mean():.4f}", f"F2@AVG: {scores.f2.mean():.4f}", "", ""]
    return "\n".join(lines) + "\n"
