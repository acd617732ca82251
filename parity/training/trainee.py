"""What a method must offer to have its training compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Protocol

from parity.backends import Backend

GROUP = "jack_parity.training"


class TrainingError(Exception):
    """The request cannot be carried out; the message is one line for the user."""


@dataclass(frozen=True)
class Bounds:
    """How near the two runs must stay.

    Attributes:
        loss: largest |jittor - torch| of each logged figure at every step, as a share of Torch's figure or of Torch's
            loss, whichever is larger.
        drift: largest distance of the final parameters, as a share of the way that training has moved them:
            ||jittor - torch|| / ||torch - start|| over all trained parameters together.
    """

    loss: float = 1e-3
    drift: float = 1e-2


class Trainee(Protocol):
    """A training at a size that is quick on a CPU, without dropout.

    Attributes:
        name: the method, as on the command line.
        size: one line about what is smaller than in the paper.
        bounds: see :class:`Bounds`.
    """

    name: str
    size: str
    bounds: Bounds

    def make_model(self, backend: Backend) -> Any:
        """A model with initial weights drawn from the framework's generator."""

    def steps(self, backend: Backend, model: Any, seed: int, count: int) -> Iterator[Mapping[str, float]]:
        """Take `count` optimizer steps; after each one, yield its figures: `loss` and what else is logged."""


def available() -> dict[str, Trainee]:
    """The trainings that installed packages offer, by name."""
    return {entry.name: entry.load() for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name)}
