"""What the training of VAANet and of CTEN have in common."""

from __future__ import annotations

from typing import Any

import numpy as np
import jittor as jt
from numpy.typing import NDArray
from . import jittor_helpers as jh

Batch = dict[str, NDArray[Any]]


def make_optimizer(model: jh.Module, lr: float, weight_decay: float) -> jh.Adam:
    """Adam over what is trained, with a constant rate; the decay is part of the gradient (L2)."""
    trained = [parameter for parameter in model.parameters() if jh.requires_grad(parameter)]
    return jh.Adam(trained, lr=lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=weight_decay)


def device_of(model: jh.Module) -> jh.Device:
    """Where the model's parameters are."""
    return jh.device_of(next(model.parameters()))


def to_tensor(array: NDArray[Any], device: jh.Device) -> jt.Var:
    """An array as float32 tensor on the device."""
    return jh.cast_to(jh.from_numpy(np.ascontiguousarray(array, dtype=np.float32)), device)


def to_labels(array: NDArray[Any], device: jh.Device) -> jt.Var:
    """Class numbers as int64 tensor on the device."""
    return jh.cast_to(jh.from_numpy(np.ascontiguousarray(array, dtype=np.int64)), device)


def accuracy(logits: NDArray[Any], label: NDArray[Any]) -> float:
    """The share of rows, B x n_classes, whose largest logit is that of the label (B)."""
    return float(np.mean(np.argmax(logits, axis=1) == label))


def gradient_norms(model: jh.Module) -> dict[str, float]:
    """The L2 norm of each gradient that the last step left, by the name of the parameter."""
    held = {}
    for name, parameter in model.named_parameters():
        if jh.requires_grad(parameter) and jh.grad_of(parameter) is not None:
            held[name] = jt.sqrt(jh.sum_of(jh.power_of(jh.grad_of(parameter).float64(), 2)))
    norms = jh.stack(list(held.values())).detach().numpy().reshape(-1)  # one transfer for all
    return dict(zip(held, norms.tolist()))
