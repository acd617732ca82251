"""How far two arrays are apart, and whether that is near enough: the two figures that tables show."""

from __future__ import annotations

from dataclasses import dataclass

from parity.arrays import Array
from parity.figures import figures
from parity.tolerances import EXACT, Tolerance

__all__ = ["EXACT", "Difference", "Tolerance", "compare"]


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


def compare(ours: Array, reference: Array, tolerance: Tolerance = EXACT) -> Difference:
    """Compare two arrays; what counts as equal is said by :func:`parity.figures.figures`."""
    found = figures(ours, reference, tolerance)
    return Difference(found.max_abs, found.max_rel, found.ok, found.problem)
