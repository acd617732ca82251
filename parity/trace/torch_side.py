"""The Torch process of a trace: run the model once, then each module's own code by itself."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from parity.arrays import Array
from parity.check.importer import imported_files
from parity.check.job import load
from parity.check.subject import FUNCTION, resolve
from parity.check.torch_side import as_module, draw_constants, open_root, tensor_array
from parity.check.values import leaves
from parity.randomness import record
from parity.state.match import COUNTER
from parity.trace import job as names
from parity.trace import store
from parity.trace.attributes import plain_attributes
from parity.trace.job import Job
from parity.trace.lines import LineRecorder
from parity.trace.places import assigned_at, code_of, made_at, note_code, note_makers, note_root
from parity.trace.recorder import Call, Recorder, Repetition
from parity.trace.structures import map_arguments, map_tensors
from parity.trace.told import as_plain, inside, save_lines, shared, told_of

STATISTICS = ("running_mean", "running_var")


class TorchFramework:
    """See :class:`parity.trace.recorder.Framework`."""

    method = "forward"

    def __init__(self) -> None:
        self.gradients: dict[tuple[int, str], Array] = {}
        self._snapshots: dict[tuple[int, int], tuple[Any, Array]] = {}

    def is_tensor(self, value: object) -> bool:
        import torch

        return isinstance(value, torch.Tensor)

    def snapshot(self, tensor: Any) -> Array:
        at = (id(tensor), tensor._version)
        if at not in self._snapshots:
            self._snapshots[at] = (tensor, tensor_array(tensor))  # with the tensor, so that its id stays its own
        return self._snapshots[at][1]

    def result(self, tensor: Any, call: Call, leaf: str) -> Any:
        if tensor.requires_grad and tensor.is_floating_point():

            def keep(gradient: Any) -> None:
                self.gradients[call.number, leaf] = tensor_array(gradient)

            tensor.register_hook(keep)
        return tensor


class TorchSide:
    """A model of which everything is recorded.

    Args:
        job: what to run.
    """

    def __init__(self, job: Job) -> None:
        import torch

        finder = open_root(Path(job.root))
        note_root(Path(job.root))
        note_makers(torch.nn.Module)
        loaded = finder.load(job.module, Path(job.file))
        seed(job.seed)
        self.job = job
        given = load(Path(job.folder) / "inputs.npz")
        inputs = {name: torch.from_numpy(np.array(array)) for group in given.values() for name, array in group.items()}
        for tensor in inputs.values():
            tensor.requires_grad_(tensor.is_floating_point())
        self.positional = [inputs[name] for name in given["positional"]]
        self.keywords = {name: inputs[name] for name in given["keywords"]}
        space, arguments = loaded.__dict__, (self.positional, self.keywords)
        self.kind, self.model = resolve(job.name, job.arguments, space, arguments, torch.nn.Module)
        if self.kind == FUNCTION:
            self.model = as_module(self.model)
            note_code(self.model, eval(job.name, space))
        self.model.train(job.train)
        if job.draw_constants:
            draw_constants(self.model)
        self.weights = {n: tensor_array(t) for n, t in self.model.state_dict().items() if torch.is_tensor(t)}
        buffers = {name: tensor_array(buffer) for name, buffer in self.model.named_buffers()}
        self.start = {**buffers, **self.weights}  # also what is not saved with the state
        self.steady = self._steady(lambda: resolve(job.name, job.arguments, space, arguments, torch.nn.Module)[1])
        self.framework = TorchFramework()
        self.recorder = Recorder(dict(self.model.named_modules()), self.framework)

    def _steady(self, build: Callable[[], Any]) -> list[str]:
        """Buffers that the constructor makes the same each time: tables of positions, masks, adjacency.

        Another program must make the same, although it gets Torch's values before it is run.
        """
        names_of = [name for name, _ in self.model.named_buffers() if name in self.weights]
        tables = [name for name in names_of if name.rpartition(".")[2] not in (*STATISTICS, COUNTER)]
        if not tables or self.kind == FUNCTION:
            return []
        seed(self.job.seed + 1)
        again = {name: tensor_array(buffer) for name, buffer in build().named_buffers()}
        return [name for name in tables if name in again and np.array_equal(self.weights[name], again[name])]

    def whole(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Run the model forward and backward."""
        import torch

        seed(self.job.seed)
        with record(self.model) as tape, self.recorder.recording():
            result = self.model(*self.positional, **self.keywords)
        tape.save(Path(self.job.folder) / "whole_draws.npz")
        loss, projected = self._loss({p: t for p, t in leaves(result, torch.is_tensor) if torch.is_tensor(t)})
        if loss is not None:
            loss.backward()
        found: dict[str, Array] = {names.key(names.WEIGHT, 0, n): array for n, array in self.weights.items()}
        for call in self.recorder.calls:
            found.update({names.key(names.INPUT, call.number, n): a for n, a in call.inputs.items()})
            found.update({names.key(names.OUTPUT, call.number, n): a for n, a in call.outputs.items()})
        for (number, leaf), gradient in self.framework.gradients.items():
            found[names.key(names.GRADIENT, number, leaf)] = gradient
        parameters = list(self.model.named_parameters(remove_duplicate=False))
        trained = [name for name, parameter in parameters if parameter.requires_grad]
        for name, parameter in self.model.named_parameters():
            if parameter.requires_grad and loss is not None:
                gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
                found[names.key(names.PARAMETER_GRADIENT, 0, name)] = tensor_array(gradient)
        for name, buffer in self.model.named_buffers():
            found[names.key(names.BUFFER, 0, name)] = tensor_array(buffer)
        told = {"projected": projected, "trained": trained, "weights": list(self.weights)}
        return found, {**told, "shared": shared(parameters)}

    def own_code(self) -> tuple[dict[str, Array], dict[int, list[str]]]:
        """Repeat the calls one by one; arrays, and for each call what of it was differentiated."""
        found: dict[str, Array] = {}
        projected: dict[int, list[str]] = {}
        seed(self.job.seed)
        with record(self.model) as tape:
            for call in self.recorder.calls:
                if call.index < names.REPEATED:
                    arrays, projected[call.number] = self.repeat(call)
                    found.update(arrays)
        tape.save(Path(self.job.folder) / "own_draws.npz")
        return found, projected

    def repeat(self, call: Call, lines: LineRecorder | None = None) -> tuple[dict[str, Array], list[str]]:
        """One call's own code: results, what it hands on, gradients of its inputs, parameters and inner results."""
        import torch

        sources: dict[str, Any] = {}

        def fresh(name: str, array: Array) -> Any:
            tensor = torch.from_numpy(np.array(array))
            if not tensor.is_floating_point():
                return tensor
            sources[name] = tensor.requires_grad_()
            return tensor.clone()  # the program may write into it

        def argument(leaf: str, tensor: Any) -> Any:
            return fresh(f"argument {leaf}", call.inputs[leaf])

        def result_of(inner: Call, key: tuple[str, int]) -> Any:
            def change(leaf: str, tensor: Any) -> Any:
                return fresh(names.taken(*key, leaf), inner.outputs[leaf])

            return map_tensors(inner.returned, torch.is_tensor, change, "output")

        recorder = self.recorder
        inner = recorder.children_of(call)
        known = inner if lines is None else [(key, c) for key, c in inner if c.path not in self.job.alone]
        results: dict[tuple[str, int], Callable[[], Any]] = {key: partial(result_of, c, key) for key, c in known}
        repetition = Repetition(call.path, results)
        args, keywords = map_arguments(
            recorder.originals[call.path], *call.arguments, is_tensor=torch.is_tensor, change=argument
        )
        module = recorder.modules[call.path]
        self._restore(call.path, module)
        if lines is None:
            returned = recorder.repeat(repetition, args, keywords)
        else:
            repetition.watch = lines.hand
            with lines.watching():
                returned = recorder.repeat(repetition, args, keywords)
        sinks = {path: t for path, t in leaves(returned, torch.is_tensor) if torch.is_tensor(t)}
        for (path, count), given in repetition.handed.items():
            for name, value in given.items():
                for leaf, tensor in leaves(value, torch.is_tensor, name):
                    if torch.is_tensor(tensor):
                        sinks[names.handed(path, count, leaf)] = tensor
        loss, projected = self._loss(sinks)
        called = {path for (path, _), _ in inner}
        prefix = call.path + "." if call.path else ""
        for name, parameter in module.named_parameters():
            if parameter.requires_grad and not inside(prefix + name, called):
                sources[prefix + name] = parameter
        found = {names.key(names.OWN, call.number, n): tensor_array(t) for n, t in sinks.items()}
        if loss is not None and sources:
            gradients = torch.autograd.grad(loss, list(sources.values()), allow_unused=True)
            for (name, source), gradient in zip(sources.items(), gradients):
                gradient = torch.zeros_like(source) if gradient is None else gradient
                found[names.key(names.OWN_GRADIENT, call.number, name)] = tensor_array(gradient)
        for name, buffer in module.named_buffers(prefix=call.path, recurse=False):
            found[names.key(names.OWN_BUFFER, call.number, name)] = tensor_array(buffer)
        return found, projected

    def _restore(self, path: str, module: Any) -> None:
        """Give the module's own buffers the values that they had before the model ran."""
        import torch

        with torch.no_grad():
            for name, buffer in module.named_buffers(prefix=path, recurse=False):
                if name in self.start:
                    buffer.copy_(torch.from_numpy(np.array(self.start[name])))

    def _loss(self, sinks: dict[str, Any]) -> tuple[Any, list[str]]:
        import torch

        parts, projected = [], []
        for name, tensor in sinks.items():
            if tensor.is_floating_point() and tensor.requires_grad:
                weight = torch.from_numpy(names.projection(name, tuple(tensor.shape), self.job.seed))
                parts.append((tensor * weight.to(tensor.dtype)).sum().double())
                projected.append(name)
        return (sum(parts) if parts else None), projected

    def tree(self) -> list[dict[str, Any]]:
        """Every module: path, type, attributes, own tensors, where it was made and where its code begins."""
        return [
            {
                "path": path,
                "type": type(module).__name__,
                "attributes": plain_attributes(module),
                "tensors": {
                    name: as_plain(assigned_at(module, name))
                    for name, _ in [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
                },
                "made": as_plain(made_at(module)),
                "code": as_plain(code_of(module, "forward")),
            }
            for path, module in self.recorder.modules.items()
        ]


def seed(value: int) -> None:
    """Seed every generator that a Torch program draws from."""
    from parity.backends import torch_backend

    torch_backend.BACKEND.seed(value)


def run(job: Job) -> None:
    """Record, repeat, store; or, in the second round, record the lines of some calls."""
    import torch

    folder = Path(job.folder)
    side = TorchSide(job)
    arrays, told = side.whole()
    if job.lines:
        seed(job.seed)
        recorded = {}
        with record(side.model) as tape:
            for number in job.lines:
                recorded[number] = LineRecorder(torch.is_tensor, side.framework.snapshot, job.entry)
                side.repeat(side.recorder.calls[number], recorded[number])
        tape.save(folder / "line_draws.npz")
        save_lines(folder / "torch", recorded, np.asarray)
        return
    own, projected = side.own_code()
    store.save(folder / "torch.npz", {**arrays, **own})
    told.update(
        version=torch.__version__,
        kind=side.kind,
        steady=side.steady,
        files=[str(path) for path in imported_files(Path(job.root))],
        calls=[told_of(call) for call in side.recorder.calls],
        own_projected=projected,
        tree=side.tree(),
    )
    (folder / "torch.json").write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    sys.path[:] = [entry for entry in sys.path if entry]
    run(Job.read(Path(sys.argv[1])))
