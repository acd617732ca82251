"""Padding, resizing, shape layers, sliding windows, sampling grids, distances, embeddings as functions, attention."""

# ruff: noqa: E501 - the source of a snippet stays on one line

from __future__ import annotations

from typing import Any

from converter.rules.base import call, module, needs_you, rule, snippet

_FEEDS = {1: "SEQ", 2: "IMG", 3: "VOL"}
_MODES = {"ReflectionPad": "reflect", "ReplicationPad": "replicate", "CircularPad": "circular", "ZeroPad": "constant"}
for _n, _feed in _FEEDS.items():
    _sides = "(" + ", ".join(str(1 + i % 2) for i in range(2 * _n)) + ")"
    for _name in _MODES:
        rule(
            f"torch.nn.{_name}{_n}d",
            "(padding)",
            to=f"helpers.{_name}{_n}d",
            returns="module",
            cases=[module(_feed, padding="1"), module(_feed, padding=_sides)],
        )
    rule(
        f"torch.nn.ConstantPad{_n}d",
        "(padding, value)",
        to=f"helpers.ConstantPad{_n}d",
        returns="module",
        cases=[module(_feed, padding=_sides, value="0.5")],
    )
rule(
    "torch.nn.functional.pad",
    "(input, pad, mode='constant', value=None)",
    to="helpers.pad",
    cases=[
        call(input="IMG", pad="(1, 2, 0, 3)", mode="'constant'", value="0.5"),
        call(input="IMG", pad="[-1, 2, -2, -1]"),
        call(input="SEQ", pad="(3, -2)", mode="'reflect'"),
        call(input="A", pad="(0, 0, 2, 0)", value="-1.5"),
        snippet("return F.pad(IMG, (1, 1, 2, 2), 'replicate'), F.pad(IMG, (1, 3, 2, 0), mode='circular'), F.pad(N, (1, 1), value=7), F.pad(M, (1, 0), value=True)"),
    ],
)  # fmt: skip
rule(
    "torch.nn.functional.interpolate",
    "(input, size=None, scale_factor=None, mode='nearest', align_corners=None, recompute_scale_factor=None, antialias=False)",
    to="helpers.interpolate",
    value_to="helpers.interpolate",
    cases=[
        call(input="IMG", scale_factor="2", mode="'bilinear'", align_corners="False"),
        call(input="IMG", size="(5, 11)", mode="'bilinear'", align_corners="True"),
        call(input="IMG", size="5"),
        snippet("return F.interpolate(IMG, (3, 11), mode='bilinear', antialias=True), F.interpolate(IMG, scale_factor=0.4, mode='bicubic', antialias=True), F.interpolate(IMG, size=(4, 4), mode='bicubic', align_corners=True, antialias=True), F.interpolate(IMG, size=3, mode='bilinear', align_corners=True, antialias=True), F.interpolate(IMG, scale_factor=(0.7, 1.5), mode='bilinear', antialias=True), F.interpolate(IMG, size=(1, 12), mode='bicubic', antialias=True)"),
        snippet("return F.interpolate(IMG, scale_factor=2), F.interpolate(IMG, scale_factor=0.7, mode='bilinear'), F.interpolate(IMG[..., :7], scale_factor=0.5, mode='bilinear', recompute_scale_factor=True)"),
        snippet("return F.interpolate(IMG, size=(12, 5), mode='bicubic'), F.interpolate(IMG, scale_factor=(1.5, 2), mode='bicubic', align_corners=True)"),
        snippet("return F.interpolate(SEQ, size=7, mode='linear'), F.interpolate(SEQ, scale_factor=1.3), F.interpolate(SEQ, size=4, mode='area'), F.interpolate(VOL, size=(3, 9, 5), mode='trilinear'), F.interpolate(VOL, scale_factor=2)"),
        snippet("return F.interpolate(IMG, size=(3, 20), mode='nearest-exact'), F.interpolate(IMG, size=(3, 20)), F.interpolate(IMG, scale_factor=0.3), F.interpolate(IMG, size=(3, 5), mode='area')"),
    ],
)  # fmt: skip
rule(
    "torch.nn.functional.upsample",
    "(input, size=None, scale_factor=None, mode='nearest', align_corners=None)",
    to="helpers.upsample",
    cases=[call(input="IMG", scale_factor="2", mode="'bilinear'", align_corners="True")],
)
rule(
    "torch.nn.functional.upsample_bilinear",
    "(input, size=None, scale_factor=None)",
    to="helpers.upsample_bilinear",
    cases=[call(input="IMG", size="(4, 12)")],
)
rule(
    "torch.nn.Upsample",
    "(size=None, scale_factor=None, mode='nearest', align_corners=None, recompute_scale_factor=None)",
    to="helpers.Upsample",
    returns="module",
    cases=[
        module("IMG", scale_factor="2", mode="'bilinear'", align_corners="True"),
        module("VOL", size="(4, 3, 5)", mode="'trilinear'"),
        snippet("return nn.Upsample(scale_factor=2)(IMG), nn.Upsample(size=4)(IMG)"),
    ],
)
for _name in ("UpsamplingNearest2d", "UpsamplingBilinear2d"):
    rule(
        f"torch.nn.{_name}",
        "(size=None, scale_factor=None)",
        to=f"helpers.{_name}",
        returns="module",
        cases=[module("IMG", scale_factor="2")],
    )
