"""Normalisation layers and functions."""

# ruff: noqa: E501 - the source of a snippet stays on one line

from __future__ import annotations

from converter.rules.base import call, module, rule, snippet

_BATCH = "(num_features, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, device=None, dtype=None, *, bias=True)"
_INSTANCE = "(num_features, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False, device=None, dtype=None, *, bias=True)"
_FEEDS = {1: "SEQ", 2: "IMG", 3: "VOL"}
for _n, _feed in _FEEDS.items():
    rule(
        f"torch.nn.BatchNorm{_n}d",
        _BATCH,
        to=f"helpers.BatchNorm{_n}d",
        returns="module",
        cases=[
            module(_feed, num_features="3", eps="1e-3", momentum="0.2", tolerance="norm"),
            module(_feed, num_features="3", train=False, tolerance="norm"),
            module(
                f"{_feed} + 100",
                num_features="3",
                affine="False",
                track_running_stats="False",
                grad=False,
                tolerance="norm",
            )
            if _n != 3
            else module(_feed, num_features="3", track_running_stats="False", tolerance="norm"),
            snippet(
                f"layer = nn.BatchNorm{_n}d(3, momentum=None)\nlayer({_feed})\nlayer({_feed} * 2)\n"
                "return layer.running_mean, layer.running_var, layer.num_batches_tracked",
                grad=False,
            ),
        ],
    )
    rule(
        f"torch.nn.InstanceNorm{_n}d",
        _INSTANCE,
        to=f"helpers.InstanceNorm{_n}d",
        returns="module",
        cases=[
            module(_feed, num_features="3", affine="True", track_running_stats="True", bias="False", tolerance="norm"),
            module(_feed, num_features="3", tolerance="norm"),
        ],
    )
rule(
    "torch.nn.modules.batchnorm._BatchNorm",
    "",
    to="helpers.BatchNormBase",
    returns="module",
    also=["torch.nn.modules.batchnorm._NormBase"],
    cases=[
        snippet(
            "layers = [nn.BatchNorm1d(2), nn.BatchNorm2d(2), nn.BatchNorm3d(2), nn.LayerNorm(2)]\n"
            "base = [isinstance(m, torch.nn.modules.batchnorm._BatchNorm) for m in layers]\n"
            "return base, [isinstance(m, nn.BatchNorm2d) for m in layers]"
        )
    ],
)
rule(
    "torch.nn.modules.instancenorm._InstanceNorm",
    "",
    to="helpers.InstanceNormBase",
    returns="module",
    cases=[
        snippet(
            "layers = [nn.InstanceNorm1d(2), nn.InstanceNorm2d(2), nn.InstanceNorm3d(2), nn.BatchNorm2d(2)]\n"
            "return [isinstance(m, torch.nn.modules.instancenorm._InstanceNorm) for m in layers]"
        )
    ],
)
rule(
    "torch.nn.SyncBatchNorm",
    "(num_features, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, process_group=None, device=None, dtype=None, *, bias=True)",
    to="helpers.SyncBatchNorm",
    returns="module",
    restriction="statistics are those of one process; they are not exchanged between processes",
    cases=[snippet("return nn.SyncBatchNorm(3).eval()(IMG)")],
)
rule(
    "torch.nn.functional.batch_norm",
    "(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-05)",
    to="helpers.batch_norm",
    cases=[
        call(
            input="A",
            running_mean="V",
            running_var="E",
            weight="G",
            bias="Z",
            training="True",
            momentum="0.3",
            grad=False,
            tolerance="norm",
            inputs={"E": "uniform(0.5, 2; 4)", "G": "normal(; 4)", "Z": "normal(; 4)"},
        ),
        snippet(
            "return F.batch_norm(A, V.detach(), E.detach(), G, Z), F.batch_norm(A, None, None, G, training=True)",
            tolerance="norm",
            inputs={"E": "uniform(0.5, 2; 4)", "G": "normal(; 4)", "Z": "normal(; 4)"},
        ),
    ],
)
rule(
    "torch.nn.functional.instance_norm",
    "(input, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-05)",
    to="helpers.instance_norm",
    cases=[call(input="IMG", weight="E", bias="E", tolerance="norm", inputs={"E": "normal(; 3)"})],
)
rule(
    "torch.nn.LayerNorm",
    "(normalized_shape, eps=1e-05, elementwise_affine=True, bias=True, device=None, dtype=None)",
    to="helpers.LayerNorm",
    returns="module",
    cases=[
        module("X", normalized_shape="4", eps="1e-6", tolerance="norm"),
        module("X", normalized_shape="[3, 4]", bias="False", tolerance="norm"),
        module("X + 100", normalized_shape="(4,)", elementwise_affine="False", grad=False, tolerance="norm"),
    ],
)
rule(
    "torch.nn.functional.layer_norm",
    "(input, normalized_shape, weight=None, bias=None, eps=1e-05)",
    to="helpers.layer_norm",
    cases=[
        call(input="X", normalized_shape="(4,)", weight="V", bias="V", tolerance="norm"),
        call(input="X", normalized_shape="X.shape[1:]", eps="1e-3", tolerance="norm"),
    ],
)
rule(
    "torch.nn.RMSNorm",
    "(normalized_shape, eps=None, elementwise_affine=True, device=None, dtype=None)",
    to="helpers.RMSNorm",
    returns="module",
    cases=[module("X", normalized_shape="4", eps="1e-6", tolerance="norm")],
)
rule(
    "torch.nn.functional.rms_norm",
    "(input, normalized_shape, weight=None, eps=None)",
    to="helpers.rms_norm",
    cases=[call(input="X", normalized_shape="(4,)", weight="V", tolerance="norm")],
)
rule(
    "torch.nn.GroupNorm",
    "(num_groups, num_channels, eps=1e-05, affine=True, device=None, dtype=None, *, bias=True)",
    to="helpers.GroupNorm",
    returns="module",
    cases=[
        module("IMG", num_groups="3", num_channels="3", eps="1e-3", bias="False", tolerance="norm"),
        module("A.reshape(3, 4, 1)", num_groups="2", num_channels="4", affine="False", tolerance="norm"),
    ],
)
rule(
    "torch.nn.functional.group_norm",
    "(input, num_groups, weight=None, bias=None, eps=1e-05)",
    to="helpers.group_norm",
    cases=[call(input="SEQ", num_groups="1", weight="E", bias="E", tolerance="norm", inputs={"E": "normal(; 3)"})],
)
rule(
    "torch.nn.LocalResponseNorm",
    "(size, alpha=0.0001, beta=0.75, k=1.0)",
    to="helpers.LocalResponseNorm",
    returns="module",
    cases=[module("IMG", size="2", alpha="0.1", beta="0.5", k="2.0", tolerance="norm")],
)
rule(
    "torch.nn.functional.local_response_norm",
    "(input, size, alpha=0.0001, beta=0.75, k=1.0)",
    to="helpers.local_response_norm",
    cases=[call(input="IMG", size="3", alpha="0.1", tolerance="norm")],
)
