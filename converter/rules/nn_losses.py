"""Losses: layers and functions."""

# ruff: noqa: E501 - the source of a snippet stays on one line

from __future__ import annotations

from typing import Any

from converter.rules.base import Case, call, module, needs_you, rule, snippet

_OLD = "size_average=None, reduce=None, reduction='mean'"


def _pair(
    layer: str,
    function: str,
    parameters: str,
    feeds: str,
    given: dict[str, Any],
    extra: list[Case],
    inputs: dict[str, str],
) -> None:
    """One loss as a layer and as a function; ``feeds`` is what both are given."""
    fed: dict[str, Any] = dict(zip(("input", "target"), feeds.split(", "), strict=True))
    rule(
        f"torch.nn.{layer}",
        f"({parameters})",
        to=f"helpers.{layer}",
        returns="module",
        cases=[
            module(feeds, **given, tolerance="special", inputs=inputs),
            module(feeds, tolerance="special", inputs=inputs),
            *extra,
        ],
    )
    rule(
        f"torch.nn.functional.{function}",
        f"(input, target, {parameters}{', weight=None' if layer in ('MSELoss', 'L1Loss', 'HuberLoss') else ''})",
        to=f"helpers.{function}",
        cases=[
            call(**fed, **given, tolerance="special", inputs=inputs),
            call(**fed, reduction="'none'", tolerance="special", inputs=inputs),
        ],
    )


_LOGITS = {"G": "normal(; 3, 5)", "E": "uniform(0.2, 2; 5)", "Z": "ints(0, 5; 3)", "L2": "normal(; 2, 5, 3, 4)", "T2": "ints(0, 5; 2, 3, 4)", "C": "normal(; 2, 5, 10)", "T1": "ints(0, 5; 2, 10)"}  # fmt: skip
_CLASS = "weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean'"
_pair(
    "CrossEntropyLoss",
    "cross_entropy",
    _CLASS + ", label_smoothing=0.0",
    "G, Z",
    {"ignore_index": "1", "label_smoothing": "0.1"},
    [
        snippet("w = torch.tensor([0.5, 1.0, 2.0, 1.5, 0.1])\nreturn nn.CrossEntropyLoss(weight=w, label_smoothing=0.2)(G, Z), nn.CrossEntropyLoss(w, reduction='none')(L2, T2), nn.CrossEntropyLoss(w, ignore_index=2)(C, T1)", inputs=_LOGITS, tolerance="special"),
        snippet("soft = torch.softmax(G + 1, 1)\nreturn nn.CrossEntropyLoss()(G, soft), F.cross_entropy(G, soft, reduction='sum', label_smoothing=0.1), F.cross_entropy(C, torch.softmax(C * 2, 1), weight=E), F.cross_entropy(G[0], Z[0])", inputs=_LOGITS, tolerance="special"),
        snippet("t = Z.clone()\nt[0] = -100\nreturn F.cross_entropy(G, t), F.cross_entropy(G, t, reduction='none'), F.cross_entropy(L2, T2), F.cross_entropy(G * 100, Z)", inputs=_LOGITS, tolerance="special"),
    ],
    _LOGITS,
)  # fmt: skip
_pair(
    "NLLLoss",
    "nll_loss",
    _CLASS,
    "G, Z",
    {"ignore_index": "0", "reduction": "'sum'"},
    [snippet("w = torch.tensor([0.5, 1.0, 2.0, 1.5, 0.1])\nreturn nn.NLLLoss(w, ignore_index=0)(G, Z), F.nll_loss(L2, T2), F.nll_loss(G, Z, reduction='none'), nn.NLLLoss(ignore_index=3)(L2, T2)", inputs=_LOGITS)],
    _LOGITS,
)  # fmt: skip
_TIES = "x = A * torch.tensor([0.0, 1.0, 1.0, 1.0])\ny = B * torch.tensor([0.0, 1.0, 1.0, 1.0])\n"
_pair("MSELoss", "mse_loss", _OLD, "A, B", {"reduction": "'sum'"}, [], {})
_pair(
    "L1Loss",
    "l1_loss",
    _OLD,
    "A, B",
    {"reduction": "'sum'"},
    [snippet(_TIES + "return nn.L1Loss()(x, y), nn.L1Loss(size_average=False)(x, y)")],
    {},
)
_pair(
    "SmoothL1Loss",
    "smooth_l1_loss",
    _OLD + ", beta=1.0",
    "A, B",
    {"beta": "0.5"},
    [snippet(_TIES + "return nn.SmoothL1Loss()(x, y)")],
    {},
)
_pair("HuberLoss", "huber_loss", "reduction='mean', delta=1.0", "A, B", {"delta": "0.5"}, [], {})
_EXTREMES = "p = P * torch.tensor([0.0, 1.0, 1.0, 0.0]) + torch.tensor([0.0, 0.0, 0.0, 1.0])\nt = R.detach() * torch.tensor([1.0, 0.0, 1.0, 1.0])\n"
_pair(
    "BCELoss",
    "binary_cross_entropy",
    "weight=None, " + _OLD,
    "P, R",
    {"reduction": "'sum'"},
    [
        snippet(_EXTREMES + "return nn.BCELoss()(p, t), F.binary_cross_entropy(p, t, reduction='none'), nn.BCELoss(weight=torch.tensor([1.0, 2.0, 3.0, 4.0]))(P, R)", tolerance="special"),
        snippet("p = torch.tensor([0.0, 1.0, 0.0, 1.0])\nt = torch.tensor([0.0, 1.0, 1.0, 0.0])\nreturn F.binary_cross_entropy(p * V / V, t, reduction='none')", grad=False),
    ],
    {},
)  # fmt: skip
_pair(
    "BCEWithLogitsLoss",
    "binary_cross_entropy_with_logits",
    "weight=None, " + _OLD + ", pos_weight=None",
    "A, R",
    {"reduction": "'sum'"},
    [snippet("x = A * torch.tensor([0.0, 1.0, 100.0, -100.0])\nw = torch.tensor([1.0, 2.0, 3.0, 0.5])\nreturn nn.BCEWithLogitsLoss()(x, R), nn.BCEWithLogitsLoss(pos_weight=w)(x, R), F.binary_cross_entropy_with_logits(x, R, w, reduction='none')", tolerance="special")],
    {},
)  # fmt: skip
_pair(
    "KLDivLoss",
    "kl_div",
    _OLD + ", log_target=False",
    "A, R",
    {"reduction": "'batchmean'", "log_target": "True"},
    [
        snippet(
            "t = P.detach() * torch.tensor([0.0, 1.0, 1.0, 0.0])\nreturn nn.KLDivLoss()(A, t), F.kl_div(A, t, reduction='sum'), F.kl_div(A, t, reduction='none')",
            tolerance="special",
        )
    ],
    {},
)
_SIGN = "torch.where(I[:, 0] > 0, 1, -1)"
_RANKS = "torch.where(I > 0, 1, -1)"


