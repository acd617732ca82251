"""torchvision.ops: layers, and what drops parts of tensors."""

# ruff: noqa: E501 - the source of a snippet stays on one line

from __future__ import annotations

from converter.rules.base import Case, module, rule, snippet

_O = "torchvision.ops."
_IMPORT = "import torchvision\nfrom torchvision import ops\n"


def _plain(text: str, **options: object) -> Case:
    return snippet(_IMPORT + text, **options)  # type: ignore[arg-type]


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
