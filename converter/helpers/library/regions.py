"""``torchvision.ops.roi_align``: regions of feature maps of one size."""

from __future__ import annotations

from typing import Any

import jittor as jt
import numpy as np

from converter.helpers.library.modules import Module
from converter.helpers.library.shapes import concat


def rows_of_regions(boxes: Any) -> Any:
    """Regions (K, 5) of (image, x1, y1, x2, y2) as a NumPy array, from that form or from a list of boxes by image.

    Raises:
        AssertionError: for other shapes.
    """
    if isinstance(boxes, list | tuple):
        if any(b.shape[1] != 4 for b in boxes):
            raise AssertionError("The shape of the tensor in the boxes list is not correct as List[Tensor[L, 4]]")
        parts = [np.concatenate([np.full((b.shape[0], 1), i), b.numpy()], 1) for i, b in enumerate(boxes) if b.numel()]
        return np.concatenate(parts) if parts else np.zeros((0, 5), dtype=np.float32)
    if not isinstance(boxes, jt.Var):
        raise AssertionError("boxes is expected to be a Tensor[L, 5] or a List[Tensor[K, 4]]")
    if boxes.shape[1] != 5:
        raise AssertionError("The boxes tensor shape is not correct as Tensor[K, 5]")
    return boxes.numpy() if boxes.numel() else np.zeros((0, 5), dtype=np.float32)


def sampling_weights(start: Any, length: Any, bins: int, size: int, sampling_ratio: int) -> Any:
    """Weights (K, bins, size) with which the places of one dimension enter the bins of K regions.

    Each bin averages points between the places; points more than one beyond the border count as zero.
    """
    weights = np.zeros((len(start), bins, size), dtype=start.dtype)
    for region, (first, extent) in enumerate(zip(start, length, strict=True)):
        step = extent / start.dtype.type(bins)
        points = sampling_ratio if sampling_ratio > 0 else int(np.ceil(step))
        if points <= 0:
            continue
        bin_starts = first + np.arange(bins, dtype=start.dtype)[:, None] * step
        offsets = (np.arange(points, dtype=start.dtype) + start.dtype.type(0.5)) * step / start.dtype.type(points)
        at = (bin_starts + offsets).ravel()
        inside = (at >= -1) & (at <= size)
        at = np.maximum(at, 0)
        low = np.minimum(np.where(inside, at, 0).astype(np.int64), size - 1)
        high = np.minimum(low + 1, size - 1)
        beyond = np.where(low >= size - 1, 0, at - low)
        row = np.repeat(np.arange(bins), points)
        np.add.at(weights[region], (row, low), np.where(inside, 1 - beyond, 0) / points)
        np.add.at(weights[region], (row, high), np.where(inside, beyond, 0) / points)
    return weights


def roi_align(
    input: Any,
    boxes: Any,
    output_size: Any,
    spatial_scale: float = 1.0,
    sampling_ratio: int = -1,
    aligned: bool = False,
) -> Any:
    """Regions of feature maps (N, C, H, W), averaged into bins: (K, C, *output_size).

    The points between pixels enter by weights that are products of one for each dimension, so all is two matrix
    products; the gradient reaches the input (never the boxes, as in torchvision's compiled operator).

    Raises:
        AssertionError: when the boxes are neither (K, 5) nor a list of (L, 4).
        RuntimeError: for regions of negative size when ``aligned``.
    """
    high, wide = (output_size, output_size) if isinstance(output_size, int) else (*output_size, *output_size)[:2]
    return aligned_rows(input, rows_of_regions(boxes), (high, wide), spatial_scale, sampling_ratio, aligned)


