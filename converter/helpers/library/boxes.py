"""``torchvision.ops`` for boxes: areas, overlaps, conversions, suppression, losses."""

from __future__ import annotations

import math
from typing import Any

import jittor as jt
import numpy as np

from converter.helpers.library.dtypes import floating, integral
from converter.helpers.library.elementwise import clamp, maximum, minimum, power_of, sigmoid
from converter.helpers.library.indexing import nonzero
from converter.helpers.library.losses import binary_cross_entropy_with_logits
from converter.helpers.library.shapes import stack

ALIGNED_FORMATS = ("xyxy", "xywh", "cxcywh")


def widened(boxes: Any) -> Any:
    """Boxes in a type in which products of coordinates do not overflow: half becomes float32, bytes int32."""
    if str(boxes.dtype) in ("float32", "float64", "int32", "int64"):
        return boxes
    return boxes.int32() if integral(boxes) else boxes.float32()


def float_boxes(boxes: Any) -> Any:
    """Boxes as float32, or as they are when they have at least that width."""
    return boxes if str(boxes.dtype) in ("float32", "float64") else boxes.float32()


def sides(boxes: Any) -> tuple[Any, Any, Any, Any]:
    """The four coordinates of boxes (..., 4), each (...)."""
    return boxes[..., 0], boxes[..., 1], boxes[..., 2], boxes[..., 3]


def from_sides(*coordinates: Any) -> Any:
    """Boxes (..., 4) of four coordinates; integers become floats where one of them is."""
    if any(not integral(c) for c in coordinates):
        coordinates = tuple(floating(c) for c in coordinates)
    return stack(list(coordinates), dim=-1)


def known_format(format: str) -> None:
    if format not in ALIGNED_FORMATS:
        known = "this helper knows " + ", ".join(ALIGNED_FORMATS)
        raise ValueError(f"Unsupported format of bounding boxes {format}: {known}, not rotated boxes")


def box_convert(boxes: Any, in_fmt: str, out_fmt: str) -> Any:
    """Boxes (..., 4) from one of ``xyxy``, ``xywh`` and ``cxcywh`` to another; halves of integers are floats.

    Raises:
        ValueError: for another format, also for those of rotated boxes.
    """
    known_format(in_fmt)
    known_format(out_fmt)
    if in_fmt == out_fmt:
        return boxes.clone()
    a, b, c, d = sides(boxes)
    if in_fmt == "xywh":
        a, b, c, d = a, b, a + c, b + d
    elif in_fmt == "cxcywh":
        c, d = (floating(c) * 0.5, floating(d) * 0.5)
        a, b = floating(a), floating(b)
        a, b, c, d = a - c, b - d, a + c, b + d
    if out_fmt == "xywh":
        c, d = c - a, d - b
    elif out_fmt == "cxcywh":
        a, b, c, d = floating(a + c) / 2, floating(b + d) / 2, c - a, d - b
    return from_sides(a, b, c, d)


def box_area(boxes: Any, fmt: str = "xyxy") -> Any:
    """Areas (...) of boxes (..., 4).

    Raises:
        ValueError: when ``fmt`` is not ``xyxy``, ``xywh`` or ``cxcywh``.
    """
    if fmt not in ALIGNED_FORMATS:
        raise ValueError(f"Unsupported Bounding Box area for given format {fmt}")
    a, b, c, d = sides(widened(boxes))
    return (c - a) * (d - b) if fmt == "xyxy" else c * d


def corners(boxes: Any, fmt: str) -> tuple[Any, Any]:
    """The upper left and lower right corners, each (..., 2)."""
    first, second = boxes[..., :2], boxes[..., 2:]
    if fmt == "xywh":
        return first, first + second
    if fmt == "cxcywh":
        half = floating(second) / 2
        return floating(first) - half, floating(first) + half
    return first, second


def pairs(boxes1: Any, boxes2: Any) -> tuple[Any, Any]:
    """(..., N, K) and (..., M, K) as (..., N, 1, K) and (..., 1, M, K)."""
    return boxes1.unsqueeze(-2), boxes2.unsqueeze(-3)


def not_below_zero(value: Any) -> Any:
    return clamp(widened(value), min=0)


