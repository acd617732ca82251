"""``make demo``: convert a Torch program, show what changed, run both programs, prove the model equal.

Only the commands that a user has are called.  Everything is written to ``demo-output`` in the current folder.
"""

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

from jack.runtime import prepare

EXAMPLE = Path(__file__).resolve().parent.parent / "docs" / "examples" / "emotion.py"
MODEL_INPUT = "4x6x12x12"  # clips, frames, height, width


def _console() -> Console:
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=140)


def _tool(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def _shown(out: Console, words: str, command: list[str]) -> int:
    """Run a command whose output is for the reader; returns its exit status."""
    out.print(Text(f"$ {words}", style="bold cyan"), soft_wrap=True)
    sys.stdout.flush()
    return subprocess.run(command).returncode


def _program(path: Path) -> tuple[int, list[str], str, float]:
    """Exit status, lines, standard error and seconds of a program, run as its own process."""
    began = time.monotonic()
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, errors="replace")
    return done.returncode, done.stdout.splitlines(), done.stderr, time.monotonic() - began


def main() -> int:
    """Run the demonstration; 0 when every step came out as promised."""
    out = _console()
    goal = Path("demo-output")
    goal.mkdir(exist_ok=True)
    converted = goal / EXAMPLE.name
    prepare()  # the children inherit the environment
    os.environ["PYTHONUNBUFFERED"] = "1"

    out.print(Rule("1. A Torch program becomes a Jittor program"))
    example = os.path.relpath(EXAMPLE)
    if not EXAMPLE.is_file():
        out.print(f"{EXAMPLE} is not there: run the demonstration in a clone of the repository")
        return 2
    _shown(out, f"jack-convert --diff {example}", _tool("converter.cli", "--diff", "--quiet", example))
    words = f"jack-convert {example} -o {goal}/"
    status = _shown(out, words, _tool("converter.cli", example, "-o", f"{goal}/", "--force"))
    if status == 2 or not converted.is_file():
        out.print(Text("the conversion failed", style="bold red"))
        return 1

    out.print(Rule("2. Both programs, each with its own framework"))
    out.print("Jittor compiles its core and each new operator once; the first run takes minutes, later ones seconds.")
    results = {"Torch": _program(EXAMPLE), "Jittor": _program(converted)}
    table = Table(box=None, pad_edge=False)
    for name, (_, _, _, seconds) in results.items():
        table.add_column(f"{name} ({seconds:.0f} s)", style="green" if name == "Jittor" else None)
    sides = [lines for _, lines, _, _ in results.values()]
    for number in range(max(map(len, sides))):
        table.add_row(*(Text(lines[number]) if number < len(lines) else "" for lines in sides))
    out.print(table)
    for name, (code, _, errors, _) in results.items():
        if code != 0:
            out.print(Text(f"{name} ended with status {code}:\n{errors[-2000:]}", style="bold red"))

    out.print(Rule("3. The same weights, the same clips: how close are they?"))
    target = f"{example}:EmotionNet"
    words = f"jack-parity check {target} --input {MODEL_INPUT}"
    equal = _shown(out, words, _tool("parity.cli", "check", target, "--input", MODEL_INPUT))
    out.print(f"The converted program and its helpers lie in {goal}/; they need Jittor and numpy, nothing of ours.")
    return 0 if status == 0 and equal == 0 and all(code == 0 for code, _, _, _ in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
