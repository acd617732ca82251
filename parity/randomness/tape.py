"""What a program drew: one :class:`Draw` each, in order, in a file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import accumulate
from operator import mul
from pathlib import Path

import numpy as np

from parity.arrays import Array, load_arrays, save_arrays

OUTSIDE = "<outside>"  # the path of a draw that happens in no module of the model

# What the values of a kind are.  Numbers of any range are kept as standard ones, so that each side scales its own.
KINDS = {
    "bernoulli": "zeros and ones",
    "uniform": "uniform numbers",  # of [0, 1)
    "normal": "normal numbers",  # of mean 0 and deviation 1
    "exponential": "exponential numbers",  # of rate 1
    "integers": "whole numbers",
    "permutation": "a random order",
    "choice": "indices by weight",
}


@dataclass(frozen=True)
class Draw:
    """One random tensor.

    Attributes:
        path: of the innermost module in which it was drawn; :data:`OUTSIDE` for none.
        kind: a key of :data:`KINDS`, or the name of a Torch operator that is none of these.
        count: how many of this kind were drawn in this module before.
        name: the function that the program called (``dropout``, ``LSTM``, ``rand``).
        shape: of the values.
        drops: whether the zeros drop something (dropout, stochastic depth).
        limits: ``p`` (of a 1), ``low`` and ``high``, ``mean`` and ``std``, where they are single numbers.
        place: file and line of the program.
        values: see :data:`KINDS`; None while only the description is meant.
    """

    path: str
    kind: str
    count: int
    name: str
    shape: tuple[int, ...]
    drops: bool = False
    limits: Mapping[str, float] = field(default_factory=dict)
    place: str = ""
    values: Array | None = None

    def what(self) -> str:
        """The draw in words, without its place."""
        if self.drops:
            return f"drops (p={1 - self.limits['p']:.6g})" if "p" in self.limits else "drops"
        text = KINDS.get(self.kind, f"{self.kind} numbers")
        if self.kind == "bernoulli" and "p" in self.limits:
            text += f" (probability of a 1: {self.limits['p']:.6g})"
        if self.kind == "integers" and "high" in self.limits:
            text += f" from {self.limits['low']:g} up to, not including, {self.limits['high']:g}"
        return f"draws {text}"

    def where(self) -> str:
        """The module in words."""
        if self.path == OUTSIDE:
            return f"outside of the model ({self.place})" if self.place else "outside of the model"
        return self.path or "the model's own code"


@dataclass
class Tape:
    """All draws of a run.

    Attributes:
        modules: the class of every module of the model, by path.
        draws: in order.
    """

    modules: dict[str, str] = field(default_factory=dict)
    draws: list[Draw] = field(default_factory=list)

    def save(self, path: Path) -> None:
        """Write all into one .npz, atomically."""
        arrays = {str(i): np.asarray(draw.values) for i, draw in enumerate(self.draws) if draw.values is not None}
        told = {"modules": self.modules, "draws": [asdict(replace(draw, values=None)) for draw in self.draws]}
        arrays["told"] = np.frombuffer(json.dumps(told).encode(), dtype=np.uint8)
        save_arrays(path, arrays)


def load_tape(path: Path) -> Tape:
    """Read what :meth:`Tape.save` wrote.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is no such file.
    """
    arrays = load_arrays(path)
    if "told" not in arrays:
        raise ValueError(f"{path} holds no recorded draws")
    told = json.loads(arrays["told"].tobytes())
    draws = []
    for number, entry in enumerate(told["draws"]):
        entry.update(shape=tuple(entry["shape"]), values=arrays.get(str(number)))
        draws.append(Draw(**entry))
    return Tape(told["modules"], draws)


def same_layout(one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether a reshape turns one into the other by joining neighbouring dimensions or adding ones.

    (2, 8) and (2, 8, 1, 1) do, (batch * heads, L, S) and (batch, heads, L, S) do; (2, 8) and (8, 2) do not.
    """
    first, second = (set(accumulate((int(n) for n in shape if n != 1), mul)) or {1} for shape in (one, other))
    return max(first) == max(second) and (first <= second or second <= first)
