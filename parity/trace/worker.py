"""A process of one framework that does one side of a trace after another: ``python -m parity.trace.worker SIDE``.

Each question names a job file.  What the program of one job has loaded is forgotten before the next.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from parity import workers
from parity.check.worker import forgetting
from parity.isolation import Outcome
from parity.trace.job import Job
from parity.workers import Answer, Question, Worker


class Session:
    """Two processes for many traces; an instance can be given to a trace as the way to run a side.

    Args:
        folder: where the processes keep what they print.
        fused: Jittor compiles each combination of operators, as it does for users.  Without, single operators, of which
            a few hundred serve all programs: the same values, to rounding, in a twentieth of the time.
    """

    def __init__(self, folder: Path, fused: bool = True) -> None:
        how = () if fused else ("unfused",)
        self.workers = {
            "torch": Worker("parity.trace.worker", ("torch",), folder / "torch-worker.log"),
            "jittor": Worker("parity.trace.worker", ("jittor", *how), folder / "jittor-worker.log"),
        }

    def __call__(self, side: str, job: Path, log: Path, timeout: float) -> Outcome:
        """See :class:`parity.trace.run.RunSide`."""
        began = time.monotonic()
        answer = self.workers[side].ask({"job": str(job)}, timeout)
        log.write_text(self.workers[side].last_log() + answer.get("trace", ""), encoding="utf-8")
        return Outcome("error" not in answer, answer.get("error", ""), log, time.monotonic() - began)

    def close(self) -> None:
        """End the processes; a later trace starts new ones."""
        for worker in self.workers.values():
            worker.close()


def serve(side: str, fused: bool = True) -> None:
    """Answer until the input ends; see :class:`Session`."""
    # What is loaded before the first job is never forgotten, wherever it lies.
    if side == "torch":
        import torch  # noqa: F401

        from parity.trace.torch_side import run
    else:
        from parity.check.jittor_side import prepare

        prepare()
        import jittor as jt

        jt.flags.no_fuse = not fused
        from parity.trace.jittor_side import run

    def answer(question: Question) -> Answer:
        job = Job.read(Path(question["job"]))
        with forgetting(Path(job.root)):
            run(job)
        return {}

    workers.serve(answer)


if __name__ == "__main__":
    sys.path[:] = [entry for entry in sys.path if entry]
    serve(sys.argv[1], fused=sys.argv[2:] != ["unfused"])