def overlap_and_union(boxes1: Any, boxes2: Any, fmt: str = "xyxy") -> tuple[Any, Any]:
    """Areas (..., N, M) of what two boxes share and of what they cover together."""
    area1, area2 = box_area(boxes1, fmt), box_area(boxes2, fmt)
    (low1, high1), (low2, high2) = corners(boxes1, fmt), corners(boxes2, fmt)
    size = not_below_zero(minimum(*pairs(high1, high2)) - maximum(*pairs(low1, low2)))
    shared = size[..., 0] * size[..., 1]
    return shared, area1.unsqueeze(-1) + area2.unsqueeze(-2) - shared


def quotient(a: Any, b: Any) -> Any:
    return floating(a) / floating(b)


def box_iou(boxes1: Any, boxes2: Any, fmt: str = "xyxy") -> Any:
    """Overlap divided by union, (..., N, M), of boxes (..., N, 4) and (..., M, 4).

    Raises:
        ValueError: when ``fmt`` is not ``xyxy``, ``xywh`` or ``cxcywh``.
    """
    known_format(fmt)
    return quotient(*overlap_and_union(boxes1, boxes2, fmt))


def enclosing_size(boxes1: Any, boxes2: Any) -> tuple[Any, Any]:
    """Width and height (..., N, M) of the smallest box around both."""
    low, high = minimum(*pairs(boxes1[..., :2], boxes2[..., :2])), maximum(*pairs(boxes1[..., 2:], boxes2[..., 2:]))
    size = not_below_zero(high - low)
    return size[..., 0], size[..., 1]


def generalized_box_iou(boxes1: Any, boxes2: Any) -> Any:
    """IoU less the part of the smallest box around both that neither covers, (..., N, M)."""
    shared, union = overlap_and_union(boxes1, boxes2)
    width, height = enclosing_size(boxes1, boxes2)
    around = width * height
    return quotient(shared, union) - quotient(around - union, around)


def distance_and_iou(boxes1: Any, boxes2: Any, eps: float) -> tuple[Any, Any]:
    iou = box_iou(boxes1, boxes2)
    width, height = enclosing_size(boxes1, boxes2)
    diagonal = floating(width * width) + floating(height * height) + eps
    centre1, centre2 = (floating(b[..., :2] + b[..., 2:]) / 2 for b in (boxes1, boxes2))
    first, second = pairs(centre1, centre2)
    gap = first - second
    return iou - (gap * gap).sum(-1) / diagonal, iou


def distance_box_iou(boxes1: Any, boxes2: Any, eps: float = 1e-7) -> Any:
    """IoU less the distance of the centres relative to the diagonal of the box around both, (..., N, M)."""
    return distance_and_iou(widened(boxes1), widened(boxes2), eps)[0]


def slope_penalty(boxes1: Any, boxes2: Any) -> Any:
    """How far the ratios of width and height are apart, between 0 and 1."""
    angles = []
    for boxes in (boxes1, boxes2):
        a, b, c, d = sides(boxes)
        angles.append(jt.atan(quotient(c - a, d - b)))
    gap = angles[0] - angles[1]
    return gap * gap * (4 / math.pi**2)


def complete_box_iou(boxes1: Any, boxes2: Any, eps: float = 1e-7) -> Any:
    """The distance IoU less a penalty for other ratios of width and height, (..., N, M)."""
    boxes1, boxes2 = widened(boxes1), widened(boxes2)
    distance, iou = distance_and_iou(boxes1, boxes2, eps)
    penalty = slope_penalty(*pairs(boxes1, boxes2))
    return distance - (penalty / (1 - iou + penalty + eps)).detach() * penalty


def clip_boxes_to_image(boxes: Any, size: Any) -> Any:
    """Boxes (..., 4) in ``xyxy`` moved into an image of ``size`` (height, width)."""
    height, width = size
    a, b, c, d = sides(boxes)
    x, y = ([clamp(v, min=0, max=limit) for v in pair] for pair, limit in (((a, c), width), ((b, d), height)))
    return from_sides(x[0], y[0], x[1], y[1])


def remove_small_boxes(boxes: Any, min_size: float) -> Any:
    """Indices (int64) of the boxes (N, 4) whose sides are both at least ``min_size`` long."""
    a, b, c, d = sides(boxes)
    return nonzero((c - a >= min_size).logical_and(d - b >= min_size), as_tuple=True)[0]


def masks_to_boxes(masks: Any) -> Any:
    """Boxes (N, 4), float32, around what is not zero in masks (N, H, W); zeros where all is."""
    found = np.zeros((masks.shape[0] if masks.numel() else 0, 4), dtype=np.float32)
    for box, mask in zip(found, masks.numpy() if masks.numel() else (), strict=True):
        rows, columns = np.flatnonzero((mask != 0).any(1)), np.flatnonzero((mask != 0).any(0))
        if len(rows):
            box[:] = columns[0], rows[0], columns[-1], rows[-1]
    return jt.array(found)


