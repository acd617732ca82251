"""Reductions, sorting and counting."""

from __future__ import annotations

import ast

import libcst as cst

from converter.rules.base import Refusal, action, call, needs_you, rule, snippet
from converter.rules.use import Use

_NUMPY = "axis=None, keepdims=None"
_PAIR = "(tensor, tensor)"
_EXTREMES = "x = V - V.detach() + torch.tensor([float('inf'), float('nan'), float('-inf'), 0.0])\n"

rule(
    "torch.sum",
    f"(input, dim=None, keepdim=False, *, dtype=None, {_NUMPY})",
    to="helpers.sum_of",
    method=True,
    cases=[
        call(input="X", dim="1", keepdim="True", tolerance="sum"),
        call(input="X", dim="(0, -1)", tolerance="sum"),
        call(input="X", dim="[0, 2]", keepdim="True", tolerance="sum"),
        call(input="U", tolerance="exact"),
        call(input="M", dim="0", tolerance="exact"),
        call(input="N", dim="-1", dtype="torch.float32"),
        snippet("return A.sum(axis=1, keepdims=True), (A > 0).sum()"),
    ],
)


def _number(node: cst.BaseExpression | None) -> bool:
    try:
        return node is None or isinstance(ast.literal_eval(cst.Module([]).code_for_node(node)), int)
    except (ValueError, SyntaxError):
        return False


def _mean(use: Use) -> cst.BaseExpression | Refusal | None:
    """Jittor's own for one dimension written as a number, or none; keywords it takes in its own order only."""
    keywords = [a.keyword.value for a in use.args if a.keyword is not None]
    plain = not use.starred and keywords in ([], ["dim"], ["keepdim"], ["dim", "keepdim"]) and not use.given("dtype")
    if plain and _number(use.bound.get("dim")) and not use.picked:  # Jittor's mean of nothing is 0
        return use.same_arguments("jittor.mean") if use.receiver is None else use.same_method("mean")
    return use.same_arguments("helpers.mean_of")


_MEAN_CASES = [
    call(input="X"),
    call(input="X", dim="1", keepdim="True"),
    call(input="X", dim="(1, 2)"),
    call(input="X", dim="[0, -1]", keepdim="True"),
    call(input="N", dim="-1", dtype="torch.float32"),
    snippet("return A.mean(axis=1), X.mean((0, 2)), X.mean(-1, True)"),
    snippet(
        "none = A[A > 9]\n"
        "return none.mean(), (none * 2).abs().mean(), A[A > 9].mean(0), A[A > 0].mean(), F.mse_loss(none, none)"
    ),
]
action(
    "torch.mean",
    f"(input, dim=None, keepdim=False, *, dtype=None, {_NUMPY})",
    method=True,
    value_to="helpers.mean_of",
    cases=_MEAN_CASES,
)(_mean)

