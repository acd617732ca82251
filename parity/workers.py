"""Processes that answer question after question: a framework starts once, a crash or a hang is an answer.

Each line on the child's standard input is a question, each gives one line of JSON on its standard output; whatever
else the child prints goes to its log.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Question = dict[str, Any]
Answer = dict[str, Any]


class Worker:
    """The parent's end of such a process; it starts with the first question, and again after a failure.

    Args:
        module: what the child runs, as ``python -m module arguments...``; it calls :func:`serve`.
        arguments: of its command line.
        log: file that receives what the process prints.
    """

    def __init__(self, module: str, arguments: Sequence[str], log: Path) -> None:
        self.module = module
        self.arguments = tuple(arguments)
        self.log = log
        self.started = 0  # processes so far
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    def ask(self, question: Question, timeout: float) -> Answer:
        """One answer; ``error`` in it says what went wrong, a crash and a hang included.

        After an error the process is ended: what a half-built model leaves behind shall not meet the next one.
        """
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        process = self._process or self._start()
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write((json.dumps(question) + "\n").encode())
            process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], timeout)
            line = process.stdout.readline() if ready else b""
        except BrokenPipeError:
            ready, line = [process.stdout], b""
        except BaseException:
            self.close()  # or the answer to this question would be taken for that to the next one
            raise
        if not ready:
            self.close()
            return {"error": f"no end after {timeout:.0f} s"}
        try:
            answer: Answer = json.loads(line)
        except ValueError:
            status = process.wait()
            self.close()
            name = signal.Signals(-status).name if status < 0 else f"status {status}"
            return {"error": f"the process ended ({name})"}
        if "error" in answer:
            self.close()
        return answer

    def last_log(self) -> str:
        """What the process printed since the last question."""
        try:
            with self.log.open("rb") as stream:
                stream.seek(self._log_start)
                return stream.read().decode("utf-8", errors="replace")
        except OSError:
            return ""

    def _start(self) -> subprocess.Popen[bytes]:
        path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        with self.log.open("ab") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self.module, *self.arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                env={**os.environ, "PYTHONPATH": path, "PYTHONFAULTHANDLER": "1"},
                start_new_session=True,
            )
        self.started += 1
        return self._process

    def close(self) -> None:
        """End the process and what it started."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:  # a question that was never read
                    pass


def serve(answer: Callable[[Question], Answer]) -> None:
    """The child's end: answer until the input ends.  What ``answer`` raises becomes ``error`` and ``trace``."""
    import gc

    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        told: Answer = {}
        began = time.monotonic()
        try:
            told = answer(json.loads(line))
        except (Exception, SystemExit) as error:
            told = {"error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}
        gc.collect()
        told["seconds"] = time.monotonic() - began
        answers.write(json.dumps(told) + "\n")
        answers.flush()
