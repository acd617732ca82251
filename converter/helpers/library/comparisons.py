"""Comparisons, logic and choices by them."""

from __future__ import annotations

from typing import Any

import jittor as jt
import numpy as np

from converter.helpers.library.dtypes import integral, promoted
from converter.helpers.library.elementwise import aligned, number_like


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """``input`` where the condition holds, else ``other`` (tensors or numbers); with one argument, the indices.

    ``x.where(c, y)`` means something else in Jittor; the branches are brought to Torch's common dtype.
    """
    if input is None and other is None:
        return tuple(index.int64() for index in jt.where(condition))
    return jt.ternary(*aligned(condition.bool(), *promoted(input, other)))


def method_where(input: Any, condition: Any, other: Any) -> Any:
    """Torch's ``x.where(condition, other)``: x where the condition holds (Jittor takes x for the condition)."""
    return where(condition, input, other)


def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    """The tensor with a number put where the mask is true, in the tensor's own dtype."""
    return jt.ternary(*aligned(mask.bool(), number_like(value, input), input))


def nan_to_num(input: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    """Numbers in the place of nan and infinities (those: the largest of the dtype unless given)."""
    if "float" not in str(input.dtype):
        return input.clone()
    largest = float(np.finfo(str(input.dtype)).max)
    x = masked_fill(input, jt.isnan(input), nan)
    x = masked_fill(x, jt.isposinf(input), largest if posinf is None else posinf)
    return masked_fill(x, jt.isneginf(input), -largest if neginf is None else neginf)


def exactly(operation: str, input: Any, other: Any) -> Any:
    """An operator of Jittor's with a number that does not fit 32 bits, of which Jittor would take the lowest."""
    return getattr(jt, operation)(*aligned(*promoted(input, other)))


def logical(operation: str, input: Any, other: Any) -> Any:
    """A boolean operation on the truth of the elements."""
    a, b = input.bool(), other.bool() if isinstance(other, jt.Var) else jt.array([bool(other)])
    return getattr(jt, f"logical_{operation}")(*aligned(a, b))


def logical_and(input: Any, other: Any) -> Any:
    """Both elements are not zero."""
    return logical("and", input, other)


def logical_or(input: Any, other: Any) -> Any:
    """One of the elements is not zero."""
    return logical("or", input, other)


def logical_xor(input: Any, other: Any) -> Any:
    """Just one of the elements is not zero."""
    return input.bool() != other.bool()


def logical_not(input: Any) -> Any:
    """The element is zero."""
    return input == 0


def bitwise_not(input: Any) -> Any:
    """``~x``: not, for booleans; -x - 1 for integers.  Jittor's Var has no ``~``; what is no Var has its own."""
    if not isinstance(input, jt.Var):
        return ~input
    return input.logical_not() if str(input.dtype) == "bool" else (-1 - input.int64()).cast(input.dtype)


def heaviside(input: Any, values: Any) -> Any:
    """0 below zero, 1 above, ``values`` at zero."""
    return where(input == 0, values, (input > 0).cast(input.dtype))


def isclose(input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
    """Whether elements differ by at most atol + rtol * |other|."""
    near = (input - other).abs() <= atol + rtol * other.abs()
    near = near.logical_or(input == other)
    if equal_nan:
        near = near.logical_or(jt.isnan(input).logical_and(jt.isnan(other)))
    return near


def allclose(input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether all elements are close, as a Python bool."""
    return bool(isclose(input, other, rtol, atol, equal_nan).all().item())


def equal(input: Any, other: Any) -> bool:
    """Whether shape and all elements are the same, as a Python bool (``jt.equal`` compares element by element)."""
    if tuple(input.shape) != tuple(other.shape):
        return False
    return bool(np.array_equal(input.numpy(), other.numpy()))


def isin(elements: Any, test_elements: Any, *, invert: bool = False) -> Any:
    """Which elements occur among others."""
    values, wanted = (v if isinstance(v, jt.Var) else jt.array(np.array([v])) for v in (elements, test_elements))
    found = (values.unsqueeze(-1) == wanted.reshape(-1)).any(-1)
    return found.logical_not() if invert else found


def isnan(input: Any) -> Any:
    """Which elements are not numbers; never for integers."""
    return input != input if integral(input) else jt.isnan(input)


def isinf(input: Any) -> Any:
    """Which elements are infinite."""
    return isposinf(input).logical_or(isneginf(input))


def isfinite(input: Any) -> Any:
    """Which elements are neither infinite nor nan."""
    return isinf(input).logical_or(isnan(input)).logical_not()


def isposinf(input: Any) -> Any:
    """Which elements are infinite and positive."""
    return input != input if integral(input) else jt.isposinf(input)


def isneginf(input: Any) -> Any:
    """Which elements are infinite and negative."""
    return input != input if integral(input) else jt.isneginf(input)
