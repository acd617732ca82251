"""Sorting, order statistics and counting."""

from __future__ import annotations

from typing import Any

import jittor as jt
import numpy as np

from converter.helpers.library.dtypes import integral
from converter.helpers.library.elementwise import lerp
from converter.helpers.library.reductions import ValuesIndices, extreme_value, without_dim


def sort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """(values, indices), indices in int64."""
    index = argsort(input, dim, descending)
    return ValuesIndices(input.gather(dim % input.ndim, index), index)


def argsort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """Indices (int64) that sort along a dimension, equal elements in their order, nan as the largest of all.

    Jittor's returns a pair, leaves equal elements in any order, and breaks down over nan.
    """
    x, dim = input.detach() if not integral(input) else input.int64(), dim % input.ndim
    if jt.flags.use_cuda or not x.numel():
        return jt.argsort(x, dim, descending)[0].int64()
    x = x.float32() if str(x.dtype) in ("float16", "bfloat16") else x
    order = [i for i in range(x.ndim) if i != dim] + [dim]
    rows = x if order[-1] == x.ndim - 1 else x.permute(tuple(order))
    source = STABLE_ORDER.replace("@FIRST@", DESCENDING if descending else ASCENDING)
    index = jt.code(rows.shape, "int64", [rows], cpu_header=STABLE_ORDER_HEADER, cpu_src=source)
    return index if rows is x else index.permute(tuple(order.index(i) for i in range(x.ndim)))


STABLE_ORDER_HEADER = "#include <algorithm>\n#include <numeric>"
ASCENDING = "a != a ? false : b != b ? true : a < b"
DESCENDING = "b != b ? false : a != a ? true : a > b"
STABLE_ORDER = """
    int64 length = in0->shape[in0->shape.size() - 1];
    for (int64 start = 0; start < in0->num; start += length) {
        auto *row = in0_p + start;
        auto *index = out0_p + start;
        std::iota(index, index + length, 0);
        std::stable_sort(index, index + length, [row](int64 i, int64 j) {
            auto a = row[i], b = row[j];
            return @FIRST@;
        });
    }
"""


def topk(input: Any, k: int, dim: int | None = None, largest: bool = True, sorted: bool = True) -> Any:
    """The k largest (or smallest) elements as (values, indices)."""
    dim = -1 if dim is None else dim
    index = argsort(input, dim, largest)[(slice(None),) * (dim % input.ndim) + (slice(0, k),)]
    return ValuesIndices(input.gather(dim % input.ndim, index), index)


