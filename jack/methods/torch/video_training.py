"""What the training of VAANet and of CTEN have in common."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

Batch = dict[str, NDArray[Any]]


def make_optimizer(model: nn.Module, lr: float, weight_decay: float) -> torch.optim.Adam:
    """Adam over what is trained, with a constant rate; the decay is part of the gradient (L2)."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return torch.optim.Adam(trained, lr=lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=weight_decay)


def device_of(model: nn.Module) -> torch.device:
    """Where the model's parameters are."""
    return next(model.parameters()).device


def to_tensor(array: NDArray[Any], device: torch.device) -> torch.Tensor:
    """An array as float32 tensor on the device."""
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32)).to(device)


def to_labels(array: NDArray[Any], device: torch.device) -> torch.Tensor:
    """Class numbers as int64 tensor on the device."""
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.int64)).to(device)


def accuracy(logits: NDArray[Any], label: NDArray[Any]) -> float:
    """The share of rows, B x n_classes, whose largest logit is that of the label (B)."""
    return float(np.mean(np.argmax(logits, axis=1) == label))


def gradient_norms(model: nn.Module) -> dict[str, float]:
    """The L2 norm of each gradient that the last step left, by the name of the parameter."""
    held = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and parameter.grad is not None:
            held[name] = torch.sqrt(torch.sum(parameter.grad.double() ** 2))
    norms = torch.stack(list(held.values())).detach().cpu().numpy().reshape(-1)  # one transfer for all
    return dict(zip(held, norms.tolist()))
