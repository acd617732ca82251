"""The Jittor process of ``jack-parity check``: the converted copy, with the weights and inputs of the Torch side."""

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
from parity.check.values import leaves, switch_dropout_off


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


def run(job: Job) -> None:
    """Build from the converted copy, take over the weights by name, run forward and backward, store the results."""
    finder = open_root(Path(job.root))
    evaluate(job, finder.load(job.module, Path(job.file)))


def evaluate(job: Job, module: ModuleType) -> None:
    """The same, of a module that is loaded."""
    import jittor as jt

    folder = Path(job.folder)
    theirs = load(folder / "torch.npz")
    random.seed(job.seed)
    jt.set_global_seed(job.seed % 2**31)
    model = module.__dict__[job.name]()
    if not isinstance(model, jt.nn.Module):
        raise SystemExit(f"the converted {job.name} is no jittor.nn.Module but {type(model).__name__}")
    if job.train:
        model.train()
    else:
        model.eval()
    if job.no_dropout:
        switch_dropout_off(model)

    state = dict(model.state_dict())
    missing = sorted(theirs["weights"].keys() - state.keys())
    added = sorted(state.keys() - theirs["weights"].keys())
    misfits: dict[str, str] = {}
    for name, array in theirs["weights"].items():
        if name not in state:
            continue
        var = state[name]
        if tuple(var.shape) != (array.shape or (1,)):
            misfits[name] = f"{tuple(array.shape)} in Torch, {tuple(var.shape)} in Jittor"
        else:
            # By kind: a running count may be int64 in one and int32 in the other.
            var.assign(jt.array(array.reshape(var.shape), dtype=str(array.dtype)))

    given = load(folder / "inputs.npz")
    inputs = {
        name: jt.array(array, dtype=str(array.dtype)) for group in given.values() for name, array in group.items()
    }
    positional = [inputs[name] for name in given["positional"]]
    keywords = {name: inputs[name] for name in given["keywords"]}
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

    parameters = dict(model.named_parameters())
    wanted = [name for name in theirs["gradients"] if name in parameters]
    sources = [parameters[name] for name in wanted]
    for name, var in inputs.items():
        if f"input {name}" in theirs["gradients"]:
            wanted.append(f"input {name}")
            sources.append(var)
    gradients: dict[str, Any] = {}
    if loss is not None and sources:
        gradients = dict(zip(wanted, jt.grad(loss, sources), strict=True))
    after = {}
    if job.train:
        live = dict(model.state_dict())
        after = {name: live[name] for name in theirs["buffers"] if name in live}
    jt.sync_all(True)

    groups = {"outputs": outputs, "gradients": gradients, "buffers": after}
    save(folder / "jittor.npz", {g: {n: _var_array(v) for n, v in members.items()} for g, members in groups.items()})
    told = {"missing": missing, "added": added, "misfits": misfits, "plain": plain, "version": jt.__version__}
    (folder / "jittor.json").write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    sys.path[:] = [entry for entry in sys.path if entry]
    run(Job.read(Path(sys.argv[1])))
