"""The same small interface to either framework.

A backend module is imported only in the process that runs its framework.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from parity.arrays import Array

FRAMEWORKS = ("torch", "jittor")


@dataclass(frozen=True)
class LoadReport:
    """What did not fit when arrays were loaded into a model by name.

    Attributes:
        missing: names that the model has and the arrays lack.
        unexpected: names that the arrays have and the model lacks.
    """

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]

    def problems(self) -> str:
        """The names in one line, empty if all fitted."""
        parts = [f"missing: {', '.join(self.missing)}"] if self.missing else []
        parts += [f"unexpected: {', '.join(self.unexpected)}"] if self.unexpected else []
        return "; ".join(parts)


class Backend(Protocol):
    """What a comparison needs of a framework.  Tensors and models are the framework's own."""

    name: str

    def prepare_environment(self) -> None:
        """Make the framework importable and set it up for figures that can be compared; call it first."""

    def seed(self, value: int) -> None:
        """Seed every random generator that the framework or its users draw from."""

    def tensor(self, array: Array, requires_grad: bool = False) -> Any:
        """A tensor of the array's dtype."""

    def numpy(self, tensor: Any) -> Array:
        """The values of a tensor, computed by now."""

    def named_parameters(self, model: Any) -> dict[str, Any]:
        """What is trained, by name, in the model's order; no buffers."""

    def state(self, model: Any) -> dict[str, Array]:
        """Parameters and buffers by name."""

    def load_weights(self, model: Any, weights: Mapping[str, Array]) -> LoadReport:
        """Copy arrays into parameters and buffers of the same name.

        Raises:
            ValueError: for a shape that differs.
        """

    def set_training(self, model: Any, training: bool) -> None:
        """Set the mode of a model and all inside it; parameters keep their gradients in either mode."""

    def no_grad(self) -> AbstractContextManager[Any]:
        """A context in which no graph is kept for gradients."""

    def gradients(self, loss: Any, tensors: Mapping[str, Any]) -> dict[str, Array | None]:
        """Gradients of a scalar; None where the framework knows that there is none (Jittor gives zeros)."""


def get_backend(framework: str) -> Backend:
    """The backend of a framework, which is imported and prepared."""
    if framework not in FRAMEWORKS:
        raise ValueError(f"unknown framework {framework!r}: one of {', '.join(FRAMEWORKS)}")
    backend: Backend = import_module(f"parity.backends.{framework}_backend").BACKEND
    backend.prepare_environment()
    return backend
