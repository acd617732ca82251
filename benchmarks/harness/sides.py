"""The parent's end of the processes that take turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from typing import Any, TextIO

from benchmarks.harness.cells import JITTOR_SIDES, Cell
from benchmarks.harness.worker import ENVIRONMENT

IMPORTANT = ("Error", "error:", "Killed", "memory")


class SideFailed(Exception):
    """A side's process ended, or did not answer in time; one line that says why."""


class Side:
    """One process; ended when the block of :func:`side` is left."""

    def __init__(self, name: str, process: subprocess.Popen[str], answers: TextIO, log: Path) -> None:
        self.name, self.process, self.answers, self.log = name, process, answers, log

    def read(self, limit: float) -> dict[str, Any]:
        """The next answer.

        Args:
            limit: seconds to wait for it.

        Raises:
            SideFailed: if there is none, or it says that this side cannot do its work.
        """
        if not select([self.answers], [], [], limit)[0]:
            raise SideFailed(f"no answer within {limit:.0f} s (--limit)")
        line = self.answers.readline()
        if not line:
            raise SideFailed(self._last_words())
        answer: dict[str, Any] = json.loads(line)
        if "problem" in answer:
            raise SideFailed(answer["problem"])
        return answer

    def ask(self, line: str, limit: float) -> dict[str, Any]:
        """Send a line; its answer."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(f"{line}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended: reading tells why
        return self.read(limit)

    def _last_words(self) -> str:
        code = self.process.wait()
        lines = [line.strip() for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        telling = [line for line in lines if any(word in line for word in IMPORTANT) and not line.startswith("File ")]
        said = (telling or lines or ["it said nothing"])[-1]
        killed = f"killed by signal {-code}" if code < 0 else f"exit status {code}"
        return f"{said[:300]} ({killed})"


@contextmanager
def side(name: str, cell: Cell, device: str, threads: int, folder: Path, data: Path) -> Iterator[Side]:
    """Start the process of one side; its output goes to ``NAME.log`` in the folder, data sets lie in ``data``."""
    reader, writer = os.pipe()
    job: dict[str, Any] = {
        "side": name,
        "framework": "jittor" if name in JITTOR_SIDES else "torch",
        "method": cell.method,
    }
    job |= {"phase": cell.phase, "batch": cell.batch, "length": cell.length}
    job |= {"device": device, "threads": threads, "answers": writer}
    job["folder"] = str(data if cell.phase == "data" else folder)
    environment = {**os.environ, **dict.fromkeys(ENVIRONMENT, str(threads))}
    if device == "cpu":
        environment.setdefault("nvcc_path", "")  # Jittor then does not look for CUDA
    log = folder / f"{name}.log"
    with log.open("w") as stream, os.fdopen(reader) as answers:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.harness.worker", json.dumps(job)],
            stdin=subprocess.PIPE,
            stdout=stream,
            stderr=stream,
            text=True,
            pass_fds=[writer],
            env=environment,
        )
        os.close(writer)
        try:
            yield Side(name, process, answers, log)
        finally:
            process.kill()
            process.wait()
