"""torchvision.ops: boxes and regions."""

# ruff: noqa: E501 - the source of a snippet stays on one line

from __future__ import annotations

from converter.rules.base import Case, needs_you, rule, snippet

_O = "torchvision.ops."
_BOXES = {
    "BX": "uniform(0, 6; 5, 2)",
    "BS": "uniform(0.5, 5; 5, 2)",
    "OX": "uniform(0, 6; 5, 2)",
    "OS": "uniform(0.5, 5; 5, 2)",
    "SC": "uniform(0, 1; 5)",
}
_MADE = (
    "import torchvision\nfrom torchvision import ops\na, b = torch.cat([BX, BX + BS], 1), torch.cat([OX, OX + OS], 1)\n"
)
_IMPORT = "import torchvision\nfrom torchvision import ops\n"


def _boxes(text: str, *, grad: bool = True) -> Case:
    """A snippet that finds boxes ``a`` and ``b`` (5, 4) and scores ``SC``."""
    return snippet(_MADE + text, inputs=_BOXES, grad=grad)


def _plain(text: str, **options: object) -> Case:
    return snippet(_IMPORT + text, **options)  # type: ignore[arg-type]


rule(
    _O + "box_area",
    "(boxes, fmt='xyxy')",
    to="helpers.box_area",
    cases=[
        _boxes("return ops.box_area(a), torchvision.ops.box_area(b, fmt='xywh'), ops.boxes.box_area(a[:0])"),
        _plain("return ops.box_area(N), ops.box_area(U), ops.box_area(X, 'cxcywh')"),
    ],
)
rule(
    _O + "box_iou",
    "(boxes1, boxes2, fmt='xyxy')",
    to="helpers.box_iou",
    only={"fmt": ("xyxy", "xywh", "cxcywh")},
    restriction="rotated boxes are refused",
    cases=[
        _boxes("return ops.box_iou(a, b), ops.boxes.box_iou(a, a[:2])"),
        _boxes("return ops.box_iou(a, b, fmt='xywh'), ops.box_iou(a, b, fmt='cxcywh'), ops.box_iou(a[None], b[None])"),
        _plain(
            "a = torch.tensor([[0, 0, 4, 4], [2, 2, 6, 5], [1, 1, 1, 1]])\nreturn ops.box_iou(a, a), ops.box_iou(a.double(), a.double()), ops.box_iou(a[:0].float(), a.float())",
            grad=False,
        ),
    ],
)
rule(
    _O + "generalized_box_iou",
    "(boxes1, boxes2)",
    to="helpers.generalized_box_iou",
    cases=[_boxes("return ops.generalized_box_iou(a, b), ops.generalized_box_iou(boxes2=a[:2], boxes1=b)")],
)
rule(
    _O + "distance_box_iou",
    "(boxes1, boxes2, eps=1e-07)",
    to="helpers.distance_box_iou",
    cases=[_boxes("return ops.distance_box_iou(a, b), ops.distance_box_iou(a, b[:2], eps=0.1)")],
)
rule(
    _O + "complete_box_iou",
    "(boxes1, boxes2, eps=1e-07)",
    to="helpers.complete_box_iou",
    cases=[_boxes("return ops.complete_box_iou(a, b), ops.complete_box_iou(a, b[:2], eps=0.1)")],
)
for _name in ("generalized", "distance", "complete"):
    rule(
        f"{_O}{_name}_box_iou_loss",
        "(boxes1, boxes2, reduction='none', eps=1e-07)",
        to=f"helpers.{_name}_box_iou_loss",
        cases=[
            _boxes(f"return ops.{_name}_box_iou_loss(a, b), torchvision.ops.{_name}_box_iou_loss(a, a + 20)"),
            _boxes(
                f"loss = ops.{_name}_box_iou_loss\nreturn loss(a, b, reduction='mean'), loss(a, b, 'sum', eps=0.1), loss(a[0], b[0]), loss(a[:0], b[:0], 'mean')"
            ),
        ],
    )
