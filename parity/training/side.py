"""One run of a user's training: ``python -m parity.training.side JOB.json``.

Writes to the job's folder: ``start.npz`` and ``model.json`` (the state before the first step, and what of it is
trained), ``steps.jsonl`` and ``step-N.npz`` after each step, so that a crash leaves those before it, ``draws.npz``
(Torch) or ``told.json`` (Jittor) at the end.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from parity.arrays import Array, load_arrays, save_arrays
from parity.backends import Backend, get_backend
from parity.check import jittor_side, torch_side
from parity.check.importer import imported_files
from parity.randomness import record, replay
from parity.state.match import COUNTER, Pair, match
from parity.training.sketch import sketch
from parity.training.watch import Watcher

ENDED = object()
USAGE = 64  # exit status when the command line named something that is not there; the last line says what


@dataclass(frozen=True)
class Job:
    """What a side does.

    Attributes:
        framework: ``torch`` or ``jittor``.
        folder: where it writes.
        root, file, module: the program; see :class:`parity.check.job.Job`.
        call: text of the call that gives the generator, in which ``batches`` may stand.
        text: appended to the program in memory; "" when it is in the file.
        batches: file of the arrays of all steps; "" for a loop that has its own.
        names: of the arrays of one batch, in order.
        steps: how many are taken at most; 0 for all.
        seed: of everything that is drawn.
        needs: what the command line named, as (option, module, name); the program's own module is "".
        reference: folder of the Torch run whose weights and draws are taken over; "" for that run itself.
        entries: folder of the run that says which entries of the parameters are compared; "" for that run itself.
    """

    framework: str
    folder: str
    root: str
    file: str
    module: str
    call: str
    text: str
    batches: str
    names: tuple[str, ...]
    steps: int
    seed: int
    needs: tuple[tuple[str, str, str], ...] = ()
    reference: str = ""
    entries: str = ""

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")


class Models:
    """The model that a loop yields first, or several by name or in a row, as one state."""

    def __init__(self, backend: Backend, given: Any) -> None:
        if isinstance(given, Mapping):
            self.parts = {f"{name}.": model for name, model in given.items()}
        elif isinstance(given, list | tuple):
            self.parts = {f"{place}.": model for place, model in enumerate(given)}
        else:
            self.parts = {"": given}
        for model in self.parts.values():
            if not hasattr(model, "named_parameters"):
                raise SystemExit(
                    f"the loop must yield its model first, before the first step, not {type(model).__name__}"
                )
        self.backend = backend

    def parameters(self) -> dict[str, Any]:
        """What is trained."""
        return {p + n: t for p, m in self.parts.items() for n, t in self.backend.named_parameters(m).items()}

    def tensors(self) -> dict[str, Any]:
        """All that may be given to an optimizer, also what is not trained."""
        return {p + n: t for p, m in self.parts.items() for n, t in dict(m.named_parameters()).items()}

    def state(self) -> dict[str, Array]:
        """Parameters and buffers, without the count of batches that Jittor lacks."""
        found = {p + n: a for p, m in self.parts.items() for n, a in self.backend.state(m).items()}
        return {name: array for name, array in found.items() if name.rpartition(".")[2] != COUNTER}

    def load(self, weights: Mapping[str, Array]) -> None:
        """Copy arrays into the state by name."""
        for prefix, model in self.parts.items():
            here = {name[len(prefix) :]: array for name, array in weights.items() if name.startswith(prefix)}
            self.backend.load_weights(model, here)


class Run:
    """One side's run, from its first yield on."""

    def __init__(self, job: Job, backend: Backend) -> None:
        self.job, self.backend, self.folder = job, backend, Path(job.folder)
        self.batch: int | None = None
        self.pairs: list[Pair] = []
        self.first: dict[str, Array] = {}  # the state before the first step, by common name
        self.last: dict[str, Array] = {}  # and before the one that is being taken

    def start(self, models: Models) -> dict[str, str]:
        """Store the state, or take over that of the reference; returns the common name of every tensor."""
        own = models.state()
        if not self.job.reference:
            trained = [name for name, tensor in models.parameters().items() if tensor.requires_grad]
            told = {"trained": trained, "parameters": list(models.parameters())}
            (self.folder / "model.json").write_text(json.dumps(told), encoding="utf-8")
            save_arrays(self.folder / "start.npz", own)
            self.first = self.last = own
            return {name: name for name in own}
        theirs = load_arrays(Path(self.job.reference) / "start.npz")
        self.pairs = match({n: a.shape for n, a in theirs.items()}, {n: a.shape for n, a in own.items()})
        usable = {pair.jittor: pair.torch for pair in self.pairs if pair.usable}
        models.load({ours: theirs[name] for ours, name in usable.items()})
        self.first = self.last = {usable.get(n, f"jittor:{n}"): a for n, a in models.state().items()}
        save_arrays(self.folder / "start.npz", self.first)
        return {name: usable.get(name, f"jittor:{name}") for name in own}

    def small(self, number: int, watcher: Watcher) -> dict[str, Array]:
        """Entries of the parameters that are left out, of all steps so far, as packed bits."""
        if not self.job.entries:
            return {f"small/{name}": np.packbits(bits) for name, bits in watcher.small.items()}
        path = Path(self.job.entries) / f"step-{number}.npz"
        arrays = load_arrays(path) if path.is_file() else {}
        return {name: array for name, array in arrays.items() if name.startswith("small/")}

    def entered(self, stack: list[str], args: tuple[Any, ...]) -> None:
        """Note how many items the outermost module gets."""
        sizes = [int(value.shape[0]) for value in args if hasattr(value, "shape") and len(value.shape)]
        if not stack and sizes and self.batch is None:
            self.batch = sizes[0]


