"""``python -m jack.demo``: only the commands that a user has are called; everything is written to ``demo-output``."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from rich.text import Text

from jack.demo.method import real_clip, show_method
from jack.demo.program import EXAMPLE, show_program
from jack.demo.shown import StepFailed, make_console
from jack.errors import DatasetError
from jack.runtime import prepare

GOAL = Path("demo-output")


def main() -> int:
    """Run the demonstration.

    Returns:
        0 when every step came out as promised, 1 when one did not, 2 when it cannot begin.
    """
    out = make_console()
    began = time.monotonic()
    if not EXAMPLE.is_file():
        out.print(f"{EXAMPLE} is not there: run the demonstration in a clone of the repository")
        return 2
    try:
        real_clip()  # what is missing at the end is told at the beginning
    except StepFailed as failure:
        out.print(str(failure))
        return 2
    prepare()  # the children inherit the environment
    os.environ["PYTHONUNBUFFERED"] = "1"
    try:
        GOAL.mkdir(exist_ok=True)
        show_program(out, GOAL)
        picture = show_method(out, GOAL)
    except (StepFailed, DatasetError, OSError) as failure:
        out.print(Text(f"demo: {failure}", style="bold red"), soft_wrap=True)
        return 1
    minutes, seconds = divmod(round(time.monotonic() - began), 60)
    out.print(Text(f"Done in {minutes} min {seconds} s. The picture: {picture}", style="bold green"), soft_wrap=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
