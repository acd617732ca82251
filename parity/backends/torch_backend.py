"""Torch behind the interface of :class:`parity.backends.Backend`."""

from __future__ import annotations

import random
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch

from parity.arrays import Array
from parity.backends import LoadReport

COUNTER = "num_batches_tracked"  # Jittor has none, so arrays need not hold it


class TorchBackend:
    """See :class:`parity.backends.Backend`."""

    name = "torch"

    def prepare_environment(self) -> None:
        torch.use_deterministic_algorithms(False)  # some layers have no deterministic form and would raise

    def seed(self, value: int) -> None:
        random.seed(value)
        np.random.seed(value % 2**32)
        torch.manual_seed(value)

    def tensor(self, array: Array, requires_grad: bool = False) -> Any:
        made = torch.from_numpy(np.array(array, copy=True, order="C"))
        return made.requires_grad_() if requires_grad else made

    def numpy(self, tensor: Any) -> Array:
        array: Array = tensor.detach().cpu().numpy()
        return array

    def named_parameters(self, model: Any) -> dict[str, Any]:
        return dict(model.named_parameters())

    def state(self, model: Any) -> dict[str, Array]:
        return {name: self.numpy(value).copy() for name, value in model.state_dict().items()}

    def load_weights(self, model: Any, weights: Mapping[str, Array]) -> LoadReport:
        held = model.state_dict(keep_vars=True)
        with torch.no_grad():
            for name, target in held.items():
                if name in weights:
                    array = np.asarray(weights[name])
                    if tuple(array.shape) != tuple(target.shape):
                        raise ValueError(f"{name}: {array.shape} given, {tuple(target.shape)} expected")
                    target.copy_(torch.from_numpy(np.array(array, order="C")))
                elif name.endswith(COUNTER):
                    target.zero_()
        missing = tuple(n for n in held if n not in weights and not n.endswith(COUNTER))
        return LoadReport(missing, tuple(n for n in weights if n not in held))

    def set_training(self, model: Any, training: bool) -> None:
        model.train(training)

    def no_grad(self) -> AbstractContextManager[Any]:
        context: AbstractContextManager[Any] = torch.no_grad()
        return context

    def gradients(self, loss: Any, tensors: Mapping[str, Any]) -> dict[str, Array | None]:
        found = torch.autograd.grad(loss.sum(), list(tensors.values()), allow_unused=True)
        return {name: None if g is None else self.numpy(g) for name, g in zip(tensors, found)}


BACKEND = TorchBackend()