def load_program(job: Job) -> ModuleType:
    """Import the user's file, and what is appended to it."""
    side: Any = torch_side if job.framework == "torch" else jittor_side
    module: ModuleType = side.open_root(Path(job.root)).load(job.module, Path(job.file))
    for option, place, name in job.needs:
        owner = import_module(place) if place else module
        if not hasattr(owner, name.partition(".")[0]):
            print(f"{option}{': ' if option else ''}{place or Path(job.file).name} has no {name}")
            raise SystemExit(USAGE)
    if job.text:
        exec(compile(job.text, "<training written by jack-parity>", "exec"), module.__dict__)
    return module


def batches(job: Job, backend: Backend) -> Iterator[list[Any]]:
    """The tensors of each step, in the order of the job's names."""
    arrays = load_arrays(Path(job.batches)) if job.batches else {}
    for step in range(job.steps if job.batches else 0):
        yield [backend.tensor(arrays[f"{step}.{name}"]) for name in job.names]


def run(job: Job) -> None:
    """Take the steps."""
    backend = get_backend(job.framework)
    folder = Path(job.folder)
    backend.seed(job.seed)
    module = load_program(job)
    its = Run(job, backend)
    with ExitStack() as stack:
        draws: Any = record() if not job.reference else replay(None, Path(job.reference) / "draws.npz")
        draws = stack.enter_context(draws)
        watcher = stack.enter_context(Watcher(backend))
        loop = eval(f"{job.call}\n", {**module.__dict__, "batches": batches(job, backend)})
        if not isinstance(loop, Iterator):
            raise SystemExit(f"{job.call.strip()} gives no generator but {type(loop).__name__}: the loop must yield")
        models = Models(backend, next(loop, None))
        for prefix, model in models.parts.items():
            draws.attach(model, prefix)
        draws.running.listeners.append(lambda path, args: its.entered(draws.running.stack, args))
        names = its.start(models)
        watcher.follow({names.get(name, name): tensor for name, tensor in models.tensors().items()})
        watcher.take()
        backend.seed(job.seed)
        with (folder / "steps.jsonl").open("w", encoding="utf-8") as log:
            began, number = time.monotonic(), 0
            while not job.steps or number < job.steps:
                its.batch = None
                figures = next(loop, ENDED)
                if figures is ENDED:
                    break
                number += 1
                _write_step(its, number, figures, models, names, watcher, log, began)
                began = time.monotonic()
        loop.close()  # type: ignore[attr-defined]
    _write_end(its, draws, number)


def _write_step(
    its: Run, number: int, figures: Any, models: Models, names: dict[str, str], watcher: Watcher, log: Any, began: float
) -> None:
    backend = its.backend
    told = {name: _number(backend, value) for name, value in _named(figures).items()}
    events = watcher.take()
    arrays: dict[str, Array] = {}
    for at, event in enumerate(events):
        arrays.update({f"gradient/{at}/{name}": values for name, values in event.sketches.items()})
    state = {names.get(name, name): array for name, array in models.state().items()}
    small = its.small(number, watcher)
    arrays.update(small)
    for name, array in state.items():
        bits = small.get(f"small/{name}")
        kept = 1.0 if bits is None else ~np.unpackbits(bits, count=array.size).astype(bool).reshape(array.shape)
        arrays[f"state/{name}"] = sketch(array, name)
        if array.dtype.kind == "f":
            arrays[f"update/{name}"] = sketch((array - its.last.get(name, array)) * kept, name)
            arrays[f"way/{name}"] = sketch((array - its.first.get(name, array)) * kept, name)
    its.last = state
    seconds = time.monotonic() - began
    save_arrays(its.folder / f"step-{number}.npz", arrays)
    steps = [{"rates": e.rates, "norms": e.norms, "trained": e.trained} for e in events]
    log.write(json.dumps({"figures": told, "optimizer": steps, "batch": its.batch, "seconds": seconds}) + "\n")
    log.flush()


def _write_end(its: Run, draws: Any, steps: int) -> None:
    if not its.job.reference:
        draws.save(its.folder / "draws.npz")
        told: dict[str, Any] = {"files": [str(path) for path in imported_files(Path(its.job.root))]}
    else:
        pairs = [asdict(pair) for pair in its.pairs]
        told = {"problems": draws.problems(), "notes": draws.notes(), "pairs": pairs}
    (its.folder / "told.json").write_text(json.dumps({**told, "steps": steps}), encoding="utf-8")


def _named(figures: Any) -> dict[str, Any]:
    return dict(figures) if isinstance(figures, Mapping) else {"loss": figures}


def _number(backend: Backend, value: Any) -> float:
    if hasattr(value, "numpy"):
        value = backend.numpy(value)
        if value.size != 1:
            raise SystemExit(f"the loop must yield single numbers after each step, not an array of shape {value.shape}")
        return float(value.reshape(-1)[0])
    return float(value)


if __name__ == "__main__":
    sys.path[:] = [entry for entry in sys.path if entry]
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    run(Job(**{**given, "names": tuple(given["names"]), "needs": tuple(map(tuple, given["needs"]))}))
