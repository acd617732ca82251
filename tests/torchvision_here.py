"""torchvision where its compiled operators do not load: its wheels are built for one build of Torch each.

``import torchvision`` ends in an error then, before any of its Python code, which needs no operator, can be used.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import torch

_LIBRARIES: list[torch.library.Library] = []  # an operator lives as long as its library


def prepare() -> None:
    """Make ``import torchvision`` work: if need be with operators defined in Python, of which ``nms`` computes.

    ``roi_align`` then computes with torchvision's own version in Python, not compiled, which takes half a minute.
    """
    if _LIBRARIES or importlib.util.find_spec("torchvision") is None:
        return
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms does not exist" not in str(error):
            raise
    else:
        if torchvision.extension._has_ops():
            return
    library = torch.library.Library("torchvision", "DEF")
    _LIBRARIES.append(library)
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")  # only its shape is registered
    library.impl("nms", _nms, "CPU")
    import torchvision.ops.boxes

    torchvision.ops.boxes._assert_has_ops = lambda: None
    regions: Any = importlib.import_module("torchvision.ops.roi_align")
    regions._roi_align = regions._roi_align.__wrapped__


def _nms(dets: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """Keep the best box, drop those that overlap it by more than the threshold, and so on."""
    order = scores.argsort(descending=True, stable=True).tolist()
    area = (dets[:, 2] - dets[:, 0]) * (dets[:, 3] - dets[:, 1])
    kept: list[int] = []
    for i in order:
        for k in kept:
            low, high = torch.maximum(dets[i, :2], dets[k, :2]), torch.minimum(dets[i, 2:], dets[k, 2:])
            shared = (high - low).clamp(min=0).prod()
            if float(shared / (area[i] + area[k] - shared)) > iou_threshold:  # in float64, as the compiled one
                break
        else:
            kept.append(i)
    return torch.tensor(kept, dtype=torch.int64)
