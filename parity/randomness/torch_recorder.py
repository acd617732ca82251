"""The Torch side: every random operator that runs, however it was called, is noted with its values.

Below autograd Torch carries all randomness out through a few operators, whose list it keeps itself (the tag
``nondeterministic_seeded``).  A dispatch mode sees them also inside LSTM and multi-head attention, which a function
mode does not; what the program called is read from the stack.
"""

from __future__ import annotations

import ast
import linecache
import sys
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from parity.arrays import Array
from parity.randomness.modules import OURS, RunningModules, being_made
from parity.randomness.tape import Draw, Tape

TORCH = str(Path(torch.__file__).parent)
FUNCTIONAL = str(Path(torch.nn.functional.__file__))
INIT = str(Path(torch.nn.init.__file__))
RECURRENT = str(Path(torch.nn.modules.rnn.__file__))
DATA = str(Path(torch.utils.data.__file__).parent)
DROPPING_CLASSES = ("Dropout", "StochasticDepth", "DropPath", "DropBlock")


class TapeRecorder(TorchDispatchMode):  # type: ignore[misc]
    """A tape that records; see :func:`parity.randomness.record`.

    Attributes:
        tape: what was recorded so far.
        running: the modules that are being called.
    """

    def __init__(self, model: Any = None) -> None:
        super().__init__()
        self.tape = Tape()
        self.running = RunningModules()
        self._counts: dict[tuple[str, str], int] = {}
        self._open = 0  # it is entered again while operators are taken apart
        if model is not None:
            self.attach(model)

    def attach(self, model: Any, prefix: str = "") -> None:
        """Draws inside the modules of this model go by their paths, with a prefix, from now on."""
        self.running.watch(model, prefix)
        self.tape.modules.update(self.running.classes)

    def save(self, path: Path) -> None:
        """Write the tape; see :meth:`parity.randomness.tape.Tape.save`."""
        self.tape.save(path)

    def __enter__(self) -> TapeRecorder:
        self._open += 1
        super().__enter__()
        return self

    def __exit__(self, *problem: Any) -> None:
        super().__exit__(*problem)
        self._open -= 1
        if not self._open:
            self.running.release()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if torch.is_inference_mode_enabled():  # then compound operators arrive whole, with what they draw inside
            with self:
                parts = func.decompose(*args, **kwargs)
            if parts is not NotImplemented:
                return parts
        if torch.Tag.nondeterministic_seeded not in func.tags:
            return func(*args, **kwargs)
        given = bound(func, args, kwargs)
        result = func(*args, **kwargs)
        # Recomputation of a checkpointed part draws again what it drew forward.
        if torch._C._current_graph_task_id() == -1:
            self._note(func, given, result)
        return result

    def _note(self, func: Any, given: dict[str, Any], result: Any) -> None:
        operator = func.name().rpartition("::")[2].partition(".")[0]
        found = values_of(operator, given, result)
        if found is None:
            return
        kind, values, limits = found
        name, place, internal = called_function(sys._getframe(2), operator)
        if internal:
            return
        path = self.running.path
        count = self._counts.get((path, kind), 0)
        self._counts[path, kind] = count + 1
        drops = kind == "bernoulli" and (
            "drop" in name
            or name not in ("bernoulli", "bernoulli_")
            or any(part in self.running.classes.get(path, "") for part in DROPPING_CLASSES)
        )
        self.tape.draws.append(Draw(path, kind, count, name, values.shape, drops, limits, place, values))


def bound(func: Any, args: Any, kwargs: Any) -> dict[str, Any]:
    """Arguments of an operator by name, defaults included."""
    named = {}
    for position, argument in enumerate(func._schema.arguments):
        if position < len(args):
            named[argument.name] = args[position]
        elif argument.name in kwargs:
            named[argument.name] = kwargs[argument.name]
        elif argument.has_default_value():
            named[argument.name] = argument.default_value
    return named