rule(
    "torch.prod",
    f"(input, dim=None, keepdim=False, *, dtype=None, {_NUMPY})",
    to="helpers.product_of",
    method=True,
    cases=[
        call(input="A"),
        call(input="A", dim="-1", keepdim="True"),
        call(input="K", dim="1"),
        snippet("return (A * M).prod(1)"),
    ],
)
for _name, _other in (("max", "K - 2"), ("min", "K - 2")):
    rule(
        f"torch.{_name}",
        f"(input, dim=None, keepdim=False, *, other=None, {_NUMPY})",
        to=f"helpers.{_name}_of",
        method=True,
        returns="unknown",
        cases=[
            call(input="X", dim="1"),
            call(input="A", dim="-1", keepdim="True"),
            call(input="N", dim="0", grad=False),
            call(input="N"),
            snippet(f"v, i = A.{_name}(1)\nr = torch.{_name}(A, dim=0)\nreturn v, i, r.values, r.indices, r[1]"),
            snippet(f"return torch.{_name}(A, B), A.{_name}(B), torch.{_name}(N, {_other})"),
            snippet(
                f"ties = A * torch.zeros(4)\nreturn ties.{_name}(), ties.{_name}(1)[0], ties.{_name}(dim=0).indices"
            ),
            snippet(f"return A[A > 9.0].numel() or A.{_name}().item()"),
            snippet(f"{_EXTREMES}return x.{_name}(), x.{_name}(0), torch.stack([V, x]).{_name}(1), x[::2].{_name}()"),
        ],
    )
    rule(
        f"torch.a{_name}",
        f"(input, dim=(), keepdim=False, *, {_NUMPY})",
        to=f"helpers.a{_name}",
        method=True,
        cases=[
            call(input="X", dim="1", keepdim="True"),
            call(input="X", dim="(0, 2)"),
            call(input="N", dim="-1"),
            snippet(f"return (A * torch.zeros(4)).a{_name}(1)"),
            snippet(f"{_EXTREMES}return x.a{_name}(), x[::2].a{_name}(), torch.stack([V, x]).a{_name}(1)"),
        ],
    )
    rule(
        f"torch.arg{_name}",
        f"(input, dim=None, keepdim=False, *, {_NUMPY})",
        to=f"helpers.arg{_name}",
        method=True,
        cases=[
            call(input="X", dim="1", keepdim="True", tolerance="exact"),
            call(input="A", tolerance="exact"),
            call(input="A", dim="-1", tolerance="exact"),
            snippet(f"return torch.tensor([[1, 3, 3, 1], [1, 1, 1, 1]]).arg{_name}(1)"),
            snippet(f"{_EXTREMES}return x.arg{_name}(), x[2:].arg{_name}(), torch.stack([V, x]).arg{_name}(1)"),
        ],
    )
    rule(
        f"torch.cum{_name}",
        "(input, dim)",
        to=f"helpers.cum{_name}",
        method=True,
        returns=_PAIR,
        cases=[
            call(input="A", dim="1"),
            call(input="X", dim="-2"),
            snippet(
                f"{_EXTREMES}return x.cum{_name}(0), x[1:].cum{_name}(0), torch.stack([V, x]).cum{_name}(1).values"
            ),
        ],
    )
for _name in ("var", "std"):
    rule(
        f"torch.{_name}",
        f"(input, dim=None, unbiased=None, keepdim=False, *, correction=None, {_NUMPY})",
        to="helpers.variance_of" if _name == "var" else "helpers.deviation",
        method=True,
        cases=[
            call(input="A"),
            call(input="X", dim="1", keepdim="True", tolerance="norm"),
            call(input="X", dim="(0, -1)", correction="0", tolerance="norm"),
            snippet(
                f"return A.{_name}(unbiased=False), A.{_name}(False), A.{_name}(1, False), A.{_name}(1, True, True)"
            ),
            snippet(f"return (A * torch.zeros(4)).{_name}(1)"),  # the root of 0 has no finite slope
        ],
    )
    rule(
        f"torch.{_name}_mean",
        "(input, dim=None, unbiased=None, keepdim=False, *, correction=None)",
        to=f"helpers.{_name}_mean",
        returns=_PAIR,
        cases=[
            call(input="X", dim="1", keepdim="True", tolerance="norm"),
            call(input="A", dim="(0, 1)", correction="0"),
        ],
    )
