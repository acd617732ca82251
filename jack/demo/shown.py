"""Steps that a reader can repeat: each shows the command that a user would type, then what it prints."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

from rich.console import Console
from rich.text import Text

TOOLS = {"jack": "jack.cli", "jack-convert": "converter.cli", "jack-parity": "parity.cli"}
# What Jittor notes at its start (compilers, paths, memory); warnings and errors begin with other letters.
NOTE = re.compile(rb"(\x1b\[[0-9;]*m)?\[i \d{4} ")


class StepFailed(Exception):
    """A step did not come out as promised; one line."""


def make_console() -> Console:
    """Where the demonstration is shown."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=140)


def run(out: Console, words: list[str], hidden: tuple[str, ...] = (), allowed: tuple[int, ...] = (0,)) -> int:
    """Show a command, and run it; what it prints is for the reader.

    Args:
        out: where.
        words: of the command, such as ``["jack", "train", "vaanet"]``; the first is one of our tools.
        hidden: further words that are of no interest.
        allowed: exit codes that are no failure.

    Returns:
        its exit code.

    Raises:
        StepFailed: for any other code.
    """
    text = shlex.join(words)
    out.print(Text(f"$ {text}", style="bold cyan"), soft_wrap=True)
    sys.stdout.flush()
    command = [sys.executable, "-m", TOOLS[words[0]], *words[1:], *hidden]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if not NOTE.match(line):
                sys.stderr.buffer.write(line)
                sys.stderr.buffer.flush()
    if process.returncode not in allowed:
        raise StepFailed(f"this step ended with exit code {process.returncode}: {text}")
    return process.returncode
