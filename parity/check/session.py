"""Two processes for all checks of a session, one for each framework, so that each framework starts once."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

from parity.check.job import Job
from parity.check.run import Check, SideFailed, write_job
from parity.workers import Worker


class Session:
    """Runs sides in two processes that stay; one that crashes, hangs or raises is replaced for the next check.

    An instance can be given to :func:`parity.check.run.run` as the way to run a side.
    """

    def __init__(self) -> None:
        self._folder: Path | None = None
        self.workers: dict[str, Worker] = {}

    def __call__(self, check: Check, side: str, job: Job) -> None:
        """See :class:`parity.check.run.RunSide`."""
        path = write_job(check, side, job)
        worker = self._worker(side.lower())
        answer = worker.ask({"job": str(path)}, check.timeout)
        if "error" in answer:
            log = worker.last_log().rstrip()
            raise SideFailed(side, f"{log}\n{answer.get('trace', answer['error'])}".strip())

    def _worker(self, name: str) -> Worker:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="jack-parity-"))
        if name not in self.workers:
            self.workers[name] = Worker("parity.check.worker", (name,), self._folder / f"{name}.log")
        return self.workers[name]

    def close(self) -> None:
        """End the processes; a later check starts new ones."""
        for worker in self.workers.values():
            worker.close()
        self.workers.clear()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


SESSION = Session()
atexit.register(SESSION.close)
