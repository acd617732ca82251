"""Whether a side computed what Torch did."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.methods import Subject
from benchmarks.methods.subject import Array
from parity.check.compare import Row, compare_group
from parity.check.job import load

Values = dict[str, dict[str, Array]]


def judge(
    subject: Subject, training: bool, reference: Path, other: Path, nudged: Sequence[Path] = ()
) -> dict[str, Any]:
    """Compare the values of two sides.

    Args:
        subject: the method.
        training: whether the phase is one of training.
        reference, other: files of values.
        nudged: files of Torch's values for weights that are changed as rounding would change them.  A gradient that
            is no further from Torch's than some times the furthest of these holds: rounding alone decides it, such as
            a ReLU whose argument is nearly zero (as in ``jack-parity check``).

    Returns:
        ``equal``; of the value that comes nearest to its tolerance (or passes it) its name ``worst``, ``difference``
        (the largest, as a share of the tensor's largest value) and ``tolerance``; ``compared``, how many values;
        ``only_gradients``, whether what differs are gradients alone; with ``nudged`` also ``by_rounding``, how many
        values hold for that reason, and of the worst of them ``rounding``, Torch's own difference.
    """
    limits = subject.training_limits if training else subject.inference_limits
    theirs, ours = load(reference), load(other)
    rows: list[Row] = compare_group("output", theirs.get("output", {}), ours.get("output", {}), limits)
    for kind in ("gradient", "norm"):
        expected = theirs.get(kind, {})
        largest = max((float(np.abs(array).max()) for array in expected.values() if array.size), default=0.0)
        floor = subject.gradient_floor * largest
        rows += compare_group("gradient", expected, ours.get(kind, {}), limits, floor)
    # A parameter whose gradient is but rounding moves by chance.
    norms = {name.removeprefix("norm of "): float(array[0]) for name, array in theirs.get("norm", {}).items()}
    least = subject.gradient_floor * max(norms.values(), default=0.0)
    sure = {f"move of {name}" for name, norm in norms.items() if norm > least}
    moves = [{name: array for name, array in side.get("move", {}).items() if name in sure} for side in (theirs, ours)]
    rows += compare_group("gradient", moves[0], moves[1], limits)
    if not rows:
        return {"equal": True, "worst": "", "difference": 0.0, "tolerance": "", "compared": 0}
    rows = _with_noise(rows, theirs, [load(path) for path in nudged])
    worst = max(rows, key=lambda row: (not row.holds, row.badness))
    told: dict[str, Any] = {"equal": all(row.holds for row in rows), "worst": worst.name}
    difference = worst.relative if math.isfinite(worst.relative) else None  # JSON has no NaN
    told |= {"difference": difference, "tolerance": str(worst.tolerance), "compared": len(rows)}
    told["only_gradients"] = {row.group for row in rows if not row.holds} == {"gradient"}
    if nudged:
        told["by_rounding"] = sum(row.jump for row in rows)
        told["rounding"] = worst.noise / worst.figures.largest if worst.figures.largest else None
    if worst.problem:
        told["problem"] = worst.problem
    return told


def _with_noise(rows: list[Row], theirs: Values, nudged: Sequence[Values]) -> list[Row]:
    """The rows of gradients with the furthest that nudged weights moved them."""
    furthest: dict[str, float] = {}
    for each in nudged:
        for kind in ("gradient", "norm"):
            for name, array in each.get(kind, {}).items():
                moved = float(np.abs(array - theirs[kind][name]).max()) if array.size else 0.0
                furthest[name] = max(furthest.get(name, 0.0), moved)
    return [
        replace(row, noise=furthest[row.name]) if row.group == "gradient" and row.name in furthest else row
        for row in rows
    ]
