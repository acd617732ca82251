"""See what optimizers do, in either framework, without the program's help: gradients and rates at each step."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parity.arrays import Array
from parity.backends import Backend
from parity.training.sketch import length, sketch

HELPERS = "jittor_helpers.py"
# A gradient that is so small a share of the largest is what rounding leaves of a true zero (the bias of attention's
# keys, a bias before a normalisation).  An optimizer that divides by its size makes whole steps of it.
NOTHING = 1e-5


@dataclass
class Event:
    """One step of an optimizer.

    Attributes:
        rates: learning rates of its groups.
        norms: length of the gradient of each parameter that has one, by name.
        sketches: stand-ins of the gradients.
        trained: all parameters that the optimizer may change.
    """

    rates: list[float]
    norms: dict[str, float] = field(default_factory=dict)
    sketches: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    trained: list[str] = field(default_factory=list)


class Watcher:
    """Notes every step of every optimizer while it is open.

    Attributes:
        events: since they were taken last.
        small: entries of each parameter whose gradient was nothing but rounding at some step.
        names: of the parameters, by ``id``; others are named by their place in the optimizer.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.events: list[Event] = []
        self.names: dict[int, str] = {}
        self.small: dict[str, NDArray[np.bool_]] = {}
        self._kept: list[Any] = []
        self._undo: list[Callable[[], None]] = []

    def follow(self, parameters: Mapping[str, Any]) -> None:
        """Parameters have these names from now on."""
        self._kept += parameters.values()  # so that no other tensor gets their ids
        self.names.update({id(tensor): name for name, tensor in parameters.items()})

    def take(self) -> list[Event]:
        """The events since the last call."""
        taken, self.events = self.events, []
        return taken

    def __enter__(self) -> Watcher:
        (self._watch_torch if self.backend.name == "torch" else self._watch_jittor)()
        return self

    def __exit__(self, *problem: object) -> None:
        for undo in reversed(self._undo):
            undo()
        self._undo.clear()

    def _note(self, groups: list[list[tuple[Any, Any, bool]]], rates: list[Any]) -> None:
        """Groups of (parameter, gradient or None, whether it may change)."""
        event = Event([float(rate) for rate in rates])
        found: dict[str, Array] = {}
        for at, group in enumerate(groups):
            for place, (parameter, gradient, trained) in enumerate(group):
                name = self.names.get(id(parameter), f"<parameter {place} of group {at} of the optimizer>")
                if trained:
                    event.trained.append(name)
                if gradient is not None:
                    values = self.backend.numpy(gradient)
                    event.norms[name] = length(values)
                    event.sketches[name] = sketch(values, name)
                    found[name] = np.abs(values)
        largest = max((float(sizes.max()) for sizes in found.values() if sizes.size), default=0.0)
        for name, sizes in found.items():
            small = sizes <= NOTHING * largest
            if (small & (sizes > 0)).any():  # entries that are exactly zero are not used
                self.small[name] = self.small.get(name, False) | small
        self.events.append(event)

    def _watch_torch(self) -> None:
        from torch.optim.optimizer import register_optimizer_step_post_hook

        def after(optimizer: Any, args: Any, keywords: Any) -> None:
            groups = [
                [(p, None if p.grad is None else _dense(p.grad), p.requires_grad) for p in group["params"]]
                for group in optimizer.param_groups
            ]
            self._note(groups, [group["lr"] for group in optimizer.param_groups])

        self._undo.append(register_optimizer_step_post_hook(after).remove)

    def _watch_jittor(self) -> None:
        import jittor as jt

        stock = jt.optim.Optimizer

        def pre_step(optimizer: Any, loss: Any, retain_graph: bool = False) -> None:
            originals[stock, "pre_step"](optimizer, loss, retain_graph)
            groups = []
            for group in optimizer.param_groups:
                gradients = group.get("grads") or [None] * len(group["params"])
                groups.append(
                    [
                        (p, None if p.is_stop_grad() else g, not p.is_stop_grad())
                        for p, g in zip(group["params"], gradients)
                    ]
                )
            self._note(groups, [group.get("lr", optimizer.lr) for group in optimizer.param_groups])

        def step(optimizer: Any, closure: Any = None) -> Any:
            helper = next(base for base in type(optimizer).__mro__ if (base, "step") in originals)
            result = originals[helper, "step"](optimizer, closure)
            groups = [
                [(p, getattr(p, "held_gradient", None), not p.is_stop_grad()) for p in group["params"]]
                for group in optimizer.param_groups
            ]
            self._note(groups, [group["lr"] for group in optimizer.param_groups])
            return result

        originals: dict[tuple[Any, str], Any] = {}
        for owner, name, replacement in [(stock, "pre_step", pre_step), *((h, "step", step) for h in _helpers())]:
            originals[owner, name] = owner.__dict__[name]
            setattr(owner, name, replacement)
            self._undo.append(lambda owner=owner, name=name: setattr(owner, name, originals[owner, name]))  # type: ignore[misc]


def _helpers() -> list[Any]:
    """The base class of converted optimizers, of every helper module that is loaded."""
    loaded = [m.__dict__ for m in list(sys.modules.values()) if Path(str(m.__dict__.get("__file__"))).name == HELPERS]
    return [space["Optimizer"] for space in loaded if "Optimizer" in space]


def _dense(gradient: Any) -> Any:
    return gradient.to_dense() if gradient.is_sparse else gradient
