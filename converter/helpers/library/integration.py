"""Integrals of sampled functions."""

from __future__ import annotations

from typing import Any

import jittor as jt

from converter.helpers.library.reductions import sum_of


def trapezoid(y: Any, x: Any = None, *, dx: Any = 1.0, dim: int = -1) -> Any:
    """The integral along a dimension by the trapezoidal rule; ``x`` has the shape of ``y`` or one dimension."""
    dim %= y.ndim
    before = (slice(None),) * dim
    if x is None:
        return (sum_of(y, dim) - (y[(*before, 0)] + y[(*before, -1)]) * 0.5) * dx
    means = (y[(*before, slice(1, None))] + y[(*before, slice(None, -1))]) / 2
    along = dim if x.ndim == y.ndim else x.ndim - 1
    start = (slice(None),) * along
    steps = x[(*start, slice(1, None))] - x[(*start, slice(None, -1))]
    if isinstance(steps, jt.Var) and steps.ndim == 1:
        steps = steps.reshape([-1] + [1] * (y.ndim - dim - 1))
    return sum_of(means * steps, dim)
