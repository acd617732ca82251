"""Normalisation: functions and layers, with variances that do not cancel for large means.

Jittor computes a variance as E[x^2] - E[x]^2, which loses all digits where the mean is large.
"""

from typing import Any

import jittor as jt

from converter.helpers.library.batch_norm_native import fast_batch_norm
from converter.helpers.library.dtypes import constant
from converter.helpers.library.modules import Module
from converter.helpers.library.parameters import Parameter, overwrite
from converter.helpers.library.resampling import pad


def along_channels(value: Any, ndim: int) -> Any:
    """A vector of channels, ready to broadcast with (N, C, ...)."""
    return value.reshape([1, -1] + [1] * (ndim - 2))


def standardized(input: Any, dims: list[int], eps: float) -> tuple[Any, Any, Any]:
    """``(x - mean) / sqrt(var + eps)`` over these dimensions, the mean and the biased variance."""
    # Sums over many elements are kept in double precision, as Torch keeps them: in single precision a batch of a few
    # thousand elements is off in the fifth digit. The casts become part of the kernels that sum.
    kept = str(input.dtype)
    wide = input.float64()
    mean = wide.mean(dims=dims, keepdims=True)
    centred = wide - mean
    variance = (centred * centred).mean(dims=dims, keepdims=True)
    return (centred / jt.sqrt(variance + eps)).cast(kept), mean.cast(kept), variance.cast(kept)


def scaled(input: Any, weight: Any, bias: Any) -> Any:
    if weight is not None:
        input = input * weight
    return input if bias is None else input + bias


def update_statistics(running_mean: Any, running_var: Any, mean: Any, variance: Any, count: int, momentum: Any) -> None:
    """Move the running statistics; as in Torch, the variance kept is the unbiased one."""
    with jt.no_grad():
        unbiased = variance.reshape([-1]) * (count / max(count - 1, 1))
        overwrite(running_mean, running_mean + (mean.reshape([-1]) - running_mean) * momentum)
        overwrite(running_var, running_var + (unbiased - running_var) * momentum)


