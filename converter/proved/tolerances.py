"""The one table of tolerances: ``|torch - jittor| <= absolute + relative * |torch|``, element by element.

A case names a row (``tolerance="conv"``); the default row is for everything that is not said to be worse.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far values and gradients may be apart, and how dtypes are compared.

    Attributes:
        value: (absolute, relative) for float32 outputs and states.
        gradient: the same for gradients, which are sums over products and hence a little worse.
        dtype: ``class`` (float, int, bool) or ``exact`` (float32 against float64 is a difference).
        only: ``""`` compares everything; ``shape`` compares shape and dtype; ``moments`` also mean and deviation
            of samples, within ``value``.
        reason: why this row exists.
    """

    value: tuple[float, float]
    gradient: tuple[float, float]
    dtype: str = "class"
    only: str = ""
    reason: str = ""


TABLE: dict[str, Tolerance] = {
    "default": Tolerance((1e-5, 1e-5), (2e-5, 2e-5), reason="a few float32 roundings (6e-8 each) of values up to 10"),
    "exact": Tolerance((0.0, 0.0), (0.0, 0.0), reason="copies, indices, moves of data: no arithmetic, no rounding"),
    "dtype": Tolerance(
        (1e-5, 1e-5), (2e-5, 2e-5), dtype="exact", reason="explicit casts must give the width asked for"
    ),
    "host": Tolerance(
        (1e-12, 1e-12), (0.0, 0.0), reason="Python floats (learning rates): both sides compute in double"
    ),
    "sum": Tolerance((5e-5, 2e-5), (5e-5, 2e-5), reason="long float32 sums in another order (-Ofast reassociates)"),
    "conv": Tolerance((5e-5, 2e-5), (2e-4, 5e-5), reason="convolutions: hundreds of products, oneDNN 2.4 against 3.x"),
    "norm": Tolerance((5e-5, 5e-5), (2e-4, 1e-4), reason="variances of few values: a division magnifies the rounding"),
    "special": Tolerance((5e-5, 5e-5), (1e-4, 1e-4), reason="exp, log, gamma, erf: -Ofast uses vector approximations"),
    "recurrent": Tolerance((5e-5, 5e-5), (2e-4, 1e-4), reason="rounding is carried from step to step"),
    "linalg": Tolerance((2e-4, 2e-4), (2e-3, 1e-3), reason="decompositions: conditioned by the spectrum of the input"),
    "optimizer": Tolerance((2e-5, 2e-5), (2e-5, 2e-5), reason="several steps, each divides by a square root"),
    "half": Tolerance((2e-3, 2e-3), (1e-2, 1e-2), reason="float16 and bfloat16 keep 11 and 8 bits"),
    "random": Tolerance((0.0, 0.0), (0.0, 0.0), only="shape", reason="the generators draw other numbers"),
    "moments": Tolerance((0.1, 0.1), (0.0, 0.0), only="moments", reason="samples: mean and deviation of 10,000 draws"),
}

# float64 values are compared with these where the row allows more: Jittor must not fall back to float32 silently.
FLOAT64 = (1e-9, 1e-9)


def row(name: str) -> Tolerance:
    """The row of a case.

    Raises:
        KeyError: when the table has no such row.
    """
    if name not in TABLE:
        raise KeyError(f"tolerance {name!r} is no row of converter/proved/tolerances.py: {sorted(TABLE)}")
    return TABLE[name]
