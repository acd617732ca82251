"""The one table of tolerances: what may differ, by class of operation and dtype.

An entry may differ by ``absolute + relative * |reference|``.  The proofs of the converter's rules, ``jack-parity
check``, ``assert_parity`` and ``assert_close`` take their limits from :data:`TABLE`; a case names a row
(``tolerance="conv"``).  ``docs/tolerances.md`` is made of it (``python -m parity.pages``).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tolerance:
    """An entry is near enough when |ours - reference| <= absolute + relative * |reference|, everywhere.

    With ``of_largest`` the reference's largest magnitude takes the place of each entry's own.
    """

    absolute: float = 0.0
    relative: float = 0.0
    of_largest: bool = False

    def allowed(self, magnitude: float, largest: float) -> float:
        """The difference that is near enough for one entry.

        Args:
            magnitude: of the reference's entry.
            largest: magnitude in the whole reference.
        """
        return self.absolute + self.relative * (largest if self.of_largest else magnitude)

    def __str__(self) -> str:
        share = f"{self.relative:.0e}" + (" of max" if self.of_largest else " rel")
        if not self.relative:
            return f"{self.absolute:.0e}" if self.absolute else "exact"
        return f"{self.absolute:.0e} + {share}" if self.absolute else share


EXACT = Tolerance()

# float64 values are held to this where a row allows more: nothing may fall back to float32 silently.
FLOAT64 = Tolerance(1e-9, 1e-9)
# A gradient that differs by less than this share of the largest gradient of the same model is a zero: it is what
# rounding leaves of a true zero, such as that of a bias before a normalisation.
GRADIENT_FLOOR = 1e-6


@dataclass(frozen=True, slots=True)
class Row:
    """One class of operations.

    Attributes:
        value: for float32 results and states.
        gradient: the same for gradients, which are sums over products and hence a little worse.
        reason: why this row exists.
        dtype: ``class`` (float, int, bool, complex must agree) or ``exact`` (float32 against float64 is a difference).
        only: ``""`` compares everything; ``shape`` compares shape and dtype; ``moments`` also mean and deviation
            of samples, within ``value``.
    """

    value: Tolerance
    gradient: Tolerance
    reason: str
    dtype: str = "class"
    only: str = ""

    def limit(self, dtype: str, gradient: bool = False) -> Tolerance:
        """What holds for results of a dtype.

        Args:
            dtype: its name, as numpy has it; of complex numbers that of their parts counts.
            gradient: of gradients instead of values.
        """
        allowed = self.gradient if gradient else self.value
        if dtype in ("float64", "complex128"):
            # Moments of samples are only measured in double precision.
            if self.only or (allowed.absolute <= FLOAT64.absolute and not allowed.of_largest):
                return allowed
            return Tolerance(0.0, FLOAT64.relative, True) if allowed.of_largest else FLOAT64
        if dtype in ("float16", "bfloat16") and not self.only and not allowed.of_largest:
            half = TABLE["half"].gradient if gradient else TABLE["half"].value
            narrower = allowed != EXACT and allowed.absolute < half.absolute
            return half if narrower else allowed
        if dtype.startswith(("float", "complex", "bfloat")):
            return allowed
        return EXACT  # whole numbers, booleans and texts do not round


def _row(
    value: tuple[float, float],
    gradient: tuple[float, float],
    reason: str,
    *,
    dtype: str = "class",
    only: str = "",
    of_largest: bool = False,
) -> Row:
    return Row(Tolerance(*value, of_largest), Tolerance(*gradient, of_largest), reason, dtype, only)


TABLE: dict[str, Row] = {
    "default": _row((1e-5, 1e-5), (2e-5, 2e-5), "a few float32 roundings (6e-8 each) of values up to 10"),
    "exact": _row((0.0, 0.0), (0.0, 0.0), "copies, indices, moves of data: no arithmetic, no rounding"),
    "dtype": _row((1e-5, 1e-5), (2e-5, 2e-5), "explicit casts must give the width asked for", dtype="exact"),
    "host": _row((1e-12, 1e-12), (0.0, 0.0), "Python floats (learning rates): both sides compute in double"),
    "sum": _row((5e-5, 2e-5), (5e-5, 2e-5), "long float32 sums in another order (-Ofast reassociates)"),
    "conv": _row((5e-5, 2e-5), (2e-4, 5e-5), "convolutions: hundreds of products, oneDNN 2.4 against 3.x"),
    "norm": _row((5e-5, 5e-5), (2e-4, 1e-4), "variances of few values: a division magnifies the rounding"),
    "special": _row((5e-5, 5e-5), (1e-4, 1e-4), "exp, log, gamma, erf: -Ofast uses vector approximations"),
    "recurrent": _row((5e-5, 5e-5), (2e-4, 1e-4), "rounding is carried from step to step"),
    "linalg": _row((2e-4, 2e-4), (2e-3, 1e-3), "decompositions: conditioned by the spectrum of the input"),
    "optimizer": _row((2e-5, 2e-5), (2e-5, 2e-5), "several steps, each divides by a square root"),
    "half": _row((2e-3, 2e-3), (1e-2, 1e-2), "float16 and bfloat16 keep 11 and 8 bits"),
    "model": _row(
        (0.0, 1e-4),
        (0.0, 1e-3),
        "a whole model: rounding passes through many layers, and only its size against the whole tensor means anything",
        of_largest=True,
    ),
    "module": _row(
        (0.0, 5e-5),
        (0.0, 1e-3),
        "one module's own code, on the same inputs and with the same results of the modules inside it",
        of_largest=True,
    ),
    "random": _row((0.0, 0.0), (0.0, 0.0), "the generators draw other numbers", only="shape"),
    "moments": _row((0.1, 0.1), (0.0, 0.0), "samples: mean and deviation of 10,000 draws", only="moments"),
}


def row(name: str) -> Row:
    """The row of a class of operations.

    Raises:
        KeyError: when the table has no such row; the message names those that there are.
    """
    if name not in TABLE:
        raise KeyError(f"tolerance {name!r} is no row of parity/tolerances.py; there are: {', '.join(sorted(TABLE))}")
    return TABLE[name]
