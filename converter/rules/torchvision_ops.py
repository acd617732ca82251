"""torchvision.ops and torchvision.utils: boxes, regions, layers, grids of images."""

# ruff: noqa: E501 - the source of a snippet stays on one line

from __future__ import annotations

from converter.rules.base import Case, module, needs_you, rule, snippet

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
            "return ops.box_convert(N, 'xyxy', 'cxcywh'), ops.box_convert(N, 'xywh', 'xyxy'), ops.box_convert(N, in_fmt='cxcywh', out_fmt='xyxy'), ops.box_convert(X, 'xyxy', 'xywh')"
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
rule(
    _O + "stochastic_depth",
    "(input, p, mode, training=True)",
    to="helpers.stochastic_depth",
    restriction="drops as often, but by other random numbers",
    cases=[
        _plain(
            "return [ops.stochastic_depth(IMG, p, mode) for p in (0.0, 1.0) for mode in ('row', 'batch')], ops.stochastic_depth(IMG, 0.5, mode='row', training=False)"
        ),
        _plain(
            "y = ops.stochastic_depth(torch.ones(4000, 2), 0.25, 'row')\nreturn [bool(((y - 1 / 0.75).abs() < 1e-5).logical_or(y == 0).all()), bool((y[:, 0] == y[:, 1]).all()), bool((y.mean() - 1).abs() < 0.05)]",
            grad=False,
        ),
    ],
)
rule(
    _O + "StochasticDepth",
    "(p, mode)",
    to="helpers.StochasticDepth",
    returns="module",
    restriction="drops as often, but by other random numbers",
    cases=[
        module("IMG", p="0.5", mode="'row'", train=False),
        _plain("layer = ops.StochasticDepth(1.0, 'batch')\nreturn layer(A), layer.eval()(A), repr(layer)"),
    ],
)
for _count, _feed in ((2, "IMG"), (3, "VOL")):
    _f = f"ops.drop_block{_count}d"
    rule(
        f"{_O}drop_block{_count}d",
        "(input, p, block_size, inplace=False, eps=1e-06, training=True)",
        to=f"helpers.drop_block{_count}d",
        restriction="drops as often, but by other random numbers",
        cases=[
            _plain(
                f"return {_f}({_feed}, 0.0, 3), {_f}({_feed}, 0.3, block_size=3, training=False), {_f}({_feed}, 1.0, 1)"
            ),
            _plain(
                f"x = torch.ones(8, 16, {', '.join('8' for _ in range(_count))})\ny = {_f}(x, 0.2, 3)\nkept = y > 0\n"
                "return [bool((y.sum() / y.numel() - 1).abs() < 1e-3), bool((kept.float().mean() - 0.8).abs() < 0.06), bool((y[kept] == y.max()).all())]",
                grad=False,
            ),
        ],
    )
    rule(
        f"{_O}DropBlock{_count}d",
        "(p, block_size, inplace=False, eps=1e-06)",
        to=f"helpers.DropBlock{_count}d",
        returns="module",
        restriction="drops as often, but by other random numbers",
        cases=[
            module(_feed, p="0.5", block_size="3", train=False),
            _plain(
                f"layer = ops.DropBlock{_count}d(1.0, 1)\nreturn layer({_feed}), layer.eval()({_feed}), repr(layer)"
            ),
        ],
    )
rule(
    _O + "FrozenBatchNorm2d",
    "(num_features, eps=1e-05)",
    to="helpers.FrozenBatchNorm2d",
    returns="module",
    cases=[
        module("IMG", num_features="3", eps="0.1"),
        _plain(
            "layer = ops.FrozenBatchNorm2d(3)\nlayer.load_state_dict({'weight': V[:3], 'bias': V[1:], 'running_mean': V[:3] * 2, 'running_var': V[1:] ** 2})\nreturn layer(IMG), list(layer.state_dict()), len(list(layer.parameters())), repr(layer)",
            inputs={"V": "uniform(0.5, 1; 4)"},
            grad=False,
        ),
    ],
)
rule(
    _O + "Permute",
    "(dims)",
    to="helpers.Permute",
    returns="module",
    cases=[module("X", dims="[2, 0, 1]"), _plain("return nn.Sequential(ops.Permute([1, 0]), nn.Flatten())(A)")],
)
rule(
    _O + "MLP",
    "(in_channels, hidden_channels, norm_layer=None, activation_layer=torch.nn.modules.activation.ReLU, inplace=None, bias=True, dropout=0.0)",
    to="helpers.MLP",
    returns="module",
    cases=[
        module("A", in_channels="4", hidden_channels="[5, 2]"),
        module(
            "A",
            in_channels="4",
            hidden_channels="[5, 3, 2]",
            norm_layer="nn.LayerNorm",
            activation_layer="nn.GELU",
            bias="False",
        ),
    ],
)
_CONV = (
    "(in_channels, out_channels, kernel_size=3, stride=1, padding=None, groups=1, norm_layer=torch.nn.modules.batchnorm.BatchNorm{n}d, "
    "activation_layer=torch.nn.modules.activation.ReLU, dilation=1, inplace=True, bias=None)"
)
for _count, _feed in ((2, "IMG"), (3, "VOL")):
    rule(
        f"{_O}Conv{_count}dNormActivation",
        _CONV.format(n=_count),
        to=f"helpers.Conv{_count}dNormActivation",
        returns="module",
        cases=[
            module(_feed, in_channels="3", out_channels="4"),
            module(
                _feed,
                in_channels="3",
                out_channels="6",
                kernel_size=f"({', '.join(['3', '1', '3'][:_count])})",
                stride="2",
                groups="3",
                norm_layer="None",
                activation_layer="nn.SiLU",
                dilation="1",
                inplace="None",
            ),
        ],
    )
