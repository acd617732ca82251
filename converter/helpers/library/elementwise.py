"""Element by element: what Jittor computes otherwise (rounding, ties, one-byte integers) or lacks."""

from __future__ import annotations

import math
from typing import Any

import jittor as jt
import numpy as np

from converter.helpers.library.dtypes import constant, floating, integral, promoted, result_dtype, scalar_like


def no_tensors(*operands: Any) -> bool:
    """Whether an operator that may have met tensors has met none: Python's or NumPy's own meaning holds."""
    return not any(isinstance(operand, jt.Var) for operand in operands)


def add(input: Any, other: Any, *, alpha: Any = 1, out: Any = None) -> Any:
    """``input + alpha * other`` (``jt.add`` ignores alpha), in Torch's dtype."""
    if no_tensors(input, other):
        return input + alpha * other
    a, b = promoted(input, other)
    if alpha != 1:
        b = (b * scalar_like(alpha, b)).cast(b.dtype)
    return (a.logical_or(b) if str(a.dtype) == "bool" else a + b).cast(a.dtype)


def sub(input: Any, other: Any, *, alpha: Any = 1, out: Any = None) -> Any:
    """``input - alpha * other`` (``jt.subtract`` ignores alpha), in Torch's dtype."""
    if no_tensors(input, other):
        return input - alpha * other
    a, b = promoted(input, other)
    return (a - (b if alpha == 1 else b * scalar_like(alpha, b))).cast(a.dtype)


def rsub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """``other - alpha * input``."""
    return sub(other, input, alpha=alpha)


def mul(input: Any, other: Any, *, out: Any = None) -> Any:
    """The product in Torch's dtype (Jittor: float16 for a boolean times a float, int8 for uint8)."""
    if no_tensors(input, other):
        return input * other
    a, b = promoted(input, other)
    return (a.logical_and(b) if str(a.dtype) == "bool" else a * b).cast(a.dtype)


def power_of(input: Any, exponent: Any, *, out: Any = None) -> Any:
    """Powers in Torch's dtype; the base or the exponent may be a number.

    Jittor computes the derivative as ``y * exponent / x``, which is nan at 0, and knows no negative base.
    """
    if no_tensors(input, exponent):
        return input**exponent
    a, b = promoted(input, exponent)
    if not isinstance(exponent, jt.Var):
        return whole_power(a, exponent)
    if integral(a):
        return jt.array(np.power(a.numpy(), b.numpy()), dtype=str(a.dtype))
    a, b = aligned(a, b)
    # Torch's derivatives: by the base 0 where the exponent is, by the exponent 0 where the base is.
    return jt.pow(jt.ternary(b == 0, a.detach(), a), jt.ternary(a == 0, b.detach(), b))


def whole_power(x: Any, exponent: Any) -> Any:
    """``x ** number`` by products where the exponent is a small whole number."""
    if exponent == 0:
        return jt.ternary(x - x == 0, x, jt.zeros_like(x)) * 0 + 1
    if float(exponent).is_integer() and 0 < abs(exponent) <= 8:
        result = factor = x if exponent > 0 else 1 / x  # not 1 / x**n, whose gradient is nan at zero
        for _ in range(int(abs(exponent)) - 1):
            result = result * factor
        return result
    if exponent == 0.5:
        return x.sqrt()
    if exponent == -0.5:
        return 1 / x.sqrt()
    return jt.pow(floating(x), scalar_like(exponent, x))


def rpow(input: Any, other: Any) -> Any:
    """``other ** input`` for an ``other`` that is a number, or was not known to be a tensor."""
    if isinstance(other, jt.Var):
        return power_of(other, input)
    return power_of(constant(other, result_dtype(input, other)), input)


def log10(input: Any) -> Any:
    """Logarithm to base 10."""
    return jt.log(floating(input)) * (1 / math.log(10))


def log1p(input: Any) -> Any:
    """log(1 + x), exact also for tiny x: the rounding of 1 + x is divided out."""
    x = floating(input)
    return Log1p()(x) if str(x.dtype) == "float32" else jt.log(1 + x)


class Log1p(jt.Function):
    """log(1 + x) computed in float64, because fast-math compilation undoes compensated float32 sums."""

    def execute(self, x: Any) -> Any:
        self.x = x
        return jt.log(1 + x.float64()).float32()

    def grad(self, grad: Any) -> Any:
        return grad / (1 + self.x)


def reciprocal(input: Any) -> Any:
    """1 / x, in float32 for integers."""
    return 1 / floating(input)


def squared(input: Any) -> Any:
    """x * x."""
    return input * input


def absolute(input: Any) -> Any:
    """Absolute values with derivative 0 at 0, as in Torch (``jt.abs`` has 1 there)."""
    return input.abs() if integral(input) else input * sign_of(input).detach()


def sign_of(input: Any) -> Any:
    """-1, 0 or 1 in the dtype of the input, with derivative 0."""
    positive, negative = input > 0, input < 0
    if str(input.dtype) == "bool":
        return input
    return (positive.int32() - negative.int32()).cast(input.dtype).detach()


