"""What training, testing and inference need of a framework: a small interface, and one class for each behind it.

A side is imported only when its framework is chosen: one framework in a process.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

FRAMEWORKS = ("jittor", "torch")

Array = NDArray[Any]


class FrameworkError(Exception):
    """The framework cannot be used as asked; one line that says what to do."""


class Framework(Protocol):
    """Models and optimizers are the framework's own; everything that leaves is a plain array.

    Attributes:
        name: "torch" or "jittor".
        rank: number of this process among those that train as one; 0 if it is alone.
        ranks: how many these are.
    """

    name: str
    rank: int
    ranks: int

    def start(self, device: str, threads: int) -> None:
        """Import the framework and set it up; call it first.

        Args:
            device: "cpu" or "cuda".
            threads: of the computation, 0 for the framework's choice.

        Raises:
            FrameworkError: if there is no such device.
        """

    def version(self) -> str:
        """Of the framework."""

    def seed(self, value: int) -> None:
        """Seed everything that may be drawn from, so that what follows depends on this value alone."""

    def place(self, model: Any) -> Any:
        """The model on the device that was chosen."""

    def weights(self, model: Any) -> dict[str, Array]:
        """Parameters and buffers by name; copies."""

    def optimizer_state(self, model: Any, optimizer: Any) -> dict[str, Array]:
        """What the optimizer keeps, as ``PARAMETER/SLOT``: ``fc.weight/exp_avg``; counts are int64 scalars."""

    def load_optimizer_state(self, model: Any, optimizer: Any, state: Mapping[str, Array]) -> None:
        """Give back what :meth:`optimizer_state` gave, also in the other framework.

        Raises:
            ValueError: for a parameter that the optimizer does not have.
        """

    def finish(self) -> None:
        """Compute what is still to be computed."""

    def share(self, model: Any, optimizer: Any, norms: bool) -> None:
        """Make the processes train as one: gradients are averaged; with ``norms`` batch norms see whole batches."""

    def agree(self, figures: Mapping[str, float]) -> dict[str, float]:
        """The mean of each figure over the processes."""


def get_framework(name: str, device: str = "cpu", threads: int = 0) -> Framework:
    """A framework, started.

    Raises:
        FrameworkError: for an unknown one, or a device that is not there.
    """
    if name not in FRAMEWORKS:
        raise FrameworkError(f"no framework {name!r}; there are: {', '.join(FRAMEWORKS)}")
    side: Framework = import_module(f"jack.frameworks.{name}_side").SIDE
    side.start(device, threads)
    return side


def method_module(framework: Framework, name: str) -> ModuleType:
    """A module of :mod:`jack.methods`, such as ``cten_training``, in a framework."""
    return import_module(f"jack.methods.{framework.name}.{name}")


def split_state(state: Mapping[str, Array]) -> dict[str, dict[str, Array]]:
    """``PARAMETER/SLOT`` to slots by parameter."""
    found: dict[str, dict[str, Array]] = {}
    for key, array in state.items():
        name, _, slot = key.rpartition("/")
        found.setdefault(name, {})[slot] = np.asarray(array)
    return found


def positions(model: Any, optimizer: Any) -> dict[str, int]:
    """The place of each parameter in an optimizer's groups, by the parameter's name."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    held = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    return {names[id(parameter)]: place for place, parameter in enumerate(held)}
