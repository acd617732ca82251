"""Several Torch processes that train as one: what `torchrun` starts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MethodType
from typing import Any

import torch
import torch.distributed as dist


def join() -> tuple[int, int]:
    """Join the processes that torchrun started; returns the number of this one, and how many there are."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        return 0, 1
    if not dist.is_initialized():
        dist.init_process_group("gloo")
    return dist.get_rank(), dist.get_world_size()


def average(figures: Mapping[str, float]) -> dict[str, float]:
    """The mean of each figure over the processes, which must have the same names."""
    table = torch.tensor(list(figures.values()), dtype=torch.float64)
    dist.all_reduce(table)
    return dict(zip(figures, (table / dist.get_world_size()).tolist()))


def share_gradients(optimizer: Any) -> None:
    """Before each step every gradient becomes the mean over the processes."""
    optimizer.register_step_pre_hook(_average_gradients)


def _average_gradients(optimizer: Any, args: Any, kwargs: Any) -> None:
    held = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
    flat = torch.cat([gradient.reshape(-1) for gradient in held]).cpu()  # one message for all
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    start = 0
    for gradient in held:
        gradient.copy_(flat[start : start + gradient.numel()].view_as(gradient))
        start += gradient.numel()


def share_norms(model: Any) -> None:
    """Batch norms normalise by the statistics of all processes' parts of a batch.

    Torch's own SyncBatchNorm refuses the CPU.
    """
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.forward = MethodType(_shared_norm, module)


class _Sum(torch.autograd.Function):  # type: ignore[misc]  # it has no types
    """The sum over the processes; so is its gradient."""

    @staticmethod
    def forward(ctx: Any, input: torch.Tensor) -> torch.Tensor:
        return _summed(input)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        return _summed(gradient)


def _summed(value: torch.Tensor) -> torch.Tensor:
    total = value.detach().cpu().clone()
    dist.all_reduce(total)
    return total.to(value.device)


def _shared_norm(module: Any, input: torch.Tensor) -> torch.Tensor:
    """The forward pass of a batch norm, N x C x ..., by the statistics of all processes while it is trained."""
    if not module.training:
        return torch.nn.functional.batch_norm(
            input, module.running_mean, module.running_var, module.weight, module.bias, False, 0.0, module.eps
        )
    axes = [axis for axis in range(input.ndim) if axis != 1]
    shape = [1, -1] + [1] * (input.ndim - 2)
    count = _summed(torch.tensor(float(input.numel() // input.shape[1]))).item()
    mean = _Sum.apply(input.sum(axes)) / count
    centred = input - mean.view(shape)
    variance = _Sum.apply((centred**2).sum(axes)) / count
    with torch.no_grad():
        module.num_batches_tracked += 1
        module.running_mean.lerp_(mean.detach(), module.momentum)
        module.running_var.lerp_(variance.detach() * count / (count - 1), module.momentum)
    scaled = centred * torch.rsqrt(variance.view(shape) + module.eps)
    return scaled * module.weight.view(shape) + module.bias.view(shape)
