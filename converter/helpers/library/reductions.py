"""Reductions: Torch's defaults, dtypes, ties and named results."""

from __future__ import annotations

import functools
from collections import namedtuple
from typing import Any

import jittor as jt
import numpy as np
from jittor import nn

from converter.helpers.library.activations import log_of_softmax
from converter.helpers.library.dtypes import constant, dtype_name, floating, integral
from converter.helpers.library.elementwise import logaddexp, maximum, minimum, power_of
from converter.helpers.library.shapes import concat

ValuesIndices = namedtuple("ValuesIndices", ["values", "indices"])


def with_numpy_names(function: Any) -> Any:
    """Let a reduction also accept NumPy's ``axis`` and ``keepdims``, as Torch's do."""

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        for numpy_name, name in (("axis", "dim"), ("keepdims", "keepdim")):
            if numpy_name in kwargs:
                kwargs[name] = kwargs.pop(numpy_name)
        return function(*args, **kwargs)

    return wrapped


def reduced_dims(input: Any, dim: Any) -> tuple[int, ...]:
    """The dimensions to reduce, none negative; all of them for None and ()."""
    if dim is None:
        dim = ()
    dims = (dim,) if isinstance(dim, int) else tuple(dim)
    return tuple(d % input.ndim for d in dims) or tuple(range(input.ndim))


