"""Layers that hold weights: convolutions, linear maps, embeddings; their functions."""

# ruff: noqa: E501 - the source of a snippet stays on one line

from __future__ import annotations

from typing import Any

from converter.rules.base import call, module, rule, snippet

_CONV = (
    "(in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,"
    " padding_mode='zeros', device=None, dtype=None)"
)
_TRANSPOSED = (
    "(in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True,"
    " dilation=1, padding_mode='zeros', device=None, dtype=None)"
)
_FUNCTION = "(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1)"
_TRANSPOSED_FUNCTION = "(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1)"
_FEEDS = {1: "SEQ", 2: "IMG", 3: "VOL"}
_WEIGHTS = {1: "normal(; 6, 3, 3)", 2: "normal(; 6, 3, 3, 3)", 3: "normal(; 6, 3, 3, 3, 3)"}
_GROUPED = {1: "normal(; 6, 1, 3)", 2: "normal(; 6, 1, 3, 3)", 3: "normal(; 6, 1, 3, 3, 3)"}
_BACK = {1: "normal(; 3, 4, 3)", 2: "normal(; 3, 4, 3, 3)", 3: "normal(; 3, 4, 3, 3, 3)"}
for _n, _feed in _FEEDS.items():
    _start: dict[str, Any] = {"in_channels": "3", "out_channels": "6", "kernel_size": "3"}
    rule(
        f"torch.nn.Conv{_n}d",
        _CONV,
        to=f"helpers.Conv{_n}d",
        returns="module",
        cases=[
            module(_feed, **_start, stride="2", padding="1", bias="False", tolerance="conv"),
            module(_feed, **_start, padding="'same'", dilation="2", groups="3", tolerance="conv"),
            module(f"{_feed}[0]", **{**_start, "kernel_size": f"({'2, ' * _n})"}, padding="'same'", tolerance="conv"),
            module(_feed, **_start, padding="1", padding_mode="'circular'", tolerance="conv"),
        ],
    )
    rule(
        f"torch.nn.functional.conv{_n}d",
        _FUNCTION,
        to=f"helpers.conv{_n}d",
        also=[f"torch.conv{_n}d"],
        cases=[
            call(
                input=_feed,
                weight="G",
                bias="Z",
                stride="1",
                padding="1",
                dilation="1",
                groups="1",
                tolerance="conv",
                inputs={"G": _WEIGHTS[_n], "Z": "normal(; 6)"},
            ),
            snippet(
                f"return F.conv{_n}d({_feed}, G, padding='same', groups=3), F.conv{_n}d({_feed}, G, padding='valid', groups=3)",
                tolerance="conv",
                inputs={"G": _GROUPED[_n]},
            ),
        ],
    )
    rule(
        f"torch.nn.ConvTranspose{_n}d",
        _TRANSPOSED,
        to=f"helpers.ConvTranspose{_n}d",
        returns="module",
        cases=[
            module(_feed, **_start, stride="2", padding="1", output_padding="1", tolerance="conv"),
            module(_feed, **_start, groups="3", bias="False", dilation="2", tolerance="conv"),
        ],
    )
    rule(
        f"torch.nn.functional.conv_transpose{_n}d",
        _TRANSPOSED_FUNCTION,
        to=f"helpers.conv_transpose{_n}d",
        also=[f"torch.conv_transpose{_n}d"],
        cases=[
            call(
                input=_feed,
                weight="G",
                bias="Z",
                stride="2",
                padding="1",
                output_padding="1",
                tolerance="conv",
                inputs={"G": _BACK[_n], "Z": "normal(; 4)"},
            )
        ],
    )
