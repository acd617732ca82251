"""What the parent of a trace tells a side, and the names under which arrays come back."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from parity.arrays import Array

REPEATED = 4  # calls of one module whose own code is judged; more would be the same code again


@dataclass(frozen=True)
class Job:
    """One side's work.

    Attributes:
        folder: the exchange folder; ``inputs.npz`` lies there, results go there.
        root: folder from which imports start.
        file: the target file; ``module`` its dotted name below ``root``.
        name: class or function in it.
        arguments: text between the parentheses of its call.
        seed: of weights, random numbers and projections.
        train: training mode instead of evaluation mode.
        draw_constants: draw the weights that the constructor set to one value at random as well.
        converted: Jittor only: the file was made by the converter and may name Torch where nothing comes by.
        kind: ``model``, or ``function`` for a plain function of tensors; the Torch side finds out.
        entry: name of the function whose lines count as those of the target, if that is a function.
        fused: Jittor only: compile operators together, as programs usually run.
        lines: numbers of Torch calls whose lines are recorded; empty in the first round.
        alone: paths of Torch's modules without a counterpart: their lines belong to the code around them.
    """

    folder: str
    root: str
    file: str
    module: str
    name: str
    arguments: str
    seed: int
    train: bool
    draw_constants: bool = True
    converted: bool = True
    kind: str = "model"
    entry: str = ""
    fused: bool = True
    lines: tuple[int, ...] = ()
    alone: tuple[str, ...] = ()

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=2), encoding="utf-8")

    @staticmethod
    def read(path: Path) -> Job:
        value = json.loads(path.read_text(encoding="utf-8"))
        return Job(**{**value, "lines": tuple(value["lines"]), "alone": tuple(value["alone"])})


def projection(name: str, shape: tuple[int, ...], seed: int) -> Array:
    """What a result is multiplied with before it is summed up to one number, the same on both sides."""
    draw = np.random.default_rng([zlib.crc32(name.encode()), seed])
    return draw.standard_normal(shape or (1,)).astype(np.float32).reshape(shape)


# Groups of arrays; the number of the Torch call goes between the group and the tensor.
INPUT, OUTPUT, GRADIENT = "input", "output", "gradient"  # of the whole run
OWN, OWN_GRADIENT, OWN_BUFFER = "own", "own gradient", "own buffer"  # of one module's own code
WEIGHT, PARAMETER_GRADIENT, BUFFER = "weight", "parameter gradient", "buffer"  # of the model
MADE = "made"  # buffers as Jittor's constructor makes them, before they get Torch's values


def key(group: str, call: int, name: str) -> str:
    """Name of an array of a call."""
    return f"{group}/{call}/{name}"


def handed(path: str, count: int, leaf: str) -> str:
    """Name of what a module hands to one inside it."""
    return f"to {path or 'itself'}" + (f" (call {count + 1})" if count else "") + f", argument {leaf}"


def taken(path: str, count: int, leaf: str) -> str:
    """Name of what a module gets back from one inside it."""
    place = leaf.removeprefix("output")
    return f"from {path or 'itself'}" + (f" (call {count + 1})" if count else "") + (f" {place}" if place else "")
