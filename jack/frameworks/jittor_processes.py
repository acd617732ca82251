"""Several Jittor processes that train as one: what `mpirun` starts.  To be imported when Jittor was prepared."""

from __future__ import annotations

from collections.abc import Mapping
from types import MethodType
from typing import Any

import jittor as jt
import numpy as np

from jack.methods.jittor import jittor_helpers as helpers


def join() -> tuple[int, int]:
    """The number of this process, and how many mpirun started; Jittor has joined them when it was imported."""
    return (int(jt.rank), int(jt.world_size)) if jt.in_mpi else (0, 1)


def average(figures: Mapping[str, float]) -> dict[str, float]:
    """The mean of each figure over the processes, which must have the same names."""
    table = jt.array(np.array(list(figures.values()), dtype=np.float64), dtype="float64")
    return dict(zip(figures, (table.mpi_all_reduce("add").numpy() / jt.world_size).tolist()))


def share_norms(model: Any) -> None:
    """Batch norms normalise by the statistics of all processes' parts of a batch.

    The gradients need nothing: converted programs average them over the processes in ``backward``.
    """
    for module in model.modules():
        if isinstance(module, helpers.BatchNormBase):
            module.__dict__["execute"] = MethodType(_shared_norm, module)


def _shared_norm(module: Any, input: Any) -> Any:
    """The forward pass of a batch norm, N x C x ..., by the statistics of all processes while it is trained."""
    if not module.training:
        return type(module).execute(module, input)
    axes = [0, *range(2, input.ndim)]
    count = input.numel() // input.shape[1] * int(jt.world_size)
    wide = input.float64()
    mean = wide.sum(dims=axes, keepdims=True).mpi_all_reduce("add") / count
    centred = wide - mean
    variance = (centred * centred).sum(dims=axes, keepdims=True).mpi_all_reduce("add") / count
    helpers.update_statistics(
        module.running_mean, module.running_var, mean.float32(), variance.float32(), count, module.momentum
    )
    found = (centred / jt.sqrt(variance + module.eps)).cast(str(input.dtype))
    weight, bias = (helpers.along_channels(value, input.ndim) for value in (module.weight, module.bias))
    return helpers.scaled(found, weight, bias)
