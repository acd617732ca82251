"""Gradients that jump: a ReLU whose argument is nearly 0, or two nearly equal members of a pooling window.

There rounding alone decides, in either framework.  How much it may decide is measured in Torch: inputs and weights are
changed by 1e-7 of their values some times, and the largest change of each gradient is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from parity.check.compare import Row
from parity.check.job import load

PASSES = 24


def only_gradients_differ(rows: Sequence[Row]) -> bool:
    """Whether there is something that a jump could explain, and nothing that it could not."""
    return {row.group for row in rows if not row.holds} == {"gradient"}


def with_noise(rows: Sequence[Row], folder: Path) -> list[Row]:
    """The rows of gradients with what rounding alone does to them, if a Torch side has measured it."""
    path = folder / "noise.npz"
    noise = load(path)["gradients"] if path.exists() else {}
    return [
        replace(row, noise=float(noise[row.name].item())) if row.group == "gradient" and row.name in noise else row
        for row in rows
    ]
