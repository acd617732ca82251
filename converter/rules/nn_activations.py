"""Activations and dropout: layers, functions, and the names that ``torch`` itself exports."""

# ruff: noqa: E501 - the source of a snippet stays on one line

from __future__ import annotations

from typing import Any

import libcst as cst

from converter.rules.base import Refusal, action, call, module, rule, snippet
from converter.rules.use import Use

# name: (layer, function, parameters beyond input, other names of the function, case)
_EXTREMES = "x = V - V.detach() + torch.tensor([float('nan'), float('inf'), float('-inf'), 0.0])\n"
_EDGE = "A * torch.tensor([0.0, 1.0, 100.0, -100.0])"
_TABLE: list[tuple[str, str, str, list[str], dict[str, Any]]] = [
    ("ReLU6", "relu6", "inplace=False", [], {}),
    ("LeakyReLU", "leaky_relu", "negative_slope=0.01, inplace=False", [], {"negative_slope": "0.2"}),
    ("ELU", "elu", "alpha=1.0, inplace=False", [], {"alpha": "0.5"}),
    ("SELU", "selu", "inplace=False", ["torch.selu"], {}),
    ("CELU", "celu", "alpha=1.0, inplace=False", ["torch.celu"], {"alpha": "0.5"}),
    ("GELU", "gelu", "approximate='none'", [], {"approximate": "'tanh'"}),
    ("SiLU", "silu", "inplace=False", [], {}),
    ("Mish", "mish", "inplace=False", [], {}),
    ("Hardswish", "hardswish", "inplace=False", [], {}),
    ("Hardsigmoid", "hardsigmoid", "inplace=False", [], {}),
    ("Softplus", "softplus", "beta=1.0, threshold=20.0", [], {"beta": "2.0", "threshold": "3.0"}),
    ("Hardshrink", "hardshrink", "lambd=0.5", ["torch.hardshrink"], {"lambd": "0.3"}),
    ("Softshrink", "softshrink", "lambd=0.5", [], {"lambd": "0.3"}),
    ("GLU", "glu", "dim=-1", [], {"dim": "1"}),
    ("LogSigmoid", "logsigmoid", "", [], {}),
    ("Softsign", "softsign", "", [], {}),
    ("Tanhshrink", "tanhshrink", "", [], {}),
]
for _layer, _function, _parameters, _also, _given in _TABLE:
    # Steps of 3 hit the corners of hardswish, hardsigmoid, relu6 exactly.
    _inputs = {"E": "normal(; 3, 4)", "C": "steps(; 3, 4)"}
    rule(
        f"torch.nn.{_layer}",
        f"({_parameters})",
        to=f"helpers.{_layer}",
        returns="module",
        cases=[
            module("A * 3", **_given, tolerance="special"),
            module(_EDGE, tolerance="special"),
            *([module("C - 3", tolerance="special", inputs=_inputs)] if _layer != "GLU" else []),
        ],
    )
    _star = "*, " if _function == "gelu" else ""
    _signature = f"(input, {_star}{_parameters})" if _parameters else "(input)"
    _cases = [call(input="A * 3", **_given, tolerance="special")]
    if _function not in ("gelu", "glu", "softsign", "tanhshrink"):  # Torch's GELU of infinity depends on the size
        _cases.append(snippet(f"{_EXTREMES}return F.{_function}(x)", tolerance="special", grad=_function != "mish"))
    rule(f"torch.nn.functional.{_function}", _signature, to=f"helpers.{_function}", also=_also, cases=_cases)
for _layer, _helper in (("ReLU", "relu"),):
    rule(
        f"torch.nn.{_layer}",
        "(inplace=False)",
        to=f"helpers.{_layer}",
        returns="module",
        cases=[
            module("A", inplace="True"),
            snippet("x = A * 1\nkept = x\ny = nn.ReLU(True)(x)\nreturn kept + y"),
            snippet("act = nn.ReLU\nnormalised = nn.Sequential(act(), act())\nreturn normalised(A), str(act(True))"),
        ],
    )