def trunc(input: Any) -> Any:
    """Rounded towards zero."""
    return input if integral(input) else (sign_of(input) * jt.floor(input.abs())).detach()


def frac(input: Any) -> Any:
    """What :func:`trunc` leaves."""
    return input - trunc(input)


def floor_of(input: Any) -> Any:
    """Rounded down."""
    return input if integral(input) else jt.floor(input).detach()


def ceil(input: Any) -> Any:
    """Rounded up."""
    return input if integral(input) else jt.ceil(input).detach()


def rounded(input: Any, *, decimals: int = 0) -> Any:
    """Rounded to the nearest, halves to even (``jt.round`` takes halves away from zero)."""
    if integral(input):
        return input
    scale = 10.0**decimals
    x = input.detach() * scale if decimals else input.detach()
    low = jt.floor(x)
    rest = x - low
    odd = low - 2 * jt.floor(low / 2)
    up = (rest > 0.5).logical_or((rest == 0.5).logical_and(odd == 1))
    result = low + up.cast(x.dtype)
    return result / scale if decimals else result


def clamp(input: Any, min: Any = None, max: Any = None, *, out: Any = None) -> Any:
    """Values forced between bounds (numbers or tensors), with derivative 1 at the bounds, as in Torch.

    Jittor's names the bounds ``min_v`` and ``max_v`` and has derivative 0 at them.
    """
    name = result_dtype(*(v for v in (input, min, max) if v is not None))
    x = input.cast(name) if str(input.dtype) != name else input
    inside, limited = None, x.detach()
    if min is not None:
        min = number_like(min, x)
        inside, limited = x >= min, jt.ternary(*aligned(limited < min, min, limited))
    if max is not None:
        max = number_like(max, x)
        below = x <= max
        inside = below if inside is None else jt.logical_and(*aligned(inside, below))
        limited = jt.ternary(*aligned(limited > max, max, limited))
    if inside is None:
        return x
    return jt.ternary(*aligned(inside, x, limited))  # nan lies inside no bounds: it has no gradient


def number_like(value: Any, x: Any) -> Any:
    return value.cast(x.dtype) if isinstance(value, jt.Var) else constant(value, str(x.dtype))


def aligned(*values: Any) -> list[Any]:
    """Tensors broadcast to their common shape (``jt.ternary`` does not broadcast)."""
    shape = np.broadcast_shapes(*(tuple(v.shape) for v in values))
    return [v if tuple(v.shape) == shape else v.broadcast(shape) for v in values]


def clamp_min(input: Any, min: Any) -> Any:
    """Values raised to a bound, derivative 1 at it."""
    return clamp(input, min=min)


def clamp_max(input: Any, max: Any) -> Any:
    """Values lowered to a bound, derivative 1 at it."""
    return clamp(input, max=max)


def maximum(input: Any, other: Any) -> Any:
    """The larger of two elements; where they are equal, each gets half of the gradient, as in Torch."""
    a, b = aligned(*promoted(input, other))
    return jt.ternary(a > b, a, jt.ternary(a < b, b, a if integral(a) else equal_or_nan(a, b)))


def equal_or_nan(a: Any, b: Any) -> Any:
    """What the larger of two elements is that are equal, or one of which is nan, with Torch's gradient."""
    return jt.ternary(a == b, a * 0.5 + b * 0.5, a + b)


def fmax(input: Any, other: Any) -> Any:
    """The larger of two elements; nan only where both are.  The first takes the gradient where they are equal."""
    a, b = aligned(*promoted(input, other))
    return jt.ternary((a >= b).logical_or(b != b), a, b)


def fmin(input: Any, other: Any) -> Any:
    """The smaller of two elements; nan only where both are.  The first takes the gradient where they are equal."""
    a, b = aligned(*promoted(input, other))
    return jt.ternary((a <= b).logical_or(b != b), a, b)


def minimum(input: Any, other: Any) -> Any:
    """The smaller of two elements; where they are equal, each gets half of the gradient, as in Torch."""
    a, b = aligned(*promoted(input, other))
    return jt.ternary(a < b, a, jt.ternary(a > b, b, a if integral(a) else equal_or_nan(a, b)))


def lerp(input: Any, end: Any, weight: Any) -> Any:
    """``input + weight * (end - input)``, or from the other end where that is nearer (infinities decide which)."""
    w = scalar_like(weight, input)
    if not isinstance(w, jt.Var):
        return input + (end - input) * w if abs(w) < 0.5 else end - (end - input) * (1 - w)
    input, end, w = aligned(input, end, w)
    return jt.ternary(w.abs() < 0.5, input + (end - input) * w, end - (end - input) * (1 - w))


