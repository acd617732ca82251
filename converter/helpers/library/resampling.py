"""Padding, resizing, sliding windows and sampling grids with Torch's signatures."""

import math
from typing import Any

import jittor as jt
import numpy as np
from jittor import nn

from converter.helpers.library.convolution import repeated
from converter.helpers.library.pooling import adaptive_avg_pool, taken
from converter.helpers.library.shapes import concat


def pad(input: Any, pad: Any, mode: str = "constant", value: Any = None) -> Any:
    """Pad (or, where negative, crop) the last dimensions; ``pad`` lists (left, right) from the last one on.

    Jittor's own fails to compile for a value like 0.5 and for negative amounts.
    """
    amounts = [int(p) for p in pad]
    if len(amounts) % 2 or len(amounts) // 2 > input.ndim:
        raise RuntimeError(f"Padding length must be even and at most twice the number of dimensions: {amounts}")
    if mode not in ("constant", "reflect", "replicate", "circular"):
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    kept: list[Any] = [slice(None)] * input.ndim
    for i in range(len(amounts) // 2):
        dim, left, right = input.ndim - 1 - i, amounts[2 * i], amounts[2 * i + 1]
        if (left < 0 or right < 0) and mode == "constant":
            kept[dim] = slice(max(-left, 0), input.shape[dim] - max(-right, 0))
    if any(k != slice(None) for k in kept):
        input = input[tuple(kept)]
        amounts = [max(a, 0) for a in amounts]
    if not any(amounts):
        return input
    if mode == "constant" and not value:
        return nn.pad(input, amounts)
    for i in range(len(amounts) // 2):
        dim, left, right = input.ndim - 1 - i, amounts[2 * i], amounts[2 * i + 1]
        size = input.shape[dim]
        if not left and not right:
            continue
        if mode != "constant":
            limit = size - 1 if mode == "reflect" else size
            if mode != "replicate" and max(left, right) > limit:
                raise RuntimeError(f"Padding size {max(left, right)} is too large for a dimension of size {size}")
            kind = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}[mode]
            places = np.pad(np.arange(size), (max(left, 0), max(right, 0)), mode=kind)  # type: ignore[call-overload]
            places = places[max(-left, 0) : len(places) - max(-right, 0)]
            input = taken(input, dim, places)
            continue
        shape = list(input.shape)
        filled = [
            jt.full([*shape[:dim], n, *shape[dim + 1 :]], value).cast(input.dtype) if n else None for n in (left, right)
        ]
        input = concat([p for p in (filled[0], input, filled[1]) if p is not None], dim)
    return input


def cubic_weights(offset: Any) -> list[Any]:
    """Weights of the four neighbours at distance 1 + t, t, 1 - t, 2 - t (Keys' kernel with a = -0.75)."""
    a = -0.75

    def near(d: Any) -> Any:
        return ((a + 2) * d - (a + 3)) * d * d + 1

    def far(d: Any) -> Any:
        return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a

    return [far(offset + 1), near(offset), near(1 - offset), far(2 - offset)]


def resize_dimension(input: Any, dim: int, output: int, scale: Any, mode: str, align_corners: bool) -> Any:
    """Resize one dimension; ``scale`` is the user's factor or None when the sizes decide."""
    size = input.shape[dim]
    ratio = np.float32(1 / scale if scale else size / output)
    places = np.arange(output, dtype=np.float32)
    if mode in ("nearest", "nearest-exact"):
        shift = np.float32(0.5 if mode == "nearest-exact" else 0)
        return taken(input, dim, np.minimum(np.floor((places + shift) * ratio), size - 1).astype(np.int64))
    if align_corners:
        source = places * np.float32((size - 1) / (output - 1) if output > 1 else 0)
    else:
        source = (places + np.float32(0.5)) * ratio - np.float32(0.5)
    if mode == "cubic":
        base = np.floor(source)
        weights, first = cubic_weights(source - base), base.astype(np.int64) - 1
    else:
        source = np.clip(source, 0, None)
        base = np.minimum(np.floor(source), size - 1)
        offset = np.clip(source - base, 0, 1)
        weights, first = [1 - offset, offset], base.astype(np.int64)
    total: Any = 0
    shape = [output if d == dim else 1 for d in range(input.ndim)]
    for i, weight in enumerate(weights):
        factor = jt.array(weight.astype(np.float32).reshape(shape)).cast(input.dtype)
        total = total + taken(input, dim, np.clip(first + i, 0, size - 1)) * factor
    return total


def antialias_weights(size: int, output: int, scale: Any, cubic: bool, align_corners: bool) -> Any:
    """How much each place of a dimension counts for each of the new ones (output x size).

    The filter is as wide as the step where the dimension gets smaller: a triangle, or Keys' kernel with a = -0.5.
    """
    if align_corners:
        step = (size - 1) / (output - 1) if output > 1 else 0.0
    else:
        step = 1 / scale if scale else size / output
    width = max(step, 1.0)
    reach = (2.0 if cubic else 1.0) * width
    weights = np.zeros((output, size))
    for i in range(output):
        center = step * (i + 0.5)
        first = max(int(center - reach + 0.5), 0)
        last = min(int(center + reach + 0.5), size)
        x = np.abs((np.arange(first, last) - center + 0.5) / width)
        if cubic:
            row = np.where(x < 1, (1.5 * x - 2.5) * x * x + 1, np.where(x < 2, ((-0.5 * x + 2.5) * x - 4) * x + 2, 0))
        else:
            row = np.maximum(1 - x, 0)
        weights[i, first:last] = row / row.sum() if row.sum() else row
    return weights.astype(np.float32)


def weighted_dimension(input: Any, dim: int, weights: Any) -> Any:
    """One dimension replaced by weighted sums of its parts (weights: output x size)."""
    last = [d for d in range(input.ndim) if d != dim] + [dim]
    back = [last.index(d) for d in range(input.ndim)]
    return nn.linear(input.permute(last), jt.array(weights).cast(input.dtype)).permute(back)


def interpolate(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: Any = None,
    recompute_scale_factor: Any = None,
    antialias: bool = False,
) -> Any:
    """Resize the spatial dimensions of (N, C, ...), one after the other.

    Jittor's own defaults to bilinear, and computes the scale from the sizes even when a factor was given.  With
    ``antialias`` to a width of 1 Torch 2.13 repeats the first row; here each row has its own.
    """
    count = input.ndim - 2
    if antialias and mode not in ("bilinear", "bicubic"):
        raise ValueError("Anti-alias option is restricted to bilinear and bicubic modes and requires a 4-D tensor")
    if (size is None) == (scale_factor is None):
        raise ValueError("only one of size or scale_factor should be defined, and one must be")
    plain = mode in ("nearest", "nearest-exact", "area")
    wanted = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}
    if not plain and wanted.get(mode) != count:
        raise NotImplementedError(f"Input with {count} spatial dimensions cannot be resized with mode {mode!r}")
    if plain and align_corners is not None:
        raise ValueError("align_corners option can only be set with the interpolating modes")
    scales: list[Any] = [None] * count
    if size is None:
        factors = [scale_factor] * count if isinstance(scale_factor, (int, float)) else list(scale_factor)
        sizes = [int(math.floor(n * f)) for n, f in zip(list(input.shape)[2:], factors)]
        if not recompute_scale_factor:
            scales = [float(f) for f in factors]
    else:
        sizes = list(repeated(size, count))
    if mode == "area":
        return adaptive_avg_pool(input, sizes, count)
    kind = mode if plain else "cubic" if mode == "bicubic" else "linear"
    for i in reversed(range(count)) if antialias else ():
        given = (input.shape[2 + i], sizes[i], scales[i])
        weights = antialias_weights(*given, mode == "bicubic", bool(align_corners))
        input = weighted_dimension(input, 2 + i, weights)
    for i in range(count) if not antialias else ():
        if sizes[i] != input.shape[2 + i] or scales[i] not in (None, 1.0):
            input = resize_dimension(input, 2 + i, sizes[i], scales[i], kind, bool(align_corners))
    return input


