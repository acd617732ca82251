"""The process of one side: answers each line of standard input with a line of JSON through a pipe of its own.

Lines: ``check FILE`` takes the first step and writes what it computed; ``step`` takes a step and times it; ``reset``
lets the peak of the memory count from now; ``memory`` tells it.  ``nudge NUMBER FILE``, instead of all these, computes
the gradients of weights that rounding could have changed like that.
"""

from __future__ import annotations

import gc
import json
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

ENVIRONMENT = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Set by the parent before any library is loaded."""


class Server:
    """Serves one side of one cell."""

    def __init__(self, job: dict[str, Any]) -> None:
        from benchmarks.harness import memory

        self.memory = memory
        self.job = job
        self.version = ""
        self.gpu: int | None = None

    def start(self) -> dict[str, Any]:
        """Import the framework, build the model."""
        from benchmarks.harness.work import Work
        from benchmarks.methods import get_subject
        from jack.frameworks import get_framework

        job = self.job
        random.seed(0)
        began = time.perf_counter()
        self.framework = get_framework(job["framework"], job["device"], job["threads"])
        self.framework.seed(0)
        imported, base = time.perf_counter(), self.memory.resident()
        self.work = Work(
            self.framework,
            job["side"],
            get_subject(job["method"]),
            job["phase"],
            job["batch"],
            job["length"],
            Path(job["folder"]),
        )
        self.framework.finish()
        built = time.perf_counter()
        return {
            "version": self.framework.version(),
            "pid": os.getpid(),
            "import_seconds": imported - began,
            "build_seconds": built - imported,
            "base": base,
            "built": self.memory.resident(),
        }

    def check(self, path: str) -> dict[str, Any]:
        """The first step, which compiles what is to be compiled, and its values."""
        from jack.frameworks.jittor_memory import give_back, trim
        from parity.check.job import save

        updated = self.work.phase == "step"
        before = self.work.sampled() if updated else {}
        told = self.step()
        values = self.work.values()
        if updated:
            # How far the optimizer moved them.  Not where to: Adam moves by the sign of a gradient, be it rounding.
            moves = {name: array - before[name] for name, array in self.work.sampled().items()}
            values["move"] = {f"move of {name}": _size(move) for name, move in moves.items()}
        save(Path(path), values)
        self.work.restore_dropout()
        del values, before
        gc.collect()
        # What compiling and comparing left behind is not a step's: with the C library, and with Jittor's allocator.
        (give_back if self.job["framework"] == "jittor" else trim)()
        return told

    def nudged(self, path: str, number: int) -> dict[str, Any]:
        """A step of weights that are changed as rounding would change them, and its gradients."""
        from parity.check.job import save

        self.work.fill(self.work.model, number)
        told = self.step()
        save(Path(path), self.work.values())
        return told

    def step(self) -> dict[str, Any]:
        """One step, waited for."""
        self.framework.finish()
        spent, began = time.process_time(), time.perf_counter()
        self.work.step()
        returned = time.perf_counter()
        self.framework.finish()
        done, cpu = time.perf_counter(), time.process_time()
        if self.job["device"] == "cuda":
            held = self.memory.on_gpu()
            self.gpu = held if held is None else max(held, self.gpu or 0)
        return {"seconds": done - began, "returned": returned - began, "cpu": cpu - spent}

    def answer(self, line: str) -> dict[str, Any]:
        """The answer to a line."""
        word, _, rest = line.strip().partition(" ")
        if word == "check":
            return self.check(rest)
        if word == "nudge":
            number, _, path = rest.partition(" ")
            return self.nudged(path, int(number))
        if word == "step":
            return self.step()
        if word == "reset":
            self.gpu = None
            return {"whole": self.memory.peak(), "reset": self.memory.reset_peak()}
        return {"peak": self.memory.peak(), "gpu": self.gpu}


def _size(move: Array) -> Array:
    """Root of the mean square, as an array of one."""
    return np.array([np.sqrt(np.mean(np.square(move, dtype=np.float64)))], dtype=np.float32)


def main() -> None:
    """Serve until standard input ends; whatever cannot be done is told in one line."""
    sys.path[:] = [entry for entry in sys.path if entry]
    job: dict[str, Any] = json.loads(sys.argv[1])
    answers = os.fdopen(job["answers"], "w", buffering=1)
    server = Server(job)
    from benchmarks.harness.work import CannotMeasure
    from jack.frameworks import FrameworkError

    try:
        print(json.dumps(server.start()), file=answers)
        for line in sys.stdin:
            print(json.dumps(server.answer(line)), file=answers)
    except (CannotMeasure, FrameworkError) as error:
        print(json.dumps({"problem": str(error)}), file=answers)


if __name__ == "__main__":
    main()
