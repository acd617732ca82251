"""What a call of ``jt.random`` is for: all of Jittor's random functions, and those of converted programs, end there.

The functions between the program and ``jt.random`` are on the stack; :data:`MEANINGS` says for each that gives the
numbers a meaning what it draws, and which numbers make it draw given values.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parity.arrays import Array
from parity.randomness.modules import OURS
from parity.randomness.tape import Draw

HELPERS = "jittor_helpers.py"
Locals = Mapping[str, Any]
LEAST, MOST = 1e-20, 1 - 1e-7  # of (0, 1), as the helpers limit it


@dataclass(frozen=True)
class Meaning:
    """What a library function draws.

    Attributes:
        kind: see :data:`parity.randomness.tape.KINDS`.
        numbers: uniform numbers that make the function draw given values, by its local variables.
        limits: ``p``, ``low``, ``high``, from its local variables.
        shape: of the values, where it is not that of the numbers.
        drops: whether zeros drop something.
    """

    kind: str
    numbers: Callable[[Array, Locals], Array]
    limits: Callable[[Locals], dict[str, Any]] = lambda found: {}
    shape: Callable[[Locals], tuple[int, ...]] | None = None
    drops: bool = False


def high_is_one(values: Array, found: Locals) -> Array:
    return values.astype(np.float32)


def low_is_one(values: Array, found: Locals) -> Array:
    return 1 - values.astype(np.float32)


def _as_drawn(values: Array, found: Locals) -> Array:
    return values


def _from_above(values: Array, found: Locals) -> Array:
    numbers: Array = 1 - values  # jt.init.uniform computes u * (low - high) + high
    return numbers


def _whole_numbers(values: Array, found: Locals) -> Array:
    """``floor(u * (high - low) + low)``; the middle of each interval, so that rounding does no harm."""
    low, high = found["low"], found["high"]
    numbers: Array = (values.astype(np.float64) - low + 0.5) / (high - low)
    return numbers


def _order(values: Array, found: Locals) -> Array:
    """Keys whose ascending order it is."""
    keys = np.empty(len(values), np.float32)
    keys[values] = (np.arange(len(values)) + 0.5) / max(len(values), 1)
    return keys


def _weights(found: Locals) -> NDArray[np.float64]:
    return np.array(found["weights"].numpy(), dtype=np.float64)


def _choice(values: Array, found: Locals) -> Array:
    """For ``multinomial``: with replacement u falls into the interval of the class; without, u**(1/w) orders them."""
    weights = _weights(found)
    rows, picked = weights.reshape(-1, weights.shape[-1]), values.reshape(-1, values.shape[-1])
    if found["replacement"]:
        edges = np.cumsum(rows, -1)
        before = np.concatenate([np.zeros((len(rows), 1)), edges[:, :-1]], -1)
        middle: Array = np.take_along_axis((before + edges) / 2 / edges[:, -1:], picked, -1)
        return middle.reshape(values.shape)
    share = rows / rows.max(-1, keepdims=True)
    pace = 40.0 / (picked.shape[-1] + 1)  # all that were drawn lie above exp(-40), the others at exp(-46)
    numbers = np.full(rows.shape, LEAST)
    for rank in range(picked.shape[-1]):
        at = picked[:, rank : rank + 1]
        np.put_along_axis(numbers, at, np.exp(-np.take_along_axis(share, at, -1) * (rank + 1) * pace), -1)
    return numbers.reshape(weights.shape)


def _choice_shape(found: Locals) -> tuple[int, ...]:
    return (*found["weights"].shape[:-1], int(found["num_samples"]))


def _classes(values: Array, found: Locals) -> Array:
    """For the helper's ``Categorical``: the greatest of logit + Gumbel noise; Torch draws (rows, samples)."""
    shape = tuple(int(n) for n in found["shape"])
    chosen = values.reshape(-1, values.shape[-1]).T.reshape(-1)
    numbers = np.full((len(chosen), shape[-1]), LEAST)
    numbers[np.arange(len(chosen)), chosen] = MOST
    return numbers.reshape(shape)


def _classes_shape(found: Locals) -> tuple[int, ...]:
    shape, inner = [int(n) for n in found["shape"]], found["self"].logits.ndim - 1
    samples, rows = shape[: len(shape) - 1 - inner], shape[len(shape) - 1 - inner : -1]
    return (int(np.prod(rows, dtype=int)), int(np.prod(samples, dtype=int)))


def _probability(of: Callable[[Locals], Any]) -> Callable[[Locals], dict[str, Any]]:
    return lambda found: {"p": 1 - of(found)}