def values_of(operator: str, given: dict[str, Any], result: Any) -> tuple[str, Array, dict[str, float]] | None:
    """Kind, standard values and limits of what an operator drew; None where it drew nothing.

    Raises:
        RuntimeError: for an operator that drops inside and does not show what.
    """
    plain = operator.rstrip("_")
    if plain == "bernoulli":
        chance = given.get("p", given.get("self") if operator == "bernoulli" else None)
        return "bernoulli", array(result) != 0, numbers(p=chance)
    if plain in ("native_dropout", "_fused_dropout"):
        chance = 1 - given["p"] if plain == "native_dropout" else given["p"]
        return ("bernoulli", array(result[1]) != 0, {"p": chance}) if given.get("train", True) else None
    if plain in ("rand", "rand_like"):
        return "uniform", array(result), {}
    if plain == "uniform":
        low, high = given["from"], given["to"]
        return "uniform", (array(result) - low) / ((high - low) or 1.0), numbers(low=low, high=high)
    if plain in ("randn", "randn_like"):
        return "normal", array(result), {}
    if plain == "normal":
        mean, std = given.get("mean", 0.0), given.get("std", 1.0)
        limits = numbers(mean=mean, std=std)
        scale = np.where(array(std) == 0, 1.0, array(std)).astype(array(result).dtype)
        return "normal", (array(result) - array(mean)) / scale, limits
    if plain == "exponential":
        return "exponential", array(result) * given["lambd"], {}
    if plain in ("randint", "randint_like", "random"):
        low = given.get("low", given.get("from", 0)) or 0
        high = given.get("high", given.get("to"))
        return "integers", array(result), numbers(low=low, high=high) if high is not None else {}
    if plain == "randperm":
        return "permutation", array(result), {}
    if plain == "multinomial":
        return "choice", array(result), {}
    if plain.startswith("rrelu_with_noise"):
        if not given["training"]:
            return None
        low, high = given["lower"], given["upper"]
        return "uniform", (array(given["noise"]) - low) / ((high - low) or 1.0), {}
    dropped = given.get("dropout_p", given.get("dropout", 0.0))
    if "attention" in plain or plain.endswith("_rnn"):
        if dropped:
            raise RuntimeError(
                f"{operator} drops with p={dropped:g} inside a fused kernel: run the Torch side on the CPU"
            )
        return None
    return plain, array(result[0] if isinstance(result, tuple) else result), {}


def array(value: Any) -> Array:
    """A copy of a tensor's values, or a number as an array."""
    if not isinstance(value, torch.Tensor):
        return np.asarray(value, dtype=np.float64)
    value = value.detach().cpu()
    found: Array = np.array((value.float() if value.dtype is torch.bfloat16 else value).numpy())
    return found


def numbers(**named: Any) -> dict[str, float]:
    """Those that are single numbers."""
    return {name: float(value) for name, value in named.items() if isinstance(value, (int, float))}


def called_function(frame: FrameType | None, operator: str) -> tuple[str, str, bool]:
    """The function of Torch that the program called, the line where, and whether the draw is none of the program's.

    Not the program's are initial weights, and the seeds that data loaders draw for generators of their own.
    """
    name, internal = operator, False
    start = frame
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((TORCH, OURS, "<")):
            break
        if file == FUNCTIONAL and name == operator:
            name = frame.f_code.co_name
        elif file == RECURRENT and name == operator:
            name = type(frame.f_locals.get("self")).__name__
        elif file == INIT or (file.startswith(DATA) and (operator == "random_" or _of_no_use(frame))):
            internal = True
        frame = frame.f_back
    place = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}" if frame is not None else ""
    return name, place, internal or being_made(start, torch.nn.Module)


def _of_no_use(frame: FrameType) -> bool:
    """Whether a sampler draws one more order only to take none of it: the rest of whole rounds."""
    sampler, n = frame.f_locals.get("self"), frame.f_locals.get("n")
    if not isinstance(sampler, torch.utils.data.RandomSampler) or not n or sampler.num_samples % n:
        return False
    return "num_samples % n" in _statement(frame.f_code.co_filename, frame.f_lineno)


@cache
def _statement(file: str, line: int) -> str:
    """The innermost statement of a source file that a line belongs to."""
    tree = ast.parse("".join(linecache.getlines(file)))
    around = [n for n in ast.walk(tree) if isinstance(n, ast.stmt) and n.lineno <= line <= (n.end_lineno or n.lineno)]
    innermost = min(around, key=lambda n: (n.end_lineno or n.lineno) - n.lineno, default=None)
    return ast.unparse(innermost) if innermost else ""
