"""Initialisation in place, with Torch's names, signatures and distributions."""

import math
import warnings
from typing import Any

import jittor as jt
import numpy as np

from converter.helpers.library.parameters import overwrite


def fans(tensor: Any) -> tuple[int, int]:
    """Inputs and outputs of one unit of a weight (out, in, kernel...).

    Raises:
        ValueError: for fewer than two dimensions.
    """
    if tensor.ndim < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    field = math.prod(list(tensor.shape)[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def chosen_fan(tensor: Any, mode: str) -> int:
    mode = mode.lower()
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    return fans(tensor)[0 if mode == "fan_in" else 1]


def calculate_gain(nonlinearity: str, param: Any = None) -> float:
    """The factor by which an activation shrinks a standard deviation, inverted."""
    linear = ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
    if nonlinearity in linear or nonlinearity == "sigmoid":
        return 1
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "selu":
        return 3.0 / 4
    if nonlinearity == "leaky_relu":
        return math.sqrt(2.0 / (1 + (0.01 if param is None else param) ** 2))
    raise ValueError(f"Unsupported nonlinearity {nonlinearity}")


def uniform_(tensor: Any, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Any:
    return overwrite(tensor, jt.random(tensor.shape) * (b - a) + a)


def normal_(tensor: Any, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Any:
    return overwrite(tensor, jt.randn(tensor.shape) * std + mean)


def trunc_normal_(
    tensor: Any, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Any = None
) -> Any:
    """Normal values limited to [a, b] (absolute bounds), by the inverse of the distribution function."""

    def below(x: float) -> float:
        return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0

    low, high = below((a - mean) / std), below((b - mean) / std)
    uniform = jt.random(tensor.shape) * (2 * high - 2 * low) + (2 * low - 1)
    values = jt.erfinv(jt.clamp(uniform, -0.9999999, 0.9999999)) * (std * math.sqrt(2.0)) + mean
    return overwrite(tensor, jt.clamp(values, a, b))


def constant_(tensor: Any, val: float) -> Any:
    return overwrite(tensor, jt.zeros(tensor.shape, dtype=tensor.dtype) + val)


def zeros_(tensor: Any) -> Any:
    return constant_(tensor, 0.0)


def ones_(tensor: Any) -> Any:
    return constant_(tensor, 1.0)


def eye_(tensor: Any) -> Any:
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    return overwrite(tensor, jt.array(np.eye(tensor.shape[0], tensor.shape[1], dtype=np.float32)))


def dirac_(tensor: Any, groups: int = 1) -> Any:
    """Kernels that pass their input on unchanged, channel by channel."""
    if tensor.ndim not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    values = np.zeros(tuple(tensor.shape), dtype=np.float32)
    per_group = values.shape[0] // groups
    centre = tuple(n // 2 for n in values.shape[2:])
    for g in range(groups):
        for d in range(min(per_group, values.shape[1])):
            values[(g * per_group + d, d, *centre)] = 1
    return overwrite(tensor, jt.array(values))


def xavier_uniform_(tensor: Any, gain: float = 1.0, generator: Any = None) -> Any:
    bound = gain * math.sqrt(6.0 / sum(fans(tensor)))
    return uniform_(tensor, -bound, bound)


def xavier_normal_(tensor: Any, gain: float = 1.0, generator: Any = None) -> Any:
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / sum(fans(tensor))))


def kaiming_uniform_(
    tensor: Any, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Any:
    if 0 in list(tensor.shape):
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    bound = math.sqrt(3.0) * calculate_gain(nonlinearity, a) / math.sqrt(chosen_fan(tensor, mode))
    return uniform_(tensor, -bound, bound)


def kaiming_normal_(
    tensor: Any, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Any:
    if 0 in list(tensor.shape):
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    return normal_(tensor, 0.0, calculate_gain(nonlinearity, a) / math.sqrt(chosen_fan(tensor, mode)))


def orthogonal_(tensor: Any, gain: float = 1, generator: Any = None) -> Any:
    """Orthonormal rows or columns (whichever are fewer) of the matrix (first dimension, all others)."""
    if tensor.ndim < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    rows = tensor.shape[0]
    columns = tensor.numel() // rows
    values = jt.randn((rows, columns)).numpy().astype(np.float64)
    q, r = np.linalg.qr(values.T if rows < columns else values)
    q = q * np.sign(np.diag(r))
    q = q.T if rows < columns else q
    return overwrite(tensor, jt.array((gain * q).reshape(tuple(tensor.shape)).astype(np.float32)))


def sparse_(tensor: Any, sparsity: float, std: float = 0.01, generator: Any = None) -> Any:
    """Normal values of which a fraction of each column is zero."""
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor.shape
    order = jt.argsort(jt.random((rows, columns)), dim=0)[0]
    ranks = jt.argsort(order, dim=0)[0]
    kept = (ranks >= math.ceil(sparsity * rows)).float32()
    return overwrite(tensor, jt.randn((rows, columns)) * std * kept)


def parameters_to_vector(parameters: Any) -> Any:
    """All parameters, flattened, one after the other."""
    return jt.concat([p.reshape([-1]) for p in parameters], dim=0)


def vector_to_parameters(vec: Any, parameters: Any) -> None:
    """Copy consecutive parts of a vector into the parameters."""
    start = 0
    for p in parameters:
        overwrite(p, vec[start : start + p.numel()].reshape(p.shape))
        start += p.numel()
