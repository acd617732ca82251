"""A process of one framework that runs architecture after architecture: ``python -m parity.architectures.worker``.

A question names a job file, or modules that are to be imported, or (Torch only) a class to find arguments for.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from parity import workers
from parity.check.job import Job
from parity.workers import Answer, Question


class Worker(workers.Worker):
    """The parent's end.

    Args:
        side: ``torch`` or ``jittor``.
        root: folder from which the models' imports start.
        log: file that receives what the process prints.
    """

    def __init__(self, side: str, root: Path, log: Path) -> None:
        super().__init__(__name__, (side, str(root)), log)
        self.side = side
        self.root = root


def serve(side: str, root: Path) -> None:
    """Answer until the input ends."""
    from parity.check import jittor_side, torch_side
    from parity.check.importer import imported_files

    (torch_side.open_root if side == "torch" else jittor_side.open_root)(root)

    def answer(question: Question) -> Answer:
        if "modules" in question:
            failed = {name: why for name in question["modules"] if (why := _import(name))}
            return {"failed": failed, "files": [str(path) for path in imported_files(root)]}
        if "probe" in question:
            from parity.architectures.layers import probe

            asked = question["probe"]
            return probe(importlib.import_module(asked["module"]), asked["name"], asked["arguments"], asked["inputs"])
        job = Job.read(Path(question["job"]))
        module = importlib.import_module(job.module)
        (torch_side.evaluate if side == "torch" else jittor_side.evaluate)(job, module)
        return {}

    workers.serve(answer)


def _import(name: str) -> str:
    try:
        importlib.import_module(name)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


if __name__ == "__main__":
    sys.path[:] = [entry for entry in sys.path if entry]
    serve(sys.argv[1], Path(sys.argv[2]))