rule(
    _O + "box_convert",
    "(boxes, in_fmt, out_fmt)",
    to="helpers.box_convert",
    only={"in_fmt": ("xyxy", "xywh", "cxcywh"), "out_fmt": ("xyxy", "xywh", "cxcywh")},
    restriction="rotated boxes are refused",
    cases=[
        _boxes(
            "kinds = ('xyxy', 'xywh', 'cxcywh')\nreturn [ops.box_convert(a, one, other) for one in kinds for other in kinds]"
        ),
        _plain(
            "return ops.box_convert(N, 'xyxy', 'cxcywh'), ops.box_convert(N, 'xywh', 'xyxy'), ops.box_convert(N, in_fmt='cxcywh', out_fmt='xyxy'), ops.box_convert(X, 'xyxy', 'xywh'), ops.box_convert(U, 'xywh', 'xyxy'), ops.clip_boxes_to_image(U, (100, 90))"
        ),
    ],
)
rule(
    _O + "clip_boxes_to_image",
    "(boxes, size)",
    to="helpers.clip_boxes_to_image",
    cases=[
        _boxes("return ops.clip_boxes_to_image(a - 1, (5, 7)), ops.boxes.clip_boxes_to_image(a, size=(3, 3))"),
        _plain("return ops.clip_boxes_to_image(N, (2, 3)), ops.clip_boxes_to_image(X, [1, 2])"),
    ],
)
rule(
    _O + "remove_small_boxes",
    "(boxes, min_size)",
    to="helpers.remove_small_boxes",
    cases=[
        _boxes("return ops.remove_small_boxes(a, 2.0), ops.remove_small_boxes(a, min_size=100)", grad=False),
    ],
)
rule(
    _O + "masks_to_boxes",
    "(masks)",
    to="helpers.masks_to_boxes",
    cases=[
        _plain(
            "m = torch.zeros(3, 6, 7)\nm[0, 1:4, 2:6] = 0.5\nm[1, 5, 6] = 1\nreturn ops.masks_to_boxes(m), ops.masks_to_boxes(m > 0), ops.masks_to_boxes(m[:0])",
            grad=False,
        ),
    ],
)
rule(
    _O + "nms",
    "(boxes, scores, iou_threshold)",
    to="helpers.nms",
    restriction="computed by NumPy on the host",
    cases=[
        _boxes(
            "return ops.nms(a, SC, 0.3), ops.nms(torch.cat([a, b]), torch.cat([SC, SC]), iou_threshold=0.1), ops.boxes.nms(a[:0], SC[:0], 0.5), a[ops.nms(a, SC, 0.0)]",
            grad=False,
        ),
        _boxes(
            "s = torch.tensor([0.5, 0.9, 0.5, float('nan'), 0.9])\ndouble = torch.cat([a, a, a[:, :2].repeat(1, 2)])\nkeep = torchvision.ops.nms(double, torch.cat([s, s, s]), 0.7)\nreturn keep, keep.dtype == torch.int64, ops.nms(a.double(), SC.double(), 0.3)",
            grad=False,
        ),
    ],
)
rule(
    _O + "batched_nms",
    "(boxes, scores, idxs, iou_threshold)",
    to="helpers.batched_nms",
    restriction="computed by NumPy on the host",
    cases=[
        _boxes(
            "kind = torch.tensor([0, 1, 0, 1, 1])\nreturn ops.batched_nms(a, SC, kind, 0.1), ops.batched_nms(torch.cat([a, b]), torch.cat([SC, SC + 1]), torch.cat([kind, kind]), iou_threshold=0.3), ops.batched_nms(a[:0], SC[:0], kind[:0], 0.5)",
            grad=False,
        ),
        snippet(
            _IMPORT
            + "n = 1100\nx = torch.arange(n).float()\na = torch.stack([x % 37, x % 11, x % 37 + 2 + x % 3, x % 11 + 3], 1)\nreturn ops.batched_nms(a, torch.sin(x), (x % 4).long(), 0.2)",
            grad=False,
        ),
    ],
)
rule(
    _O + "sigmoid_focal_loss",
    "(inputs, targets, alpha=0.25, gamma=2, reduction='none')",
    to="helpers.sigmoid_focal_loss",
    cases=[
        _plain(
            "t = (A > B).float()\nreturn ops.sigmoid_focal_loss(A, t), ops.sigmoid_focal_loss(A * 60, t, reduction='sum'), ops.focal_loss.sigmoid_focal_loss(A, R, alpha=-1, gamma=3, reduction='mean')",
            tolerance="special",
        ),
        _plain(
            "t = (A > B).float()\nreturn ops.sigmoid_focal_loss(A, t, 0.5, 1.5), ops.sigmoid_focal_loss(A * 60, t, gamma=2.5), ops.sigmoid_focal_loss(A, t, gamma=0)",
            tolerance="special",
        ),
    ],
)
rule(
    _O + "roi_align",
    "(input, boxes, output_size, spatial_scale=1.0, sampling_ratio=-1, aligned=False)",
    to="helpers.roi_align",
    restriction="a nan in a feature map reaches all regions of its rows and columns",
    cases=[
        snippet(
            _IMPORT
            + "regions = torch.tensor([[1.0, 0.5, 1.0, 6.0, 5.0], [0.0, 2.0, 0.0, 4.5, 7.0], [1.0, 3.0, 3.0, 3.5, 3.2]])\nreturn ops.roi_align(IMG, regions, 2), ops.roi_align(IMG, regions, (3, 2), sampling_ratio=2, aligned=True)"
        ),
        snippet(
            _IMPORT
            + "boxes = [torch.tensor([[2.0, 0.0, 9.0, 12.0]]), torch.tensor([[1.0, 2.0, 12.0, 11.0], [4.0, 4.0, 8.0, 8.0]])]\nreturn ops.roi_align(IMG, boxes, output_size=(2, 3), spatial_scale=0.5, aligned=True), ops.roi_align(IMG, boxes, [2, 2], 0.5, 3), torchvision.ops.roi_align(IMG, boxes, 4, 0.5)"
        ),
    ],
)
rule(
    _O + "RoIAlign",
    "(output_size, spatial_scale, sampling_ratio, aligned=False)",
    to="helpers.RoIAlign",
    returns="module",
    restriction="a nan in a feature map reaches all regions of its rows and columns",
    cases=[
        snippet(
            _IMPORT
            + "regions = torch.tensor([[1.0, 0.5, 1.0, 6.0, 5.0], [0.0, 2.0, 0.0, 4.5, 7.0]])\nlayer = ops.RoIAlign((2, 2), spatial_scale=1.0, sampling_ratio=2, aligned=True)\nreturn layer(IMG, regions), ops.RoIAlign(3, 0.5, -1)(IMG, [regions[:, 1:] * 2, regions[:0, 1:]])"
        )
    ],
)
_LOOPS = "a compiled operator of torchvision that Jittor lacks"
for _name in ("roi_pool", "RoIPool"):
    needs_you(
        _O + _name,
        _LOOPS,
        workaround="torchvision.ops.roi_align or RoIAlign, which are converted (other values: train again)",
    )
