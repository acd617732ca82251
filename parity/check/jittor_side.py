"""The Jittor process of ``jack-parity check``: the converted copy or a port, with the weights and inputs of Torch."""

from __future__ import annotations

import json
import random
import sys
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from parity.check.importer import Finder
from parity.check.job import Array, Job, load, save
from parity.check.placeholder import PlaceholderFinder, importing
from parity.check.subject import FUNCTION, function
from parity.check.values import leaves, switch_dropout_off
from parity.check.weights import carry_converted, carry_port
from parity.randomness import replay


def prepare() -> None:
    """Let whoever is installed for it prepare the process before Jittor is imported (entry point ``jittor``)."""
    for hook in entry_points(group="jack_parity.runtime"):
        if hook.name == "jittor":
            hook.load()()


def open_root(root: Path) -> Finder:
    """Prepare the process; from now on, find the modules of the converted tree below ``root`` first."""
    prepare()
    finder = Finder(root, importing)
    sys.meta_path[:0] = [finder, PlaceholderFinder(root)]
    # At the top of the converted tree lies the helper module, or the package that holds it.
    sys.path[:0] = [str(root)]
    return finder


def _var_array(var: Any) -> Array:
    return np.array(var.numpy())


def as_module(made: Any) -> Any:
    """A plain function as a model without weights."""
    import jittor as jt

    class Function(jt.nn.Module):  # type: ignore[misc, unused-ignore]
        def execute(self, *inputs: Any, **keywords: Any) -> Any:
            return made(*inputs, **keywords)

    return Function()


def _build(job: Job, module: ModuleType) -> Any:
    """The model; a plain function becomes one without weights."""
    import jittor as jt

    space = module.__dict__
    if not job.port:
        # The converted file ends with a function that builds the model, or calls the function with its arguments.
        made = space[job.name] if job.kind == FUNCTION else space[job.name]()
    elif job.kind == FUNCTION:
        made = function(job.name, job.arguments, space)
    else:
        made = eval(f"{job.name}({job.arguments}\n)", dict(space))
    if job.kind == FUNCTION:
        return as_module(made)
    if not isinstance(made, jt.nn.Module):
        what = job.name if job.port else f"the converted {job.name}"
        raise SystemExit(f"{what} is no jittor.nn.Module but {type(made).__name__}")
    return made


def _seed(seed: int) -> None:
    import jittor as jt

    jt.set_global_seed(seed % 2**31)
    random.seed(seed)
    np.random.seed(seed % 2**32)


def run(job: Job) -> None:
    """Build from the converted copy or the port, take over the weights, run forward and backward, store the results."""
    finder = open_root(Path(job.root))
    evaluate(job, finder.load(job.module, Path(job.file)))


def evaluate(job: Job, module: ModuleType) -> None:
    """The same, of a module that is loaded."""
    import jittor as jt

    folder = Path(job.folder)
    theirs = load(folder / "torch.npz")
    _seed(job.seed)
    model = _build(job, module)
    if job.port:
        buffers = json.loads((folder / "torch.json").read_text(encoding="utf-8"))["buffers"]
        carried = carry_port(model, theirs["weights"], theirs["gradients"], buffers, job.train)
    else:
        _ = model.train() if job.train else model.eval()
        carried = carry_converted(model, theirs["weights"])
    if job.no_dropout:
        switch_dropout_off(model)

    given = load(folder / "inputs.npz")
    inputs = {
        name: jt.array(array, dtype=str(array.dtype)) for group in given.values() for name, array in group.items()
    }
    positional = [inputs[name] for name in given["positional"]]
    keywords = {name: inputs[name] for name in given["keywords"]}
    _seed(job.seed)
    with replay(model, folder / "draws.npz") as player:
        result = model(*positional, **keywords)

    outputs: dict[str, Any] = {}
    plain: dict[str, str] = {}
    loss = None
    for path, leaf in leaves(result, lambda value: isinstance(value, jt.Var)):
        if not isinstance(leaf, jt.Var):
            plain[path] = repr(leaf)
            continue
        outputs[path] = leaf
        projection = theirs["projections"].get(path)
        if projection is not None and tuple(leaf.shape) == (projection.shape or (1,)):
            part = (leaf * jt.array(projection.reshape(leaf.shape)).cast(leaf.dtype)).sum()
            loss = part if loss is None else loss + part

    wanted = [name for name in theirs["gradients"] if name in carried.sources]
    sources = [carried.sources[name] for name in wanted]
    for name, var in inputs.items():
        if f"input {name}" in theirs["gradients"]:
            wanted.append(f"input {name}")
            sources.append(var)
    gradients: dict[str, Any] = {}
    if loss is not None and sources and job.gradients:
        gradients = dict(zip(wanted, jt.grad(loss, sources), strict=True))
    after = {}
    if job.train:
        unsaved = dict(model.named_buffers()) if hasattr(model, "named_buffers") else {}
        live = {**unsaved, **dict(model.state_dict())}
        names = {name: carried.names.get(name, name) for name in theirs["buffers"]}
        after = {name: live[own] for name, own in names.items() if own in live}
    jt.sync_all(True)

    groups = {"outputs": outputs, "gradients": gradients, "buffers": after}
    save(folder / "jittor.npz", {g: {n: _var_array(v) for n, v in members.items()} for g, members in groups.items()})
    told = {
        "missing": carried.missing,
        "added": carried.added,
        "misfits": carried.misfits,
        "notes": [*carried.notes, *player.notes()],
        "draws": player.problems(),
        "plain": plain,
        "version": jt.__version__,
    }
    (folder / "jittor.json").write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    sys.path[:] = [entry for entry in sys.path if entry]
    run(Job.read(Path(sys.argv[1])))
