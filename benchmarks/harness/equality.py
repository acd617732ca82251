"""Whether a side computed what Torch did."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.methods import Subject
from parity.check.compare import Row, compare_group
from parity.check.job import load


def judge(subject: Subject, training: bool, reference: Path, other: Path) -> dict[str, Any]:
    """Compare the values of two sides.

    Returns:
        ``equal``; of the value that comes nearest to its tolerance (or passes it) its name ``worst``, ``difference``
        (the largest, as a share of the tensor's largest value) and ``tolerance``; ``compared``, how many values.
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
    worst = max(rows, key=lambda row: (not row.holds, row.badness))
    told: dict[str, Any] = {"equal": all(row.holds for row in rows), "worst": worst.name}
    difference = worst.relative if math.isfinite(worst.relative) else None  # JSON has no NaN
    told |= {"difference": difference, "tolerance": str(worst.tolerance), "compared": len(rows)}
    if worst.problem:
        told["problem"] = worst.problem
    return told