rule(
    "torch.nn.Identity",
    "(*args, **kwargs)",
    to="helpers.Identity",
    returns="module",
    cases=[snippet("return nn.Identity()(A), nn.Identity(54, unused=True)(A)")],
)
rule(
    "torch.nn.Flatten",
    "(start_dim=1, end_dim=-1)",
    to="helpers.Flatten",
    returns="module",
    cases=[module("IMG", start_dim="0", end_dim="2"), module("IMG")],
)
rule(
    "torch.nn.Unflatten",
    "(dim, unflattened_size)",
    to="helpers.Unflatten",
    only={"dim": lambda value: isinstance(value, int)},
    returns="module",
    cases=[module("A", dim="1", unflattened_size="(2, -1)")],
)
for _layer, _function, _parameter, _feed in (
    ("PixelShuffle", "pixel_shuffle", "upscale_factor", "IMG.reshape(2, 12, 4, 4)"),
    ("PixelUnshuffle", "pixel_unshuffle", "downscale_factor", "IMG"),
    ("ChannelShuffle", "channel_shuffle", "groups", "IMG.reshape(2, 12, 4, 4)"),
):
    _two: dict[str, Any] = {_parameter: "2"}
    rule(
        f"torch.nn.{_layer}",
        f"({_parameter})",
        to=f"helpers.{_layer}",
        returns="module",
        cases=[module(_feed, **_two)],
    )
    rule(
        f"torch.nn.functional.{_function}",
        f"(input, {_parameter})",
        to=f"helpers.{_function}",
        also=[f"torch.{_function}"],
        cases=[call(input=_feed, **_two)],
    )
