"""What the harness needs of a method."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jack.frameworks import Framework, method_module
from jack.golden.recipes import fill_weights
from parity.check.compare import Limits
from parity.tolerances import GRADIENT_FLOOR, TABLE

Array = NDArray[Any]
Batch = Any
"""What a method's training step takes: arrays by name, or a list of them."""

Fill = Callable[[Any], None]
"""Gives a model the weights that every framework gets."""

SEED = 0


class Subject(ABC):
    """A method.  Models and tensors are the framework's own; batches are arrays.

    Attributes:
        name: of the method, as in ``jack train NAME``.
        title: as in its paper.
        batch_unit, length_unit: what both sizes of a cell count.
        answer_length: of the network's input when the answer starts from a file, where the network must know it.
        gain: of the weights that every framework gets, see :func:`jack.golden.recipes.fill_weights`.
        training_limits: how near losses and gradients of a training step must be to Torch's.
        inference_limits: the same for outputs.
        gradient_floor: a gradient that differs by less than this share of the model's largest is equal.
    """

    name: str
    title: str
    batch_unit: str
    length_unit: str
    answer_length: int = 0
    gain: float = 1.0
    training_limits: Limits = Limits(TABLE["model"])
    inference_limits: Limits = Limits(TABLE["model"])
    gradient_floor: float = GRADIENT_FLOOR

    @abstractmethod
    def build(self, framework: Framework, length: int) -> Any:
        """The network for inputs of a length, with the framework's own initial weights."""

    def weights(self, shapes: Mapping[str, Sequence[int]]) -> dict[str, Array]:
        """The weights that every framework gets, by name, for the shapes of a state_dict."""
        return {**fill_weights(shapes, gain=self.gain)}

    @abstractmethod
    def batch(self, batch: int, length: int) -> Batch:
        """Invented samples for the training step, the same at every call."""

    @abstractmethod
    def inputs(self, batch: int, length: int) -> tuple[Array, Array]:
        """Both inputs of the network, with the axis of the batch."""

    @abstractmethod
    def optimizer(self, framework: Framework, model: Any) -> Any:
        """The authors' optimizer."""

    @abstractmethod
    def criterion(self, framework: Framework) -> Any:
        """The authors' loss."""

    @abstractmethod
    def forward(self, framework: Framework, model: Any, criterion: Any, batch: Batch) -> list[Any]:
        """The forward part of a training step: its loss first, then everything else that the step would need."""

    @abstractmethod
    def training_step(
        self, framework: Framework, model: Any, criterion: Any, optimizer: Any, batch: Batch
    ) -> dict[str, float]:
        """The method's own training step; returns what it logs."""

    @abstractmethod
    def write_source(self, folder: Path, length: int) -> Path:
        """Write the file that an answer starts from: a clip of ``length`` seconds, or a walk."""

    @abstractmethod
    def answerer(self, framework: Framework, model: Any, fill: Fill) -> Callable[[Path], list[Array]]:
        """A function from such a file to the model's outputs, read, prepared and computed as ``jack infer`` does.

        Args:
            fill: to be called with every further network that the answer needs.
        """

    def tensors(self, framework: Framework, model: Any, arrays: tuple[Array, ...]) -> list[Any]:
        """Arrays as float32 tensors on the model's device."""
        module = method_module(framework, "video_training")
        device = module.device_of(model)
        return [module.to_tensor(array, device) for array in arrays]


def generator() -> np.random.Generator:
    """The source of all invented samples."""
    return np.random.default_rng(SEED)