def checked_for_nms(boxes: Any, scores: Any) -> tuple[Any, Any]:
    """NumPy's copies of what :func:`nms` compares.

    Raises:
        RuntimeError: when these are not boxes (N, 4) and scores (N) of one floating type.
    """
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise RuntimeError(f"boxes should be a 2d tensor with 4 elements in dimension 1, got {list(boxes.shape)}")
    if scores.ndim != 1 or scores.shape[0] != boxes.shape[0]:
        raise RuntimeError(f"scores should be a 1d tensor of {boxes.shape[0]} elements, got {list(scores.shape)}")
    if integral(boxes) or str(boxes.dtype) != str(scores.dtype):
        raise RuntimeError(
            f"boxes and scores should have one floating type, got {boxes.dtype} and {scores.dtype}: cast with .float()"
        )
    return float_boxes(boxes).numpy(), float_boxes(scores).numpy()


def best_first(scores: Any) -> Any:
    """Places in the order of falling scores, equal ones as they stand, nan before all."""
    return np.lexsort((-scores, ~np.isnan(scores)))


def kept_places(boxes: Any, scores: Any, iou_threshold: float) -> Any:
    """Places of the boxes that no better box overlaps by more than the threshold, the best first."""
    x1, y1, x2, y2 = boxes.T
    area = (x2 - x1) * (y2 - y1)
    zero = np.zeros((), dtype=boxes.dtype)
    rest, kept = best_first(scores), []
    while len(rest):
        best, rest = rest[0], rest[1:]
        kept.append(best)
        width = np.maximum(np.minimum(x2[best], x2[rest]) - np.maximum(x1[best], x1[rest]), zero)
        height = np.maximum(np.minimum(y2[best], y2[rest]) - np.maximum(y1[best], y1[rest]), zero)
        shared = width * height
        with np.errstate(divide="ignore", invalid="ignore"):
            overlap = shared / (area[best] + area[rest] - shared)
        rest = rest[~(overlap.astype(np.float64) > float(iou_threshold))]  # nan, of two empty boxes, drops none
    return np.array(kept, dtype=np.int64)


def nms(boxes: Any, scores: Any, iou_threshold: float) -> Any:
    """Indices (int64) of the boxes (N, 4) that stay, by falling scores (N): those that no better one overlaps too far.

    Computed by NumPy, as the result decides what a program does next; the tensors are read for it.

    Raises:
        RuntimeError: when these are not boxes (N, 4) and scores (N) of one floating type.
    """
    return jt.array(kept_places(*checked_for_nms(boxes, scores), iou_threshold), dtype="int64")


def batched_nms(boxes: Any, scores: Any, idxs: Any, iou_threshold: float) -> Any:
    """:func:`nms` within each category: only boxes with equal ``idxs`` (N) push each other out."""
    if not boxes.numel():
        return jt.array(np.zeros(0, dtype=np.int64), dtype="int64")
    corner, score = checked_for_nms(boxes, scores)
    category = idxs.numpy()
    if corner.size > (100_000 if jt.flags.use_cuda else 4000):
        kept = np.zeros(len(score), dtype=bool)
        for one in np.unique(category):
            places = np.flatnonzero(category == one)
            kept[places[kept_places(corner[places], score[places], iou_threshold)]] = True
        found = np.flatnonzero(kept)
        return jt.array(found[best_first(score[found])].astype(np.int64), dtype="int64")
    # As torchvision: one run over boxes that are moved apart by category (which rounds coordinates a little).
    moved = corner + (category.astype(corner.dtype) * (corner.max() + corner.dtype.type(1)))[:, None]
    return jt.array(kept_places(moved, score, iou_threshold), dtype="int64")


def reduced_box_loss(loss: Any, reduction: str) -> Any:
    """The loss itself, its mean (0 of nothing) or its sum.

    Raises:
        ValueError: for another reduction.
    """
    if reduction == "none":
        return loss
    if reduction not in ("mean", "sum"):
        modes = "Supported reduction modes: 'none', 'mean', 'sum'"
        raise ValueError(f"Invalid Value for arg 'reduction': '{reduction} \n {modes}")
    if not loss.numel():
        return jt.zeros([1]).cast(loss.dtype)
    return loss.mean() if reduction == "mean" else loss.sum()


