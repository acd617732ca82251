"""The page made of the table of tolerances: ``python -m parity.pages [--check]`` writes ``docs/tolerances.md``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from parity.tolerances import EXACT, GRADIENT_FLOOR, TABLE, Row, Tolerance

PATH = Path(__file__).parents[1] / "docs" / "tolerances.md"
_HEAD = """<!-- Made by `python -m parity.pages`; do not edit. -->

# Tolerances

One table says how far PyTorch and Jittor may be apart. The proofs of every conversion rule, `jack-parity check`,
`assert_parity` and `assert_close` take their limits from it. An element may differ by *absolute + relative* times its
value in PyTorch, \\|t\\|; in the class *model*, times the largest value of the same tensor, max \\|t\\|. Whole numbers,
booleans, texts, shapes and names of a state must be equal, and the kind of number (floating, whole, boolean, complex)
as well, in every class.

| class | float32 values | float32 gradients | float64 values | float64 gradients | float16, bfloat16 values | why |
|---|---|---|---|---|---|---|
"""
_TAIL = """
- float64 is held to a limit of its own in every class: nothing may fall back to float32 silently. A model counts as
  float64 when all its floating weights and inputs are.
- Gradients of float16 and bfloat16 follow the class *half* in the same way as their values.
- A gradient of a model that differs by less than {floor:g} of the model's largest gradient counts as zero: it is what
  rounding leaves of a true zero, such as that of a bias before a normalisation.
- The converter's rules name a class for each case; most name none, which is *default*. What was measured for each rule
  stands in [coverage](coverage.md).
"""


def _limit(tolerance: Tolerance) -> str:
    size = "max \\|t\\|" if tolerance.of_largest else "\\|t\\|"
    if tolerance == EXACT:
        return "equal"
    share = f"{tolerance.relative:.0e} {size}"
    return f"{tolerance.absolute:.0e} + {share}" if tolerance.absolute else share


def _cells(entry: Row) -> list[str]:
    if entry.only == "shape":
        return ["shape only", "not compared", "shape only", "not compared", "shape only"]
    cells = []
    for dtype in ("float32", "float64", "float16"):
        text = _limit(entry.limit(dtype))
        if entry.only == "moments":
            cells += [f"mean, deviation: {text}", "not compared"]
        else:
            cells += [text, _limit(entry.limit(dtype, gradient=True))]
    return cells[:5]


def tolerances() -> str:
    """The page, as Markdown."""
    lines = []
    for name, entry in TABLE.items():
        exact = " The dtype must be the same, not only its kind." if entry.dtype == "exact" else ""
        lines.append(f"| {name} | {' | '.join(_cells(entry))} | {entry.reason}.{exact} |\n")
    return _HEAD + "".join(lines) + _TAIL.format(floor=GRADIENT_FLOOR)


def main(arguments: list[str], path: Path = PATH) -> int:
    """Write the page, or with ``--check`` say (status 1) that it is not current."""
    text = tolerances()
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return 0
    if "--check" in arguments:
        print(f"{path} is not current (run: python -m parity.pages)", file=sys.stderr)
        return 1
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
