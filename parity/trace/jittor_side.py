"""The Jittor process of a trace: the converted copy, or a port, with Torch's weights and inputs."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from parity.arrays import Array
from parity.backends.jittor_backend import BACKEND
from parity.check.importer import Finder
from parity.check.jittor_side import as_module, open_root, prepare
from parity.check.job import load
from parity.check.subject import FUNCTION, function
from parity.check.values import leaves
from parity.randomness import replay
from parity.state.match import match
from parity.trace import job as names
from parity.trace import store
from parity.trace.attributes import plain_attributes
from parity.trace.jittor_framework import Held, JittorFramework, array_of, reason, trained_by_an_optimizer, value_of
from parity.trace.job import Job
from parity.trace.lines import LineRecorder
from parity.trace.pair import Module, inverse, pair_modules
from parity.trace.places import assigned_at, code_of, foreign, made_at, note_code, note_makers, note_root, place
from parity.trace.recorder import Call, Recorder, Repetition
from parity.trace.structures import counterparts, map_arguments, map_tensors
from parity.trace.told import as_plain, inside, save_lines, shared, told_of


class JittorSide:
    """A model of which everything is recorded.

    Args:
        job: what to run.
    """

    def __init__(self, job: Job) -> None:
        loaded = self._load(job)
        import jittor as jt

        self.job = job
        folder = Path(job.folder)
        self.torch: dict[str, Any] = json.loads((folder / "torch.json").read_text(encoding="utf-8"))
        self.theirs = store.Stored(folder / "torch.npz")
        BACKEND.seed(job.seed)
        space = loaded.__dict__
        if job.kind == FUNCTION:
            model = as_module(function(job.name, job.arguments, space))
            note_code(model, eval(job.entry, space))
        else:
            model = eval(f"{job.name}({job.arguments}\n)", space)
        if not isinstance(model, jt.nn.Module):
            raise SystemExit(f"{job.name}({job.arguments}) is no jittor.nn.Module but {type(model).__name__}")
        self.model = model
        # Not model.eval(): a stock module's stops the gradients of every parameter.
        BACKEND.set_training(model, job.train)
        held = {name: var for name, var in model.state_dict().items() if isinstance(var, jt.Var)}
        shapes = {n: self.theirs[names.key(names.WEIGHT, 0, n)].shape for n in self.torch["weights"]}
        self.pairs = match(shapes, {name: tuple(var.shape) for name, var in held.items()}, self._made_alike(held))
        self.twin = {pair.jittor: pair.torch for pair in self.pairs if pair.usable}
        self.trained = [n for n, v in held.items() if any(v is p for p in trained_by_an_optimizer(model))]
        self.shared = shared(held.items())
        self.start = {ours: self.theirs[names.key(names.WEIGHT, 0, theirs)] for ours, theirs in self.twin.items()}
        tables = {ours: theirs for ours, theirs in self.twin.items() if theirs in self.torch["steady"]}
        self.made = {names.key(names.MADE, 0, theirs): array_of(held[ours]) for ours, theirs in tables.items()}
        BACKEND.load_weights(model, self.start)
        self.framework = JittorFramework()
        modules = {path.lstrip("."): module for path, module in model.named_modules()}
        self.recorder = Recorder(modules, self.framework)
        there = [Module(told["path"], told["type"]) for told in self.torch["tree"]]
        here = [Module(path, type(module).__name__) for path, module in self.recorder.modules.items()]
        self.to_jittor = pair_modules(there, here, self.pairs)
        self.to_torch = inverse(self.to_jittor)
        self.problems: dict[str, str] = {}
        self.twins: dict[int, int] = {}  # number of our call to number of Torch's

    def _load(self, job: Job) -> Any:
        root = Path(job.root)
        if job.converted:
            finder = open_root(root)
        else:
            prepare()
            finder = Finder(root)
            sys.meta_path.insert(0, finder)
            sys.path[:0] = [str(root)]
        import jittor as jt

        if not job.fused:
            jt.flags.no_fuse = 1
        note_root(root)
        note_makers(jt.nn.Module)
        return finder.load(job.module, Path(job.file))

    def _made_alike(self, held: dict[str, Any]) -> dict[str, str]:
        """Buffers that both programs make with the same values: adjacency, tables of positions."""
        found: dict[str, str] = {}
        for theirs in self.torch["weights"]:
            array = self.theirs[names.key(names.WEIGHT, 0, theirs)]
            if theirs in self.torch["trained"] or array.size < 2 or array.min() == array.max():
                continue
            for ours, var in held.items():
                same = tuple(var.shape) == array.shape and ours not in found.values()
                if same and np.allclose(array_of(var), array, 1e-5, 1e-6):
                    found[theirs] = ours
                    break
        return found

    def arguments(self) -> tuple[list[Any], dict[str, Any]]:
        """What the model gets."""
        given = load(Path(self.job.folder) / "inputs.npz")
        made = {
            name: BACKEND.tensor(array, requires_grad=array.dtype.kind == "f")
            for group in given.values()
            for name, array in group.items()
        }
        return [made[name] for name in given["positional"]], {name: made[name] for name in given["keywords"]}

    def whole(self) -> dict[str, Array]:
        """Run the model forward and backward; what raises is kept with the calls before it."""

        positional, keywords = self.arguments()
        BACKEND.seed(self.job.seed)
        result: Any = None
        with replay(self.model, Path(self.job.folder) / "whole_draws.npz") as player, self.recorder.recording():
            try:
                result = self.model(*positional, **keywords)
            except Exception as error:
                self._keep_error(error)
        self.draws = [] if self.problems else player.problems()
        self._pair_calls()
        arrays: dict[str, Any] = {}
        for call in self.recorder.calls:
            number = self.twins.get(call.number)
            if number is not None:
                for group, ours, theirs in (
                    (names.INPUT, call.inputs, self._call(number)["inputs"]),
                    (names.OUTPUT, call.outputs, self._call(number)["outputs"]),
                ):
                    arrays.update(
                        {names.key(group, number, their): ours[our] for our, their in self._twins_of(ours, theirs)}
                    )
        buffers = {n: v for n, v in self.model.state_dict().items() if n in self.twin and n not in self.trained}
        arrays.update({names.key(names.BUFFER, 0, self.twin[n]): v for n, v in buffers.items()})
        arrays.update(self._gradients(result))
        return self._values(arrays)

    def _keep_error(self, error: Exception) -> None:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if not foreign(f.filename)]
        at = place(frames[-1].filename, frames[-1].lineno or 0) if frames else None
        failed = next((call for call in reversed(self.recorder.calls) if call.error is error), None)
        text = str(error).strip().splitlines()
        self.problems["whole"] = f"{type(error).__name__}: {text[0] if text else ''}"
        self.error = {
            "message": self.problems["whole"],
            "path": self.to_torch.get(failed.path) if failed else "",
            "at": as_plain(at),
        }
        traceback.print_exception(error)

    error: dict[str, Any] | None = None
    draws: list[str] = []

    def _call(self, number: int) -> dict[str, Any]:
        found: dict[str, Any] = self.torch["calls"][number]
        return found

    def _pair_calls(self) -> None:
        """The k-th call of a module is that of its counterpart."""
        numbers = {(told["path"], told["index"]): told["number"] for told in self.torch["calls"]}
        for call in self.recorder.calls:
            number = numbers.get((self.to_torch.get(call.path, "?"), call.index))
            if number is not None:
                self.twins[call.number] = number

    def _twins_of(self, ours: dict[str, Any], theirs: dict[str, list[int]]) -> list[tuple[str, str]]:
        shapes = {name: tuple(var.shape) for name, var in ours.items()}
        return list(counterparts({n: tuple(shape) for n, shape in theirs.items()}, shapes).items())

    def _gradients(self, result: Any) -> dict[str, Any]:
        import jittor as jt

        sinks = {n: v for n, v in leaves(result, self.framework.is_tensor) if self.framework.is_tensor(v)}
        loss = self._loss(dict(sinks), self.torch["projected"])
        if loss is None:
            return {}
        targets: dict[str, Any] = {}
        outputs: dict[int, dict[str, Any]] = {}
        for (number, leaf), var in self.framework.held.items():
            outputs.setdefault(number, {})[leaf] = var
        for number, held in outputs.items():
            twin = self.twins.get(number)
            if twin is not None:
                for our, their in self._twins_of(held, self._call(twin)["outputs"]):
                    name = names.key(names.GRADIENT, twin, their)
                    if name in self.theirs:
                        targets[name] = held[our]
        state = self.model.state_dict()
        for ours, theirs in self.twin.items():
            name = names.key(names.PARAMETER_GRADIENT, 0, theirs)
            if name in self.theirs:
                targets[name] = state[ours]
        return dict(zip(targets, jt.grad(loss, list(targets.values())))) if targets else {}

    def _loss(self, sinks: dict[str, Any], projected: list[str]) -> Any:
        import jittor as jt

        loss = None
        for name in projected:
            var = sinks.get(name)
            if var is None and name == "output" and len(sinks) == 1:
                var = next(iter(sinks.values()))
            if var is not None and var.dtype.is_float():
                weight = names.projection(name, tuple(var.shape), self.job.seed)
                part = (var * jt.array(weight).cast(var.dtype)).sum()
                loss = part if loss is None else loss + part
        return loss

    def own_code(self) -> dict[str, Array]:
        """Repeat the calls one by one on Torch's inputs."""

        found: dict[str, Any] = {}
        BACKEND.seed(self.job.seed)
        with replay(self.model, Path(self.job.folder) / "own_draws.npz"):
            for call in self.recorder.calls:
                number = self.twins.get(call.number)
                if number is not None and call.index < names.REPEATED and call.error is None:
                    try:
                        found.update(self.repeat(call, number))
                    except Exception as error:
                        text = str(error).strip().splitlines()
                        self.problems[f"own/{number}"] = f"{type(error).__name__}: {text[0] if text else ''}"
                        traceback.print_exception(error)
        return self._values(found)

    def repeat(self, call: Call, number: int, lines: LineRecorder | None = None) -> dict[str, Any]:
        """One call's own code, as :meth:`parity.trace.torch_side.TorchSide.repeat` does it."""
        import jittor as jt

        framework, recorder, told = self.framework, self.recorder, self._call(number)
        sources: dict[str, Any] = {}
        fed: set[str] = set()

        def fresh(name: str, stored: str, tensor: Any) -> Any:
            array = self.theirs[stored]
            if (tuple(array.shape) or (1,)) != tuple(tensor.shape):
                self.problems[f"shape/{number}/{name}"] = (
                    f"{name} has the shape {tuple(array.shape)} in Torch, {tuple(tensor.shape)} in Jittor"
                )
                return tensor.detach()
            floating = array.dtype.kind == "f"
            var = jt.array(np.ascontiguousarray(array), dtype=str(array.dtype) if floating else str(tensor.dtype))
            if not floating:
                return var.stop_grad()
            var.start_grad()
            sources[name] = var
            fed.add(name)
            return var.clone()

        mine = dict(self._twins_of(call.inputs, told["inputs"]))

        def argument(leaf: str, tensor: Any) -> Any:
            if leaf not in mine:
                return tensor
            return fresh(f"argument {mine[leaf]}", names.key(names.INPUT, number, mine[leaf]), tensor)

        def result_of(inner: Call, twin: int, key: tuple[str, int]) -> Any:
            matching = dict(self._twins_of(inner.outputs, self._call(twin)["outputs"]))

            def change(leaf: str, tensor: Any) -> Any:
                if leaf not in matching:
                    return tensor
                name = names.taken(self.to_torch[key[0]], key[1], matching[leaf])
                return fresh(name, names.key(names.OUTPUT, twin, matching[leaf]), tensor)

            return map_tensors(inner.returned, framework.is_tensor, change, "output")

        results: dict[tuple[str, int], Callable[[], Any]] = {}
        their_inner = self._inner_of(number)
        for key, inner in recorder.children_of(call):
            twin = their_inner.get((self.to_torch.get(key[0], "?"), key[1]))
            if twin is not None and inner.error is None:
                results[key] = partial(result_of, inner, twin, key)
        repetition = Repetition(call.path, results)
        module = recorder.modules[call.path]
        args, keywords = map_arguments(
            recorder.originals[call.path], *call.arguments, is_tensor=framework.is_tensor, change=argument
        )
        self._restore(call.path, module)
        watching: AbstractContextManager[None] = nullcontext()
        if lines is not None:
            watching, repetition.watch = lines.watching(), partial(self._hand, lines)
        with watching:
            returned = recorder.repeat(repetition, args, keywords)
        sinks = {path: v for path, v in leaves(returned, framework.is_tensor) if framework.is_tensor(v)}
        sinks = {theirs: sinks[ours] for ours, theirs in self._twins_of(sinks, told["outputs"])}
        for (path, count), given in repetition.handed.items():
            twin = their_inner.get((self.to_torch.get(path, "?"), count))
            if twin is None:
                continue
            flat = {n: v for name, value in given.items() for n, v in leaves(value, framework.is_tensor, name)}
            tensors = {n: v for n, v in flat.items() if framework.is_tensor(v)}
            for ours, theirs in self._twins_of(tensors, self._call(twin)["inputs"]):
                sinks[names.handed(self.to_torch[path], count, theirs)] = tensors[ours]
        found = {names.key(names.OWN, number, n): framework.snapshot(v) for n, v in sinks.items()}
        called = {self.to_jittor.get(path, "?") for path, _ in their_inner}
        prefix = call.path + "." if call.path else ""
        state = self.model.state_dict()
        for ours, theirs in self.twin.items():
            if ours.startswith(prefix) and not inside(ours, called):
                sources[theirs] = state[ours]
        # Also what is detached in Torch: its gradient there is 0.
        loss = self._loss(sinks, [name for name in sinks if names.key(names.OWN, number, name) in self.theirs])
        wanted = {n: v for n, v in sources.items() if names.key(names.OWN_GRADIENT, number, n) in self.theirs}
        # Where the program is cut into modules differently, Torch's gradients are those of something else.
        alike = not repetition.missing and set(self.torch["own_projected"][str(number)]) <= set(sinks)
        if loss is not None and wanted and alike:
            gradients = jt.grad(loss, list(wanted.values()))
            found.update({names.key(names.OWN_GRADIENT, number, n): g for n, g in zip(wanted, gradients)})
        for ours, theirs in self.twin.items():
            if ours.rpartition(".")[0] == call.path and ours not in self.trained:
                found[names.key(names.OWN_BUFFER, number, theirs)] = framework.snapshot(state[ours])
        return found

    def _hand(self, lines: LineRecorder, path: str, count: int, given: Any, site: Any) -> None:
        lines.hand(self.to_torch.get(path, path), count, given, site)

    def _inner_of(self, number: int) -> dict[tuple[str, int], int]:
        """Torch's calls directly inside one: (path, count) to number."""
        found: dict[tuple[str, int], int] = {}
        counts: dict[str, int] = {}
        for told in self.torch["calls"][number + 1 :]:
            if told["depth"] <= self._call(number)["depth"]:
                break
            if told["parent"] == number:
                count = counts.get(told["path"], 0)
                counts[told["path"]] = count + 1
                found[told["path"], count] = told["number"]
        return found

    def _restore(self, path: str, module: Any) -> None:
        """Give the module's own buffers the values that they had before the model ran."""
        state = self.model.state_dict()
        own = {n: a for n, a in self.start.items() if n.rpartition(".")[0] == path and n not in self.trained}
        BACKEND.load_weights(Held({name: state[name] for name in own}), own)

    def _values(self, arrays: dict[str, Any]) -> dict[str, Array]:
        """The arrays; a Var whose computation fails is a problem of its own."""
        import jittor as jt

        try:
            jt.sync_all(True)  # all at once: Jittor compiles many operators side by side
        except RuntimeError as error:
            traceback.print_exception(error)
        found = {}
        for name, var in arrays.items():
            try:
                found[name] = array_of(var)
            except RuntimeError as error:
                self.problems[f"value/{name}"] = f"Jittor cannot compute it: {reason(error)}"
        return found

    def tree(self) -> list[dict[str, Any]]:
        """Every module: path, Torch's path, type, attributes, where it was made and where its code begins."""
        return [
            {
                "path": path,
                "torch": self.to_torch.get(path),
                "type": type(module).__name__,
                "attributes": plain_attributes(module),
                "tensors": {
                    name: as_plain(assigned_at(module, name))
                    for name, value in vars(module).items()
                    if self.framework.is_tensor(value)
                },
                "made": as_plain(made_at(module)),
                "code": as_plain(code_of(module, "execute")),
            }
            for path, module in self.recorder.modules.items()
        ]


