"""The Torch process: ``python -m tests.converter.proof.run_torch FOLDER`` reads plan.pkl, writes torch.pkl."""

from __future__ import annotations

import pickle
import random
import sys
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.converter.proof.encode import Encoded, Encoder
from tests.converter.proof.inputs import make, weight
from tests.converter.proof.loading import load
from tests.torchvision_here import prepare


def _leaf(value: Any) -> Encoded | None:
    if isinstance(value, torch.Tensor):
        kept = value.detach().clone().resolve_conj().resolve_neg()
        if kept.dtype in (torch.float16, torch.bfloat16):
            kept = kept.float()
        return ("tensor", str(value.dtype).removeprefix("torch."), kept.cpu().to_dense().numpy(), value)
    if isinstance(value, torch.dtype):
        return ("dtype", str(value).removeprefix("torch."))
    if isinstance(value, torch.Size):
        return ("sequence", [("number", int(n)) for n in value])
    return None


encode = Encoder(_leaf)


def _live(value: Encoded) -> list[torch.Tensor]:
    if value[0] == "tensor":
        return [value[3]]
    if value[0] == "sequence":
        return [t for part in value[1] for t in _live(part)]
    if value[0] == "mapping":
        return [t for part in value[1].values() for t in _live(part)]
    return []


def _plain(value: Encoded) -> Encoded:
    """Without the live tensors."""
    if value[0] == "tensor":
        return value[:3]
    if value[0] == "sequence":
        return ("sequence", [_plain(v) for v in value[1]])
    if value[0] == "mapping":
        return ("mapping", {k: _plain(v) for k, v in value[1].items()})
    return value


def seed(number: int) -> None:
    torch.manual_seed(number)
    np.random.seed(number)
    random.seed(number)


def run(item: dict[str, Any], space: Any, number: int, state: dict[str, Any] | None = None) -> dict[str, Any]:
    """Run one trial with a seed; its value, gradients, state before and after, inputs afterwards."""
    seed(number)
    out: dict[str, Any] = {}
    arguments: list[Any] = []
    leaves: dict[str, torch.Tensor] = {}
    module = None
    if item["form"] == "module":
        module = getattr(space, item["maker"])()
        if state is not None:
            module.load_state_dict({k: torch.from_numpy(v) for k, v in state.items()})
        module.train(item["train"])
        out["before"] = {k: v.detach().clone().numpy() for k, v in module.state_dict().items()}
        leaves.update({f"parameter {n}": p for n, p in module.named_parameters() if p.requires_grad})
        arguments.append(module)
        seed(number)
    given = {}
    for name, recipe in item["inputs"].items():
        tensor = torch.from_numpy(make(name, recipe).copy())
        if tensor.is_floating_point() and item["grad"]:
            leaves[f"input {name}"] = tensor.requires_grad_()
            tensor = tensor.clone()  # so that operations in place are allowed, as on any intermediate tensor
        given[name] = tensor
    value = encode(getattr(space, item["function"])(*arguments, *given.values()))
    live = [t for t in _live(value) if t.is_floating_point() and t.requires_grad]
    if item["grad"] and leaves:
        grads: dict[str, Any] = dict.fromkeys(leaves)
        if live:
            every = [t for t in _live(value) if t.is_floating_point()]
            total = sum(
                (t * torch.from_numpy(weight(f"{i}", tuple(t.shape))).to(t.dtype)).sum()
                for i, t in enumerate(every)
                if t.requires_grad
            )
            found = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)  # type: ignore[arg-type]
            grads = {n: None if g is None else g.detach().numpy() for n, g in zip(leaves, found, strict=True)}
        out["grads"] = grads
    out["value"] = _plain(value)
    out["after"] = {n: t.detach().clone().numpy() for n, t in given.items()}
    if module is not None:
        out["state"] = {k: v.detach().numpy() for k, v in module.state_dict().items()}
    return out


def main(folder: Path) -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    plan = pickle.loads((folder / "plan.pkl").read_bytes())
    if any("torchvision" in (folder / chunk["torch"]).read_text(encoding="utf-8") for chunk in plan):
        prepare()
    results: dict[str, Any] = {}
    started = time.perf_counter()
    for chunk in plan:
        space = load(folder / chunk["torch"])
        for item in chunk["items"]:
            try:
                result = run(item, space, 0)
                if item["style"] == "defaults":  # a second seed tells whether the defaults draw random numbers
                    result["twice"] = run(item, space, 1, result.get("before"))["value"]
            except Exception as error:  # whatever a case raises is its verdict
                result = {"error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}
            results[item["key"]] = result
    results["seconds"] = time.perf_counter() - started
    (folder / "torch.pkl").write_bytes(pickle.dumps(results))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
