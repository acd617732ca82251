"""The Torch process of ``jack-parity check``: the original file, exactly as it is."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from parity.check.importer import Finder, imported_files
from parity.check.job import Array, Job, load, save
from parity.check.subject import FUNCTION, resolve
from parity.check.values import leaves, switch_dropout_off
from parity.randomness import record


def tensor_array(tensor: Any) -> Array:
    """A tensor as an array; numpy has no bfloat16, whose values all fit into float32."""
    import torch

    tensor = tensor.detach().cpu()
    result: Array = (tensor.float() if tensor.dtype is torch.bfloat16 else tensor).numpy()
    return np.array(result)


def _seed(seed: int) -> None:
    import torch

    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def open_root(root: Path) -> Finder:
    """From now on, find the modules of the original tree below ``root`` first."""
    finder = Finder(root)
    sys.meta_path.insert(0, finder)
    sys.path[:0] = [str(root)]
    return finder


def draw_constants(model: Any) -> None:
    """Draw every weight that the constructor set to one value, and the statistics of batch norm, at random.

    A scale of 1e-6 or a running mean of 0 hides the part of the model behind it from any comparison.
    """
    import torch

    with torch.no_grad():
        for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
            last = name.rpartition(".")[2]
            weight = isinstance(tensor, torch.nn.Parameter) or last in ("running_mean", "running_var")
            if not weight or not tensor.is_floating_point() or not tensor.numel() or tensor.min() != tensor.max():
                continue
            if tensor.flatten()[0] == 0:
                tensor.normal_(0, 0.1)
            else:
                tensor.uniform_(0.5, 1.5)


def _noise(
    model: Any,
    positional: list[Any],
    keywords: dict[str, Any],
    projections: dict[str, Array],
    known: dict[str, dict[str, Array]],
    before: dict[str, Array],
    job: Job,
) -> dict[str, dict[str, Array]]:
    """How far gradients, outputs and buffers move when all changes by 1e-7 of its value: what rounding alone may do.

    Where a ReLU's argument is nearly 0, or two members of a pooling window are nearly equal, that is a jump.
    """
    import torch

    largest: dict[str, dict[str, Array]] = {
        group: {name: np.zeros(()) for name in arrays} for group, arrays in known.items()
    }
    names = dict(model.named_parameters())
    originals = {name: parameter.detach().clone() for name, parameter in names.items()}
    generator = torch.Generator().manual_seed(job.seed)
    for _ in range(job.noise):
        moved = {id(tensor): _moved(tensor, generator) for tensor in [*positional, *keywords.values()]}
        model.zero_grad()
        with torch.no_grad():
            for name, parameter in names.items():
                parameter.copy_(_moved(originals[name], generator))
            for name, buffer in model.named_buffers():
                if name in before:
                    buffer.copy_(torch.from_numpy(np.array(before[name])))
        _seed(job.seed)
        result = model(*(moved[id(t)] for t in positional), **{k: moved[id(t)] for k, t in keywords.items()})
        results = {path: leaf for path, leaf in leaves(result, torch.is_tensor) if path in projections}
        parts = [(leaf * torch.from_numpy(projections[path]).to(leaf.dtype)).sum() for path, leaf in results.items()]
        torch.stack([part.float() for part in parts]).sum().backward()
        order = [*(str(i) for i in range(len(positional))), *keywords]
        inputs = {f"input {k}": moved[id(t)] for k, t in zip(order, [*positional, *keywords.values()], strict=True)}
        grads = {name: tensor.grad for name, tensor in {**names, **inputs}.items()}
        buffers = dict(model.named_buffers())
        for group, moved_by in (("gradients", grads), ("outputs", results), ("buffers", buffers)):
            for name, first in known[group].items():
                now = moved_by.get(name)
                if now is not None and first.size:
                    change = np.abs(tensor_array(now).astype(np.float64) - first.astype(np.float64)).max()
                    largest[group][name] = np.array(max(float(change), largest[group][name].item()))
    return largest


def _moved(tensor: Any, generator: Any) -> Any:
    import torch

    if not tensor.is_floating_point():
        return tensor
    noise = torch.randn(tensor.shape, generator=generator).to(tensor.dtype)
    return (tensor.detach() * (1 + 1e-7 * noise)).requires_grad_(tensor.requires_grad)


def as_module(function: Any) -> Any:
    """A plain function as a model without weights."""
    import torch

    class Function(torch.nn.Module):  # type: ignore[misc, unused-ignore]
        def forward(self, *inputs: Any, **keywords: Any) -> Any:
            return function(*inputs, **keywords)

    return Function()


def run(job: Job) -> None:
    """Build, run forward and backward, store weights, results, gradients and the list of files used."""
    finder = open_root(Path(job.root))
    evaluate(job, finder.load(job.module, Path(job.file)))


def evaluate(job: Job, module: ModuleType) -> None:
    """The same, of a module that is loaded."""
    import torch

    folder = Path(job.folder)
    given = load(folder / "inputs.npz")
    inputs = {name: torch.from_numpy(np.array(array)) for group in given.values() for name, array in group.items()}
    for tensor in inputs.values():
        tensor.requires_grad_(tensor.is_floating_point())
    positional = [inputs[name] for name in given["positional"]]
    keywords = {name: inputs[name] for name in given["keywords"]}

    _seed(job.seed)
    kind, model = resolve(job.name, job.arguments, module.__dict__, (positional, keywords), torch.nn.Module)
    if kind == FUNCTION:
        model = as_module(model)
    model.train(job.train)
    if job.draw_constants:
        draw_constants(model)
    if job.no_dropout:
        switch_dropout_off(model)

    weights = {name: tensor_array(t) for name, t in model.state_dict().items() if torch.is_tensor(t)}
    _seed(job.seed)
    with record(model) as tape:
        result = model(*positional, **keywords)
    tape.save(folder / "draws.npz")
    outputs: dict[str, Array] = {}
    projections: dict[str, Array] = {}
    plain: dict[str, str] = {}
    generator = np.random.default_rng(job.seed)
    loss = None
    for path, leaf in leaves(result, torch.is_tensor):
        if not torch.is_tensor(leaf):
            plain[path] = repr(leaf)
            continue
        outputs[path] = tensor_array(leaf)
        if leaf.is_floating_point() and leaf.requires_grad:
            projections[path] = generator.standard_normal(tuple(leaf.shape)).astype(np.float32)
            part = (leaf * torch.from_numpy(projections[path]).to(leaf.dtype)).sum()
            loss = part if loss is None else loss + part
    if not outputs:
        raise SystemExit(f"{job.name} returns no tensor")
    if loss is not None and job.gradients:
        loss.backward()
    gradients: dict[str, Array] = {}
    for name, tensor in [*model.named_parameters(), *((f"input {k}", v) for k, v in inputs.items())]:
        if loss is not None and job.gradients and tensor.requires_grad:
            # No gradient means: not used.  Jittor gives zeros then, which is the same to a comparison.
            gradients[name] = tensor_array(torch.zeros_like(tensor) if tensor.grad is None else tensor.grad)
    after = {name: tensor_array(buffer) for name, buffer in model.named_buffers()} if job.train else {}

    if job.noise:
        known = {"gradients": gradients, "outputs": outputs, "buffers": after}
        save(folder / "noise.npz", _noise(model, positional, keywords, projections, known, weights, job))
    groups = {"weights": weights, "outputs": outputs, "projections": projections, "gradients": gradients}
    save(folder / "torch.npz", {**groups, "buffers": after})
    told = {
        "kind": kind,
        "buffers": [name for name, _ in model.named_buffers()],
        "files": [str(path) for path in imported_files(Path(job.root))],
        "plain": plain,
        "version": torch.__version__,
    }
    (folder / "torch.json").write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    sys.path[:] = [entry for entry in sys.path if entry]
    run(Job.read(Path(sys.argv[1])))
