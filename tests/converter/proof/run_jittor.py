"""The Jittor process: ``python -m tests.converter.proof.run_jittor FOLDER`` reads plan.pkl and torch.pkl.

The graphs of a chunk are all built before anything is computed, so that one synchronisation compiles its kernels
in parallel.  A kernel that fails to compile poisons the whole synchronisation: then every case runs by itself.
"""

from __future__ import annotations

import os
import pickle
import random
import sys
import traceback
import types
from pathlib import Path
from typing import Any

import jittor as jt
import numpy as np

from tests.converter.proof.encode import Encoded, Encoder
from tests.converter.proof.inputs import make, weight
from tests.converter.proof.loading import load

_FLOATS = ("float16", "bfloat16", "float32", "float64")


def _leaf(value: Any) -> Encoded | None:
    if isinstance(value, jt.Var):
        return ("tensor", str(value.dtype), value)
    if isinstance(value, jt.NanoVector):
        return ("sequence", [("number", int(n)) for n in value])
    if isinstance(value, jt.NanoString):
        return ("dtype", str(value))
    if isinstance(value, type) or callable(value) and getattr(value, "__name__", "") in _FLOATS:
        return ("dtype", value.__name__)
    return None


encode = Encoder(_leaf)


def variables(value: Any) -> list[jt.Var]:
    """All Vars in an encoded value, in order (also in plain dicts of them)."""
    if isinstance(value, jt.Var):
        return [value]
    if isinstance(value, dict):
        return [v for part in value.values() for v in variables(part)]
    if isinstance(value, list | tuple):
        return [v for part in value for v in variables(part)]
    return []


def replaced(value: Any, arrays: Any) -> Any:
    """The same structure with every Var replaced by the next array."""
    if isinstance(value, jt.Var):
        return next(arrays)
    if isinstance(value, dict):
        return {k: replaced(v, arrays) for k, v in value.items()}
    if isinstance(value, list):
        return [replaced(v, arrays) for v in value]
    if isinstance(value, tuple):
        return tuple(replaced(v, arrays) for v in value)
    return value


def seed(number: int) -> None:
    jt.set_seed(number)
    np.random.seed(number)
    random.seed(number)


def states(module: Any) -> dict[str, jt.Var]:
    """Names and Vars of a module's state: Torch's names, except that Jittor knows no batch counter."""
    found = module.state_dict()
    return {k: v for k, v in found.items() if isinstance(v, jt.Var)}


def _set_train(module: Any, train: bool) -> None:
    # Jittor's own eval() also stops the gradients of the parameters; converted programs have the helper Module
    # at the root, whose eval() does what is done here.
    for part in module.modules():
        part.is_train = train


def build(item: dict[str, Any], space: Any, expected: dict[str, Any]) -> dict[str, Any]:
    """Build the graph of one trial; everything in the result is still lazy."""
    seed(0)
    out: dict[str, Any] = {}
    arguments: list[Any] = []
    leaves: dict[str, jt.Var] = {}
    module = None
    if item["form"] == "module":
        module = getattr(space, item["maker"])()
        _set_train(module, item["train"])
        named = states(module)
        out["names"] = sorted(named)
        for name, value in expected["before"].items():
            if name in named:
                var = named[name]
                if list(var.shape) != list(value.shape or (1,)):
                    raise ValueError(f"state {name}: shape {list(var.shape)}, in Torch {list(value.shape)}")
                var.assign(jt.array(value.reshape(tuple(var.shape)), dtype=str(value.dtype)))
        arguments.append(module)
        for label in expected.get("grads", {}):
            if label.startswith("parameter ") and label[10:] in named:
                leaves[label] = named[label[10:]]
        seed(0)
    given = {}
    for name, recipe in item["inputs"].items():
        array = make(name, recipe)
        var = jt.array(array, dtype=str(array.dtype))
        if str(var.dtype) in _FLOATS and item["grad"]:
            leaves[f"input {name}"] = var
            var = var.clone()
        given[name] = var
    value = encode(getattr(space, item["function"])(*arguments, *given.values()))
    if item["at_once"]:  # else the numbers would be drawn after the seeds of later cases
        jt.sync(variables(value))
    out["value"] = value
    if item["grad"] and leaves:
        floats = [v for v in variables(value) if str(v.dtype) in _FLOATS]
        if floats:
            shapes = [tuple(v.shape) for v in floats]
            weights = [jt.array(weight(f"{i}", s)).cast(str(v.dtype)) for i, (v, s) in enumerate(zip(floats, shapes))]
            total = sum((v * w).sum() for v, w in zip(floats, weights))
            named_leaves = list(leaves.items())
            found = jt.grad(total, [v for _, v in named_leaves])
            out["grads"] = {n: g for (n, _), g in zip(named_leaves, found, strict=True)}
        else:
            out["grads"] = dict.fromkeys(leaves)
    out["after"] = given
    if module is not None:
        out["state"] = states(module)
    return out


AGAIN = 75  # exit status: start me again, there is more to do


