"""Gradients that jump: a ReLU whose argument is nearly 0, or two nearly equal members of a pooling window.

There rounding alone decides, in either framework.  How much it may decide is measured in Torch: inputs and weights are
changed by 1e-7 of their values some times, and the largest change of each gradient, output and buffer is kept.

Outputs and buffers are excused only where a caller asks for it, and only up to a small share of their size: a hundred
layers with batch norm in training mode enlarge rounding beyond any tolerance that could tell errors from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from parity.check.compare import Row
from parity.check.job import load

PASSES = 24
OUTPUT_CAP = 1e-2  # of the largest value of an output or buffer: more than that is never put down to rounding


def only_gradients_differ(rows: Sequence[Row]) -> bool:
    """Whether there is something that a jump could explain, and nothing that it could not."""
    return {row.group for row in rows if not row.holds} == {"gradient"}


def rounding_may_explain(rows: Sequence[Row]) -> bool:
    """The same where outputs and buffers may be excused too, if they are nearly equal."""
    bad = [row for row in rows if not row.holds]
    return bool(bad) and all(row.group == "gradient" or _slightly_off(row) for row in bad)


def _slightly_off(row: Row) -> bool:
    return row.group in ("output", "buffer") and not row.problem and row.relative <= OUTPUT_CAP


def with_noise(rows: Sequence[Row], folder: Path, outputs: bool = False) -> list[Row]:
    """The rows of gradients with what rounding alone does to them, if a Torch side has measured it.

    Args:
        outputs: those of outputs and buffers too.
    """
    path = folder / "noise.npz"
    noise = load(path) if path.exists() else {}
    groups = {
        group: noise.get(f"{group}s", {})
        for group in ("gradient", "output", "buffer")
        if outputs or group == "gradient"
    }
    return [
        replace(row, noise=float(groups[row.group][row.name].item())) if row.name in groups.get(row.group, {}) else row
        for row in rows
    ]