def matched_overlap_and_union(boxes1: Any, boxes2: Any) -> tuple[Any, Any]:
    """As :func:`overlap_and_union`, (...), of boxes (..., 4) one by one; no gradient where nothing is shared."""
    low, high = maximum(boxes1[..., :2], boxes2[..., :2]), minimum(boxes1[..., 2:], boxes2[..., 2:])
    size = high - low
    width, height = size[..., 0], size[..., 1]
    product = width * height
    shared = jt.ternary((width > 0).logical_and(height > 0), product, jt.zeros_like(product))
    return shared, box_area(boxes1) + box_area(boxes2) - shared


def around_matched(boxes1: Any, boxes2: Any) -> tuple[Any, Any]:
    size = maximum(boxes1[..., 2:], boxes2[..., 2:]) - minimum(boxes1[..., :2], boxes2[..., :2])
    return size[..., 0], size[..., 1]


def generalized_box_iou_loss(boxes1: Any, boxes2: Any, reduction: str = "none", eps: float = 1e-7) -> Any:
    """One less the generalized IoU of boxes (..., 4) with those at the same place."""
    boxes1, boxes2 = float_boxes(boxes1), float_boxes(boxes2)
    shared, union = matched_overlap_and_union(boxes1, boxes2)
    width, height = around_matched(boxes1, boxes2)
    around = width * height
    return reduced_box_loss(1 - (shared / (union + eps) - (around - union) / (around + eps)), reduction)


def distance_loss_and_iou(boxes1: Any, boxes2: Any, eps: float) -> tuple[Any, Any]:
    shared, union = matched_overlap_and_union(boxes1, boxes2)
    iou = shared / (union + eps)
    width, height = around_matched(boxes1, boxes2)
    centre1, centre2 = ((b[..., :2] + b[..., 2:]) / 2 for b in (boxes1, boxes2))
    gap = centre1 - centre2
    return 1 - iou + (gap * gap).sum(-1) / (width * width + height * height + eps), iou


def distance_box_iou_loss(boxes1: Any, boxes2: Any, reduction: str = "none", eps: float = 1e-7) -> Any:
    """One less the distance IoU of boxes (..., 4) with those at the same place."""
    return reduced_box_loss(distance_loss_and_iou(float_boxes(boxes1), float_boxes(boxes2), eps)[0], reduction)


def complete_box_iou_loss(boxes1: Any, boxes2: Any, reduction: str = "none", eps: float = 1e-7) -> Any:
    """One less the complete IoU of boxes (..., 4) with those at the same place."""
    boxes1, boxes2 = float_boxes(boxes1), float_boxes(boxes2)
    loss, iou = distance_loss_and_iou(boxes1, boxes2, 1e-7)  # torchvision does not hand eps on
    penalty = slope_penalty(boxes1, boxes2)
    return reduced_box_loss(loss + (penalty / (1 - iou + penalty + eps)).detach() * penalty, reduction)


def sigmoid_focal_loss(
    inputs: Any, targets: Any, alpha: float = 0.25, gamma: float = 2, reduction: str = "none"
) -> Any:
    """Cross entropy of logits that counts what is classified well less; ``targets`` are 0 and 1.

    Raises:
        ValueError: when ``alpha`` is neither in [0, 1] nor -1, or the reduction is unknown.
    """
    if not 0 <= alpha <= 1 and alpha != -1:
        raise ValueError(f"Invalid alpha value: {alpha}. alpha must be in the range [0,1] or -1 for ignore.")
    targets = targets.cast(inputs.dtype) if integral(targets) else targets
    p = sigmoid(inputs)
    rest = 1 - (p * targets + (1 - p) * (1 - targets))
    if float(gamma).is_integer() or gamma < 1:
        factor = power_of(rest, gamma)
    else:  # 0 and a gradient of 0 where the class is certain; Jittor's power has nan there
        certain = rest == 0
        powered = power_of(jt.ternary(certain, jt.ones_like(rest), rest), gamma)
        factor = jt.ternary(certain, jt.zeros_like(rest), powered)
    loss = binary_cross_entropy_with_logits(inputs, targets, reduction="none") * factor
    if alpha >= 0:
        loss = (targets * alpha + (1 - targets) * (1 - alpha)) * loss
    if reduction == "mean" and not loss.numel():
        return jt.full([1], float("nan")).cast(loss.dtype)
    return reduced_box_loss(loss, reduction)
