"""The comparisons of a check: which tolerance holds for each array, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from parity.arrays import Array
from parity.figures import Figures, figures, incomparable, kind
from parity.tolerances import EXACT, Tolerance
from parity.tolerances import Row as Class

JUMP_MARGIN = 2.0  # a gradient may differ by so many times what a change of everything by 1e-7 does to it in Torch
_WIDTHS = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8}


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes:
        group: ``output``, ``gradient``, ``buffer``.
        name: path of the output, name of the parameter.
        shape: Torch's shape.
        figures: how far both sides are apart.
        tolerance: what they are held against.
        floor: an absolute difference up to this counts as equal, whatever the scale.
        noise: how far rounding alone moves a gradient (or an output), where that was measured (``parity.check.jumps``).
    """

    group: str
    name: str
    shape: tuple[int, ...]
    figures: Figures
    tolerance: Tolerance
    floor: float = 0.0
    noise: float = 0.0

    @property
    def problem(self) -> str:
        """What is wrong beside the figures (shape, kind of number, missing, NaN), ``""`` when nothing."""
        return self.figures.problem

    @property
    def absolute(self) -> float:
        """The largest absolute difference; NaN when there is nothing to subtract."""
        return self.figures.max_abs if math.isfinite(self.figures.max_abs) else math.nan

    @property
    def relative(self) -> float:
        """The same, as a share of the largest magnitude on the Torch side."""
        if not self.figures.largest:
            return math.inf if self.absolute > 0 else self.absolute
        return self.absolute / self.figures.largest

    @property
    def zero(self) -> bool:
        """Whether it is equal only because both sides are zeros but for rounding."""
        return not self.figures.ok and not self.problem and self.absolute <= self.floor

    @property
    def jump(self) -> bool:
        """Whether it differs by no more than what rounding alone decides about in Torch."""
        differs = not self.figures.ok and not self.problem and not self.zero
        return differs and self.absolute <= JUMP_MARGIN * self.noise

    @property
    def holds(self) -> bool:
        """Whether both sides agree."""
        return self.figures.ok or self.zero or self.jump

    @property
    def badness(self) -> float:
        """For sorting, the worst first: the largest share of the tolerance that is used."""
        return 0.0 if self.zero else self.figures.used


def compare(
    group: str,
    name: str,
    torch: Array,
    jittor: Array | None,
    tolerance: Tolerance,
    floor: float = 0.0,
    words: tuple[str, str] = ("in Torch", "in Jittor"),
) -> Row:
    """Compare one pair; what counts as equal is said by :func:`parity.figures.figures`.

    Args:
        tolerance: for floating values; whole numbers and booleans must be equal.
        floor: see :class:`Row`.
        words: how problems call the two sides.
    """
    if jittor is None:
        return Row(group, name, torch.shape, incomparable(f"missing {words[1]}"), tolerance, floor)
    limit = tolerance if kind(torch) in ("float", "complex") else EXACT
    if (torch.shape or (1,)) != (jittor.shape or (1,)):
        found = incomparable(f"shape {torch.shape} {words[0]}, {jittor.shape} {words[1]}")
    elif kind(torch) != kind(jittor):
        found = incomparable(f"{torch.dtype} {words[0]}, {jittor.dtype} {words[1]}")
    else:
        found = figures(jittor, torch, limit)
    return Row(group, name, torch.shape, found, limit, floor)


def compare_group(
    group: str, torch: Mapping[str, Array], jittor: Mapping[str, Array], limits: Limits, floor: float = 0.0
) -> list[Row]:
    """Compare all members of Torch's group, and report those that only Jittor has."""
    rows = [compare(group, n, a, jittor.get(n), limits.of(group, str(a.dtype)), floor) for n, a in torch.items()]
    for name, array in jittor.items():
        if name not in torch:
            rows.append(Row(group, name, array.shape, incomparable("missing in Torch"), EXACT, floor))
    return rows


@dataclass(frozen=True)
class Limits:
    """The tolerance of each array.

    Attributes:
        row: of the table.
        value, gradient: the largest difference as a share of the largest value of the same tensor, in place of what
            the row says; None leaves it to the row.
        computed: name of the floating dtype that everything was computed in; "" when nothing says it.
    """

    row: Class
    value: float | None = None
    gradient: float | None = None
    computed: str = ""

    def of(self, group: str, dtype: str) -> Tolerance:
        """What holds for an array of a group, ``output``, ``gradient`` or ``buffer``."""
        given = self.gradient if group == "gradient" else self.value
        if given is not None:
            return Tolerance(relative=given, of_largest=True)
        # A float64 that was computed from float32 is no more exact than that.
        narrowest = min((dtype, self.computed or dtype), key=lambda name: _WIDTHS.get(name, 99))
        return self.row.limit(narrowest if dtype in _WIDTHS else dtype, gradient=group == "gradient")


def narrowest(arrays: Iterable[Array]) -> str:
    """The floating dtype of the fewest bits among arrays; "" when none is floating."""
    found = [str(array.dtype) for array in arrays if str(array.dtype) in _WIDTHS]
    return min(found, key=_WIDTHS.__getitem__, default="")
