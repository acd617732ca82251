"""The inverse of max pooling: values put back to the places that the maxima had."""

from typing import Any

import jittor as jt

from converter.helpers.library.convolution import repeated
from converter.helpers.library.modules import Module


def unpooled_sizes(input: Any, kernel: Any, stride: Any, padding: Any, output_size: Any) -> list[int]:
    """The spatial sizes that pooling may have come from, or those asked for where they are near enough."""
    count = len(kernel)
    given = list(input.shape)[input.ndim - count :]
    usual = [(n - 1) * s - 2 * p + k for n, k, s, p in zip(given, kernel, stride, padding)]
    if output_size is None:
        return usual
    wanted = [int(n) for n in output_size]
    if len(wanted) == count + 2:
        wanted = wanted[2:]
    if len(wanted) != count:
        raise ValueError(f"output_size should be a sequence containing {count} or {count + 2} elements")
    for n, size, s in zip(wanted, usual, stride):
        if not size - s < n < size + s:
            raise ValueError(
                f"invalid output_size {wanted}: each must be between {[u - s for u in usual]} and"
                f" {[u + s for u in usual]}"
            )
    return wanted


def max_unpool(
    input: Any, indices: Any, kernel_size: Any, stride: Any, padding: Any, output_size: Any, count: int
) -> Any:
    """Zeros of the size before pooling, with the values of ``input`` at ``indices`` (of a plane taken as one row).

    The gradient of a value is that of its place.  Raises RuntimeError for places outside.
    """
    kernel = repeated(kernel_size, count)
    steps = kernel if stride is None else repeated(stride, count)
    sizes = unpooled_sizes(input, kernel, steps, repeated(padding, count), output_size)
    if tuple(indices.shape) != tuple(input.shape):
        raise RuntimeError(f"Expected shape of indices to be same as that of the input tensor {tuple(input.shape)}")
    lead = list(input.shape)[: input.ndim - count]
    planes = 1
    for n in lead:
        planes *= n
    area = 1
    for n in sizes:
        area *= n
    index = indices.reshape((planes, -1)).int32()
    if index.numel() and (int(index.min().item()) < 0 or int(index.max().item()) >= area):
        raise RuntimeError(f"max_unpooling: an index lies outside of the output of {sizes}")
    flat = jt.zeros((planes, area), dtype=input.dtype).scatter(1, index, input.reshape((planes, -1)))
    return flat.reshape([*lead, *sizes])


def max_unpool1d(
    input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Any:
    return max_unpool(input, indices, kernel_size, stride, padding, output_size, 1)


def max_unpool2d(
    input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Any:
    return max_unpool(input, indices, kernel_size, stride, padding, output_size, 2)


def max_unpool3d(
    input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Any:
    return max_unpool(input, indices, kernel_size, stride, padding, output_size, 3)


class MaxUnpoolBase(Module):
    """Puts values back to the places that a max pool with ``return_indices=True`` gave."""

    spatial = 0

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.kernel_size = repeated(kernel_size, self.spatial)
        self.stride = repeated(kernel_size if stride is None else stride, self.spatial)
        self.padding = repeated(padding, self.spatial)

    def execute(self, input: Any, indices: Any, output_size: Any = None) -> Any:
        options = (self.kernel_size, self.stride, self.padding, output_size)
        return max_unpool(input, indices, *options, self.spatial)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(MaxUnpoolBase):
    spatial = 1


class MaxUnpool2d(MaxUnpoolBase):
    spatial = 2


class MaxUnpool3d(MaxUnpoolBase):
    spatial = 3
