"""einops on Jittor's tensors.

The einops package does not know Jittor; Jittor carries a copy that does.  A list of tensors is stacked first, as in
einops.
"""

from __future__ import annotations

from typing import Any

from jittor import einops

from converter.helpers.library.modules import Module


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
