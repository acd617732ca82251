"""A process of one framework: ``python -m parity.optimizers.worker FRAMEWORK FOLDER SEED STEPS [stock]``.

The question ``list`` (Torch) writes FOLDER/source/program.py and tells the entries; ``run`` takes the steps of one
and writes what it gave to FOLDER/FRAMEWORK-NUMBER.npz, arrays named STEP.PLACE.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from parity import workers
from parity.arrays import save_arrays
from parity.backends import get_backend
from parity.check import jittor_side, torch_side
from parity.optimizers import cases
from parity.optimizers.program import Entry, gradients, measurements, source, starts
from parity.workers import Answer, Question


def entries(steps: int) -> list[Entry]:
    """Every public optimizer and schedule of Torch with each of its rows of arguments, for so many steps."""
    import torch
    from torch.optim import lr_scheduler

    optimizers = [
        name
        for name, found in vars(torch.optim).items()
        if inspect.isclass(found) and issubclass(found, torch.optim.Optimizer) and name not in cases.BASE_CLASSES
    ]
    schedules = [name for name in lr_scheduler.__all__ if name not in cases.BASE_CLASSES]
    found = [Entry(name, text, False) for name in sorted(optimizers) for text in cases.OPTIMIZERS.get(name, ("",))]
    for name in sorted(schedules):
        texts = [text.replace("STEPS", str(steps + 2)) for text in cases.SCHEDULERS.get(name, ("",))]
        found += [Entry(name, text, True) for text in texts]
    return found


class Side:
    """Runs entries in one framework."""

    def __init__(self, framework: str, folder: Path, seed: int, steps: int, stock: bool) -> None:
        self.backend = get_backend(framework)
        self.folder, self.seed, self.steps, self.stock = folder, seed, steps, stock
        self.framework = framework
        self._module: Any = None

    def answer(self, question: Question) -> Answer:
        """One entry, or the list."""
        if question["do"] == "list":
            found = entries(self.steps)
            (self.folder / "source").mkdir()
            (self.folder / "source" / "program.py").write_text(source(found), encoding="utf-8")
            return {"entries": [asdict(entry) for entry in found]}
        number, entry = question["number"], Entry(**question["entry"])
        if self.stock and not hasattr(self._stock_module(entry), entry.name):
            return {"absent": True}
        arrays = {}
        for step, values in enumerate(self._steps(number, entry)):
            for place, value in enumerate(values):
                arrays[f"{step}.{place}"] = np.array(value if entry.schedule else self.backend.numpy(value))
        save_arrays(self.folder / f"{self.framework}-{number}.npz", arrays)
        return {}

    def _steps(self, number: int, entry: Entry) -> Iterator[list[Any]]:
        given: Any = measurements(self.seed, self.steps) if entry.schedule else gradients(self.seed, self.steps)
        if self.stock:
            return self._stock_rates(entry, given) if entry.schedule else self._stock_updates(entry, given)
        if self._module is None:
            side: Any = torch_side if self.framework == "torch" else jittor_side
            root = self.folder / ("source" if self.framework == "torch" else "converted")
            self._module = side.open_root(root).load("program", root / "program.py")
        steps: Iterator[list[Any]] = getattr(self._module, f"entry_{number}")(starts(self.seed), given)
        return steps

    def _stock_module(self, entry: Entry) -> Any:
        """Where Jittor has its own classes; schedules lie in two modules."""
        import jittor as jt

        if not entry.schedule:
            return jt.optim
        found = {**vars(jt.optim), **vars(jt.lr_scheduler)}
        return SimpleNamespace(**{name: value for name, value in found.items() if isinstance(value, type)})

    def _stock_updates(self, entry: Entry, given: Any) -> Iterator[list[Any]]:
        """As a program by hand takes the steps: ``optimizer.step(loss)``."""
        import jittor as jt

        w, v, u = (jt.array(value) for value in starts(self.seed))
        optimizer = eval(entry.made, {"optim": jt.optim, "w": w, "v": v, "u": u})
        for g, h, k in given:
            loss = (w * jt.array(g)).sum() + (v * jt.array(h)).sum()
            if k is not None:
                loss = loss + (u * jt.array(k)).sum()
            optimizer.step(loss)
            yield [w, v, u]

    def _stock_rates(self, entry: Entry, given: Any) -> Iterator[list[Any]]:
        import jittor as jt

        w, v, _ = (jt.array(value) for value in starts(self.seed))
        groups = [{"params": [w]}, {"params": [v], "lr": 0.5}]
        optimizer = jt.optim.SGD(groups, lr=0.1, momentum=0.9)
        scheduler = eval(entry.made, {"lr_scheduler": self._stock_module(entry), "optimizer": optimizer})
        for value in given:
            # Jittor keeps beside the groups what they do not say themselves.
            yield [
                [group.get("lr", optimizer.lr), group.get("momentum", optimizer.momentum)]
                for group in optimizer.param_groups
            ]
            _ = scheduler.step(value) if entry.metric else scheduler.step()


if __name__ == "__main__":
    sys.path[:] = [entry for entry in sys.path if entry]
    name, where, start, count, *how = sys.argv[1:]
    workers.serve(Side(name, Path(where), int(start), int(count), "stock" in how).answer)
