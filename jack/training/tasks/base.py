"""What the loop needs of a method."""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jack.datasets.batches import Batches
from jack.frameworks import Array, Framework
from jack.options.common import Options
from jack.testing.evaluations import Evaluation
from jack.testing.weights import load_weights


class Task(ABC):
    """A training of a method: subclasses open the data when they are made, and the model in :meth:`build`.

    Attributes:
        options: of the method.
        framework: that computes.
        unit: what a sample is, in the plural.
        batches: of the training.
        evaluation: by which the best model is chosen; None for none.
        selected_on: what that is, in words.
        shared_norms: batch norms see a whole batch: processes that train as one share their statistics.
        skipped: a line for each sample that was left out when the data was opened.
        model: after :meth:`build`.
        optimizer: after :meth:`build`.
    """

    unit = "samples"
    shared_norms = True
    batches: Batches[Any]
    evaluation: Evaluation | None
    selected_on: str
    model: Any
    optimizer: Any

    def __init__(self, framework: Framework, options: Options) -> None:
        self.framework, self.options = framework, options
        self.skipped: list[str] = []

    @abstractmethod
    def build(self) -> None:
        """Make model and optimizer; what is drawn comes from the framework's generators."""

    @abstractmethod
    def epochs(self) -> int:
        """How many there are at most; 0 where steps are counted."""

    @abstractmethod
    def steps(self) -> int:
        """How many there are at most."""

    @abstractmethod
    def goes_on(self, epoch: int) -> bool:
        """Whether there is such an epoch, counted from 0."""

    @abstractmethod
    def start_step(self, epoch: int, step: int) -> float:
        """Prepare the step number ``step``, counted from 0; returns the learning rate."""

    @abstractmethod
    def step(self, batch: Any, epoch: int, number: int) -> dict[str, float]:
        """Train on a batch, number ``number`` of the epoch; returns loss, its terms, and acc if there is one."""

    @abstractmethod
    def size(self, batch: Any) -> int:
        """Samples of a batch."""

    @abstractmethod
    def name(self, index: int) -> str:
        """Of a sample of the training part."""

    def checksum(self) -> int:
        """Of the names of the training samples, in order: a resumed run must find the same."""
        return zlib.crc32("\n".join(self.name(index) for index in self.batches.chosen).encode())

    @abstractmethod
    def arrays(self, batch: Any) -> dict[str, Array]:
        """Everything of a batch, to be looked at later."""

    def evaluates(self, step: int, epoch_over: bool) -> bool:
        """Whether an evaluation is due after so many steps."""
        return epoch_over

    def load_start(self) -> list[str]:
        """Load the weights that the options say the training starts from.

        Returns:
            sentences that the user should know.

        Raises:
            CheckpointError: if a file does not fit.
        """
        if not self.options.checkpoint:
            return []
        return load_weights(self.model, self.options, self.framework, Path(self.options.checkpoint))

    def close(self) -> None:
        """End the workers."""
        self.batches.close()
        if self.evaluation is not None:
            self.evaluation.close()


def means(sums: Mapping[str, float], samples: int) -> dict[str, float]:
    """Means over samples."""
    return {name: value / samples for name, value in sums.items()} if samples else {}