def _signed(layer: str, function: str, parameters: str, tensors: str, target: str, given: str) -> None:
    """Losses whose target is 1 or -1; ``given`` are further arguments of the call."""
    rule(
        f"torch.nn.{layer}",
        f"({parameters})",
        to=f"helpers.{layer}",
        returns="module",
        cases=[
            snippet(
                f"t = {target}\nreturn nn.{layer}({given})({tensors}, t), nn.{layer}(reduction='none')({tensors}, t)"
            )
        ],
    )
    names = "input1, input2, target" if "," in tensors else "input, target"
    rule(
        f"torch.nn.functional.{function}",
        f"({names}, {parameters})",
        to=f"helpers.{function}",
        cases=[
            snippet(
                f"t = {target}\nreturn F.{function}({tensors}, t{', ' + given if given else ''}), F.{function}({tensors}, t, reduction='sum')"
            )
        ],
    )


_signed("CosineEmbeddingLoss", "cosine_embedding_loss", "margin=0.0, " + _OLD, "A, B", _SIGN, "margin=-0.5")
_signed("MarginRankingLoss", "margin_ranking_loss", "margin=0.0, " + _OLD, "A, B", _RANKS, "margin=0.5")
_signed("HingeEmbeddingLoss", "hinge_embedding_loss", "margin=1.0, " + _OLD, "A", _RANKS, "margin=0.5")
_signed("SoftMarginLoss", "soft_margin_loss", _OLD, "A", _RANKS, "")
_triplet = "margin=1.0, p=2.0, eps=1e-06, swap=False, " + _OLD
rule(
    "torch.nn.TripletMarginLoss",
    f"({_triplet})",
    to="helpers.TripletMarginLoss",
    returns="module",
    cases=[module("A, B, A + B", margin="2.0", p="1.0", swap="True"), module("A, B, A + B")],
)
rule(
    "torch.nn.functional.triplet_margin_loss",
    f"(anchor, positive, negative, {_triplet})",
    to="helpers.triplet_margin_loss",
    cases=[call(anchor="A", positive="B", negative="A + B", margin="2.0", swap="True", reduction="'none'")],
)
_pair(
    "MultiLabelSoftMarginLoss",
    "multilabel_soft_margin_loss",
    "weight=None, " + _OLD,
    "A, R",
    {"reduction": "'sum'"},
    [],
    {},
)
_poisson = "log_input=True, full=False, size_average=None, eps=1e-08, reduce=None, reduction='mean'"
_pair("PoissonNLLLoss", "poisson_nll_loss", _poisson, "P, H + 0.5", {"log_input": "False", "full": "True"}, [], {})
rule(
    "torch.nn.GaussianNLLLoss",
    "(*, full=False, eps=1e-06, reduction='mean')",
    to="helpers.GaussianNLLLoss",
    returns="module",
    cases=[module("A, B, P", full="True", reduction="'sum'", tolerance="special")],
)
rule(
    "torch.nn.functional.gaussian_nll_loss",
    "(input, target, var, full=False, eps=1e-06, reduction='mean')",
    to="helpers.gaussian_nll_loss",
    cases=[call(input="A", target="B", var="P", full="True", tolerance="special")],
)
for _name in ("MultiMarginLoss", "MultiLabelMarginLoss", "TripletMarginWithDistanceLoss"):
    needs_you(f"torch.nn.{_name}", f"No rule has been proved for {_name}.")
