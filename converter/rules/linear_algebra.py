"""Products of vectors and matrices, norms of them, decompositions."""

from __future__ import annotations

from converter.rules.base import Case, call, needs_you, rule, snippet

_SPD = "Q @ Q.t() + 4 * torch.eye(4)"

rule(
    "torch.matmul",
    "(input, other)",
    to="helpers.matmul",
    method=True,
    also=["torch.linalg.matmul"],
    cases=[
        call(input="A", other="W"),
        call(input="X", other="Y"),
        call(input="X", other="W"),
        call(input="V", other="W"),
        call(input="A", other="V"),
        call(input="V", other="V"),
        call(input="X", other="V"),
        call(input="N", other="K.t()"),
    ],
)
for _name, _first, _second, _a, _b in (
    ("mm", "input", "mat2", "A", "W"),
    ("bmm", "input", "mat2", "X", "Y"),
    ("mv", "input", "vec", "A", "V"),
):
    rule(
        f"torch.{_name}",
        f"({_first}, {_second})",
        to="helpers.matmul",
        rename={_second: "other"},
        method=True,
        cases=[Case("call", args={_first: _a, _second: _b})],
    )
rule("torch.dot", "(input, tensor)", to="helpers.dot", method=True, cases=[call(input="V", tensor="W[:, 0]")])
rule(
    "torch.inner",
    "(input, other)",
    to="helpers.inner_product",
    method=True,
    cases=[call(input="V", other="W[:, 0]"), call(input="A", other="B")],
)
rule(
    "torch.vdot",
    "(input, other)",
    to="helpers.dot",
    rename={"other": "tensor"},
    method=True,
    cases=[call(input="V", other="W[:, 0]")],
)
for _name in ("outer", "ger"):
    rule(f"torch.{_name}", "(input, vec2)", to="helpers.outer", method=True, cases=[call(input="V", vec2="A[:, 0]")])
for _name, _args in (
    ("addmm", ("mat1", "mat2", "A", "W")),
    ("addmv", ("mat", "vec", "A", "V")),
    ("baddbmm", ("batch1", "batch2", "X", "Y")),
):
    _one, _two, _a, _b = _args
    _added = {"addmm": "W[0]", "addmv": "A[:, 0]", "baddbmm": "torch.ones(2, 3, 5)"}[_name]
    rule(
        f"torch.{_name}",
        f"(input, {_one}, {_two}, *, beta=1, alpha=1)",
        to="helpers.addmm",
        rename={_one: "mat1", _two: "mat2"},
        method=True,
        cases=[Case("call", args={"input": _added, _one: _a, _two: _b, "beta": "0.5", "alpha": "2"})],
    )
rule(
    "torch.addbmm",
    "(input, batch1, batch2, *, beta=1, alpha=1)",
    to="helpers.addbmm",
    method=True,
    cases=[call(input="W[:3]", batch1="X", batch2="Y", beta="0.5", alpha="2")],
)
rule(
    "torch.addr",
    "(input, vec1, vec2, *, beta=1, alpha=1)",
    to="helpers.addr",
    method=True,
    cases=[call(input="A", vec1="A[:, 0]", vec2="V", beta="0.5", alpha="2")],
)
rule(
    "torch.einsum",
    "(equation, *operands)",
    to="helpers.einsum",
    cases=[
        call(equation="'ij,jk->ik'", operands="A, W"),
        call(equation="'bij,bjk->bik'", operands="X, Y"),
        call(equation="'ij->ji'", operands="A"),
        call(equation="'ij,ij->'", operands="A, B"),
        snippet("return torch.einsum('bij,jk->bik', [X, W]), torch.einsum('i,j->ij', V, V), torch.einsum('bij->b', X)"),
        snippet("return torch.einsum('...ij,jk->...ik', X, W), torch.einsum('ij,jk', A, W)"),
    ],
)
rule(
    "torch.tensordot",
    "(a, b, dims=2)",
    to="helpers.tensordot",
    cases=[call(a="A", b="W", dims="1"), call(a="X", b="A", dims="([1, 2], [0, 1])")],
)
rule("torch.kron", "(input, other)", to="helpers.kron", method=True, cases=[call(input="A", other="Q")])
rule(
    "torch.cdist",
    "(x1, x2, p=2.0, compute_mode=None)",
    to="helpers.cdist",
    only={"p": (1, 2)},
    cases=[call(x1="A", x2="Q"), call(x1="X", x2="X + 1", p="1.0"), snippet("return torch.cdist(A, A)")],
)
rule(
    "torch.cross",
    "(input, other, dim=None)",
    to="helpers.cross",
    method=True,
    cases=[call(input="A", other="B", dim="0"), call(input="A", other="B")],
)
rule(
    "torch.linalg.cross",
    "(input, other, *, dim=-1)",
    to="helpers.cross",
    write={"dim": "-1"},
    cases=[call(input="A.t()", other="B.t()")],
)
for _name in ("torch.inverse", "torch.linalg.inv"):
    rule(
        _name,
        "(A)" if "linalg" in _name else "(input)",
        to="helpers.inverse",
        rename={"A": "input"} if "linalg" in _name else None,
        method=_name == "torch.inverse",
        cases=[Case("call", args={"A" if "linalg" in _name else "input": _SPD}, tolerance="linalg")],
    )