rule(
    _O + "SqueezeExcitation",
    "(input_channels, squeeze_channels, activation=torch.nn.modules.activation.ReLU, scale_activation=torch.nn.modules.activation.Sigmoid)",
    to="helpers.SqueezeExcitation",
    returns="module",
    cases=[
        module("IMG", input_channels="3", squeeze_channels="2"),
        module(
            "IMG",
            input_channels="3",
            squeeze_channels="2",
            activation="nn.SiLU",
            scale_activation="nn.Hardsigmoid",
        ),
    ],
)
_PYRAMID = "maps = OrderedDict([('fine', IMG), ('coarse', IMG[:, :2, ::2, ::2])])\n"
_FIXED = "def fixed(layer):\n    for i, p in enumerate(layer.parameters()):\n        nn.init.constant_(p, 0.1 + 0.05 * i)\n    return layer\n\n"
rule(
    _O + "FeaturePyramidNetwork",
    "(in_channels_list, out_channels, extra_blocks=None, norm_layer=None)",
    to="helpers.FeaturePyramidNetwork",
    returns="module",
    cases=[
        _plain(
            _FIXED
            + _PYRAMID
            + "net = fixed(ops.FeaturePyramidNetwork([3, 2], 4))\nreturn net(maps), list(net.state_dict())"
        ),
        _plain(
            _FIXED
            + _PYRAMID
            + "from torchvision.ops.feature_pyramid_network import LastLevelMaxPool\nnet = fixed(ops.FeaturePyramidNetwork([3, 2], 4, extra_blocks=LastLevelMaxPool(), norm_layer=nn.BatchNorm2d))\nreturn net.eval()(maps), list(net.state_dict())"
        ),
    ],
)
_F = "torchvision.ops.feature_pyramid_network."
rule(
    _F + "ExtraFPNBlock",
    "()",
    to="helpers.ExtraFPNBlock",
    returns="module",
    cases=[
        _plain(
            _FIXED
            + _PYRAMID
            + "class Twice(ops.feature_pyramid_network.ExtraFPNBlock):\n    def forward(self, results, x, names):\n        return results + [results[-1] * 2], names + ['twice']\n\nreturn fixed(ops.FeaturePyramidNetwork([3, 2], 4, Twice()))(maps)"
        )
    ],
)
rule(
    _F + "LastLevelMaxPool",
    "()",
    to="helpers.LastLevelMaxPool",
    returns="module",
    cases=[
        _plain("x, names = ops.feature_pyramid_network.LastLevelMaxPool()([IMG], [IMG], ['a'])\nreturn x, names"),
    ],
)
rule(
    _F + "LastLevelP6P7",
    "(in_channels, out_channels)",
    to="helpers.LastLevelP6P7",
    returns="module",
    cases=[
        _plain(
            _FIXED
            + "layer = fixed(ops.feature_pyramid_network.LastLevelP6P7(3, 3))\nx, names = layer([IMG], [IMG], ['a'])\nother = fixed(ops.feature_pyramid_network.LastLevelP6P7(3, 2))\nreturn x, names, other([IMG], [IMG], [])[0], list(layer.state_dict())"
        ),
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

_GRID = "from torchvision.utils import make_grid, save_image\nimport torchvision\n"
rule(
    "torchvision.utils.make_grid",
    "(tensor, nrow=8, padding=2, normalize=False, value_range=None, scale_each=False, pad_value=0.0)",
    to="helpers.make_grid",
    cases=[
        snippet(
            _GRID
            + "images = P.reshape(3, 1, 2, 2)\nreturn make_grid(IMG), make_grid(images, nrow=2, padding=1, pad_value=0.5), make_grid(A), make_grid(X), torchvision.utils.make_grid(IMG[:1]), make_grid([X, X], 1)",
            grad=False,
        ),
        snippet(
            _GRID
            + "return make_grid(IMG, normalize=True), make_grid(IMG, normalize=True, scale_each=True), make_grid(IMG, normalize=True, value_range=(-1, 1)), make_grid(U.reshape(3, 1, 2, 2), pad_value=7), make_grid(A, normalize=True)",
            grad=False,
        ),
    ],
)
rule(
    "torchvision.utils.save_image",
    "(tensor, fp, format=None, **kwargs)",
    to="helpers.save_image",
    returns="none",
    restriction="needs Pillow, as torchvision does",
    cases=[
        snippet(
            _GRID
            + "import io\nfrom PIL import Image\nfile = io.BytesIO()\nsave_image(IMG, file, format='png', nrow=1, normalize=True)\nother = io.BytesIO()\ntorchvision.utils.save_image(X[0] * 2, fp=other, format='bmp')\nreturn np.asarray(Image.open(file)), np.asarray(Image.open(other))",
            grad=False,
        )
    ],
)
for _name in ("draw_bounding_boxes", "draw_segmentation_masks", "draw_keypoints", "flow_to_image"):
    needs_you(
        f"torchvision.utils.{_name}",
        "drawing that torchvision does with Pillow on tensors",
        workaround="turn the image into an array with .numpy() and draw with PIL.ImageDraw or matplotlib",
    )
