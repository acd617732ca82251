"""How far two arrays are apart, in every figure that a reader may ask for, and whether that is near enough."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parity.arrays import Array
from parity.tolerances import EXACT, Tolerance

_BITS: dict[int, Any] = {2: np.uint16, 4: np.uint32, 8: np.uint64}


@dataclass(frozen=True)
class Figures:
    """The outcome of one comparison.

    Attributes:
        max_abs: largest absolute difference; infinite when the arrays cannot be compared.
        max_rel: largest |difference| / |reference| over entries whose reference is not 0.
        max_ulp: largest number of steps from one number of the reference's dtype to the next that lie between two
            entries; NaN for what is not floating.
        cosine: of the angle between both arrays as vectors: 1 when they only differ in length; NaN when they cannot
            be compared.
        outside: share of the entries that differ by more than the tolerance, 0 to 1.
        ok: no entry does, and shapes, kinds of numbers and what is not finite agree.
        problem: why not, where the figures do not say it.
        used: the largest share of its tolerance that an entry uses: more than 1 is too much; infinite when there is
            no tolerance and any difference.
        at: flat index of that entry; -1 when there is none.
        largest: largest finite magnitude of the reference.
    """

    max_abs: float
    max_rel: float
    max_ulp: float
    cosine: float
    outside: float
    ok: bool
    problem: str = ""
    used: float = 0.0
    at: int = -1
    largest: float = 0.0


def figures(ours: Array, reference: Array, tolerance: Tolerance = EXACT) -> Figures:
    """Compare two arrays.

    NaN equals NaN and an infinity itself; the shapes () and (1,) are equal, because Jittor has no scalars; texts must
    be the same; widths of numbers may differ, kinds (floating, whole, boolean, complex) may not.
    """
    ours, reference = np.asarray(ours), np.asarray(reference)
    if (ours.shape or (1,)) != (reference.shape or (1,)):
        return incomparable(f"shape {ours.shape}, expected {reference.shape}")
    if reference.dtype.kind in "US" or ours.dtype.kind in "US":
        same = bool(np.array_equal(ours, reference))
        return _equal() if same else incomparable("text differs")
    if kind(ours) != kind(reference):
        return incomparable(f"dtype {ours.dtype}, expected {reference.dtype}")
    if not reference.size:
        return _equal()
    wide = np.complex128 if kind(reference) == "complex" else np.float64
    x, y = ours.astype(wide).reshape(-1), reference.astype(wide).reshape(-1)
    finite = np.isfinite(x) & np.isfinite(y)
    with np.errstate(invalid="ignore"):
        alike = finite | (np.isnan(x) & np.isnan(y)) | (x == y)
    a, b = x[finite], y[finite]
    with np.errstate(over="ignore"):  # a difference that is too large for a float is infinite
        gap, size = np.abs(a - b), np.abs(b)
        largest = float(size.max(initial=0.0))
        scale = np.full_like(size, largest) if tolerance.of_largest else size
        allowed = tolerance.absolute + tolerance.relative * scale
        shares = np.divide(gap, allowed, out=np.where(gap > 0, np.inf, 0.0), where=allowed > 0)
    too_far = int((gap > allowed).sum()) + int((~alike).sum())
    worst = int(shares.argmax()) if shares.size else -1
    measured = Figures(
        max_abs=float(gap.max(initial=0.0)),
        max_rel=float((gap[size > 0] / size[size > 0]).max(initial=0.0)),
        max_ulp=_ulps(ours, reference, finite),
        cosine=_cosine(a, b),
        outside=too_far / reference.size,
        ok=not too_far,
        used=float(shares[worst]) if shares.size else 0.0,
        at=int(np.flatnonzero(finite)[worst]) if shares.size else -1,
        largest=largest,
    )
    if alike.all():
        return measured
    where = int(np.flatnonzero(~alike)[0])
    problem = f"{x[where]:g}, expected {y[where]:g} at flat index {where}"
    return Figures(
        math.inf, math.inf, math.inf, measured.cosine, measured.outside, False, problem, math.inf, where, largest
    )


def incomparable(problem: str) -> Figures:
    """What is said of arrays that cannot be compared, and of one that is not there."""
    return Figures(math.inf, math.inf, math.inf, math.nan, 1.0, False, problem, math.inf)


def kind(array: Array) -> str:
    """``float``, ``complex``, ``int`` or ``bool``, or the dtype's name where it is none of these."""
    if array.dtype.name == "bfloat16":  # a dtype of its own, not numpy's
        return "float"
    named = {"f": "float", "c": "complex", "i": "int", "u": "int", "b": "bool"}
    return named.get(array.dtype.kind, array.dtype.name)


def _equal() -> Figures:
    return Figures(0.0, 0.0, 0.0, 1.0, 0.0, True)


def _cosine(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Of vectors of finite numbers; scaled, so that squares neither overflow nor vanish."""
    longest = [float(np.abs(v).max(initial=0.0)) for v in (a, b)]
    if 0.0 in longest:
        return 1.0 if longest[0] == longest[1] else 0.0
    a, b = a / longest[0], b / longest[1]
    return float(np.vdot(a, b).real / (np.linalg.norm(a) * np.linalg.norm(b)))


def _ulps(ours: Array, reference: Array, finite: NDArray[np.bool_]) -> float:
    """Steps between neighbouring numbers of the reference's dtype; both parts of a complex number count."""
    name = kind(reference)
    if name not in ("float", "complex"):
        return math.nan
    with np.errstate(over="ignore"):
        pair = [np.ascontiguousarray(v.reshape(-1)[finite].astype(reference.dtype)) for v in (ours, reference)]
    if name == "complex":
        pair = [v.view(f"f{v.dtype.itemsize // 2}") for v in pair]
    unsigned = _BITS.get(pair[0].dtype.itemsize)
    if unsigned is None:
        return math.nan  # long double has no whole number of its width
    sign = unsigned(1 << (8 * pair[0].dtype.itemsize - 1))
    a, b = (v.view(unsigned) for v in pair)
    steps_a, steps_b = a & ~sign, b & ~sign  # how many numbers lie between zero and the entry
    same_side = (a & sign) == (b & sign)
    apart = np.maximum(steps_a, steps_b) - np.minimum(steps_a, steps_b)
    return float(np.where(same_side, apart, steps_a + steps_b).max(initial=0))
