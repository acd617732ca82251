"""A Torch program becomes a Jittor program; both are run, and the models are compared."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from jack.demo.shown import StepFailed, run

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "emotion.py"
MODEL_INPUT = "4x6x12x12"  # clips, frames, height, width
SOMETHING_LEFT = 1  # exit code of jack-convert where a person must decide something


def show_program(out: Console, goal: Path) -> None:
    """Convert, run both, compare.

    Args:
        out: where it is shown.
        goal: folder of the converted program.

    Raises:
        StepFailed: if a step does not come out as promised.
    """
    converted = goal / EXAMPLE.name
    example = os.path.relpath(EXAMPLE)
    out.print(Rule("1. A Torch program becomes a Jittor program"))
    run(out, ["jack-convert", "--diff", example], hidden=("--quiet",), allowed=(0, SOMETHING_LEFT))
    run(out, ["jack-convert", example, "-o", f"{goal}/"], hidden=("--force",))

    out.print(Rule("2. Both programs, each with its own framework"))
    out.print("Jittor compiles its core and each new operator once; the first run takes minutes, later ones seconds.")
    _side_by_side(out, {"Torch": EXAMPLE, "Jittor": converted})

    out.print(Rule("3. The same weights, the same clips: how close are they?"))
    run(out, ["jack-parity", "check", f"{example}:EmotionNet", "--input", MODEL_INPUT])
    out.print(f"The converted program and its helpers lie in {goal}/; they need Jittor and numpy, nothing of ours.")


def _side_by_side(out: Console, programs: dict[str, Path]) -> None:
    table = Table(box=None, pad_edge=False)
    sides = []
    for name, path in programs.items():
        began = time.monotonic()
        done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, errors="replace")
        if done.returncode:
            raise StepFailed(f"{path} ended with exit code {done.returncode}: {done.stderr[-2000:].strip()}")
        seconds = time.monotonic() - began
        table.add_column(f"{name} ({seconds:.0f} s)", style="green" if name == "Jittor" else None)
        sides.append(done.stdout.splitlines())
    for number in range(max(map(len, sides))):
        table.add_row(*(Text(lines[number]) if number < len(lines) else "" for lines in sides))
    out.print(table)
