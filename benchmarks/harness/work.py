"""What one side does in one cell: builds the model, takes the steps that are timed, shows the values to compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness.cells import MODEL_PHASES, TRAINING_PHASES
from benchmarks.methods import Subject
from benchmarks.methods.subject import Array
from jack.frameworks import Framework, method_module
from parity.backends import get_backend

COUNTER = "num_batches_tracked"
SHOWN = 4096  # entries of a gradient that are compared, beside its norm
NUDGE = 1e-6  # of a value: what the rounding of sums over thousands of products does


class CannotMeasure(Exception):
    """This side cannot do this cell; one line that says why."""


class WithoutUpdate:
    """An optimizer whose step does nothing: what is left of a training step is forward and backward."""

    def __init__(self, optimizer: Any) -> None:
        self._optimizer = optimizer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._optimizer, name)

    def step(self) -> None:
        """Do nothing."""


class Work:
    """A side of a cell, ready to be timed.

    Args:
        framework: started.
        side: one of :data:`benchmarks.harness.cells.SIDES`.
        subject: the method.
        phase, batch, length: of the cell.
        folder: where data sets and videos lie, or are written.

    Attributes:
        step: starts the work of one step; may return before it is done.
    """

    def __init__(
        self,
        framework: Framework,
        side: str,
        subject: Subject,
        phase: str,
        batch: int,
        length: int,
        folder: Path,
    ) -> None:
        self.framework, self.subject, self.phase = framework, subject, phase
        self.size = batch, length
        self.kept: list[Any] = []  # Jittor computes only what is still held when it is waited for
        self.logs: dict[str, float] = {}
        self.model: Any = None
        if phase == "data":
            self.step = self._data(folder)
            return
        self.model = subject.build(framework, length if phase in MODEL_PHASES else subject.answer_length)
        self.fill(self.model)
        self.model = framework.place(self.model)
        self.called = self.model
        # In evaluation they do nothing, and an optimized model must stay as it is.
        parts = self.model.modules() if phase in TRAINING_PHASES else ()
        self.dropouts = [(part, part.p) for part in parts if type(part).__name__.startswith("Dropout")]
        for part, _ in self.dropouts:
            part.p = 0.0  # what is drawn differs between frameworks; drawn again after the comparison
        get_backend(framework.name).set_training(self.model, phase in TRAINING_PHASES)
        makers: dict[str, Callable[[], Callable[[], None]]] = {"inference": lambda: self._inference(side)}
        makers |= {"forward": self._forward, "backward": self._backward, "step": self._training_step}
        if side == "compile":
            self.called = _compiled(self.model)
        self.step = makers[phase]() if phase in makers else self._answer(folder)

    def fill(self, model: Any, nudge: int = 0) -> None:
        """Give a model the weights that every framework gets, for a number as far away as rounding could bring them."""
        backend = get_backend(self.framework.name)
        shapes = {name: array.shape for name, array in backend.state(model).items()}
        report = backend.load_weights(model, nudged(self.subject.weights(shapes), nudge))
        left = [name for name in (*report.missing, *report.unexpected) if not name.endswith(COUNTER)]
        if left:
            raise CannotMeasure(f"weights do not fit: {', '.join(left[:3])}")

    def _inference(self, side: str) -> Callable[[], None]:
        backend = get_backend(self.framework.name)
        tensors = self.subject.tensors(self.framework, self.model, self.subject.inputs(*self.size))
        if side == "optimized":
            self.called = _optimized(self.model, tensors)

        def step() -> None:
            with backend.no_grad():
                self.kept = list(self.called(*tensors))

        return step

    def _forward(self) -> Callable[[], None]:
        criterion, batch = self.subject.criterion(self.framework), self.subject.batch(*self.size)

        def step() -> None:
            self.kept = self.subject.forward(self.framework, self.called, criterion, batch)

        return step

    def _backward(self) -> Callable[[], None]:
        return self._training_step(WithoutUpdate)

    def _training_step(self, wrap: Callable[[Any], Any] = lambda optimizer: optimizer) -> Callable[[], None]:
        criterion, batch = self.subject.criterion(self.framework), self.subject.batch(*self.size)
        optimizer = wrap(self.subject.optimizer(self.framework, self.model))

        def step() -> None:
            self.logs = self.subject.training_step(self.framework, self.called, criterion, optimizer, batch)

        return step

    def _answer(self, folder: Path) -> Callable[[], None]:
        source = self.subject.write_source(folder, self.size[1])
        answer = self.subject.answerer(self.framework, self.model, self.fill)

        def step() -> None:
            self.kept = answer(source)

        return step

    def _data(self, folder: Path) -> Callable[[], None]:
        from benchmarks.harness.data import batches_of

        batches = batches_of(self.subject.name, self.framework, self.size[0], folder)

        def step() -> None:
            self.kept = next(batches)

        return step

    def values(self) -> dict[str, dict[str, Array]]:
        """What the last step computed, by group (output, gradient, norm of a gradient) and name."""
        found: dict[str, dict[str, Array]] = {"output": {}, "gradient": {}, "norm": {}}
        for number, value in enumerate(self.kept):
            array = value if isinstance(value, np.ndarray) else get_backend(self.framework.name).numpy(value)
            found["output"][f"output.{number}"] = array.reshape(array.shape or (1,))
        for name, figure in self.logs.items():
            found["output"][name] = np.array([figure], dtype=np.float32)
        if self.phase in ("backward", "step"):
            for name, gradient in self._gradients():
                flat = gradient.reshape(-1)
                found["gradient"][name] = flat[:: max(1, len(flat) // SHOWN)].copy()
                found["norm"][f"norm of {name}"] = np.array([np.linalg.norm(flat.astype(np.float64))], dtype=np.float32)
        return found

    def _gradients(self) -> Iterator[tuple[str, Array]]:
        backend = get_backend(self.framework.name)
        helpers = method_module(self.framework, "jittor_helpers") if self.framework.name == "jittor" else None
        for name, parameter in backend.named_parameters(self.model).items():
            gradient = helpers.grad_of(parameter) if helpers else parameter.grad
            if gradient is not None:
                yield name, backend.numpy(gradient)

    def sampled(self) -> dict[str, Array]:
        """Some entries of each parameter."""
        backend = get_backend(self.framework.name)
        found = {}
        for name, parameter in backend.named_parameters(self.model).items():
            flat = backend.numpy(parameter).reshape(-1)
            found[name] = flat[:: max(1, len(flat) // SHOWN)].copy()
        return found

    def restore_dropout(self) -> None:
        """From now on as the authors train."""
        for part, probability in self.dropouts if self.model is not None else ():
            part.p = probability


def nudged(weights: dict[str, Array], number: int) -> dict[str, Array]:
    """Weights as far from these as rounding could bring them; the same ones for the number 0."""
    if not number:
        return weights
    draw = np.random.default_rng(number)
    return {
        name: (array * (1 + NUDGE * draw.standard_normal(array.shape, dtype=np.float32).astype(np.float64))).astype(
            array.dtype
        )
        for name, array in weights.items()
    }


def _compiled(model: Any) -> Any:
    import torch

    return torch.compile(model)


def _optimized(model: Any, tensors: list[Any]) -> Any:
    try:
        module = import_module("jack.optimize")
    except ImportError as error:
        raise CannotMeasure(f"jack.optimize cannot be imported: {error}") from error
    try:
        return module.optimize(model, *tensors, release=True)  # as in use: the weights are held once
    except module.CannotOptimize as error:
        raise CannotMeasure(f"jack optimize: {error}") from error
