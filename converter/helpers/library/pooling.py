"""Pooling with Torch's signatures, output sizes and tie-breaking."""

import math
from typing import Any

import jittor as jt
import numpy as np
from jittor import nn

from converter.helpers.library.convolution import repeated
from converter.helpers.library.pooling_native import native_max_pool


def pooled_size(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> int:
    """Torch's output size: with ``ceil_mode`` a window may leave the input, but must not start outside."""
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    count = (room + (stride - 1 if ceil_mode else 0)) // stride + 1
    if ceil_mode and (count - 1) * stride >= size + padding:
        count -= 1
    if count < 1:
        raise RuntimeError(f"pooling a dimension of size {size} with kernel {kernel}: output size is too small")
    return count


def taken(input: Any, dim: int, places: Any) -> Any:
    """``input`` at these places (an integer array of any shape) of one dimension."""
    return input[(slice(None),) * dim + (jt.array(np.asarray(places, dtype=np.int32)),)]


def window_max(input: Any, dim: int, places: Any) -> Any:
    """Maximum over the rows of ``places`` (output size x window) along one dimension; the first of equals wins."""
    return jt.argmax(taken(input, dim, places), dim + 1)[1]


def window_max_with_place(input: Any, below: Any, dim: int, places: Any) -> tuple[Any, Any]:
    """:func:`window_max`, and where the maxima lie in this and the later dimensions taken as one.

    ``below``: the same of the later dimensions, for each element of ``input``; None for the last dimension.
    """
    order, found = jt.argmax(taken(input, dim, places), dim + 1)
    shape = [-1 if d == dim else 1 for d in range(input.ndim)]
    row = jt.array(np.arange(len(places), dtype=np.int32).reshape(shape)) * places.shape[1]
    at = jt.array(np.asarray(places, dtype=np.int32).reshape(-1))[row + order]
    if below is None:
        return found, at
    inner, size = below
    chosen = taken(inner, dim, places).gather(dim + 1, order.unsqueeze(dim + 1)).squeeze(dim + 1)
    return found, at * size + chosen


def max_over_windows(input: Any, windows: Any, indices: bool) -> Any:
    """Maximum over windows of the last dimensions, one after the other; with places in all of them taken as one.

    ``windows``: for each dimension the places (output size x window) that its windows look at.
    """
    first = input.ndim - len(windows)
    sizes = list(input.shape)[first:]
    at: Any = None
    for i in reversed(range(len(windows))):
        if indices:
            below = None if at is None else (at, math.prod(sizes[i + 1 :]))
            input, at = window_max_with_place(input, below, first + i, windows[i])
        else:
            input = window_max(input, first + i, windows[i])
    return (input, at.int64()) if indices else input


def pool_options(kernel_size: Any, stride: Any, padding: Any, dilation: Any, count: int) -> list[tuple[int, ...]]:
    kernel = repeated(kernel_size, count)
    steps = kernel if stride is None or stride == [] else repeated(stride, count)
    return [kernel, steps, repeated(padding, count), repeated(dilation, count)]


def max_pool(
    input: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool, indices: bool, count: int
) -> Any:
    """Maximum over windows of the last ``count`` dimensions.

    Where our own operator cannot be used, Jittor's pools do the work as far as they agree with Torch (they refuse an
    input as small as the kernel, know no dilation, and round up to other sizes), else one dimension is reduced after
    the other.
    """
    if input.ndim == count + 1:
        found = max_pool(input.unsqueeze(0), kernel_size, stride, padding, dilation, ceil_mode, indices, count)
        return tuple(v.squeeze(0) for v in found) if indices else found.squeeze(0)
    kernel, stride, padding, dilation = pool_options(kernel_size, stride, padding, dilation, count)
    if any(p > k // 2 for p, k in zip(padding, kernel)):
        raise RuntimeError("pad should be at most half of effective kernel size")
    sizes = list(input.shape)[2:]
    outputs = [pooled_size(*given, ceil_mode) for given in zip(sizes, kernel, stride, padding, dilation)]
    found = native_max_pool(input, kernel, stride, padding, dilation, outputs, indices)
    if found is not None:
        return (found[0], found[1].int64()) if indices else found[0]
    floors = [(n + 2 * p - k) // s + 1 for n, k, s, p in zip(sizes, kernel, stride, padding)]
    if (
        not indices
        and count > 1
        and floors == outputs
        and set(dilation) == {1}
        and all(n > k for n, k in zip(sizes, kernel))
    ):
        pool = nn.Pool if count == 2 else nn.Pool3d
        return pool(kernel, stride, padding, op="maximum")(input)
    windows = []
    for i in range(count):
        starts = np.arange(outputs[i])[:, None] * stride[i] - padding[i]
        places = starts + np.arange(kernel[i])[None] * dilation[i]
        # A place outside is replaced by one inside the same window: a repetition never changes a maximum.
        first = np.where(starts < 0, starts + -(starts // dilation[i]) * dilation[i], starts)
        last = first + (sizes[i] - 1 - first) // dilation[i] * dilation[i]
        windows.append(np.clip(places, first, last))
    return max_over_windows(input, windows, indices)


def max_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    return max_pool(input, kernel_size, stride, padding, dilation, ceil_mode, return_indices, 1)


def max_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    return max_pool(input, kernel_size, stride, padding, dilation, ceil_mode, return_indices, 2)


def max_pool3d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    return max_pool(input, kernel_size, stride, padding, dilation, ceil_mode, return_indices, 3)


def max_pool1d_with_indices(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    return max_pool(input, kernel_size, stride, padding, dilation, ceil_mode, True, 1)


def max_pool2d_with_indices(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    return max_pool(input, kernel_size, stride, padding, dilation, ceil_mode, True, 2)


def max_pool3d_with_indices(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    return max_pool(input, kernel_size, stride, padding, dilation, ceil_mode, True, 3)


def window_sum(input: Any, kernel: Any, stride: Any, padding: Any, outputs: Any) -> Any:
    """Sums over windows of the last dimensions; what lies outside counts as zero."""
    count = len(kernel)
    places = [f"i{2 + i}*{stride[i]}-{padding[i]}+i{2 + count + i}" for i in range(count)]
    spread = input.reindex([*list(input.shape)[:2], *outputs, *kernel], ["i0", "i1", *places])
    return spread.sum(list(range(2 + count, 2 + 2 * count)))


def avg_pool(
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: Any,
    count: int,
) -> Any:
    """Mean over windows of the last ``count`` dimensions.

    Jittor's refuses an input as small as the kernel and counts the padding even when told not to.
    """
    if input.ndim == count + 1:
        given = (kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, count)
        return avg_pool(input.unsqueeze(0), *given).squeeze(0)
    kernel, stride, padding, _ = pool_options(kernel_size, stride, padding, 1, count)
    sizes = list(input.shape)[2:]
    outputs = [pooled_size(*given, 1, ceil_mode) for given in zip(sizes, kernel, stride, padding)]
    sums = window_sum(input, kernel, stride, padding, outputs)
    if divisor_override is not None:
        return sums / divisor_override
    divisor: Any = np.ones([1] * count)
    for i in range(count):
        start = np.arange(outputs[i]) * stride[i] - padding[i]
        end = np.minimum(start + kernel[i], sizes[i] + padding[i])
        if not count_include_pad:
            start, end = np.maximum(start, 0), np.minimum(end, sizes[i])
        divisor = divisor * (end - start).reshape([-1 if i == j else 1 for j in range(count)])
    if (divisor == divisor.flat[0]).all():
        return sums / float(divisor.flat[0])
    return sums / jt.array(divisor.astype(np.float32)).cast(input.dtype)


def avg_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    return avg_pool(input, kernel_size, stride, padding, ceil_mode, count_include_pad, None, 1)


def avg_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: Any = None,
) -> Any:
    return avg_pool(input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, 2)


def avg_pool3d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: Any = None,
) -> Any:
    return avg_pool(input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, 3)


def lp_pool(input: Any, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool, count: int) -> Any:
    """``(sum x^p)^(1/p)`` over windows, as Torch computes it from an average."""
    powers = avg_pool(input**norm_type, kernel_size, stride, 0, ceil_mode, True, None, count)
    sums = powers * float(math.prod(repeated(kernel_size, count)))
    signs = (sums > 0).cast(sums.dtype) - (sums < 0).cast(sums.dtype)
    return jt.maximum(signs * sums, jt.zeros_like(sums)) ** (1.0 / norm_type)


def lp_pool1d(input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Any:
    return lp_pool(input, norm_type, kernel_size, stride, ceil_mode, 1)


def lp_pool2d(input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Any:
    return lp_pool(input, norm_type, kernel_size, stride, ceil_mode, 2)


def adaptive_bounds(size: int, output: int) -> tuple[Any, Any]:
    """First places and ends of the windows that share ``size`` places among ``output``."""
    i = np.arange(output)
    return i * size // output, -((-(i + 1) * size) // output)


def adaptive_sizes(input: Any, output_size: Any, count: int) -> list[int]:
    given = [output_size] * count if output_size is None or isinstance(output_size, int) else list(output_size)
    given = given * count if len(given) == 1 else given
    sizes = list(input.shape)[input.ndim - count :]
    return [n if wanted is None else int(wanted) for wanted, n in zip(given, sizes)]


def adaptive_avg_pool(input: Any, output_size: Any, count: int) -> Any:
    """Mean over windows chosen to give ``output_size`` (None keeps a size) in the last ``count`` dimensions."""
    outputs = adaptive_sizes(input, output_size, count)
    first = input.ndim - count
    if all(o == 1 for o in outputs):
        return input.mean(dims=list(range(first, input.ndim)), keepdims=True)
    for i, output in enumerate(outputs):
        dim = first + i
        size = input.shape[dim]
        if output == size:
            continue
        shape = list(input.shape)
        if size % output == 0:
            input = input.reshape([*shape[:dim], output, size // output, *shape[dim + 1 :]]).mean(dims=[dim + 1])
            continue
        start, end = adaptive_bounds(size, output)
        places = np.arange(size)[None]
        share = ((places >= start[:, None]) & (places < end[:, None])) / (end - start)[:, None]
        weights = jt.array(share.astype(np.float32)).cast(input.dtype)
        last = [d for d in range(input.ndim) if d != dim] + [dim]
        back = [last.index(d) for d in range(input.ndim)]
        input = nn.linear(input.permute(last), weights).permute(back)
    return input


def adaptive_avg_pool1d(input: Any, output_size: Any) -> Any:
    return adaptive_avg_pool(input, output_size, 1)


def adaptive_avg_pool2d(input: Any, output_size: Any) -> Any:
    return adaptive_avg_pool(input, output_size, 2)


def adaptive_avg_pool3d(input: Any, output_size: Any) -> Any:
    return adaptive_avg_pool(input, output_size, 3)


def adaptive_max_pool(input: Any, output_size: Any, return_indices: bool, count: int) -> Any:
    """Maximum over windows chosen to give ``output_size`` (None keeps a size) in the last ``count`` dimensions."""
    first = input.ndim - count
    windows = []
    for i, output in enumerate(adaptive_sizes(input, output_size, count)):
        start, end = adaptive_bounds(input.shape[first + i], output)
        width = int((end - start).max())
        windows.append(np.minimum(start[:, None] + np.arange(width)[None], end[:, None] - 1))
    return max_over_windows(input, windows, return_indices)


def adaptive_max_pool1d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    return adaptive_max_pool(input, output_size, return_indices, 1)


def adaptive_max_pool2d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    return adaptive_max_pool(input, output_size, return_indices, 2)


def adaptive_max_pool3d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    return adaptive_max_pool(input, output_size, return_indices, 3)