rule(
    "torch.nn.modules.conv._ConvNd",
    "",
    to="helpers.ConvBase",
    returns="module",
    cases=[
        snippet(
            "found = [isinstance(m, torch.nn.modules.conv._ConvNd) for m in (nn.Conv1d(1, 1, 1), nn.ConvTranspose2d(1, 1, 1), nn.Linear(1, 1))]\n"
            "kinds = [isinstance(nn.Conv2d(1, 1, 1), k) for k in (nn.Conv2d, nn.Conv1d, nn.Conv3d, nn.ConvTranspose2d)]\n"
            "layer = nn.Conv2d(3, 6, 3, padding=1)\n"
            "return found, kinds, layer.kernel_size, layer.stride, layer.padding, layer.in_channels, str(layer), layer.weight.shape"
        )
    ],
)
rule(
    "torch.nn.Linear",
    "(in_features, out_features, bias=True, device=None, dtype=None)",
    to="helpers.Linear",
    returns="module",
    cases=[
        module("A", in_features="4", out_features="5"),
        module("X", in_features="4", out_features="2", bias="False"),
        module("V", in_features="4", out_features="3"),
        snippet(
            "layer = nn.Linear(100, 100)\n"
            "w = layer.weight.detach()\n"
            "return w.max() < 0.1, w.min() > -0.1, w.max() > 0.099, abs(w.std().item() - 0.0577) < 0.002, layer.bias.abs().max() < 0.1",
            grad=False,
        ),
    ],
)
rule(
    "torch.nn.functional.linear",
    "(input, weight, bias=None)",
    to="helpers.linear",
    cases=[
        call(input="X", weight="G", bias="Z", inputs={"G": "normal(; 5, 4)", "Z": "normal(; 5)"}),
        call(input="V", weight="G", inputs={"G": "normal(; 5, 4)"}),
    ],
)
rule(
    "torch.nn.Bilinear",
    "(in1_features, in2_features, out_features, bias=True, device=None, dtype=None)",
    to="helpers.Bilinear",
    returns="module",
    cases=[module("A, B", in1_features="4", in2_features="4", out_features="3", bias="False")],
)
rule(
    "torch.nn.functional.bilinear",
    "(input1, input2, weight, bias=None)",
    to="helpers.bilinear",
    also=["torch.bilinear"],
    cases=[call(input1="A", input2="B", weight="G", bias="Z", inputs={"G": "normal(; 5, 4, 4)", "Z": "normal(; 5)"})],
)
rule(
    "torch.nn.Embedding",
    "(num_embeddings, embedding_dim, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False,"
    " sparse=False, _weight=None, _freeze=False, device=None, dtype=None)",
    to="helpers.Embedding",
    only={"max_norm": (None,), "scale_grad_by_freq": (False,)},
    returns="module",
    cases=[
        module("TOK", num_embeddings="10", embedding_dim="4"),
        module("TOK", num_embeddings="10", embedding_dim="4", padding_idx="-1"),
        snippet(
            "layer = nn.Embedding(10, 4, padding_idx=2)\nreturn layer(torch.full((2,), 2)), layer.padding_idx",
            grad=False,
        ),
    ],
)
rule(
    "torch.nn.Embedding.from_pretrained",
    "(embeddings, freeze=True, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False)",
    to="helpers.Embedding.from_pretrained",
    only={"max_norm": (None,), "scale_grad_by_freq": (False,)},
    returns="module",
    cases=[
        snippet(
            "frozen = nn.Embedding.from_pretrained(A.detach(), padding_idx=0)\n"
            "free = nn.Embedding.from_pretrained(A.detach(), freeze=False)\n"
            "return frozen(I), [p.requires_grad for p in frozen.parameters()], [p.requires_grad for p in free.parameters()]",
            grad=False,
        )
    ],
)
rule(
    "torch.nn.functional.embedding",
    "(input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False)",
    to="helpers.embedding",
    only={"scale_grad_by_freq": (False,)},
    refuse={"max_norm": "renormalising a table in place is not supported"},
    cases=[call(input="I", weight="A", padding_idx="1")],
)
rule(
    "torch.nn.EmbeddingBag",
    "(num_embeddings, embedding_dim, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, mode='mean',"
    " sparse=False, _weight=None, include_last_offset=False, padding_idx=None, device=None, dtype=None)",
    to="helpers.EmbeddingBag",
    only={
        "max_norm": (None,),
        "scale_grad_by_freq": (False,),
        "include_last_offset": (False,),
        "padding_idx": (None,),
    },
    returns="module",
    cases=[module("TOK", num_embeddings="10", embedding_dim="4", mode="'sum'")],
    restriction="only (N, L) indices, without offsets, padding_idx and max_norm; otherwise it raises",
)
