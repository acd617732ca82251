"""How far two arrays are apart, and whether that is near enough."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parity.arrays import Array


@dataclass(frozen=True)
class Tolerance:
    """An entry is near enough when |ours - reference| <= absolute + relative * |reference|, everywhere.

    With ``of_largest`` the reference's largest magnitude takes the place of each entry's own.
    """

    absolute: float = 0.0
    relative: float = 0.0
    of_largest: bool = False

    def __str__(self) -> str:
        share = f"{self.relative:.0e}" + (" of max" if self.of_largest else " rel")
        if not self.relative:
            return f"{self.absolute:.0e}" if self.absolute else "exact"
        return f"{self.absolute:.0e} + {share}" if self.absolute else share


@dataclass(frozen=True)
class Difference:
    """The outcome of one comparison.

    Attributes:
        max_abs: largest absolute difference; infinite when the arrays cannot be compared.
        max_rel: largest |difference| / |reference| over entries whose reference is not 0.
        ok: within the tolerance.
        note: why not, where the figures do not say it.
    """

    max_abs: float
    max_rel: float
    ok: bool
    note: str = ""


EXACT = Tolerance()


def compare(ours: Array, reference: Array, tolerance: Tolerance = EXACT) -> Difference:
    """Compare two arrays.

    NaN equals NaN and an infinity itself; the shapes () and (1,) are equal; texts must be the same.
    """
    ours, reference = np.asarray(ours), np.asarray(reference)
    if _shape(ours) != _shape(reference):
        return Difference(np.inf, np.inf, False, f"shape {ours.shape}, expected {reference.shape}")
    if reference.dtype.kind in "US" or ours.dtype.kind in "US":
        same = bool(np.array_equal(ours, reference))
        return Difference(0.0 if same else np.inf, 0.0 if same else np.inf, same, "" if same else "text differs")
    if _class(ours) != _class(reference):
        return Difference(np.inf, np.inf, False, f"dtype {ours.dtype}, expected {reference.dtype}")
    if not reference.size:
        return Difference(0.0, 0.0, True)

    x, y = ours.astype(np.float64).reshape(-1), reference.astype(np.float64).reshape(-1)
    finite = np.isfinite(x) & np.isfinite(y)
    alike = finite | (np.isnan(x) & np.isnan(y)) | (x == y)
    if not alike.all():
        where = int(np.flatnonzero(~alike)[0])
        return Difference(np.inf, np.inf, False, f"{x[where]:g}, expected {y[where]:g} at flat index {where}")
    gap, size = np.abs(x[finite] - y[finite]), np.abs(y[finite])
    if not gap.size:
        return Difference(0.0, 0.0, True)
    relative = gap[size > 0] / size[size > 0]
    scale = size.max() if tolerance.of_largest else size
    ok = bool((gap <= tolerance.absolute + tolerance.relative * scale).all())
    return Difference(float(gap.max()), float(relative.max(initial=0.0)), ok)


def _shape(array: Array) -> tuple[int, ...]:
    # Jittor has no scalars: what has the shape () in Torch has (1,) there.
    return array.shape or (1,)


def _class(array: Array) -> str:
    return {"u": "i"}.get(array.dtype.kind, array.dtype.kind)