def batch_norm(
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Normalise (N, C, ...) per channel, by the batch in training (running statistics change), else by those."""
    count = input.numel() // input.shape[1]
    if training and count == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {list(input.shape)}")
    found = fast_batch_norm(
        input, None if training else running_mean, None if training else running_var, weight, bias, eps
    )
    if found is None:
        weight = None if weight is None else along_channels(weight, input.ndim)
        bias = None if bias is None else along_channels(bias, input.ndim)
        if not training:
            scale = 1 / jt.sqrt(along_channels(running_var, input.ndim) + eps)
            scale = scale if weight is None else scale * weight
            return scaled(input - along_channels(running_mean, input.ndim), scale, bias)
        found, mean, variance = standardized(input, [0, *range(2, input.ndim)], eps)
        result = scaled(found, weight, bias)
    else:
        result, mean, variance = found
    if training and running_mean is not None:
        update_statistics(running_mean, running_var, mean, variance, count, momentum)
    return result


def instance_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Normalise every channel of every sample of (N, C, ...) by itself."""
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    found, mean, variance = standardized(input, list(range(2, input.ndim)), eps)
    if running_mean is not None:
        count = input.numel() // (input.shape[0] * input.shape[1])
        update_statistics(running_mean, running_var, mean.mean(dims=[0]), variance.mean(dims=[0]), count, momentum)
    weight = None if weight is None else along_channels(weight, input.ndim)
    return scaled(found, weight, None if bias is None else along_channels(bias, input.ndim))


def layer_norm(input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """Normalise over the last dimensions, whose sizes are ``normalized_shape``."""
    shape = [normalized_shape] if isinstance(normalized_shape, int) else list(normalized_shape)
    if list(input.shape)[input.ndim - len(shape) :] != shape:
        raise RuntimeError(f"Given normalized_shape={shape}, got input of size {list(input.shape)}")
    found, _, _ = standardized(input, list(range(input.ndim - len(shape), input.ndim)), eps)
    return scaled(found, weight, bias)


def rms_norm(input: Any, normalized_shape: Any, weight: Any = None, eps: Any = None) -> Any:
    """Divide by the root of the mean square over the last dimensions."""
    shape = [normalized_shape] if isinstance(normalized_shape, int) else list(normalized_shape)
    dims = list(range(input.ndim - len(shape), input.ndim))
    eps = 1.1920928955078125e-07 if eps is None else eps
    return scaled(input / jt.sqrt((input * input).mean(dims=dims, keepdims=True) + eps), weight, None)


def group_norm(input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """Normalise groups of channels of (N, C, ...)."""
    if input.shape[1] % num_groups:
        raise RuntimeError(f"Expected the number of channels {input.shape[1]} to be divisible by {num_groups}")
    parts = input.reshape([input.shape[0], num_groups, -1])
    found = standardized(parts, [2], eps)[0].reshape(input.shape)
    weight = None if weight is None else along_channels(weight, input.ndim)
    return scaled(found, weight, None if bias is None else along_channels(bias, input.ndim))


def local_response_norm(input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Any:
    """Divide by a power of the mean square over neighbouring channels."""
    squares = pad(input * input, [0, 0] * (input.ndim - 2) + [size // 2, (size - 1) // 2])
    channels = input.shape[1]
    total: Any = squares[:, 0:channels]
    for i in range(1, size):
        total = total + squares[:, i : i + channels]
    return input / (total * (alpha / size) + k) ** beta


class NormBase(Module):
    """What batch and instance normalisation share: statistics per channel, and a learned scale and shift."""

    dimensions: tuple[int, ...] = ()

    def __init__(
        self, num_features: int, eps: float, momentum: Any, affine: bool, track_running_stats: bool, bias: bool
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        self.register_parameter("weight", Parameter(jt.ones((num_features,))) if affine else None)
        self.register_parameter("bias", Parameter(jt.zeros((num_features,))) if affine and bias else None)
        self.register_buffer("running_mean", jt.zeros((num_features,)) if track_running_stats else None)
        self.register_buffer("running_var", jt.ones((num_features,)) if track_running_stats else None)
        self.uncounted = 0
        self.register_buffer("num_batches_tracked", constant(0, "int64") if track_running_stats else None)

    @property
    def num_batches_tracked(self) -> Any:
        """How many batches were seen in training: a buffer of int64.

        Batches are counted in Python, and the tensor is brought up to date when somebody looks at it: an operation
        of its own for every layer and batch would cost more than the layer.
        """
        held = self.__dict__.get("num_batches_tracked")
        if held is not None and (self.uncounted or str(held.dtype) != "int64"):
            held.assign((held.int64() + self.uncounted).stop_grad())
            self.uncounted = 0
        return held

    @num_batches_tracked.setter
    def num_batches_tracked(self, value: Any) -> None:
        self.uncounted = 0
        self.__dict__["num_batches_tracked"] = value

    def reset_running_stats(self) -> None:
        if self.track_running_stats:
            overwrite(self.running_mean, jt.zeros((self.num_features,)))
            overwrite(self.running_var, jt.ones((self.num_features,)))
            overwrite(self.num_batches_tracked, constant(0, "int64"))

    def reset_parameters(self) -> None:
        self.reset_running_stats()
        if self.affine:
            overwrite(self.weight, jt.ones((self.num_features,)))
        if self.bias is not None:
            overwrite(self.bias, jt.zeros((self.num_features,)))

    def check_dimensions(self, input: Any) -> None:
        if input.ndim not in self.dimensions:
            raise ValueError(f"expected {self.dimensions} dimensions, got input of size {list(input.shape)}")

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class BatchNormBase(NormBase):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: Any = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias)

    def execute(self, input: Any) -> Any:
        self.check_dimensions(input)
        momentum = self.momentum
        if self.training and self.track_running_stats:
            self.uncounted += 1
            if momentum is None:  # Torch then keeps the plain average over all batches
                momentum = 1.0 / self.num_batches_tracked.item()
        by_batch = self.training or self.running_mean is None
        tracked = self.track_running_stats or not self.training
        mean, var = (self.running_mean, self.running_var) if tracked else (None, None)
        return batch_norm(input, mean, var, self.weight, self.bias, by_batch, momentum or 0.0, self.eps)


class BatchNorm1d(BatchNormBase):
    """Batch normalisation of (N, C) or (N, C, L); Jittor has one class for all and keeps a biased variance."""

    dimensions = (2, 3)


class BatchNorm2d(BatchNormBase):
    """Batch normalisation of (N, C, H, W); Jittor has one class for all and keeps a biased variance."""

    dimensions = (4,)


class BatchNorm3d(BatchNormBase):
    """Batch normalisation of (N, C, D, H, W); Jittor has one class for all and keeps a biased variance."""

    dimensions = (5,)


class SyncBatchNorm(BatchNormBase):
    """Batch normalisation of (N, C, ...) within one process: statistics are not exchanged between processes."""

    dimensions = (2, 3, 4, 5)

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: Any = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias=bias)


class InstanceNormBase(NormBase):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias)

    def execute(self, input: Any) -> Any:
        self.check_dimensions(input)
        if input.ndim == self.dimensions[0]:
            return self.normalized(input.unsqueeze(0)).squeeze(0)
        return self.normalized(input)

    def normalized(self, input: Any) -> Any:
        by_input = self.training or not self.track_running_stats
        return instance_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias, by_input, self.momentum, self.eps
        )


class InstanceNorm1d(InstanceNormBase):
    """Instance normalisation of (N, C, L) or (C, L); not affine unless asked for (Jittor's is)."""

    dimensions = (2, 3)


class InstanceNorm2d(InstanceNormBase):
    """Instance normalisation of (N, C, H, W) or (C, H, W); not affine unless asked for (Jittor's is)."""

    dimensions = (3, 4)


class InstanceNorm3d(InstanceNormBase):
    """Instance normalisation of (N, C, D, H, W) or (C, D, H, W); not affine unless asked for (Jittor's is)."""

    dimensions = (4, 5)


class LayerNorm(Module):
    """Normalisation over the last dimensions with a learned scale and shift."""

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape = shape
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.register_parameter("weight", Parameter(jt.ones(shape)) if elementwise_affine else None)
        self.register_parameter("bias", Parameter(jt.zeros(shape)) if elementwise_affine and bias else None)

    def reset_parameters(self) -> None:
        if self.weight is not None:
            overwrite(self.weight, jt.ones(self.normalized_shape))
        if self.bias is not None:
            overwrite(self.bias, jt.zeros(self.normalized_shape))

    def execute(self, input: Any) -> Any:
        return layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        text = f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        return f"{text}, bias={self.bias is not None}"


class RMSNorm(Module):
    """Division by the root mean square over the last dimensions, with a learned scale."""

    def __init__(
        self,
        normalized_shape: Any,
        eps: Any = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape = shape
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.register_parameter("weight", Parameter(jt.ones(shape)) if elementwise_affine else None)

    def execute(self, x: Any) -> Any:
        return rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(Module):
    """Normalisation of groups of channels, with a learned scale and shift per channel."""

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        self.register_parameter("weight", Parameter(jt.ones((num_channels,))) if affine else None)
        self.register_parameter("bias", Parameter(jt.zeros((num_channels,))) if affine and bias else None)

    def execute(self, input: Any) -> Any:
        return group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        text = f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"
        return f"{text}, bias={self.bias is not None}"


class LocalResponseNorm(Module):
    """Division by a power of the mean square over neighbouring channels."""

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def execute(self, input: Any) -> Any:
        return local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