for _name in ("ps_roi_align", "PSRoIAlign", "ps_roi_pool", "PSRoIPool"):
    needs_you(_O + _name, _LOOPS, workaround="roi_align of each group of channels, which is converted")
rule(
    _O + "MultiScaleRoIAlign",
    "(featmap_names, output_size, sampling_ratio, *, canonical_scale=224, canonical_level=4)",
    to="helpers.MultiScaleRoIAlign",
    returns="module",
    restriction="a nan in a feature map reaches all regions of its rows and columns",
    cases=[
        snippet(
            _IMPORT
            + "maps = OrderedDict([('fine', IMG), ('other', IMG), ('coarse', IMG[:, :, ::2, ::2])])\nboxes = [torch.tensor([[2.0, 0.0, 25.0, 30.0], [3.0, 4.0, 9.0, 12.0]]), torch.tensor([[1.0, 2.0, 12.0, 11.0], [4.0, 4.0, 4.0, 8.0]])]\n"
            "pool = ops.MultiScaleRoIAlign(['fine', 'coarse'], 2, 2, canonical_scale=16)\none = ops.MultiScaleRoIAlign(['coarse'], (2, 3), sampling_ratio=1)\n"
            "return pool(maps, boxes, [(32, 30), (28, 32)]), one(maps, boxes, [(32, 32), (32, 32)]), pool(maps, boxes[:1], [(64, 64)]), repr(pool)"
        )
    ],
)
for _name in ("deform_conv2d", "DeformConv2d"):
    needs_you(
        _O + _name,
        _LOOPS,
        workaround="F.grid_sample at the moved places for each point of the kernel, then a 1x1 convolution; both are converted",
    )
