"""Division: quotients and remainders with Torch's rounding, signs and infinities."""

from __future__ import annotations

from typing import Any

import jittor as jt

from converter.helpers.library.dtypes import floating, integral, promoted
from converter.helpers.library.elementwise import aligned, no_tensors, trunc


def div(input: Any, other: Any, *, rounding_mode: str | None = None, out: Any = None) -> Any:
    """The quotient in Torch's dtype; ``rounding_mode``: None, ``"floor"`` or ``"trunc"``.

    Jittor divides uint8 in float16 and int64 in float64, where Torch uses float32.
    """
    if rounding_mode == "floor":
        return floor_divide(input, other)
    if no_tensors(input, other):
        return input / other
    a, b = promoted(input, other)
    if rounding_mode == "trunc":
        return trunc(a / b) if not integral(a) else truncated_quotient(a, b)
    return floating(a) / floating(b)


def rdiv(input: Any, other: Any) -> Any:
    """``other / input`` for an ``other`` that is a number."""
    return div(other, input)


def truncated_quotient(a: Any, b: Any) -> Any:
    """Integer quotient rounded towards zero, as in C; uint8, which Jittor would take for int8, in int64."""
    return a.int64().floor_divide(b.int64()).cast(a.dtype)


def floor_divide(input: Any, other: Any) -> Any:
    """The quotient rounded down.  Jittor's ``//`` rounds towards zero (-7 // 2 is -3), and to int32 for floats."""
    if no_tensors(input, other):
        return input // other
    a, b = promoted(input, other)
    if not integral(a):
        return whole_quotient(*aligned(a, b))
    name, a, b = str(a.dtype), a.int64(), b.int64()
    quotient = truncated_quotient(a, b)
    low = (a - quotient * b != 0).logical_and((a < 0) != (b < 0))
    return (quotient - low.int64()).cast(name)


def rfloor_divide(input: Any, other: Any) -> Any:
    """``other // input`` for an ``other`` that is a number."""
    return floor_divide(other, input)


def whole_quotient(a: Any, b: Any) -> Any:
    """Of floats, from the exact remainder: 5 // 0.1 is 49, because 0.1 in binary is a little more than a tenth."""
    rest = exact_remainder(a.detach(), b.detach())
    low = (rest != 0).logical_and((b < 0) != (rest < 0))
    quotient = (a - rest) / b - low.cast(a.dtype)
    whole = jt.floor(quotient)
    whole = whole + (quotient - whole > 0.5).cast(a.dtype)
    return jt.ternary(b == 0, a / b, whole).detach()


def remainder(input: Any, other: Any) -> Any:
    """The remainder with the sign of the divisor, as Python's ``%``.  Jittor's has C's sign for integers."""
    if isinstance(input, str) or no_tensors(input, other):
        return input % other
    a, b = promoted(input, other)
    if integral(a):
        return (a - floor_divide(a, b) * b).cast(a.dtype)
    return Remainder()(*aligned(a, b))


def rremainder(input: Any, other: Any) -> Any:
    """``other % input`` for an ``other`` that is a number."""
    return remainder(other, input)


def fmod(input: Any, other: Any) -> Any:
    """The remainder with the sign of the dividend."""
    a, b = promoted(input, other)
    if integral(a):
        return (a - truncated_quotient(a, b) * b).cast(a.dtype)
    return SignedRemainder()(*aligned(a, b))


class Remainder(jt.Function):
    """Of floats, with the sign of the divisor and Torch's gradient."""

    def execute(self, a: Any, b: Any) -> Any:
        self.operands = a, b
        rest = exact_remainder(a, b)
        return rest + jt.ternary((rest != 0).logical_and((b < 0) != (rest < 0)), b, jt.zeros_like(b))

    def grad(self, grad: Any) -> Any:
        return grad, -grad * whole_quotient(*self.operands)


class SignedRemainder(jt.Function):
    """Of floats, with the sign of the dividend and Torch's gradient."""

    def execute(self, a: Any, b: Any) -> Any:
        self.operands = a, b
        return exact_remainder(a, b)

    def grad(self, grad: Any) -> Any:
        a, b = self.operands
        return grad, -grad * trunc(a / b)


def exact_remainder(a: Any, b: Any) -> Any:
    """C's ``fmod`` of two floating tensors of one shape; through the quotient, it has no digits where that is large."""
    name = str(a.dtype)
    if name in ("float16", "bfloat16"):
        return exact_remainder(a.float32(), b.float32()).cast(name)
    if jt.flags.use_cuda or not a.numel():
        wide, divisor = a.float64(), b.float64()
        rest = (wide - divisor * trunc(wide / divisor)).cast(name)
        return jt.ternary(jt.isinf(b).logical_and(jt.isfinite(a)), a, rest)
    return jt.code(a.shape, name, [a, b], cpu_header="#include <cmath>", cpu_src=EXACT_REMAINDER)


EXACT_REMAINDER = "for (int64 i = 0; i < out0->num; i++) out0_p[i] = std::fmod(in0_p[i], in1_p[i]);"
