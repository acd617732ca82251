"""What an evaluation finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jack.checkpoints.errors import CheckpointError
from jack.metrics.classification import Classification, classify
from jack.metrics.detection import DetectionScores

Array = NDArray[Any]


@dataclass(frozen=True)
class Outcome:
    """The figures of an evaluation.

    Attributes:
        score: by which the best model is chosen; higher is better.
        score_name: what it is.
        figures: by name, for logs; None where there is none, such as the recall of a class that does not occur.
        samples: how many were evaluated.
        report: everything, as JSON.
        predictions: one entry for each sample, as JSON.
        classes: names of the classes, if samples are classified.
        confusion: counts, K x K, row the true class, column the predicted one; None if they are not.
    """

    score: float
    score_name: str
    figures: Mapping[str, float | None]
    samples: int
    report: Mapping[str, Any]
    predictions: Sequence[Mapping[str, Any]] = ()
    classes: tuple[str, ...] = ()
    confusion: Array | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


def check_finite(outputs: Array) -> None:
    """Refuse outputs that are no numbers.

    Raises:
        CheckpointError: if there are such.
    """
    if not np.isfinite(outputs).all():
        raise CheckpointError("the model answers with values that are no numbers: its weights have diverged")


def softmax(logits: Array) -> Array:
    """Probabilities of rows, N x K."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Array = shifted / shifted.sum(axis=1, keepdims=True)
    return result


def classified(
    names: Sequence[str], logits: Array, labels: Array, classes: Sequence[str], more: Mapping[str, float]
) -> Outcome:
    """The outcome for logits.

    Args:
        names: of the samples, N.
        logits: N x K.
        labels: true classes, N.
        classes: names of the classes, K.
        more: further figures, such as the loss.

    Raises:
        CheckpointError: if logits are no numbers.
    """
    check_finite(logits)
    found: Classification = classify(logits, labels)
    probabilities = softmax(np.asarray(logits, dtype=np.float64))
    predictions = [
        {
            "name": name,
            "true": classes[int(label)],
            "predicted": classes[int(row.argmax())],
            "probabilities": dict(zip(classes, row.tolist())),
        }
        for name, label, row in zip(names, labels, probabilities)
    ]
    accuracy = found.accuracy
    assert accuracy is not None  # there is at least one sample
    figures: dict[str, float | None] = {"accuracy": accuracy, **more}
    figures.update({f"recall_{name}": value for name, value in zip(classes, found.recall)})
    report = {**found.as_dict(classes), **more}
    return Outcome(
        accuracy, "accuracy", figures, found.total, report, predictions, tuple(classes), np.asarray(found.confusion)
    )


def localized(scores: DetectionScores, result: Mapping[str, Any], videos: int, classes: Mapping[str, str]) -> Outcome:
    """The outcome for time intervals.

    Args:
        scores: of the intervals.
        result: the intervals, in ActivityNet's format.
        videos: how many were evaluated.
        classes: names under which the average precision of a label is reported, such as pAP for p.
    """
    by_label = scores.class_ap
    figures: dict[str, float | None] = {"average mAP": scores.average_map}
    figures.update({f"average {name}": by_label.get(label) for label, name in classes.items()})
    for row, at in enumerate(scores.tiou):
        figures[f"mAP@{at:.2f}"] = float(scores.mean_ap[row])
        figures[f"Rc@{at:.2f}"] = float(scores.recall[row])
        figures[f"F2@{at:.2f}"] = _number(scores.f2[row])
    figures["Rc@AVG"] = float(scores.recall.mean())
    figures["F2@AVG"] = _number(scores.f2.mean())
    report = {
        "total": videos,
        **figures,
        "labels": list(scores.labels),
        "tiou": list(scores.tiou),
        "ap": scores.ap.tolist(),
        "ignored_labels": list(scores.ignored),
    }
    return Outcome(scores.average_map, "average mAP", figures, videos, report, extra={"result": dict(result)})


def _number(value: Any) -> float | None:
    """None for NaN, which JSON does not have."""
    return float(value) if np.isfinite(value) else None