for _name in ("torch.det", "torch.linalg.det"):
    rule(
        _name,
        "(A)" if "linalg" in _name else "(input)",
        to="helpers.det",
        rename={"A": "input"} if "linalg" in _name else None,
        method=_name == "torch.det",
        cases=[Case("call", args={"A" if "linalg" in _name else "input": "Q + torch.eye(4)"}, tolerance="linalg")],
    )
rule("torch.logdet", "(input)", to="helpers.logdet", method=True, cases=[call(input=_SPD, tolerance="linalg")])
rule(
    "torch.slogdet",
    "(input)",
    to="helpers.slogdet",
    method=True,
    returns="(tensor, tensor)",
    cases=[call(input=_SPD, tolerance="linalg")],
)
rule(
    "torch.linalg.slogdet",
    "(A)",
    to="helpers.slogdet",
    rename={"A": "input"},
    returns="(tensor, tensor)",
    cases=[call(A=_SPD, tolerance="linalg")],
)
rule(
    "torch.linalg.solve",
    "(A, B)",
    to="helpers.solve",
    cases=[call(A=_SPD, B="W", tolerance="linalg"), call(A=_SPD, B="V", tolerance="linalg")],
)
rule(
    "torch.linalg.cholesky",
    "(input, *, upper=False)",
    to="helpers.cholesky",
    cases=[call(input=_SPD, upper="True", tolerance="linalg")],
)
rule(
    "torch.cholesky",
    "(input, upper=False)",
    to="helpers.cholesky",
    method=True,
    cases=[call(input=_SPD, tolerance="linalg")],
)
for _name in ("torch.matrix_power", "torch.linalg.matrix_power"):
    rule(
        _name,
        "(input, n)",
        to="helpers.matrix_power",
        method=_name == "torch.matrix_power",
        cases=[call(input="Q", n="3", tolerance="linalg"), call(input="Q", n="0", grad=False)],
    )
_FACTORS = "the signs of the factors are a free choice that two libraries make differently: no result is proved equal"
needs_you(
    "torch.svd",
    _FACTORS,
    workaround="numpy.linalg.svd where no gradient is needed",
    also=["torch.linalg.svd", "torch.Tensor.svd", "torch.svd_lowrank", "torch.pca_lowrank"],
)
needs_you(
    "torch.qr",
    _FACTORS,
    workaround="numpy.linalg.qr where no gradient is needed",
    also=["torch.linalg.qr", "torch.Tensor.qr"],
)
needs_you(
    "torch.linalg.eigh",
    _FACTORS,
    workaround="numpy.linalg.eigh where no gradient is needed",
    also=["torch.linalg.eig", "torch.linalg.eigvals", "torch.symeig", "torch.eig"],
)
needs_you(
    "torch.pinverse",
    "the gradient of the pseudo-inverse is not proved",
    workaround="torch.inverse(A.t() @ A) @ A.t()",
    also=["torch.linalg.pinv", "torch.Tensor.pinverse"],
)
needs_you(
    "torch.linalg.lstsq",
    "not proved yet",
    workaround="torch.linalg.solve on the normal equations",
    also=["torch.lstsq", "torch.linalg.matrix_rank"],
)