rule(
    "torch.median",
    "(input, dim=None, keepdim=False)",
    to="helpers.median",
    method=True,
    returns="unknown",
    cases=[
        call(input="A"),
        call(input="A", dim="1"),
        call(input="X", dim="-2", keepdim="True"),
        snippet("return A.median(0).values"),
        snippet(_EXTREMES + "return x.median(), x[1:].median(), torch.stack([x, V]).median(1)"),
        snippet("return (V * 0 + torch.tensor([1.0, 1.0, 2.0, 0.0])).median()"),  # equal ones share the gradient
    ],
)
rule(
    "torch.mode",
    "(input, dim=-1, keepdim=False)",
    to="helpers.most_frequent",
    method=True,
    returns=_PAIR,
    cases=[call(input="I", dim="1"), call(input="I", keepdim="True")],
)
rule(
    "torch.quantile",
    "(input, q, dim=None, keepdim=False, *, interpolation='linear')",
    to="helpers.quantile",
    only={"interpolation": ("linear",), "q": lambda value: isinstance(value, int | float)},
    restriction="q is a number",
    method=True,
    cases=[call(input="A", q="0.3"), call(input="A", q="0.75", dim="1", keepdim="True")],
)
_NORM_CASES = [
    call(input="A"),
    call(input="X", p="2", dim="1", keepdim="True"),
    call(input="X", p="1", dim="(0, 2)"),
    call(input="A", p="3", dim="-1", tolerance="special"),
    call(input="A", p="float('inf')", dim="1"),
    snippet("return (A * torch.zeros(4)).norm(dim=1), A.norm(), A.norm(2, 1), A.norm(p=2)"),
]
rule(
    "torch.norm",
    f"(input, p='fro', dim=None, keepdim=False, out=None, dtype=None, *, {_NUMPY})",
    to="helpers.norm_of",
    method=True,
    cases=_NORM_CASES,
)
rule(
    "torch.linalg.norm",
    "(A, ord=None, dim=None, keepdim=False, *, dtype=None)",
    to="helpers.linalg_norm",
    only={"ord": lambda value: value != "nuc"},
    restriction="of matrices only the Frobenius norm",
    cases=[snippet("return torch.linalg.norm(A), torch.linalg.norm(X, dim=-1), torch.linalg.norm(A, 1, 1, True)")],
)
rule(
    "torch.linalg.vector_norm",
    "(x, ord=2, dim=None, keepdim=False, *, dtype=None)",
    to="helpers.vector_norm",
    cases=[call(x="A"), call(x="X", ord="1", dim="1", keepdim="True")],
)
rule(
    "torch.logsumexp",
    "(input, dim, keepdim=False)",
    to="helpers.logsumexp",
    method=True,
    cases=[
        call(input="X", dim="1", keepdim="True"),
        call(input="X", dim="(0, -1)"),
        snippet(
            "return (A * 200).logsumexp(1), torch.logsumexp(torch.full((2, 2), float('-inf')), 1)", tolerance="special"
        ),
    ],
)
for _name in ("softmax", "log_softmax"):
    rule(
        f"torch.{_name}",
        "(input, dim, dtype=None)",
        to=f"helpers.{_name}",
        method=True,
        cases=[call(input="X", dim="-1"), call(input="X", dim="1"), call(input="N", dim="0", dtype="torch.float32")],
    )
for _name in ("softmax", "log_softmax"):
    rule(
        f"torch.special.{_name}",
        "(input, dim, *, dtype=None)",
        to=f"helpers.{_name}",
        cases=[call(input="X", dim="1")],
    )
rule(
    "torch.cumsum",
    "(input, dim, *, dtype=None)",
    to="helpers.cumsum",
    method=True,
    cases=[
        call(input="X", dim="1"),
        call(input="M", dim="-1"),
        call(input="N", dim="0", dtype="torch.float32"),
        snippet(
            "x = V * 0 + torch.tensor([1.0, float('inf'), 2.0, float('-inf')])\n"
            "return x.cumsum(0), x.detach().cumsum(0)"
        ),
    ],
)
rule(
    "torch.cumprod",
    "(input, dim, *, dtype=None)",
    to="helpers.cumprod",
    method=True,
    cases=[call(input="A", dim="1"), call(input="N", dim="-1")],
)
for _name, _helper in (("all", "all_true"), ("any", "any_true")):
    rule(
        f"torch.{_name}",
        f"(input, dim=None, keepdim=False, *, {_NUMPY})",
        to=f"helpers.{_helper}",
        method=True,
        cases=[
            call(input="M"),
            call(input="M", dim="1", keepdim="True"),
            call(input="N", dim="0"),
            snippet(f"return (A < 9.0).{_name}(), bool((A > 9.0).{_name}())"),
            snippet(f"e = torch.zeros(0, 3) > 0\nreturn e.{_name}(), e.{_name}(0), bool(e.{_name}())"),
        ],
    )
