"""One framework's process of a benchmark: waits for ``step`` lines and answers each with a JSON line.

Answers go through a pipe of their own, because user code and Jittor write to the standard streams.
"""

from __future__ import annotations

import json
import os
import random
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from parity.check.importer import Finder
from parity.check.job import load
from parity.check.placeholder import PlaceholderFinder, importing
from parity.check.spec import parse_target
from parity.check.values import leaves


@dataclass(frozen=True)
class Steps:
    """What a framework must offer to be timed.

    Attributes:
        step: start one step; may return before the work is done.
        wait: return when all work is done.
        version: of the framework, for the report.
    """

    step: Callable[[], None]
    wait: Callable[[], None]
    version: str


def _torch(target: str, arguments: str, inputs: Path, train: bool, backward: bool) -> Steps:
    import torch

    found = parse_target(target)
    finder = Finder(found.root)
    sys.meta_path.insert(0, finder)
    sys.path.insert(0, str(found.root))
    torch.manual_seed(0)
    model = eval(f"{found.name}({arguments}\n)", finder.load(found.module, found.path).__dict__)
    model.train(train)
    given = {g: {n: torch.from_numpy(np.array(a)) for n, a in m.items()} for g, m in load(inputs).items()}

    def step() -> None:
        if not backward:
            with torch.no_grad():
                model(*given["positional"].values(), **given["keywords"])
            return
        model.zero_grad(set_to_none=True)
        result = model(*given["positional"].values(), **given["keywords"])
        parts = [leaf.sum() for _, leaf in leaves(result, torch.is_tensor) if torch.is_tensor(leaf)]
        sum(part for part in parts if part.requires_grad).backward()

    def wait() -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    return Steps(step, wait, torch.__version__)


def _jittor(target: str, arguments: str, inputs: Path, train: bool, backward: bool) -> Steps:
    from parity.check.jittor_side import prepare

    prepare()
    import jittor as jt

    found = parse_target(target)
    finder = Finder(found.root, importing)
    sys.meta_path[:0] = [finder, PlaceholderFinder(found.root)]
    sys.path.insert(0, str(found.root))
    jt.set_global_seed(0)
    model = eval(f"{found.name}({arguments}\n)", finder.load(found.module, found.path).__dict__)
    _ = model.train() if train else model.eval()
    given = {g: {n: jt.array(a, dtype=str(a.dtype)) for n, a in m.items()} for g, m in load(inputs).items()}
    parameters = list(dict(model.named_parameters()).values())
    keep: list[Any] = []

    def step() -> None:
        keep.clear()
        if not backward:
            with jt.no_grad():
                result = model(*given["positional"].values(), **given["keywords"])
            # Jittor computes only what is still held when it is synchronised.
            keep.extend(leaf for _, leaf in leaves(result, lambda v: isinstance(v, jt.Var)))
            return
        result = model(*given["positional"].values(), **given["keywords"])
        parts = [leaf.sum() for _, leaf in leaves(result, lambda v: isinstance(v, jt.Var)) if isinstance(leaf, jt.Var)]
        keep.extend(jt.grad(sum(parts), parameters))

    return Steps(step, lambda: jt.sync_all(True), jt.__version__)


def main() -> None:
    """Serve until standard input ends."""
    sys.path[:] = [entry for entry in sys.path if entry]
    job: dict[str, Any] = json.loads(sys.argv[1])
    answers = os.fdopen(job["answers"], "w", buffering=1)
    random.seed(0)
    make = {"torch": _torch, "jittor": _jittor}[job["framework"]]
    steps = make(job["target"], job["arguments"], Path(job["inputs"]), job["train"], job["backward"])
    steps.wait()
    print(json.dumps({"version": steps.version}), file=answers)
    for _ in sys.stdin:
        steps.wait()
        began = time.perf_counter()
        steps.step()
        returned = time.perf_counter()
        steps.wait()
        done = time.perf_counter()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"seconds": done - began, "returned": returned - began, "peak": peak}), file=answers)


if __name__ == "__main__":
    main()
