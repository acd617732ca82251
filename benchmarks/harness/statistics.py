"""Medians, quartiles, and an interval for the ratio of two medians."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap

RESAMPLES = 5000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Summary:
    """Of the times of one side, in seconds: median, both quartiles, smallest, and how many there are."""

    median: float
    low: float
    high: float
    least: float
    count: int

    @property
    def spread(self) -> float:
        """Distance of the quartiles as a share of the median."""
        return (self.high - self.low) / self.median if self.median else 0.0


def summary(times: Sequence[float]) -> Summary:
    """Every time counts; none is left out because it is slow."""
    array = np.asarray(times, dtype=np.float64)
    low, median, high = np.percentile(array, (25, 50, 75))
    return Summary(float(median), float(low), float(high), float(array.min()), len(array))


@dataclass(frozen=True)
class Ratio:
    """Torch's median divided by the other's: above 1, the other is faster.

    Attributes:
        value: the ratio.
        low, high: its 95 % interval; equal to it where one round says nothing about others.
    """

    value: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """``faster`` or ``slower`` where the interval says so, else ``even``."""
        return "faster" if self.low > 1 else "slower" if self.high < 1 else "even"


def _ratio_of_medians(reference: NDArray[Any], other: NDArray[Any], axis: int = -1) -> NDArray[Any]:
    found: NDArray[Any] = np.median(reference, axis=axis) / np.median(other, axis=axis)
    return found


def ratio(reference: Sequence[float], other: Sequence[float]) -> Ratio:
    """The ratio with a bootstrapped interval.  Rounds are drawn as pairs, because what disturbs one disturbs both.

    Args:
        reference: times of Torch, round by round.
        other: times of the other side in the same rounds.
    """
    rounds = min(len(reference), len(other))
    pair = (np.asarray(reference[:rounds], np.float64), np.asarray(other[:rounds], np.float64))
    value = float(_ratio_of_medians(*pair))
    if rounds < 2:
        return Ratio(value, value, value)
    found = bootstrap(
        pair,
        _ratio_of_medians,
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(0),  # the same interval whenever a report is made of the same times
    ).confidence_interval
    return Ratio(value, float(found.low), float(found.high))
