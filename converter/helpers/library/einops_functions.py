"""einops on Jittor's tensors.

The einops package does not know Jittor; Jittor carries a copy that does.  A list of tensors is stacked first, as in
einops.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jittor import einops

from converter.helpers.library.modules import Module
from converter.helpers.library.shapes import concat


def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Any:
    """Reorder, split and merge axes by their names: ``rearrange(x, "b (h d) -> b h d", h=2)``."""
    return einops.rearrange(tensor, pattern, **axes_lengths)


def reduce_axes(tensor: Any, pattern: str, reduction: Any, **axes_lengths: int) -> Any:
    """Rearrange and reduce (``mean``, ``sum``, ``max``, ``min``, ``prod``) the axes that the right side lacks."""
    return einops.reduce(tensor, pattern, reduction, **axes_lengths)


def repeat_axes(tensor: Any, pattern: str, **axes_lengths: int) -> Any:
    """Rearrange and repeat along the axes that only the right side has."""
    return einops.repeat(tensor, pattern, **axes_lengths)


def parse_shape(x: Any, pattern: str) -> dict[str, int]:
    """Sizes of the axes by the names in the pattern; ``_`` skips one."""
    return {name: int(size) for name, size in einops.parse_shape(x, pattern).items()}


def named_einsum(*tensors_and_pattern: Any) -> Any:
    """Sums of products of axes with names of any length; the pattern comes last."""
    return einops.einops.einsum(*tensors_and_pattern)


def pack(tensors: Any, pattern: str) -> Any:
    """Join tensors that differ in the axes that ``*`` stands for; returns the whole and the shapes of those axes."""
    axes = pattern.split()
    before, after = axes.index("*"), len(axes) - axes.index("*") - 1
    shapes, parts = [], []
    for tensor in tensors:
        sizes = tuple(int(n) for n in tensor.shape)
        if len(sizes) < before + after:
            raise ValueError(f"pack: a tensor of shape {sizes} does not fit the pattern {pattern!r}")
        end = len(sizes) - after
        shapes.append(sizes[before:end])
        parts.append(tensor.reshape([*sizes[:before], -1, *sizes[end:]]))
    return concat(parts, before), shapes


def unpack(tensor: Any, packed_shapes: Any, pattern: str) -> Any:
    """Take apart what :func:`pack` joined; one of the shapes may hold -1 in place of one size."""
    axis = pattern.split().index("*")
    sizes = [int(n) for n in tensor.shape]
    counts = [-1 if -1 in shape else int(np.prod(shape, dtype=np.int64)) for shape in packed_shapes]
    if -1 in counts:
        counts[counts.index(-1)] = sizes[axis] - sum(n for n in counts if n != -1)
    if sum(counts) != sizes[axis]:
        raise ValueError(f"unpack: {sizes[axis]} elements cannot be split into {packed_shapes}")
    parts, start = [], 0
    for count, shape in zip(counts, packed_shapes, strict=True):
        part = tensor[(slice(None),) * axis + (slice(start, start + count),)]
        parts.append(part.reshape([*sizes[:axis], *shape, *sizes[axis + 1 :]] or [1]))
        start += count
    return parts


class Rearrange(Module):
    """The layer of :func:`rearrange`."""

    def __init__(self, pattern: str, **axes_lengths: int) -> None:
        super().__init__()
        self.pattern, self.axes_lengths = pattern, axes_lengths

    def execute(self, input: Any) -> Any:
        return rearrange(input, self.pattern, **self.axes_lengths)

    def extra_repr(self) -> str:
        return ", ".join([repr(self.pattern), *(f"{k}={v}" for k, v in self.axes_lengths.items())])


class Reduce(Module):
    """The layer of :func:`reduce_axes`."""

    def __init__(self, pattern: str, reduction: Any, **axes_lengths: int) -> None:
        super().__init__()
        self.pattern, self.reduction, self.axes_lengths = pattern, reduction, axes_lengths

    def execute(self, input: Any) -> Any:
        return reduce_axes(input, self.pattern, self.reduction, **self.axes_lengths)

    def extra_repr(self) -> str:
        return f"{self.pattern!r}, {self.reduction!r}"
