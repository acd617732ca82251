"""Figures for two arrays that should be equal, and the judgement by a tolerance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from parity.check.job import Array


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes:
        group: ``output``, ``gradient``, ``buffer``.
        name: path of the output, name of the parameter.
        shape: Torch's shape.
        absolute: largest absolute difference; NaN when there is nothing to subtract.
        relative: the same divided by the largest absolute value on the Torch side.
        tolerance: what ``relative`` is held against.
        floor: an absolute difference up to this counts as equal, whatever the scale.
        problem: what is wrong beside the figures (shape, kind of number, missing, NaN), ``""`` when nothing.
    """

    group: str
    name: str
    shape: tuple[int, ...]
    absolute: float
    relative: float
    tolerance: float
    floor: float
    problem: str = ""

    @property
    def holds(self) -> bool:
        """Whether both sides agree."""
        return not self.problem and (self.relative <= self.tolerance or self.absolute <= self.floor)

    @property
    def badness(self) -> float:
        """For sorting, the worst first: how many times the tolerance."""
        if self.problem:
            return float("inf")
        if self.absolute <= self.floor and self.relative > self.tolerance:
            return 0.0  # a zero but for rounding
        return self.relative / self.tolerance if self.tolerance else float(self.relative > 0) * 1e30


def kind(array: Array) -> str:
    """``float``, ``int`` or ``bool``: widths may differ, kinds may not."""
    return {"f": "float", "i": "int", "u": "int", "b": "bool"}.get(array.dtype.kind, array.dtype.name)


def compare(group: str, name: str, torch: Array, jittor: Array | None, tolerance: float, floor: float = 0.0) -> Row:
    """Compare one pair; a 0-dimensional Torch tensor and a Jittor Var of shape [1] have the same shape.

    Non-finite values must stand at the same places and be the same; they are left out of the figures.
    """
    nan = float("nan")
    if jittor is None:
        return Row(group, name, torch.shape, nan, nan, tolerance, floor, "missing in Jittor")
    if (torch.shape or (1,)) != (jittor.shape or (1,)):
        problem = f"shape {torch.shape} in Torch, {jittor.shape} in Jittor"
        return Row(group, name, torch.shape, nan, nan, tolerance, floor, problem)
    problem = "" if kind(torch) == kind(jittor) else f"{torch.dtype} in Torch, {jittor.dtype} in Jittor"
    a = torch.astype(np.float64).reshape(-1)
    b = jittor.astype(np.float64).reshape(-1)
    finite = np.isfinite(a)
    same = (finite == np.isfinite(b)) & (finite | (a == b) | (np.isnan(a) & np.isnan(b)))
    if not same.all():
        problem = problem or f"{int((~same).sum())} values are infinite or NaN on one side only"
    both = finite & np.isfinite(b)
    if not both.any():
        return Row(group, name, torch.shape, 0.0, 0.0, tolerance, floor, problem)
    absolute = float(np.abs(a[both] - b[both]).max())
    scale = float(np.abs(a[both]).max())
    relative = absolute / scale if scale else (0.0 if absolute == 0 else float("inf"))
    return Row(group, name, torch.shape, absolute, relative, tolerance, floor, problem)


def compare_group(
    group: str, torch: Mapping[str, Array], jittor: Mapping[str, Array], tolerance: float, floor: float = 0.0
) -> list[Row]:
    """Compare all members of Torch's group, and report those that only Jittor has."""
    rows = [compare(group, name, array, jittor.get(name), tolerance, floor) for name, array in torch.items()]
    nan = float("nan")
    for name, array in jittor.items():
        if name not in torch:
            rows.append(Row(group, name, array.shape, nan, nan, tolerance, floor, "missing in Torch"))
    return rows