rule(
    "torch.nn.functional.relu",
    "(input, inplace=False)",
    to="helpers.relu",
    cases=[
        call(input="A"),
        call(input="A * 1", inplace="True"),
        snippet("x = A * 1\nkept = x\nF.relu(x, inplace=True)\nreturn kept, F.relu(H)"),
        snippet("return F.relu(torch.tensor([float('nan'), float('-inf'), float('inf'), -0.0]))", grad=False),
    ],
)
rule("torch.relu", "(input)", to="helpers.relu", cases=[call(input="A")])
rule("torch.Tensor.relu", "()", to="helpers.relu", cases=[call(self="A")])
rule(
    "torch.relu_",
    "(input)",
    to="helpers.relu_",
    also=["torch.nn.functional.relu_"],
    cases=[snippet("x = A * 1\ntorch.relu_(x)\nreturn x")],
)
rule("torch.Tensor.relu_", "()", to="helpers.relu_", cases=[snippet("x = A * 1\nx.relu_()\nreturn x")])
for _name in ("Sigmoid", "Tanh"):
    rule(
        f"torch.nn.{_name}",
        "()",
        to=f"helpers.{_name}",
        returns="module",
        cases=[module("A", tolerance="special"), module(_EDGE, tolerance="special")],
    )
rule(
    "torch.nn.Hardtanh",
    "(min_val=-1.0, max_val=1.0, inplace=False, min_value=None, max_value=None)",
    to="helpers.Hardtanh",
    returns="module",
    cases=[module("A * 3", min_val="-2.0", max_val="0.5"), module("C - 3", inputs={"C": "steps(; 3, 4)"})],
)
rule(
    "torch.nn.functional.hardtanh",
    "(input, min_val=-1.0, max_val=1.0, inplace=False)",
    to="helpers.hardtanh",
    cases=[call(input="A * 3", min_val="-2.0", max_val="0.5")],
)
rule(
    "torch.nn.Threshold",
    "(threshold, value, inplace=False)",
    to="helpers.Threshold",
    returns="module",
    cases=[module("A", threshold="0.1", value="20.0")],
)
rule(
    "torch.nn.functional.threshold",
    "(input, threshold, value, inplace=False)",
    to="helpers.threshold",
    also=["torch.threshold"],
    cases=[call(input="A", threshold="0.1", value="0.5")],
)
rule(
    "torch.nn.RReLU",
    "(lower=0.125, upper=0.3333333333333333, inplace=False)",
    to="helpers.RReLU",
    returns="module",
    cases=[module("A", lower="0.1", upper="0.3", train=False)],
)
rule(
    "torch.nn.functional.rrelu",
    "(input, lower=0.125, upper=0.3333333333333333, training=False, inplace=False)",
    to="helpers.rrelu",
    cases=[
        call(input="A", lower="0.1", upper="0.3"),
        snippet(
            "y = F.rrelu(-torch.ones(100, 100), 0.1, 0.3, training=True)\nreturn y", tolerance="moments", grad=False
        ),
    ],
)
rule(
    "torch.nn.PReLU",
    "(num_parameters=1, init=0.25, device=None, dtype=None)",
    to="helpers.PReLU",
    returns="module",
    cases=[module("IMG", num_parameters="3", init="0.1"), module("A"), module("H - 5")],
)
rule(
    "torch.nn.functional.prelu",
    "(input, weight)",
    to="helpers.prelu",
    also=["torch.prelu"],
    cases=[call(input="A", weight="V"), call(input="A", weight="V[:1]")],
)


@action(
    "torch.nn.functional.sigmoid", "(input)", value_to="helpers.sigmoid", cases=[call(input="A", tolerance="special")]
)
def _sigmoid(use: Use) -> cst.BaseExpression | Refusal | None:
    return use.call("jittor.sigmoid", use.bound["input"]) if "input" in use.bound else None


@action("torch.nn.functional.tanh", "(input)", value_to="jittor.tanh", cases=[call(input="A", tolerance="special")])
def _tanh(use: Use) -> cst.BaseExpression | Refusal | None:
    """By position: Jittor's operators have no parameter names."""
    return use.call("jittor.tanh", use.bound["input"]) if "input" in use.bound else None


# Softmax
_SOFT = [("Softmax", "softmax"), ("LogSoftmax", "log_softmax"), ("Softmin", "softmin")]
for _layer, _function in _SOFT:
    rule(
        f"torch.nn.{_layer}",
        "(dim=None)",
        to=f"helpers.{_layer}",
        returns="module",
        cases=[module("X", dim="-1"), module("A")],
    )
    if _function == "softmin":
        rule(
            "torch.nn.functional.softmin",
            "(input, dim=None, _stacklevel=3, dtype=None)",
            to="helpers.softmin",
            cases=[call(input="A", dim="0")],
        )