def attempt(item: dict[str, Any], space: Any, expected: dict[str, Any]) -> dict[str, Any]:
    try:
        return build(item, space, expected)
    except Exception as error:  # whatever a case raises is its verdict
        return {"error": f"{type(error).__name__}: {error}"[:1500], "trace": traceback.format_exc()[-3000:]}


def fetch(built: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Compute everything that was built, in one synchronisation."""
    found = variables(built)
    arrays = iter(jt.fetch_sync(found)) if found else iter(())
    return {k: replaced(v, arrays) for k, v in built.items()}


def run_together(items: list[dict[str, Any]], space: Any, torch_results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """All trials of one source file in one synchronisation; raises when Jittor cannot compute one of them."""
    return fetch({i["key"]: attempt(i, space, torch_results[i["key"]]) for i in items})


def run_singly(item: dict[str, Any], space: Any, torch_results: dict[str, Any]) -> dict[str, Any]:
    """One trial by itself; whatever Jittor raises is its result."""
    key = item["key"]
    try:
        return fetch({key: attempt(item, space, torch_results[key])})[key]
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[-1500:], "trace": traceback.format_exc()[-3000:]}


def run_chunk(
    chunk: dict[str, Any], space: Any, torch_results: dict[str, Any], kept: Kept
) -> dict[str, dict[str, Any]]:
    """All trials of one source file: together, or one by one where that failed in this process or an earlier one."""
    items = [i for i in chunk["items"] if "error" not in torch_results[i["key"]] and not i.get("unconverted")]
    if not kept.begun(chunk):
        kept.begin(chunk)
        try:
            return run_together(items, space, torch_results)
        except Exception:
            # A failed compilation can leave Jittor's compile threads in a state in which they crash later.
            kept.again(chunk)
    jt.flags.use_parallel_op_compiler = 0
    results = kept.singles(chunk)
    for item in items:
        if item["key"] not in results:
            kept.start_single(chunk, results, item["key"])
            results[item["key"]] = run_singly(item, space, torch_results)
            jt.gc()
    return results


class Kept:
    """What is written while the process runs, so that another can go on where Jittor crashed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _path(self, chunk: dict[str, Any], kind: str) -> Path:
        return self.folder / f"{Path(chunk['jittor']).stem}.{kind}"

    def begun(self, chunk: dict[str, Any]) -> bool:
        return self._path(chunk, "begun").exists()

    def begin(self, chunk: dict[str, Any]) -> None:
        self._path(chunk, "begun").touch()

    def again(self, chunk: dict[str, Any]) -> None:
        """Leave; the parent starts a fresh process, which runs this chunk one by one."""
        print(f"{chunk['jittor']}: one by one, in a new process", flush=True)
        sys.stdout.flush()
        os._exit(AGAIN)

    def singles(self, chunk: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Results of the single trials so far; the one during which the last process died failed."""
        path = self._path(chunk, "singles")
        if not path.exists():
            return {}
        found, current = pickle.loads(path.read_bytes())
        found[current] = {"error": "Jittor's process died while it ran this case", "trace": ""}
        return dict(found)

    def start_single(self, chunk: dict[str, Any], results: dict[str, Any], key: str) -> None:
        self._path(chunk, "singles").write_bytes(pickle.dumps((results, key)))
        print(key, flush=True)  # the parent takes silence for a hang

    def done(self, chunk: dict[str, Any]) -> Path:
        return self._path(chunk, "done")


class _Absent(types.ModuleType):
    """Stands for torch, so that one unconverted use does not keep the other cases of a file from running."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(f"torch.{name} was left in the converted program")


def _block_torch() -> None:
    for name in ("torch", "torch.nn", "torch.nn.functional", "torch.optim", "torch.utils", "torch.utils.data"):
        module = sys.modules[name] = _Absent(name)
        module.__path__ = []
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], last, module)


def main(folder: Path) -> None:
    plan = pickle.loads((folder / "plan.pkl").read_bytes())
    torch_results = pickle.loads((folder / "torch.pkl").read_bytes())
    sys.path.insert(0, str(folder))  # for jittor_helpers
    _block_torch()
    results: dict[str, Any] = {}
    kept = Kept(folder)
    for chunk in plan:
        done = kept.done(chunk)
        if not done.exists():
            found: dict[str, Any]
            try:
                space = load(folder / chunk["jittor"])
            except Exception:
                trace = traceback.format_exc()[-3000:]
                found = {i["key"]: {"error": trace.splitlines()[-1], "trace": trace} for i in chunk["items"]}
            else:
                found = run_chunk(chunk, space, torch_results, kept)
            done.write_bytes(pickle.dumps(found))
            jt.gc()
            if not jt.flags.use_parallel_op_compiler:
                os._exit(AGAIN)  # the next chunk compiles in parallel again, in a fresh process
        results.update(pickle.loads(done.read_bytes()))
    (folder / "jittor.pkl").write_bytes(pickle.dumps(results))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
