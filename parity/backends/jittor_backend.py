"""Jittor behind the interface of :class:`parity.backends.Backend`.

Jittor is imported when the backend is prepared, not with this module: the environment must be right before.
"""

from __future__ import annotations

import ctypes.util
import os
import random
from collections.abc import Mapping
from contextlib import AbstractContextManager
from importlib.metadata import entry_points
from typing import Any

import numpy as np

from parity.arrays import Array
from parity.backends import LoadReport

BUFFERS = ("running_mean", "running_var")


class JittorBackend:
    """See :class:`parity.backends.Backend`."""

    name = "jittor"

    def prepare_environment(self) -> None:
        prepare_process()
        import jittor  # noqa: F401

    def seed(self, value: int) -> None:
        import jittor as jt

        random.seed(value)
        np.random.seed(value % 2**32)
        jt.set_global_seed(value)

    def tensor(self, array: Array, requires_grad: bool = False) -> Any:
        import jittor as jt

        # Without the dtype Jittor narrows 64 bits to 32.
        made = jt.array(np.ascontiguousarray(array), dtype=str(array.dtype))
        if requires_grad:
            made.start_grad()
        else:
            made.stop_grad()
        return made

    def numpy(self, tensor: Any) -> Array:
        array: Array = np.array(tensor.numpy())
        return array

    def named_parameters(self, model: Any) -> dict[str, Any]:
        # Stock modules list buffers too: those are named so, or their gradient is stopped.
        named = [(name, value) for name, value in model.named_parameters() if not value.is_stop_grad()]
        return {name: value for name, value in named if name.rpartition(".")[2] not in BUFFERS}

    def state(self, model: Any) -> dict[str, Array]:
        return {name: self.numpy(value) for name, value in model.state_dict().items()}

    def load_weights(self, model: Any, weights: Mapping[str, Array]) -> LoadReport:
        import jittor as jt

        held = model.state_dict()
        for name, target in held.items():
            if name not in weights:
                continue
            array = np.asarray(weights[name])
            if (tuple(array.shape) or (1,)) != tuple(target.shape):
                raise ValueError(f"{name}: {array.shape} given, {tuple(target.shape)} expected")
            stopped = target.is_stop_grad()
            # assign() also takes over from the new value that its gradient is stopped.
            target.assign(jt.array(np.ascontiguousarray(array), dtype=str(target.dtype)))
            if stopped:
                target.stop_grad()
            else:
                target.start_grad()
        # Jittor's own batch norms count no batches, and arrays need not hold the count.
        unexpected = tuple(n for n in weights if n not in held and not n.endswith("num_batches_tracked"))
        missing = tuple(n for n in held if n not in weights and not n.endswith("num_batches_tracked"))
        return LoadReport(missing, unexpected)

    def set_training(self, model: Any, training: bool) -> None:
        # Not model.eval(): a stock module's stops the gradients of every parameter.
        for module in model.modules():
            module.is_train = training

    def no_grad(self) -> AbstractContextManager[Any]:
        import jittor as jt

        context: AbstractContextManager[Any] = jt.no_grad()
        return context

    def gradients(self, loss: Any, tensors: Mapping[str, Any]) -> dict[str, Array | None]:
        import jittor as jt

        found = jt.grad(loss, list(tensors.values()))
        jt.sync(found)
        return {name: self.numpy(gradient) for name, gradient in zip(tensors, found)}


def prepare_process() -> None:
    """Set the process up for ``import jittor``: by the installed preparation, else by the least that is needed.

    The preparation is the entry point ``jittor`` of the group ``jack_parity.runtime``.
    """
    for entry in entry_points(group="jack_parity.runtime"):
        if entry.name == "jittor":
            entry.load()()
            return
    # Jittor takes an nvcc for a GPU and then fails on machines that have the compiler only.
    if ctypes.util.find_library("cuda") is None:
        os.environ.setdefault("nvcc_path", "")


BACKEND = JittorBackend()