rule("torch.nn.Softmax2d", "()", to="helpers.Softmax2d", returns="module", cases=[module("IMG")])


def _soft(function: str, use: Use) -> cst.BaseExpression | Refusal | None:
    """Jittor's own when the dimension is written and the dtype is not; it takes all elements without ``dim``."""
    only = set(use.bound) == {"input", "dim"} and use.literal("dim", 0) is not None and not use.starred
    if only:
        return use.call(f"jittor.nn.{function}", use.bound["input"], dim=use.bound["dim"])
    return use.same_arguments(f"helpers.{function}_over")


_SOFT_CASES = [
    call(input="X", dim="1"),
    call(input="A"),
    call(input="A", dim="-1", dtype="torch.float64"),
    call(input="A", dim="None"),
]


@action(
    "torch.nn.functional.softmax",
    "(input, dim=None, _stacklevel=3, dtype=None)",
    value_to="helpers.softmax_over",
    cases=_SOFT_CASES,
)
def _softmax(use: Use) -> cst.BaseExpression | Refusal | None:
    return _soft("softmax", use)


@action(
    "torch.nn.functional.log_softmax",
    "(input, dim=None, _stacklevel=3, dtype=None)",
    value_to="helpers.log_softmax_over",
    cases=_SOFT_CASES,
)
def _log_softmax(use: Use) -> cst.BaseExpression | Refusal | None:
    return _soft("log_softmax", use)


rule(
    "torch.nn.functional.gumbel_softmax",
    "(logits, tau=1, hard=False, eps=1e-10, dim=-1)",
    to="helpers.gumbel_softmax",
    cases=[
        snippet(
            "y = F.gumbel_softmax(torch.zeros(1000, 10), tau=0.5, hard=True)\nreturn y, (y.sum(-1) - 1).abs().max() < 1e-5",
            tolerance="moments",
            grad=False,
        )
    ],
)

# Dropout: values are random, so the number of zeros and the scale of the rest are compared.
_CHANNELS = {"Dropout1d": "10, 100, 10", "Dropout2d": "10, 100, 5, 2", "Dropout3d": "10, 100, 5, 2, 1"}
for _layer in ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout"):
    _shape = _CHANNELS.get(_layer, "100, 100")
    _text = f"layer = nn.{_layer}(0.2)\ny = layer(torch.ones({_shape}))\n"
    _scale = "" if _layer == "AlphaDropout" else "assert ((y == 0) | ((y - 1.25).abs() < 1e-5)).all()\n"
    rule(
        f"torch.nn.{_layer}",
        "(p=0.5, inplace=False)",
        to=f"helpers.{_layer}",
        returns="module",
        cases=[
            snippet(_text + _scale + "return y, layer.training", tolerance="moments", grad=False),
            snippet(f"x = torch.ones({_shape})\nreturn nn.{_layer}(0.3).eval()(x), nn.{_layer}(0.0)(x)", grad=False),
        ],
    )
for _function, _shape in (
    ("dropout", "100, 100"),
    ("dropout1d", "10, 100, 10"),
    ("dropout2d", "10, 100, 5, 2"),
    ("dropout3d", "10, 100, 5, 2, 1"),
):
    rule(
        f"torch.nn.functional.{_function}",
        "(input, p=0.5, training=True, inplace=False)",
        to=f"helpers.{_function}",
        cases=[
            snippet(f"return F.{_function}(torch.ones({_shape}), p=0.2)", tolerance="moments", grad=False),
            snippet(
                f"x = torch.ones({_shape})\nreturn F.{_function}(x, training=False), F.{_function}(x, 1.0)", grad=False
            ),
        ],
    )
rule(
    "torch.dropout",
    "(input, p, train)",
    to="helpers.dropout",
    rename={"train": "training"},
    cases=[call(input="A", p="0.5", train="False")],
)
rule(
    "torch.nn.functional.alpha_dropout",
    "(input, p=0.5, training=False, inplace=False)",
    to="helpers.alpha_dropout",
    cases=[
        call(input="A", p="0.2"),
        snippet("return F.alpha_dropout(torch.zeros(100, 100), 0.3, True)", tolerance="moments", grad=False),
    ],
)