rule(
    "torch.sort",
    "(input, dim=-1, descending=False, stable=False)",
    to="helpers.sort",
    method=True,
    returns=_PAIR,
    cases=[
        call(input="X", dim="1", descending="True"),
        snippet(_EXTREMES + "return x.sort().values, x.sort(descending=True), torch.sort(torch.stack([x, V]), 0)"),
        snippet("s = torch.sort(A)\nvalues, indices = A.sort(0)\nreturn s.values, s.indices, values, indices"),
    ],
)
rule(
    "torch.argsort",
    "(input, dim=-1, descending=False, stable=False)",
    to="helpers.argsort",
    method=True,
    cases=[
        call(input="X", dim="1", descending="True"),
        snippet("return torch.argsort(A, dim=-1, stable=True)"),
        snippet("t = torch.arange(100) % 3\nreturn t.argsort(stable=True), t.argsort(descending=True, stable=True)"),
        snippet(
            _EXTREMES + "return x.argsort(stable=True), x.argsort(descending=True, stable=True), x.flip(0).argsort()"
        ),
    ],
)
rule(
    "torch.topk",
    "(input, k, dim=None, largest=True, sorted=True)",
    to="helpers.topk",
    method=True,
    returns=_PAIR,
    cases=[
        call(input="X", k="2", dim="1", largest="False"),
        snippet(
            "values, indices = A.topk(2)\nr = torch.topk(A, 1, dim=0)\nreturn values, indices, r.values, r.indices"
        ),
        snippet("_, predicted = A.topk(3, 1, True, True)\nreturn predicted.t()"),
    ],
)
rule(
    "torch.kthvalue",
    "(input, k, dim=-1, keepdim=False)",
    to="helpers.kthvalue",
    method=True,
    returns=_PAIR,
    cases=[call(input="X", k="2", dim="1", keepdim="True"), call(input="A", k="1")],
)
rule(
    "torch.unique",
    "(input, sorted=True, return_inverse=False, return_counts=False, dim=None)",
    to="helpers.unique",
    method=True,
    returns="unknown",
    cases=[
        call(input="I"),
        call(input="I", return_counts="True"),
        call(input="I", return_inverse="True", return_counts="True"),
        call(input="I", dim="0"),
    ],
)
rule(
    "torch.bincount",
    "(input, weights=None, minlength=0)",
    to="helpers.bincount",
    method=True,
    cases=[
        call(input="T"),
        call(input="T", minlength="7"),
        snippet("return torch.bincount(T, weights=torch.tensor([0.5, 1.0, 2.0]))"),
    ],
)
rule(
    "torch.count_nonzero",
    "(input, dim=None)",
    to="helpers.count_nonzero",
    method=True,
    cases=[call(input="N"), call(input="M", dim="1")],
)
rule(
    "torch.nansum",
    "(input, dim=None, keepdim=False)",
    to="helpers.nansum",
    method=True,
    cases=[call(input="A", dim="1"), snippet("return torch.nansum(torch.tensor([1.0, float('nan')]))")],
)
rule(
    "torch.aminmax",
    "(input, *, dim=None, keepdim=False)",
    to="helpers.aminmax",
    method=True,
    returns=_PAIR,
    cases=[call(input="A", dim="1"), snippet("r = torch.aminmax(A)\nreturn r.min, r.max")],
)
rule(
    "torch.diff",
    "(input, n=1, dim=-1, prepend=None, append=None)",
    to="helpers.diff",
    method=True,
    cases=[
        call(input="A", n="2"),
        call(input="A", dim="0"),
        call(input="A", dim="0", prepend="B[:1]", append="B"),
        snippet("return A.diff(2, append=B), torch.diff(V, prepend=torch.tensor([0.5]))"),
    ],
)
rule(
    "torch.histc",
    "(input, bins=100, min=0, max=0)",
    to="helpers.histc",
    method=True,
    cases=[call(input="A", bins="5", min="-2", max="2", grad=False), call(input="A", bins="4", grad=False)],
)
needs_you("torch.unique_consecutive", "Jittor has no counterpart", also=["torch.Tensor.unique_consecutive"])
rule(
    "torch.nanmean",
    "(input, dim=None, keepdim=False, *, dtype=None)",
    to="helpers.nanmean",
    method=True,
    cases=[call(input="A"), snippet("x = A.masked_fill(M, float('nan'))\nreturn x.nanmean(), x[:2].nanmean(0, True)")],
)
needs_you("torch.nanmedian", "not proved yet", workaround="x[~x.isnan()].median()", also=["torch.Tensor.nanmedian"])
rule(
    "torch.logcumsumexp",
    "(input, dim)",
    to="helpers.logcumsumexp",
    method=True,
    cases=[
        call(input="A", dim="1", tolerance="special"),
        call(input="A * 30", dim="0", tolerance="special"),
        snippet("return (A * 0 + torch.tensor([-100.0, 0.0, -200.0, 50.0])).logcumsumexp(1)", tolerance="special"),
    ],
)