def addcmul(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
    """``input + value * tensor1 * tensor2``."""
    return input + tensor1 * tensor2 * scalar_like(value, input)


def addcdiv(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
    """``input + value * tensor1 / tensor2``."""
    return input + tensor1 / tensor2 * scalar_like(value, input)


def atan2(input: Any, other: Any) -> Any:
    """The angle of the point (other, input), in all four quadrants, with Torch's gradient."""
    y, x = aligned(*promoted(input, other))
    return Atan2()(floating(y), floating(x))


def below(x: Any) -> Any:
    """Whether elements lie below zero, or are the negative zero."""
    return (x < 0).logical_or((x == 0).logical_and(1 / x < 0))


class Atan2(jt.Function):
    """Angle by arctan and the quadrant; the gradient is (x, -y) / (x*x + y*y)."""

    def execute(self, y: Any, x: Any) -> Any:
        self.y, self.x = y, x
        flat = x == 0
        endless = (y - y != 0).logical_and(x - x != 0)  # as far in both directions: an eighth of a turn
        slope = jt.atan(jt.ternary(endless, sign_of(y) * sign_of(x), y / jt.ternary(flat, jt.ones_like(x), x)))
        up = jt.ternary(below(y), jt.full_like(y, -math.pi), jt.full_like(y, math.pi))
        turned = jt.ternary(below(x), slope + up, slope)
        angle = jt.ternary(flat.logical_and(y != 0), up / 2, turned)
        return jt.ternary((y == y).logical_and(x == x), angle, y + x)

    def grad(self, grad: Any) -> Any:
        square = self.x * self.x + self.y * self.y
        origin = (self.x == 0).logical_and(self.y == 0)
        scale = jt.ternary(origin, square, grad / jt.ternary(origin, jt.ones_like(square), square))
        return scale * self.x, -scale * self.y


def logit(input: Any, eps: float | None = None) -> Any:
    """log(p / (1 - p)), the probabilities kept eps away from 0 and 1 when given."""
    p = input if eps is None else clamp(input, eps, 1 - eps)
    return jt.log(p) - jt.log(1 - p)  # the gradient of log(p / (1 - p)) is nan at 0 and 1


def logaddexp(input: Any, other: Any) -> Any:
    """log(exp(a) + exp(b)), from the larger of the two so that it does not overflow."""
    a, b = aligned(*promoted(input, other))
    larger = a >= b
    high, low = jt.ternary(larger, a, b), jt.ternary(larger, b, a)
    same = high == low  # infinities too, whose difference would be nan
    gap = jt.ternary(same, jt.zeros_like(high), low - high)
    either = a * 0.5 + b * 0.5 + math.log(2.0)
    return jt.ternary(same, either, high + jt.log(1 + gap.exp()))


def hypot(input: Any, other: Any) -> Any:
    """The root of a * a + b * b; its gradient at the origin is nan, as in Torch."""
    a, b = aligned(*promoted(input, other))
    size = jt.ternary(a.abs() > b.abs(), a.abs(), b.abs()).detach()
    scale = jt.ternary((size > 0).logical_and(jt.isfinite(size)), size, jt.ones_like(size))  # squares may overflow
    x, y = a / scale, b / scale
    return (x * x + y * y).sqrt() * scale


def xlogy(input: Any, other: Any) -> Any:
    """x * log(y), 0 where x is, unless y is nan."""
    x, y = (floating(v) for v in aligned(*promoted(input, other)))
    zero = (x == 0).logical_and((y <= 0).logical_or(y == float("inf")))  # elsewhere the gradient is log(y)
    safe = jt.ternary(zero, jt.ones_like(y), y)
    return jt.ternary(zero, jt.zeros_like(x), x * jt.log(safe))


def exp2(input: Any) -> Any:
    """2 to the power of x."""
    return (floating(input) * math.log(2.0)).exp()


def sinc(input: Any) -> Any:
    """sin(pi x) / (pi x), 1 at zero."""
    x = input * math.pi
    near = (x < 1e-3).logical_and(x > -1e-3)  # the quotient's gradient has no digits left there
    safe, small = jt.ternary(near, jt.ones_like(x), x), jt.ternary(near, x, jt.zeros_like(x))
    return jt.ternary(near, 1 - small * small / 6, jt.sin(safe) / safe)


def sigmoid(input: Any) -> Any:
    """1 / (1 + exp(-x)), in float32 for integers; Jittor's own is never below 1e-38, which times infinity is much."""
    x = floating(input)
    return jt.sigmoid(x) * (x > -88.0).cast(x.dtype) if str(x.dtype) == "float32" else jt.sigmoid(x)


def expm1(input: Any) -> Any:
    """exp(x) - 1, exact also for tiny x."""
    x = floating(input)
    return Expm1()(x) if str(x.dtype) == "float32" else x.exp() - 1


class Expm1(jt.Function):
    """exp(x) - 1 computed in float64, which leaves enough digits for float32."""

    def execute(self, x: Any) -> Any:
        self.x = x
        return (x.float64().exp() - 1).float32()

    def grad(self, grad: Any) -> Any:
        return grad * self.x.exp()


def as_it_is(input: Any) -> Any:
    """The tensor as it is."""
    return input