def upsample(
    input: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: Any = None
) -> Any:
    return interpolate(input, size, scale_factor, mode, align_corners)


def pixel_shuffle(input: Any, upscale_factor: int) -> Any:
    """(..., C r r, H, W) to (..., C, H r, W r)."""
    r = upscale_factor
    *lead, channels, height, width = input.shape
    parts = input.reshape([-1, channels // (r * r), r, r, height, width]).permute([0, 1, 4, 2, 5, 3])
    return parts.reshape([*lead, channels // (r * r), height * r, width * r])


def pixel_unshuffle(input: Any, downscale_factor: int) -> Any:
    """(..., C, H r, W r) to (..., C r r, H, W)."""
    r = downscale_factor
    *lead, channels, height, width = input.shape
    parts = input.reshape([-1, channels, height // r, r, width // r, r]).permute([0, 1, 3, 5, 2, 4])
    return parts.reshape([*lead, channels * r * r, height // r, width // r])


def channel_shuffle(input: Any, groups: int) -> Any:
    shape = list(input.shape)
    return input.reshape([shape[0], groups, shape[1] // groups, -1]).permute([0, 2, 1, 3]).reshape(shape)


def unfold(input: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """Sliding windows of (N, C, H, W) as columns: (N, C kh kw, windows)."""
    if input.ndim == 3:
        return unfold(input.unsqueeze(0), kernel_size, dilation, padding, stride).squeeze(0)
    given = [repeated(v, 2) for v in (kernel_size, dilation, padding, stride)]
    return nn.unfold(input, *given)


def fold(input: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """The inverse of :func:`unfold` that adds up what windows share: (N, C, H, W)."""
    if input.ndim == 2:
        return fold(input.unsqueeze(0), output_size, kernel_size, dilation, padding, stride).squeeze(0)
    given = [repeated(v, 2) for v in (output_size, kernel_size, dilation, padding, stride)]
    return nn.fold(input, *given)


def grid_sample(
    input: Any, grid: Any, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: Any = None
) -> Any:
    """Values of (N, C, H, W) or (N, C, D, H, W) at places given in [-1, 1]."""
    if mode not in ("bilinear", "nearest"):
        raise NotImplementedError(f"grid_sample(mode={mode!r}) is not supported")
    return nn.grid_sample(input, grid, mode, padding_mode, bool(align_corners))


def affine_grid(theta: Any, size: Any, align_corners: Any = None) -> Any:
    """The sampling grid of an affine map: (N, H, W, 2) or (N, D, H, W, 3)."""
    axes = []
    for n in list(size)[2:]:
        line = np.linspace(-1, 1, n) if n > 1 else np.zeros(1)
        axes.append(line if align_corners else line * (n - 1) / n)
    meshes = np.meshgrid(*axes, indexing="ij")[::-1]
    points = np.stack([*meshes, np.ones_like(meshes[0])], axis=-1).astype(np.float32)
    flat = jt.array(points.reshape(1, -1, points.shape[-1])).cast(theta.dtype)
    count = len(size) - 2
    found = (flat.unsqueeze(2) * theta.unsqueeze(1)).sum(-1)
    return found.reshape([theta.shape[0], *list(size)[2:], count])


def upsample_bilinear(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """Torch's old bilinear resizing, which aligns the corners."""
    return interpolate(input, size, scale_factor, "bilinear", True)
