"""Activation functions with Torch's signatures, and Torch's gradients where a function has a corner."""

import math
from typing import Any

import jittor as jt
from jittor import nn

from converter.helpers.library.elementwise import sigmoid
from converter.helpers.library.relu_native import rectified


def in_place(input: Any, result: Any, inplace: bool) -> Any:
    """The result; with Torch's ``inplace=True`` everyone who holds the input sees it changed, so it is assigned."""
    return input.assign(result) if inplace else result


def relu(input: Any, inplace: bool = False) -> Any:
    return in_place(input, rectified(input), inplace)


def relu_(input: Any) -> Any:
    return relu(input, True)


def relu6(input: Any, inplace: bool = False) -> Any:
    return hardtanh(input, 0.0, 6.0, inplace)


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Any:
    """Limits to [min_val, max_val]; Torch's gradient is zero at both limits."""
    below, above = jt.full_like(input, min_val), jt.full_like(input, max_val)
    return in_place(input, jt.ternary(input <= min_val, below, jt.ternary(input >= max_val, above, input)), inplace)


def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Any:
    return in_place(input, jt.ternary(input > 0, input, input * negative_slope), inplace)


def rrelu(
    input: Any, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False
) -> Any:
    """Leaky ReLU whose slope is drawn for every element in training, and the mean slope otherwise."""
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    slope = jt.random(input.shape).cast(input.dtype) * (upper - lower) + lower
    return in_place(input, jt.ternary(input > 0, input, input * slope), inplace)


def prelu(input: Any, weight: Any) -> Any:
    """Leaky ReLU with a learned slope: one for all, or one for each channel (dimension 1)."""
    if weight.numel() > 1:
        weight = weight.reshape([1, -1] + [1] * (input.ndim - 2)) if input.ndim > 1 else weight
    return jt.ternary(input > 0, input, input * weight)


def negative_exp(input: Any) -> Any:
    """exp(x) - 1 for x <= 0, and 0 elsewhere: no overflow, so no 0 * inf in the gradient."""
    return jt.ternary(input <= 0, input, jt.zeros_like(input)).exp() - 1


def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """Jittor's own computes exp(x) for every x: for x > 88 its gradient is nan."""
    return in_place(input, jt.ternary(input <= 0, alpha * negative_exp(input), input), inplace)


def selu(input: Any, inplace: bool = False) -> Any:
    alpha, scale = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946
    return in_place(input, scale * jt.ternary(input <= 0, alpha * negative_exp(input), input), inplace)


def celu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    return in_place(input, jt.ternary(input <= 0, alpha * negative_exp(input / alpha), input), inplace)


def gelu(input: Any, *, approximate: str = "none") -> Any:
    if approximate == "none":
        return nn.gelu(input)
    if approximate != "tanh":
        raise RuntimeError("approximate argument must be either none or tanh.")
    inner = math.sqrt(2 / math.pi) * (input + 0.044715 * input * input * input)
    return 0.5 * input * (1 + jt.tanh(inner))


def silu(input: Any, inplace: bool = False) -> Any:
    return in_place(input, input * sigmoid(input), inplace)


def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """log(1 + exp(beta x)) / beta, and x itself where beta x is above the threshold."""
    scaled = input * beta
    safe = jt.ternary(scaled > threshold, jt.full_like(scaled, threshold), scaled)
    return jt.ternary(scaled > threshold, input, jt.log(1 + safe.exp()) / beta)


def logsigmoid(input: Any) -> Any:
    """min(x, 0) - log(1 + exp(-|x|)); Jittor's log(sigmoid(x)) saturates at -30."""
    negative = input < 0
    low = jt.ternary(negative, input, jt.zeros_like(input))
    return low - jt.log(1 + jt.ternary(negative, input, -input).exp())


def mish(input: Any, inplace: bool = False) -> Any:
    bent = jt.ternary(input > 20, jt.zeros_like(input), input)  # above, tanh is 1 and its gradient overflows
    return in_place(input, jt.ternary(input > 20, input, bent * jt.tanh(softplus(bent))), inplace)


def hardswish(input: Any, inplace: bool = False) -> Any:
    bent, zeros = (input > -3).logical_and(input < 3), jt.zeros_like(input)
    inner = jt.ternary(bent, input, zeros)  # far outside, infinity times 0 would be the gradient
    outer = jt.ternary(input <= -3, input * 0, input)
    return in_place(input, jt.ternary(bent, inner * (inner + 3) / 6, outer), inplace)


def hardsigmoid(input: Any, inplace: bool = False) -> Any:
    inside = (input > -3).logical_and(input < 3)
    outside = jt.ternary(input >= 3, jt.ones_like(input), jt.ternary(input <= -3, jt.zeros_like(input), input))
    return in_place(input, jt.ternary(inside, (input + 3) / 6, outside.detach()), inplace)


def hardshrink(input: Any, lambd: float = 0.5) -> Any:
    return jt.ternary((input <= lambd).logical_and(input >= -lambd), jt.zeros_like(input), input)