@with_numpy_names
def sum_of(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Torch's ``sum``: integers and booleans are added in int64 (Jittor adds uint8 in uint8: 200 + 100 is 44)."""
    name = dtype_name(dtype) or ("int64" if integral(input) else str(input.dtype))
    x = input if str(input.dtype) == name else input.cast(name)
    return x.sum(reduced_dims(x, dim), keepdims=keepdim)


@with_numpy_names
def mean_of(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Torch's ``mean``: one or several dimensions, by position or name."""
    x = input if dtype is None else input.cast(dtype_name(dtype))
    if not x.numel():  # Jittor's mean of nothing is 0
        return x.sum(reduced_dims(x, dim), keepdims=keepdim) + float("nan")
    return x.mean(reduced_dims(x, dim), keepdims=keepdim)


@with_numpy_names
def product_of(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Torch's ``prod``, whose gradient is the product of the other elements also where there are zeros."""
    name = dtype_name(dtype) or ("int64" if integral(input) else str(input.dtype))
    x = input.cast(name)
    if dim is None:
        x, dim = x.reshape(-1), 0
        keepdim = False
    dim %= x.ndim
    parts = [x[(slice(None),) * dim + (slice(i, i + 1),)] for i in range(x.shape[dim])]
    result = parts[0]
    for part in parts[1:]:
        result = result * part
    return result if keepdim else without_dim(result, dim)


def without_dim(x: Any, dim: int) -> Any:
    """The tensor without a dimension of size 1 (never without any dimension)."""
    shape = [n for i, n in enumerate(x.shape) if i != dim]
    return x.reshape(shape or [1])


class Extreme(jt.Function):
    """Largest or smallest elements; the gradient is shared equally by all that are equal to them, as in Torch.

    Jittor gives the whole gradient to each of them, and drops nan.
    """

    def execute(self, x: Any, dims: tuple[int, ...], largest: bool, nan_shares: bool) -> Any:
        found = extreme_value(x, dims, largest)
        if not integral(x):
            bad = jt.isnan(x).int32().max(dims, keepdims=True) > 0
            found = jt.ternary(bad, jt.array([float("nan")], dtype=str(x.dtype)).broadcast(found.shape), found)
        chosen = x == found
        if nan_shares:
            chosen = chosen.logical_or(jt.isnan(x).logical_and(jt.isnan(found)))
        self.dims, self.chosen = dims, chosen
        return found

    def grad(self, grad: Any) -> tuple[Any, None, None, None]:
        share = self.chosen.cast(grad.dtype)
        return share * (grad / share.sum(self.dims, keepdims=True)), None, None, None


def extreme(input: Any, dim: Any, keepdim: bool, largest: bool, nan_shares: bool = False) -> Any:
    """Largest or smallest elements over some dimensions, gradient shared among equals.

    Of nan Torch's ``max`` and ``min`` share the gradient, while ``amax`` and ``amin`` have none (nan).
    """
    dims = reduced_dims(input, dim)
    found = (
        Extreme()(input, dims, largest, nan_shares) if not integral(input) else integer_extreme(input, dims, largest)
    )
    if keepdim:
        return found
    return found.reshape([n for i, n in enumerate(input.shape) if i not in dims] or [1])


def extreme_value(x: Any, dims: Any, largest: bool) -> Any:
    """Largest or smallest elements, dimensions kept; infinite where all are (Jittor's begin at the last number)."""
    found = x.max(dims, keepdims=True) if largest else x.min(dims, keepdims=True)
    name = str(x.dtype)
    edge = float(np.finfo("float32" if name == "bfloat16" else name).max)
    if largest:
        return jt.ternary(found <= constant(-edge, name), jt.full_like(found, -np.inf), found)
    return jt.ternary(found >= constant(edge, name), jt.full_like(found, np.inf), found)


def integer_extreme(input: Any, dims: tuple[int, ...], largest: bool) -> Any:
    x = input.int32() if str(input.dtype) in ("bool", "uint8", "int8") else input
    return (x.max(dims, keepdims=True) if largest else x.min(dims, keepdims=True)).cast(input.dtype)


@with_numpy_names
def amax(input: Any, dim: Any = (), keepdim: bool = False) -> Any:
    """Largest elements; equal ones share the gradient."""
    return extreme(input, dim, keepdim, True)


@with_numpy_names
def amin(input: Any, dim: Any = (), keepdim: bool = False) -> Any:
    """Smallest elements; equal ones share the gradient."""
    return extreme(input, dim, keepdim, False)


def extreme_along(input: Any, dim: int, keepdim: bool, largest: bool) -> Any:
    """(values, indices) along one dimension; the gradient goes to the element whose index is returned."""
    dim %= input.ndim
    index = arg_extreme(input, dim, True, largest)
    values = input.gather(dim, index)
    if not keepdim:
        values, index = without_dim(values, dim), without_dim(index, dim)
    return ValuesIndices(values, index)


def arg_extreme(input: Any, dim: int | None, keepdim: bool, largest: bool) -> Any:
    """Index (int64) of the first largest or smallest element; without ``dim`` in the flattened tensor."""
    x = input.detach() if not integral(input) else input.int64()
    if dim is None:
        index = arg_extreme(x.reshape(-1), 0, False, largest)
        return index.reshape([1] * input.ndim) if keepdim else index
    if not integral(x):
        x = nan_outermost(x, largest)
    found = jt.argmax(x, dim, keepdims=True) if largest else jt.argmin(x, dim, keepdims=True)
    index = found[0].int64()
    return index if keepdim else without_dim(index, dim % input.ndim)


def nan_outermost(x: Any, largest: bool) -> Any:
    """The tensor with nan replaced by what lies beyond all its other elements: Torch finds nan first."""
    edge = float(np.finfo("float32" if str(x.dtype) == "bfloat16" else str(x.dtype)).max)
    if largest:
        return jt.ternary(x != x, jt.full_like(x, np.inf), jt.ternary(x > edge, jt.full_like(x, edge), x))
    return jt.ternary(x != x, jt.full_like(x, -np.inf), jt.ternary(x < -edge, jt.full_like(x, -edge), x))


@with_numpy_names
def max_of(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """Torch's ``max``: ``max(x)``, ``max(x, dim)`` -> (values, indices), ``max(x, other)``.

    Jittor's returns values only, so that ``v, i = x.max(1)`` would unpack rows.
    """
    if isinstance(dim, jt.Var):
        other = dim
    if other is not None:
        return maximum(input, other)
    return extreme(input, (), False, True, True) if dim is None else extreme_along(input, dim, keepdim, True)


@with_numpy_names
def min_of(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """Torch's ``min``: ``min(x)``, ``min(x, dim)`` -> (values, indices), ``min(x, other)``."""
    if isinstance(dim, jt.Var):
        other = dim
    if other is not None:
        return minimum(input, other)
    return extreme(input, (), False, False, True) if dim is None else extreme_along(input, dim, keepdim, False)


@with_numpy_names
def argmax(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """Index of the largest element (Jittor's returns a pair and needs ``dim``)."""
    return arg_extreme(input, dim, keepdim, True)


@with_numpy_names
def argmin(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """Index of the smallest element (Jittor's returns a pair and needs ``dim``)."""
    return arg_extreme(input, dim, keepdim, False)


@with_numpy_names
def variance_of(
    input: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None
) -> Any:
    """Torch's ``var``: divides by n - 1 unless told otherwise (Jittor's by n).

    ``var(x, unbiased)`` with a bool in the second place is one of Torch's forms.
    """
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if correction is None:
        correction = 0 if unbiased is False else 1
    dims = reduced_dims(input, dim)
    centred = input - input.mean(dims, keepdims=True)
    count = int(np.prod([input.shape[d] for d in dims]))
    return (centred * centred).sum(dims, keepdims=keepdim) / float(np.float64(count) - correction)


@with_numpy_names
def deviation(
    input: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None
) -> Any:
    """Torch's ``std``: divides by n - 1 unless told otherwise, 0 for constants (Jittor's is at least 0.001).

    The gradient is 0 where the deviation is 0, as in Torch.
    """
    variance = variance_of(input, dim, unbiased, keepdim, correction=correction)
    zero = variance == 0
    return jt.ternary(zero, jt.zeros_like(variance), jt.ternary(zero, jt.ones_like(variance), variance).sqrt())


def var_mean(input: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, **options: Any) -> Any:
    """Variance and mean."""
    dims = None if isinstance(dim, bool) else dim
    return variance_of(input, dim, unbiased, keepdim, **options), mean_of(input, dims, keepdim)


def std_mean(input: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, **options: Any) -> Any:
    """Standard deviation and mean."""
    dims = None if isinstance(dim, bool) else dim
    return deviation(input, dim, unbiased, keepdim, **options), mean_of(input, dims, keepdim)


@with_numpy_names
def norm_of(
    input: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False, out: Any = None, dtype: Any = None
) -> Any:
    """Torch's ``norm``: over all elements unless ``dim`` is given (Jittor's: over the last dimension), any order p.

    The gradient of the 2-norm is 0 where the norm is 0, as in Torch.
    """
    x = input if dtype is None else input.cast(dtype_name(dtype))
    dims = reduced_dims(x, dim)
    if p in ("fro", 2, None):
        total = (x * x).sum(dims, keepdims=keepdim)
        zero = total == 0
        return jt.ternary(zero, jt.zeros_like(total), jt.ternary(zero, jt.ones_like(total), total).sqrt())
    size = x * ((x > 0).cast(x.dtype) - (x < 0).cast(x.dtype)).detach()
    if p == float("inf") or p == float("-inf"):
        return extreme(size, dims, keepdim, p > 0)
    if p == 0:
        return (x != 0).cast(x.dtype).sum(dims, keepdims=keepdim)
    if p == 1:
        return size.sum(dims, keepdims=keepdim)
    total = power_of(size, p).sum(dims, keepdims=keepdim)
    zero = total == 0
    return jt.ternary(zero, jt.zeros_like(total), power_of(jt.ternary(zero, jt.ones_like(total), total), 1 / p))


def linalg_norm(x: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Torch's ``linalg.norm`` and ``linalg.vector_norm`` for vectors and for the Frobenius norm of matrices."""
    if ord not in (None, "fro") and (dim is None and x.ndim == 2 or isinstance(dim, tuple | list) and len(dim) == 2):
        raise NotImplementedError("linalg.norm: only the Frobenius norm of matrices")
    return norm_of(x, 2 if ord is None else ord, dim, keepdim, dtype=dtype)


def vector_norm(x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Torch's ``linalg.vector_norm``."""
    return norm_of(x, ord, dim, keepdim, dtype=dtype)


@with_numpy_names
def logsumexp(input: Any, dim: Any, keepdim: bool = False) -> Any:
    """log(sum(exp(x))), shifted by the largest element so that it does not overflow (Jittor's does above 88)."""
    x = floating(input)
    dims = reduced_dims(x, dim)
    top = x.detach().max(dims, keepdims=True)
    top = jt.ternary(jt.isfinite(top), top, jt.zeros_like(top))
    result = jt.log((x - top).exp().sum(dims, keepdims=True)) + top
    return result if keepdim else result.reshape([n for i, n in enumerate(x.shape) if i not in dims] or [1])


@with_numpy_names
def softmax(input: Any, dim: int, dtype: Any = None) -> Any:
    """exp(x) / sum(exp(x)) along a dimension."""
    x = floating(input) if dtype is None else input.cast(dtype_name(dtype))
    return nn.softmax(x, dim=dim)


@with_numpy_names
def log_softmax(input: Any, dim: int, dtype: Any = None) -> Any:
    """The logarithm of :func:`softmax`."""
    x = floating(input) if dtype is None else input.cast(dtype_name(dtype))
    return log_of_softmax(x, dim)


def cumsum(input: Any, dim: int, *, dtype: Any = None) -> Any:
    """Running sums; integers and booleans in int64."""
    name = dtype_name(dtype) or ("int64" if integral(input) else str(input.dtype))
    return running_sum(input.cast(name), dim % input.ndim)


def running_sum(x: Any, dim: int) -> Any:
    """Running sums of what a triangle lets through (infinity times 0 would be nan), from 257 on by Jittor's own."""
    length = x.shape[dim]
    if length > 256:
        return jt.cumsum(x, dim)
    order = [i for i in range(x.ndim) if i != dim] + [dim]
    back = [order.index(i) for i in range(x.ndim)]
    triangle = jt.array(np.triu(np.ones((length, length), dtype=bool)))
    moved = x.permute(tuple(order)).unsqueeze(-1)
    shape = [*moved.shape[:-1], length]
    kept = jt.ternary(triangle.broadcast(shape), moved.broadcast(shape), jt.zeros(shape, dtype=str(x.dtype)))
    return kept.sum(-2).permute(tuple(back))


def cumprod(input: Any, dim: int, *, dtype: Any = None) -> Any:
    """Running products (Jittor's go through logarithms)."""
    name = dtype_name(dtype) or ("int64" if integral(input) else str(input.dtype))
    x, dim = input.cast(name), dim % input.ndim
    head = (slice(None),) * dim
    parts = [x[(*head, slice(0, 1))]]
    for i in range(1, x.shape[dim]):
        parts.append(parts[-1] * x[(*head, slice(i, i + 1))])
    return concat(parts, dim)


@with_numpy_names
def all_true(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether all elements are not zero, as it is where there are none."""
    if not input.numel():
        return ((input == 0).int64().sum(reduced_dims(input, dim), keepdims=keepdim) == 0).bool()
    return (input != 0).int32().min(reduced_dims(input, dim), keepdims=keepdim).bool()


@with_numpy_names
def any_true(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether any element is not zero, which it is not where there are none."""
    if not input.numel():
        return ((input != 0).int64().sum(reduced_dims(input, dim), keepdims=keepdim) > 0).bool()
    return (input != 0).int32().max(reduced_dims(input, dim), keepdims=keepdim).bool()


def count_nonzero(input: Any, dim: Any = None) -> Any:
    """How many elements are not zero (int64)."""
    return (input != 0).int64().sum(reduced_dims(input, dim))


def nansum(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The sum in which nan counts as 0."""
    zero = jt.zeros_like(input)
    return jt.ternary(jt.isnan(input), zero, input).sum(reduced_dims(input, dim), keepdims=keepdim)


@with_numpy_names
def nanmean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The mean of the elements that are not nan."""
    x = input if dtype is None else input.cast(dtype_name(dtype))
    count = jt.isnan(x).logical_not().cast(x.dtype).sum(reduced_dims(x, dim), keepdims=keepdim)
    return nansum(x, dim, keepdim) / count


def aminmax(input: Any, *, dim: int | None = None, keepdim: bool = False) -> Any:
    """Smallest and largest elements, with the names ``min`` and ``max``."""
    dims = () if dim is None else dim
    return MinMax(amin(input, dims, keepdim), amax(input, dims, keepdim))


MinMax = namedtuple("MinMax", ["min", "max"])


def logcumsumexp(input: Any, dim: int) -> Any:
    """Logarithms of the running sums of exp(x): pairs are joined, then pairs of pairs, so that none is lost."""
    head, step = (slice(None),) * (dim % input.ndim), 1
    while step < input.shape[dim]:
        joined = logaddexp(input[(*head, slice(step, None))], input[(*head, slice(None, -step))])
        input = concat([input[(*head, slice(None, step))], joined], dim % input.ndim)
        step *= 2
    return input


def diff(input: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """Differences of neighbours along a dimension, n times; of the input with what stands before and after it."""
    dim %= input.ndim
    parts = [p for p in (prepend, input, append) if p is not None]
    input = concat(parts, dim) if len(parts) > 1 else input
    head = (slice(None),) * dim
    for _ in range(n):
        input = input[(*head, slice(1, None))] - input[(*head, slice(None, -1))]
    return input
