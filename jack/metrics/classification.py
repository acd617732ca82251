"""How well clips are classified: accuracy, recall of each class, confusion matrix (NumPy)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Int64s = NDArray[np.int64]


@dataclass(frozen=True)
class Classification:
    """The outcome of a test.

    Attributes:
        confusion: counts, K x K: row the true class, column the predicted one.
    """

    confusion: Int64s

    @property
    def total(self) -> int:
        """How many were classified."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float | None:
        """The share that is right, 0..1; None of nothing."""
        return int(np.trace(self.confusion)) / self.total if self.total else None

    @property
    def recall(self) -> list[float | None]:
        """The share of each true class that is right; None for a class that does not occur."""
        counts = self.confusion.sum(axis=1).tolist()
        return [right / count if count else None for right, count in zip(np.diag(self.confusion).tolist(), counts)]

    def __add__(self, other: Classification) -> Classification:
        return Classification(self.confusion + other.confusion)

    def as_dict(self, classes: Sequence[str] | None = None) -> dict[str, Any]:
        """Everything as plain values, by the names of the classes if there are any."""
        names = list(classes) if classes is not None else [str(index) for index in range(len(self.confusion))]
        if len(names) != len(self.confusion):
            raise ValueError(f"{len(names)} names for {len(self.confusion)} classes")
        return {
            "total": self.total,
            "accuracy": self.accuracy,
            "recall": dict(zip(names, self.recall)),
            "confusion": self.confusion.tolist(),
        }


def confusion_matrix(predicted: ArrayLike, true: ArrayLike, num_classes: int) -> Int64s:
    """Counts of pairs, K x K: row the true class, column the predicted one.

    Raises:
        ValueError: for arrays of different length, or a class outside of 0..num_classes - 1.
    """
    columns, rows = np.asarray(predicted, dtype=np.int64), np.asarray(true, dtype=np.int64)
    if columns.ndim != 1 or columns.shape != rows.shape:
        raise ValueError(f"{columns.shape} predictions for {rows.shape} labels")
    both = np.concatenate([columns, rows])
    if both.size and (both.min() < 0 or both.max() >= num_classes):
        raise ValueError(f"class {both.min() if both.min() < 0 else both.max()} is not in 0..{num_classes - 1}")
    counts = np.bincount(rows * num_classes + columns, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes).astype(np.int64)


def classify(scores: ArrayLike, true: ArrayLike) -> Classification:
    """The outcome for scores, N x K, and the true classes, N; the highest score counts, the first of equal ones."""
    table = np.asarray(scores)
    if table.ndim != 2:
        raise ValueError(f"scores are N x K, not {table.shape}")
    return Classification(confusion_matrix(table.argmax(axis=1), true, table.shape[1]))