def run(job: Job) -> None:
    """Record, repeat, store; or, in the second round, record the lines of some calls."""
    side, folder = JittorSide(job), Path(job.folder)
    arrays = side.whole()
    if job.lines:
        record_lines(side, job)
        return
    own = side.own_code()  # after an error too: it judges the calls that came to their end
    store.save(folder / "jittor.npz", {**arrays, **own, **side.made})
    import jittor as jt

    told = {
        "version": jt.__version__,
        "state": [as_plain(pair) for pair in side.pairs],
        "trained": side.trained,
        "shared": side.shared,
        "tree": side.tree(),
        "calls": [{**told_of(call), "twin": side.twins.get(call.number)} for call in side.recorder.calls],
        "problems": side.problems,
        "error": side.error,
        "draws": side.draws,
    }
    (folder / "jittor.json").write_text(json.dumps(told), encoding="utf-8")


def record_lines(side: JittorSide, job: Job) -> None:
    """The second round: the lines of the calls that stand for Torch's of these numbers."""
    ours = {twin: side.recorder.calls[number] for number, twin in side.twins.items()}
    recorded: dict[int, LineRecorder] = {}
    BACKEND.seed(job.seed)
    with replay(side.model, Path(job.folder) / "line_draws.npz"):
        for number in job.lines:
            if number in ours and ours[number].error is None:
                recorded[number] = LineRecorder(side.framework.is_tensor, side.framework.snapshot, job.entry)
                try:
                    side.repeat(ours[number], number, recorded[number])
                except Exception as error:  # the first round has reported it
                    traceback.print_exception(error)
    save_lines(Path(job.folder) / "jittor", recorded, lambda v: value_of(v) if side.framework.is_tensor(v) else v)


if __name__ == "__main__":
    sys.path[:] = [entry for entry in sys.path if entry]
    run(Job.read(Path(sys.argv[1])))
