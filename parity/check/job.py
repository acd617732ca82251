"""What the parent tells a child, and the arrays that come back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]


@dataclass(frozen=True)
class Job:
    """One side's work.

    Attributes:
        folder: the exchange folder; ``inputs.npz`` lies there, results go there.
        root: folder from which imports start (Jittor: of the converted copy).
        file: the target file; ``module`` its dotted name below ``root``.
        name: class or function in it.
        arguments: text between the parentheses of its call.
        seed: of the weights and random numbers.
        train: training mode instead of evaluation mode.
        draw_constants: draw the weights that the constructor set to one value at random as well.
        no_dropout: set the probability of every dropout layer to 0.
        noise: Torch only: that many passes more with everything changed by rounding; see ``torch_side``.
        gradients: whether gradients are computed.
        kind: Jittor only: ``model`` or ``function``, which the Torch side has found out (``parity.check.subject``).
        port: Jittor only: the file was written by hand: its class is built as the program would, and its weights
            may have other names.
    """

    folder: str
    root: str
    file: str
    module: str
    name: str
    arguments: str
    seed: int
    train: bool
    draw_constants: bool = False
    no_dropout: bool = False
    noise: int = 0
    gradients: bool = True
    kind: str = "model"
    port: bool = False

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=2), encoding="utf-8")

    @staticmethod
    def read(path: Path) -> Job:
        return Job(**json.loads(path.read_text(encoding="utf-8")))


def save(path: Path, groups: Mapping[str, Mapping[str, Array]]) -> None:
    """Store groups of named arrays; the names may hold any character (npz member names may not)."""
    arrays: dict[str, Array] = {}
    index: list[tuple[str, str]] = []
    for group, members in groups.items():
        for name, array in members.items():
            arrays[f"a{len(index)}"] = array
            index.append((group, name))
    arrays["index"] = np.frombuffer(json.dumps({"groups": list(groups), "names": index}).encode(), dtype=np.uint8)
    with path.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)


def load(path: Path) -> dict[str, dict[str, Array]]:
    """The groups that :func:`save` stored, every array in its order."""
    with np.load(path, allow_pickle=False) as stored:
        told: dict[str, Any] = json.loads(stored["index"].tobytes())
        groups: dict[str, dict[str, Array]] = {group: {} for group in told["groups"]}
        for number, (group, name) in enumerate(told["names"]):
            groups[group][name] = stored[f"a{number}"]
    return groups
