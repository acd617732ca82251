"""Run one side of a comparison in a process of its own, so that its crash or hang is a result and not the end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """How a process ended.

    Attributes:
        ok: it ended by itself with status 0.
        reason: one line that says how it ended otherwise; empty if ok.
        log: the file with everything it printed.
        seconds: how long it ran.
    """

    ok: bool
    reason: str
    log: Path
    seconds: float

    def tail(self, lines: int = 25) -> str:
        """The last lines of the log."""
        try:
            text = self.log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])


def run_python(
    module: str, arguments: Sequence[str], log: Path, timeout: float, environment: Mapping[str, str] | None = None
) -> Outcome:
    """Run ``python -m module arguments...`` with its output in a log, for at most ``timeout`` seconds.

    The process gets a process group of its own and whatever is left of the group at the end is killed with it:
    Jittor compiles in child processes.  Modules are searched where this process finds them.
    """
    started = time.monotonic()
    path = os.pathsep.join(p or os.getcwd() for p in sys.path)
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": path, "PYTHONFAULTHANDLER": "1", **(environment or {})},
            start_new_session=True,
        )
        try:
            reason = _ending(process.wait(timeout))
        except subprocess.TimeoutExpired:
            reason = f"no end after {timeout:g} s: stopped"
        finally:
            _end_group(process)
    return Outcome(not reason, reason, log, time.monotonic() - started)


def _ending(status: int) -> str:
    if status == 0:
        return ""
    if status > 0:
        return f"ended with status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = str(-status)
    hint = " (out of memory?)" if name == "SIGKILL" else ""
    return f"killed by {name}{hint}"


def _end_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()
