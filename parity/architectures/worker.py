"""A process of one framework that runs architecture after architecture: ``python -m parity.architectures.worker``.

Each line on standard input names a job file; each gives one line of JSON on standard output.  Whatever else is
printed goes to standard error.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import IO, Any

from parity.check.job import Job


def serve(side: str, root: Path, answers: IO[str]) -> None:
    """Answer jobs until the input ends."""
    import gc

    from parity.check import jittor_side, torch_side
    from parity.check.importer import imported_files

    (torch_side.open_root if side == "torch" else jittor_side.open_root)(root)
    for line in sys.stdin:
        told: dict[str, Any] = {}
        began = time.monotonic()
        try:
            request = json.loads(line)
            if "modules" in request:
                told["failed"] = {name: why for name in request["modules"] if (why := _import(name))}
                told["files"] = [str(path) for path in imported_files(root)]
            else:
                job = Job.read(Path(request["job"]))
                module = importlib.import_module(job.module)
                (torch_side.evaluate if side == "torch" else jittor_side.evaluate)(job, module)
        except (Exception, SystemExit) as error:
            told["error"] = f"{type(error).__name__}: {error}"
            told["trace"] = traceback.format_exc()
        gc.collect()
        told["seconds"] = time.monotonic() - began
        answers.write(json.dumps(told) + "\n")
        answers.flush()


def _import(name: str) -> str:
    try:
        importlib.import_module(name)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


class Worker:
    """The parent's end of such a process; it starts with the first question, and again after a crash.

    Args:
        side: ``torch`` or ``jittor``.
        root: folder from which the models' imports start.
        log: file that receives what the process prints.
    """

    def __init__(self, side: str, root: Path, log: Path) -> None:
        self.side = side
        self.root = root
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, request: dict[str, Any], timeout: float) -> dict[str, Any]:
        """One answer; ``error`` in it says what went wrong, a crash and a hang included."""
        process = self._process or self._start()
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write((json.dumps(request) + "\n").encode())
            process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], timeout)
            line = process.stdout.readline() if ready else b""
        except BrokenPipeError:
            ready, line = [process.stdout], b""
        if not ready:
            self.close()
            return {"error": f"no end after {timeout:.0f} s"}
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError:
            status = process.wait()
            self.close()
            name = signal.Signals(-status).name if status < 0 else f"status {status}"
            return {"error": f"the process ended ({name})"}
        if "error" in answer:
            self.close()  # what a half-built model leaves behind shall not meet the next one
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        with self.log.open("ab") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, self.side, str(self.root)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                env={**os.environ, "PYTHONPATH": path},
                start_new_session=True,
            )
        return self._process

    def close(self) -> None:
        """End the process and what it started."""
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        self._process.wait()
        self._process = None


if __name__ == "__main__":
    sys.path[:] = [entry for entry in sys.path if entry]
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    serve(sys.argv[1], Path(sys.argv[2]), own)