_UNFOLD = "(kernel_size, dilation=1, padding=0, stride=1)"
rule(
    "torch.nn.Unfold",
    _UNFOLD,
    to="helpers.Unfold",
    returns="module",
    cases=[module("IMG", kernel_size="(2, 3)", dilation="2", padding="1", stride="2")],
)
rule(
    "torch.nn.functional.unfold",
    "(input, kernel_size, dilation=1, padding=0, stride=1)",
    to="helpers.unfold",
    cases=[call(input="IMG", kernel_size="3", dilation="1", padding="(1, 0)", stride="2")],
)
_COLUMNS = {"C": "normal(; 2, 12, 9)"}
rule(
    "torch.nn.Fold",
    "(output_size, kernel_size, dilation=1, padding=0, stride=1)",
    to="helpers.Fold",
    returns="module",
    cases=[module("C", output_size="(4, 4)", kernel_size="2", inputs=_COLUMNS)],
)
rule(
    "torch.nn.functional.fold",
    "(input, output_size, kernel_size, dilation=1, padding=0, stride=1)",
    to="helpers.fold",
    cases=[
        call(input="C", output_size="(4, 4)", kernel_size="2", dilation="1", padding="1", stride="2", inputs=_COLUMNS)
    ],
)
_GRID = {"G": "uniform(-1.3, 1.3; 2, 5, 6, 2)", "G3": "uniform(-1.3, 1.3; 2, 3, 4, 5, 3)"}
rule(
    "torch.nn.functional.grid_sample",
    "(input, grid, mode='bilinear', padding_mode='zeros', align_corners=None)",
    to="helpers.grid_sample",
    only={"mode": ("bilinear", "nearest")},
    cases=[
        call(input="IMG", grid="G", mode="'bilinear'", padding_mode="'border'", align_corners="True", tolerance="conv", inputs=_GRID),
        snippet("return F.grid_sample(IMG, G, padding_mode='reflection'), F.grid_sample(IMG, G, mode='nearest', align_corners=False)", tolerance="conv", inputs=_GRID),
        snippet("return F.grid_sample(VOL, G3), F.grid_sample(VOL, G3, padding_mode='border', align_corners=True)", tolerance="conv", inputs=_GRID),
    ],
)  # fmt: skip
rule(
    "torch.nn.functional.affine_grid",
    "(theta, size, align_corners=None)",
    to="helpers.affine_grid",
    cases=[
        call(theta="X[:, :2, :3]", size="(2, 3, 5, 6)", align_corners="True"),
        call(theta="X", size="[2, 3, 4, 5, 6]"),
    ],
)
rule(
    "torch.nn.functional.normalize",
    "(input, p=2.0, dim=1, eps=1e-12, out=None)",
    to="helpers.normalize",
    refuse={"out": "Jittor's operators have no out; use the result"},
    value_to="helpers.normalize",
    cases=[
        call(input="A", p="1.0", dim="0", eps="1e-6"),
        call(input="X", dim="-1"),
        snippet(
            "x = torch.cat([A, torch.zeros(1, 4)])\nreturn F.normalize(x), F.normalize(A, p=3.0), F.normalize(A, p=float('inf'))"
        ),
    ],
)
_DISTANCES: list[tuple[str, str, str, dict[str, Any]]] = [
    ("CosineSimilarity", "cosine_similarity", "dim=1, eps=1e-08", {"dim": "0", "eps": "1e-6"}),
    ("PairwiseDistance", "pairwise_distance", "p=2.0, eps=1e-06, keepdim=False", {"p": "1.0", "keepdim": "True"}),
]
for _layer, _function, _signature, _case in _DISTANCES:
    rule(
        f"torch.nn.{_layer}",
        f"({_signature})",
        to=f"helpers.{_layer}",
        returns="module",
        cases=[module("A, B", **_case), module("X, X * 2" if _layer[0] == "C" else "A, B")],
    )
    rule(
        f"torch.nn.functional.{_function}",
        f"(x1, x2, {_signature})",
        to=f"helpers.{_function}",
        also=[f"torch.{_function}"],
        cases=[call(x1="A", x2="B", **_case)],
    )
rule(
    "torch.nn.functional.one_hot",
    "(input, num_classes=-1)",
    to="helpers.one_hot",
    cases=[call(input="I", num_classes="5"), call(input="TOK")],
)
rule(
    "torch.nn.functional.scaled_dot_product_attention",
    "(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False)",
    to="helpers.scaled_dot_product_attention",
    cases=[
        call(query="X", key="X + 1", value="X * 2", is_causal="True", scale="0.3"),
        call(query="X", key="X", value="X", attn_mask="Q[:3, :3]"),
        snippet("mask = torch.ones(3, 3).tril() > 0\nreturn F.scaled_dot_product_attention(X, X, X, attn_mask=mask)"),
    ],
)
needs_you("torch.nn.AdaptiveLogSoftmaxWithLoss", "Jittor has no adaptive softmax.")