_DROPPED = Meaning("bernoulli", high_is_one, _probability(lambda found: found["p"]), drops=True)
_MODULE = Meaning("bernoulli", high_is_one, _probability(lambda found: found["self"].p), drops=True)
_COIN = Meaning("bernoulli", low_is_one)
_INTEGERS = Meaning("integers", _whole_numbers, lambda found: {"low": found["low"], "high": found["high"]})
_CHOICE = Meaning("choice", _choice, shape=_choice_shape)

# (whose function, its name with the class of self) -> meaning.
MEANINGS: dict[tuple[str, str], Meaning] = {
    ("jittor", "Dropout.execute"): _MODULE,
    ("jittor", "Dropout2d.execute"): _MODULE,
    ("jittor", "DropPath.execute"): _MODULE,
    ("helpers", "dropped"): _DROPPED,
    ("helpers", "alpha_dropout"): _DROPPED,
    ("jittor", "bernoulli"): _COIN,
    ("helpers", "bernoulli"): _COIN,
    ("helpers", "Bernoulli.sample"): _COIN,
    ("jittor", "randint"): _INTEGERS,
    ("jittor", "randperm"): Meaning("permutation", _order),
    ("jittor", "multinomial"): _CHOICE,
    ("helpers", "multinomial"): _CHOICE,
    ("helpers", "Categorical.sample"): Meaning("choice", _classes, shape=_classes_shape),
    ("helpers", "gumbel_softmax"): Meaning("exponential", lambda values, found: np.exp(-values.astype(np.float64))),
    ("jittor", "uniform"): Meaning("uniform", _from_above),
}
PLAIN = {"uniform": Meaning("uniform", _as_drawn), "normal": Meaning("normal", _as_drawn)}


@dataclass(frozen=True)
class Called:
    """Who calls ``jt.random``.

    Attributes:
        meaning: what is drawn.
        found: local variables of the function that gives the meaning.
        name: the function that the program called.
        place: file and line of the program.
        internal: initial values of weights, which are carried over anyway.
        filling: perhaps so: a stock function that fills a Var in place.
        low_keeps: whether the program's line compares the number with something larger: ``rand(...) < p``.
    """

    meaning: Meaning
    found: Locals
    name: str
    place: str
    internal: bool
    filling: bool
    low_keeps: bool

    def numbers(self, draw: Draw) -> Array:
        """What ``jt.random`` must return for this draw."""
        values = np.asarray(draw.values)
        if draw.kind == self.meaning.kind:
            return self.meaning.numbers(values, self.found)
        return low_is_one(values, {}) if self.low_keeps else high_is_one(values, {})


def called(frame: FrameType | None, distribution: str, jittor: str) -> Called:
    """Read the stack from the caller of ``jt.random`` outwards.

    Args:
        frame: of that caller.
        distribution: ``uniform`` or ``normal``.
        jittor: folder of the package.
    """
    meaning, found, name, internal, filling = PLAIN[distribution], {}, "random", False, False
    init = str(Path(jittor) / "init.py")
    while frame is not None:
        file, function = frame.f_code.co_filename, frame.f_code.co_name
        if file.startswith(OURS):
            frame = frame.f_back
            continue
        owner = "jittor" if file.startswith(jittor) else "helpers" if Path(file).name == HELPERS else ""
        if not owner:
            break
        name = function
        within = frame.f_locals.get("self")
        full = f"{type(within).__name__}.{function}" if within is not None else function
        fills = function.endswith("_") and not function.endswith("__")  # kaiming_uniform_, not __call__
        internal = internal or (fills and owner == "helpers")
        filling = filling or (fills and file == init)
        if meaning is PLAIN[distribution] and (owner, full) in MEANINGS:
            meaning, found = MEANINGS[owner, full], dict(frame.f_locals)
        frame = frame.f_back
    place, low = "", False
    if frame is not None:
        file, line = frame.f_code.co_filename, frame.f_lineno
        place = f"{Path(file).name}:{line}"
        low = compares_below(linecache.getline(file, line))
    return Called(meaning, found, name, place, internal, filling, low)


def compares_below(line: str) -> bool:
    """Whether a line of code is true where a random number is small: ``rand(...) < keep``, ``p > rand(...)``."""
    try:
        text = line.strip()
        tree = ast.parse(f"{text} pass" if text.endswith(":") else text)
    except SyntaxError:
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            draws_left, draws_right = _draws(node.left), _draws(node.comparators[0])
            below = isinstance(node.ops[0], ast.Lt | ast.LtE)
            above = isinstance(node.ops[0], ast.Gt | ast.GtE)
            if (draws_left and below) or (draws_right and above):
                return True
    return False


def _draws(node: ast.expr) -> bool:
    called = [n.func for n in ast.walk(node) if isinstance(n, ast.Call)]
    names = [f.attr if isinstance(f, ast.Attribute) else getattr(f, "id", "") for f in called]
    return any("rand" in name for name in names)
