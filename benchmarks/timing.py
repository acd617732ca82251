"""Time two frameworks step by step, alternating, each in its own process."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class WorkerFailed(Exception):
    """A framework's process ended before it answered; the message is the end of its log."""


@dataclass(frozen=True)
class Timing:
    """Measurements of one framework, in seconds and bytes.

    Attributes:
        first: the first call, with everything that is compiled or allocated once.
        steps: synchronised times after warming up.
        returned: the same steps, until the call returned: what a clock shows that does not wait.
        peak: largest resident memory of the process.
    """

    version: str
    first: float
    steps: list[float]
    returned: list[float]
    peak: int

    @property
    def median(self) -> float:
        """Median of the synchronised steps; all steps count."""
        return statistics.median(self.steps)

    @property
    def spread(self) -> float:
        """Distance between the quartiles, as a share of the median."""
        if len(self.steps) < 4:
            return (max(self.steps) - min(self.steps)) / self.median
        low, _, high = statistics.quantiles(self.steps, n=4)
        return (high - low) / self.median


class Worker:
    """The parent's side of one process."""

    def __init__(self, process: subprocess.Popen[str], answers: Any, log: Path) -> None:
        self.process = process
        self.answers = answers
        self.log = log

    def read(self) -> dict[str, Any]:
        """The next answer.

        Raises:
            WorkerFailed: the process ended instead.
        """
        line = self.answers.readline()
        if not line:
            lines = [text for text in self.log.read_text(errors="replace").splitlines() if text.strip()]
            raise WorkerFailed("\n".join(lines[-15:]) or "no message")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def step(self) -> dict[str, Any]:
        """Let it do one step."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write("step\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended: reading tells why
        return self.read()


@contextmanager
def worker(framework: str, job: dict[str, Any], folder: Path) -> Iterator[Worker]:
    """Start a process for one framework; it is ended when the block is left."""
    reader, writer = os.pipe()
    log = folder / f"{framework}.log"
    command = [
        sys.executable,
        "-m",
        "benchmarks.worker",
        json.dumps({**job, "framework": framework, "answers": writer}),
    ]
    with log.open("w") as stream, os.fdopen(reader) as answers:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=stream, stderr=stream, text=True, pass_fds=[writer]
        )
        os.close(writer)
        try:
            yield Worker(process, answers, log)
        finally:
            process.kill()
            process.wait()


def measure(jobs: dict[str, dict[str, Any]], folder: Path, warm_up: int, rounds: int) -> dict[str, Timing]:
    """Time every framework.  Rounds alternate, so that a busy machine slows all of them alike.

    Args:
        jobs: framework to the fields of :mod:`benchmarks.worker`'s job.
        folder: for logs.
        warm_up: steps after the first that are not counted.
        rounds: steps that are.

    Raises:
        WorkerFailed: a process ended early; the message begins with its framework.
    """
    with ExitStack() as stack:
        workers = {name: stack.enter_context(worker(name, job, folder)) for name, job in jobs.items()}
        current = ""
        try:
            versions, first = {}, {}
            for current, each in workers.items():
                versions[current] = each.read()["version"]
            for current, each in workers.items():
                first[current] = each.step()["seconds"]
                for _ in range(warm_up):
                    each.step()
            answers: dict[str, list[dict[str, Any]]] = {name: [] for name in workers}
            for _ in range(rounds):
                for current, each in workers.items():
                    answers[current].append(each.step())
        except WorkerFailed as failure:
            raise WorkerFailed(f"{current} failed:\n{failure}") from None
    return {
        name: Timing(
            versions[name],
            first[name],
            [a["seconds"] for a in told],
            [a["returned"] for a in told],
            max(a["peak"] for a in told),
        )
        for name, told in answers.items()
    }