def aligned_rows(
    input: Any, rows: Any, bins: tuple[int, int], spatial_scale: float, sampling_ratio: int, aligned: bool
) -> Any:
    """:func:`roi_align` of regions that are a NumPy array already."""
    rows = rows.astype(np.float64 if str(input.dtype) == "float64" else np.float32)
    high, wide = bins
    count, channels, height, width = input.shape
    if not len(rows):
        return jt.zeros([0, channels, high, wide]).cast(input.dtype)
    shift = rows.dtype.type(0.5 if aligned else 0.0)
    x1, y1, x2, y2 = (rows[:, i] * rows.dtype.type(spatial_scale) - shift for i in (1, 2, 3, 4))
    across, down = x2 - x1, y2 - y1
    if aligned and (across.min() < 0 or down.min() < 0):
        raise RuntimeError("ROIs in ROIAlign cannot have negative values!")
    if not aligned:
        across, down = np.maximum(across, 1), np.maximum(down, 1)
    vertical = sampling_weights(y1, down, high, height, sampling_ratio)
    horizontal = sampling_weights(x1, across, wide, width, sampling_ratio)
    images = rows[:, 0].astype(np.int64)
    if images.min() < 0 or images.max() >= count:
        raise RuntimeError(f"boxes name image {images.max()}, the input has {count}")
    order = np.argsort(images, kind="stable")
    parts = []
    for image in np.unique(images):
        places = np.flatnonzero(images == image)
        left = jt.array(vertical[places].reshape(-1, height), dtype=str(rows.dtype)).cast(input.dtype)
        right = jt.array(horizontal[places].transpose(0, 2, 1).copy(), dtype=str(rows.dtype)).cast(input.dtype)
        maps = input[int(image)].permute((1, 0, 2)).reshape((height, channels * width))
        half = jt.matmul(left, maps).reshape((len(places), high * channels, width))
        parts.append(jt.matmul(half, right).reshape((len(places), high, channels, wide)))
    found = concat(parts, 0).permute((0, 2, 1, 3))
    if (order == np.arange(len(order))).all():
        return found
    return found[jt.array(np.argsort(order).astype(np.int32))]


class RoIAlign(Module):
    """:func:`roi_align` as a layer."""

    def __init__(self, output_size: Any, spatial_scale: float, sampling_ratio: int, aligned: bool = False) -> None:
        super().__init__()
        self.output_size = output_size
        self.spatial_scale = spatial_scale
        self.sampling_ratio = sampling_ratio
        self.aligned = aligned

    def execute(self, input: Any, rois: Any) -> Any:
        return roi_align(input, rois, self.output_size, self.spatial_scale, self.sampling_ratio, self.aligned)

    def extra_repr(self) -> str:
        names = ("output_size", "spatial_scale", "sampling_ratio", "aligned")
        return ", ".join(f"{name}={getattr(self, name)}" for name in names)


class MultiScaleRoIAlign(Module):
    """:func:`roi_align` from the map of a pyramid that fits the size of each box (Lin et al., 2017, equation 1).

    As in torchvision, the scales of the maps are found at the first call and kept.

    Raises:
        ValueError: without sizes of images.
    """

    def __init__(
        self,
        featmap_names: Any,
        output_size: Any,
        sampling_ratio: int,
        *,
        canonical_scale: int = 224,
        canonical_level: int = 4,
    ) -> None:
        super().__init__()
        self.featmap_names = featmap_names
        self.sampling_ratio = sampling_ratio
        self.output_size = (output_size, output_size) if isinstance(output_size, int) else tuple(output_size)
        self.scales: Any = None
        self.canonical_scale = canonical_scale
        self.canonical_level = canonical_level

    def _find_scales(self, maps: Any, image_shapes: Any) -> list[float]:
        if not image_shapes:
            raise ValueError("images list should not be empty")
        height = max(shape[0] for shape in image_shapes)
        return [2.0 ** float(np.round(np.log2(np.float32(m.shape[-2] / height)))) for m in maps]

    def _levels(self, rows: Any) -> Any:
        """The place in the pyramid (K) of each region."""
        lowest, highest = (int(-np.log2(self.scales[i])) for i in (0, -1))
        side = np.sqrt((rows[:, 3] - rows[:, 1]) * (rows[:, 4] - rows[:, 2])).astype(np.float32)
        with np.errstate(divide="ignore"):
            level = np.floor(self.canonical_level + np.log2(side / self.canonical_scale) + np.float32(1e-6))
        return np.clip(level, lowest, highest).astype(np.int64) - lowest

    def execute(self, x: Any, boxes: Any, image_shapes: Any) -> Any:
        maps = [value for name, value in x.items() if name in self.featmap_names]
        if self.scales is None:
            self.scales = self._find_scales(maps, image_shapes)
        rows = rows_of_regions(boxes)
        high, wide = (*self.output_size, *self.output_size)[:2]
        options = ((high, wide), self.scales[0], self.sampling_ratio, False)
        if len(maps) == 1 or not len(rows):
            return aligned_rows(maps[0], rows, *options)
        levels = self._levels(rows)
        parts = [
            aligned_rows(
                maps[level], rows[levels == level], (high, wide), self.scales[level], self.sampling_ratio, False
            )
            for level in np.unique(levels)
        ]
        order = np.argsort(levels, kind="stable")
        return concat([p.cast(maps[0].dtype) for p in parts], 0)[jt.array(np.argsort(order).astype(np.int32))]

    def extra_repr(self) -> str:
        names = ("featmap_names", "output_size", "sampling_ratio")
        return ", ".join(f"{name}={getattr(self, name)}" for name in names)