def softshrink(input: Any, lambd: float = 0.5) -> Any:
    inside = (input <= lambd).logical_and(input >= -lambd)
    return jt.ternary(inside, jt.zeros_like(input), jt.ternary(input > 0, input - lambd, input + lambd))


def tanhshrink(input: Any) -> Any:
    return input - jt.tanh(input)


def magnitude(input: Any) -> Any:
    """|x| whose gradient at 0 is 0, as in Torch; that of Jittor's ``abs`` is 1."""
    return input * ((input > 0).cast(input.dtype) - (input < 0).cast(input.dtype))


def softsign(input: Any) -> Any:
    return input / (1 + magnitude(input))


def threshold(input: Any, threshold: float, value: float, inplace: bool = False) -> Any:
    return in_place(input, jt.ternary(input <= threshold, jt.full_like(input, value), input), inplace)


def glu(input: Any, dim: int = -1) -> Any:
    """First half of the dimension times the sigmoid of the second half."""
    dim = dim % input.ndim
    size = input.shape[dim]
    if size % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {dim} is size {size}")
    before = (slice(None),) * dim
    return input[before + (slice(0, size // 2),)] * jt.sigmoid(input[before + (slice(size // 2, size),)])


def legacy_softmax_dim(ndim: int) -> int:
    """The dimension that Torch takes when none is given (with a warning)."""
    return 0 if ndim in (0, 1, 3) else 1


def softmax_over(input: Any, dim: Any = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """Softmax over one dimension; without ``dim`` Jittor's goes over all elements."""
    if dtype is not None:
        input = input.cast(dtype)
    return nn.softmax(input, dim=legacy_softmax_dim(input.ndim) if dim is None else dim)


def softmin(input: Any, dim: Any = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    return softmax_over(-input, dim, _stacklevel, dtype)


def log_of_softmax(x: Any, dim: int) -> Any:
    """log(softmax(x)).  In Jittor's own the compiler adds the logarithm to the maximum first: 1e5 loses its digits."""
    if jt.flags.use_cuda:
        return nn.log_softmax(x, dim=dim)
    name = str(x.dtype)
    x = x.float32() if name in ("float16", "bfloat16") else x
    top = x.detach().max(dim, keepdims=True)
    gap = jt.ternary(x > top, jt.zeros_like(x), x - top)  # never above, but this is what the compiler cannot know
    return (gap - gap.exp().sum(dim, keepdims=True).log()).cast(name)


def log_softmax_over(input: Any, dim: Any = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    if dtype is not None:
        input = input.cast(dtype)
    return log_of_softmax(input, legacy_softmax_dim(input.ndim) if dim is None else dim)


def gumbel_softmax(logits: Any, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Any:
    """A sample of the Gumbel-softmax distribution; ``hard`` gives one-hot values with the soft gradient."""
    uniform = jt.maximum(jt.random(logits.shape).cast(logits.dtype), jt.full_like(logits, 1e-20))
    soft = nn.softmax((logits - jt.log(-jt.log(uniform))) / tau, dim=dim)
    if not hard:
        return soft
    top = jt.argmax(soft, dim, keepdims=True)[0]
    size = soft.shape[dim]
    place = jt.arange(size).reshape([size if i == dim % soft.ndim else 1 for i in range(soft.ndim)])
    return (place == top).cast(soft.dtype) - soft.detach() + soft


def dropped(input: Any, shape: Any, p: float, training: bool) -> Any:
    """Zero with probability ``p`` for each element of ``shape`` (broadcast over the input), scale up the rest."""
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0:
        return input
    if p == 1:
        return input * 0
    keep = (jt.random(shape) >= p).cast(input.dtype)
    return input * keep / (1 - p)


def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Active unless told otherwise; the one of Jittor is not."""
    return in_place(input, dropped(input, input.shape, p, training), inplace)


def channel_dropout(input: Any, p: float, training: bool, inplace: bool, spatial: int) -> Any:
    """Drop whole channels; the last ``spatial`` dimensions of the input lie inside a channel."""
    shape = list(input.shape)
    shape = shape[: len(shape) - spatial] + [1] * spatial
    return in_place(input, dropped(input, shape, p, training), inplace)


def dropout1d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    return channel_dropout(input, p, training, inplace, 1)


def dropout2d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    return channel_dropout(input, p, training, inplace, input.ndim - 2 if input.ndim > 3 else 1)


def dropout3d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    return channel_dropout(input, p, training, inplace, 3)


def alpha_dropout(input: Any, p: float = 0.5, training: bool = False, inplace: bool = False) -> Any:
    """Dropout that keeps the mean and variance of standardised values (for SELU networks)."""
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0:
        return input
    if p == 1:
        return in_place(input, input * 0, inplace)
    alpha = 1.7580993408473766
    keep = (jt.random(input.shape) >= p).cast(input.dtype)
    scale = 1 / math.sqrt((alpha * alpha * p + 1) * (1 - p))
    return in_place(input, scale * (input * keep - alpha * (1 - keep) + alpha * p), inplace)