def kthvalue(input: Any, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """The k-th smallest element along a dimension as (values, indices)."""
    dim %= input.ndim
    index = argsort(input, dim)[(slice(None),) * dim + (slice(k - 1, k),)]
    values = input.gather(dim, index)
    return ValuesIndices(*((values, index) if keepdim else (without_dim(values, dim), without_dim(index, dim))))


def median(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The lower median, nan where there is one; along a dimension as (values, indices).

    Jittor's takes the wrong axis for dim >= 1.
    """
    if dim is None:
        return Median()(input.reshape(-1)) if not integral(input) else median(input.reshape(-1), 0).values
    dim %= input.ndim
    length, order = input.shape[dim], argsort(input, dim)
    place = jt.full([1 if i == dim else n for i, n in enumerate(input.shape)], (length - 1) // 2).int64()
    if not integral(input):
        bad = jt.isnan(input).int64().sum(dim, keepdims=True)
        place = jt.ternary(bad > 0, length - bad, place)
    index = order.gather(dim, place)
    values = input.gather(dim, index)
    return ValuesIndices(*((values, index) if keepdim else (without_dim(values, dim), without_dim(index, dim))))


class Median(jt.Function):
    """The median of a vector; elements equal to it share the gradient, as in Torch."""

    def execute(self, x: Any) -> Any:
        found = median(x, 0).values
        self.chosen = (x == found).logical_or((x != x).logical_and((found != found).broadcast(x.shape)))
        return found

    def grad(self, grad: Any) -> Any:
        share = self.chosen.cast(grad.dtype)
        return share * (grad / share.sum())


def most_frequent(input: Any, dim: int = -1, keepdim: bool = False) -> Any:
    """The most frequent (of several the smallest) element along a dimension as (values, indices of its last place)."""
    dim %= input.ndim
    x = input.detach()
    same = (x.unsqueeze(dim) == x.unsqueeze(dim + 1)).int32().sum(dim + 1)
    often = same == same.max(dim, keepdims=True)
    big = x.cast("float64").max() + 1
    value = jt.ternary(often, x.cast("float64"), big.broadcast(x.shape)).min(dim, keepdims=True)
    place = jt.array(np.arange(x.shape[dim]).reshape([-1 if i == dim else 1 for i in range(x.ndim)]), dtype="int64")
    index = ((x.cast("float64") == value).int64() * (place + 1)).max(dim, keepdims=True) - 1
    values = input.gather(dim, index)
    return ValuesIndices(*((values, index) if keepdim else (without_dim(values, dim), without_dim(index, dim))))


def quantile(
    input: Any, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Any:
    """The q-quantile with linear interpolation, for a number q."""
    if interpolation != "linear" or isinstance(q, jt.Var):
        raise NotImplementedError("quantile: only a number q and linear interpolation")
    x, dim = (input.reshape(-1), 0) if dim is None else (input, dim % input.ndim)
    ordered, place = sort(x, dim).values, q * (x.shape[dim] - 1)
    low = int(place)
    head = (slice(None),) * dim
    first = ordered[(*head, slice(low, low + 1))]
    last = ordered[(*head, slice(min(low + 1, x.shape[dim] - 1), min(low + 1, x.shape[dim] - 1) + 1))]
    result = lerp(first, last, place - low)
    end = ordered[(*head, slice(x.shape[dim] - 1, x.shape[dim]))]
    result = jt.ternary(end == end, result, end)  # nan, which is sorted to the end
    return result if keepdim else without_dim(result, dim)


def cumulative_extreme(input: Any, dim: int, largest: bool) -> Any:
    """Running maxima or minima as (values, indices of their last place)."""
    dim %= input.ndim
    x = input.detach()
    length = x.shape[dim]
    inside = np.tril(np.ones((length, length), dtype=bool)).reshape([length, length] + [1] * (x.ndim - dim - 1))
    values = x.unsqueeze(dim).broadcast([*x.shape[:dim], length, *x.shape[dim:]])
    low = jt.array([-np.inf if largest else np.inf], dtype="float32").cast("float64")
    masked = jt.ternary(jt.array(inside).broadcast(values.shape), values.cast("float64"), low.broadcast(values.shape))
    best = extreme_value(masked, dim + 1, largest)
    place = jt.array(np.arange(length).reshape([-1] + [1] * (x.ndim - dim - 1)), dtype="int64")
    found = (masked == best).logical_and(jt.array(inside).broadcast(values.shape))
    index = (found.int64() * (place + 1)).max(dim + 1) - 1
    if not integral(input):
        bad = ((masked != masked).int64() * (place + 1)).max(dim + 1) - 1  # the last nan so far
        index = jt.ternary(bad >= 0, bad, index)
    return ValuesIndices(input.gather(dim, index), index)


def cummax(input: Any, dim: int) -> Any:
    """Running maxima as (values, indices)."""
    return cumulative_extreme(input, dim, True)


def cummin(input: Any, dim: int) -> Any:
    """Running minima as (values, indices)."""
    return cumulative_extreme(input, dim, False)


def unique(
    input: Any, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The different values in order; with the inverse and counts where asked (Jittor drops counts without inverse)."""
    found = np.unique(input.numpy(), return_inverse=True, return_counts=True, axis=dim)
    values = jt.array(found[0], dtype=str(input.dtype))
    shape = tuple(input.shape) if dim is None else (-1,)
    results = [values]
    if return_inverse:
        results.append(jt.array(found[1].reshape(shape), dtype="int64"))
    if return_counts:
        results.append(jt.array(found[2], dtype="int64"))
    return tuple(results) if len(results) > 1 else values


def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often (or with what total weight) each number from 0 occurs."""
    values = input.numpy()
    counted = np.bincount(values, None if weights is None else weights.numpy(), minlength)
    return jt.array(counted, dtype="int64" if weights is None else str(weights.dtype))


def histc(input: Any, bins: int = 100, min: float = 0, max: float = 0) -> Any:
    """Counts in equal bins (as floats) between min and max, or of the values' own range when both are 0."""
    values = input.numpy()
    limits = (min, max) if (min, max) != (0, 0) else (values.min(), values.max())
    return jt.array(np.histogram(values, bins, limits)[0], dtype=str(input.dtype))
