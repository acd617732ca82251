"""A process of one framework that runs one check after another: ``python -m parity.check.worker SIDE``.

Each question names a job file.  The programs of different checks may have files and packages of the same name; what
one has loaded is therefore forgotten before the next.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from parity import workers
from parity.check.job import Job
from parity.workers import Answer, Question


@contextmanager
def forgetting(root: Path) -> Iterator[None]:
    """On leaving, forget the modules below ``root`` that were loaded meanwhile, and how they were found."""
    finders, path, known = list(sys.meta_path), list(sys.path), set(sys.modules)
    try:
        yield
    finally:
        sys.meta_path[:], sys.path[:] = finders, path
        for name, module in list(sys.modules.items()):
            if name not in known and _lies_below(module, root):
                del sys.modules[name]


def _lies_below(module: ModuleType, root: Path) -> bool:
    space = getattr(module, "__dict__", {})  # not the attributes: a placeholder of Torch has every one
    folders = getattr(space.get("__spec__"), "submodule_search_locations", None) or []
    return any(isinstance(p, str) and _inside(Path(p), root) for p in (space.get("__file__"), *folders))


def _inside(place: Path, root: Path) -> bool:
    installed = {"site-packages", "dist-packages"}
    return place.is_relative_to(root) and not installed & set(place.relative_to(root).parts)


def serve(side: str) -> None:
    """Answer until the input ends."""
    from parity.check import jittor_side, torch_side

    # What is loaded before the first check is never forgotten, wherever it lies.
    if side == "torch":
        import torch  # noqa: F401
    else:
        jittor_side.prepare()
        import jittor  # noqa: F401

    def answer(question: Question) -> Answer:
        job = Job.read(Path(question["job"]))
        root = Path(job.root)
        with forgetting(root):
            open_root = torch_side.open_root if side == "torch" else jittor_side.open_root
            module = open_root(root).load(job.module, Path(job.file))
            (torch_side.evaluate if side == "torch" else jittor_side.evaluate)(job, module)
        return {}

    workers.serve(answer)


if __name__ == "__main__":
    sys.path[:] = [entry for entry in sys.path if entry]
    serve(sys.argv[1])
