"""Arithmetic element by element, comparisons and logic."""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

from converter.rules.base import Case, Refusal, action, call, needs_you, rule, snippet
from converter.rules.use import Use


def _register_native(api: str, signature: str, function: str, cases: Iterable[Case], method: bool = True) -> None:
    """A function of Jittor's core, which takes arguments by position only (and no ``out``)."""

    def convert(use: Use) -> cst.BaseExpression | Refusal | None:
        if use.starred:
            return use.same_arguments(f"jittor.{function}")
        if use.kind("other") == "wide int" and not use.given("out"):
            first = use.receiver if use.receiver is not None else use.bound["input"]
            return use.call("helpers.exactly", cst.SimpleString(f'"{function}"'), first, use.bound["other"])
        if all(a.keyword is None for a in use.args):
            return use.same_arguments(f"jittor.{function}") if use.receiver is None else use.same_method(function)
        ordered = [use.bound[p.name] for p in use.rule.parameters if p.name in use.bound]
        if use.receiver is not None:
            return use.method(use.receiver, function, *ordered)
        return use.call(f"jittor.{function}", *ordered)

    action(api, signature, method=method, value_to=f"jittor.{function}", cases=tuple(cases))(convert)


# Jittor's own, proved equal for floats and their gradients.
_SAME = {
    "exp": ("exp", "A"), "sqrt": ("sqrt", "P"), "log": ("log", "P"), "log2": ("log2", "P"), "sin": ("sin", "A"),
    "cos": ("cos", "A"),
    "tan": ("tan", "P"), "asin": ("asin", "P"), "acos": ("acos", "P"), "atan": ("atan", "A"), "sinh": ("sinh", "A"),
    "cosh": ("cosh", "A"), "tanh": ("tanh", "A"), "asinh": ("asinh", "A"), "atanh": ("atanh", "P"), "erf": ("erf", "A"),
    "rsqrt": ("rsqrt", "P"), "deg2rad": ("deg2rad", "A"), "rad2deg": ("rad2deg", "A"),
}  # fmt: skip
for _torch, (_jittor, _input) in _SAME.items():
    _register_native(f"torch.{_torch}", "(input, *, out=None)", _jittor, [call(input=_input, tolerance="special")])
_register_native("torch.special.erf", "(input)", "erf", [call(input="A", tolerance="special")], method=False)
_register_native("torch.erfinv", "(input, *, out=None)", "erfinv", [call(input="A.tanh()", tolerance="special")])
_register_native(
    "torch.special.erfinv", "(input)", "erfinv", [call(input="A.tanh()", tolerance="special")], method=False
)
for _name in ("neg", "negative"):
    _register_native(f"torch.{_name}", "(input)", "negative", [call(input="A"), call(input="N")])
_HELPED = {
    "abs": ("absolute", ["A", "N"]), "sign": ("sign_of", ["A", "N"]), "log10": ("log10", ["P"]),
    "log1p": ("log1p", ["P"]),
    "expm1": ("expm1", ["A"]), "reciprocal": ("reciprocal", ["P", "K"]), "square": ("squared", ["A", "N"]),
    "trunc": ("trunc", ["A"]), "frac": ("frac", ["A"]), "floor": ("floor_of", ["A", "N"]), "ceil": ("ceil", ["A", "N"]),
    "logical_not": ("logical_not", ["A", "M"]), "bitwise_not": ("bitwise_not", ["M", "N"]),
    "sigmoid": ("sigmoid", ["A", "N"]),
    "sinc": ("sinc", ["A"]), "isnan": ("isnan", ["A", "N"]), "isinf": ("isinf", ["A"]), "isfinite": ("isfinite", ["A"]),
    "isposinf": ("isposinf", ["A"]), "isneginf": ("isneginf", ["A"]),
}  # fmt: skip
for _torch, (_helper, _inputs) in _HELPED.items():
    rule(
        f"torch.{_torch}",
        "(input)",
        to=f"helpers.{_helper}",
        method=True,
        also=[f"torch.{n}" for n in {"abs": ["absolute"], "trunc": ["fix"]}.get(_torch, [])],
        cases=[call(input=i, tolerance="special") for i in _inputs],
    )
_EXTREMES = "x = V - V.detach() + torch.tensor([float('nan'), float('inf'), float('-inf'), 0.0])\n"
_EDGES = "x = A * torch.tensor([0.0, 1.0, -1.0, 0.0])\n"
rule("torch.Tensor.absolute", "()", to="helpers.absolute", cases=[snippet(_EDGES + "return x.absolute()")])
rule("torch.special.expit", "(input)", to="helpers.sigmoid", cases=[call(input="A")])
rule("torch.positive", "(input)", to="helpers.as_it_is", method=True, cases=[call(input="A")])
rule(
    "torch.round",
    "(input, *, decimals=0)",
    to="helpers.rounded",
    method=True,
    cases=[
        call(input="A * 3", decimals="1"),
        snippet("return torch.round(torch.tensor([0.5, 1.5, 2.5, -0.5, -1.5, 2.4, -2.6])), N.round()"),
    ],
)
for _name, _helper, _more in (
    ("add", "add", ", *, alpha=1, out=None"),
    ("sub", "sub", ", *, alpha=1, out=None"),
    ("subtract", "sub", ", *, alpha=1, out=None"),
    ("rsub", "rsub", ", *, alpha=1"),
):
    rule(
        f"torch.{_name}",
        f"(input, other{_more})",
        to=f"helpers.{_helper}",
        method=_name != "rsub",
        cases=[
            call(input="A", other="B", alpha="2"),
            call(input="N", other="A", alpha="2"),
            call(input="A", other="1.5"),
            call(input="U", other="U"),
        ],
    )
for _name in ("mul", "multiply"):
    rule(
        f"torch.{_name}",
        "(input, other, *, out=None)",
        to="helpers.mul",
        method=True,
        cases=[
            call(input="A", other="B"),
            call(input="M", other="A"),
            call(input="U", other="U"),
            call(input="M", other="2.5", tolerance="dtype"),
        ],
    )
for _name in ("div", "divide"):
    rule(
        f"torch.{_name}",
        "(input, other, *, rounding_mode=None, out=None)",
        to="helpers.div",
        method=True,
        cases=[
            call(input="A", other="P", rounding_mode="'floor'"),
            call(input="A", other="P", rounding_mode="'trunc'"),
            call(input="N", other="K", rounding_mode="'trunc'"),
            call(input="N", other="K"),
            call(input="U", other="255", tolerance="dtype"),
        ],
    )
rule("torch.true_divide", "(input, other)", to="helpers.div", method=True, cases=[call(input="N", other="K")])
rule(
    "torch.floor_divide",
    "(input, other)",
    to="helpers.floor_divide",
    method=True,
    cases=[
        call(input="N", other="3"),
        call(input="N", other="K", tolerance="dtype"),
        call(input="A", other="0.3", grad=False),
        call(input="U", other="7"),
        snippet(f"{_EXTREMES}return x.detach() // 2, x.detach() // -2.5, 2.0 // x.detach()", grad=False),
        snippet(
            "return torch.tensor([5.0, 1.0, 1e10, 7.0]) // torch.tensor([0.1, 0.1, 3.0, float('inf')])", grad=False
        ),
    ],
)
rule(
    "torch.remainder",
    "(input, other)",
    to="helpers.remainder",
    method=True,
    cases=[
        call(input="N", other="3"),
        call(input="N", other="-K"),
        call(input="A", other="0.75"),
        call(input="A", other="P"),
        snippet(f"{_EXTREMES}return x % 2, x % -2.5, (x + 1e10) % 3"),
        snippet("return V % float('inf'), V % float('-inf'), 1 % torch.tensor([0.1, -0.1])", grad=False),
    ],
)
rule(
    "torch.fmod",
    "(input, other)",
    to="helpers.fmod",
    method=True,
    cases=[
        call(input="N", other="3"),
        call(input="A", other="0.75"),
        call(input="A", other="P"),
        snippet(f"{_EXTREMES}return torch.fmod(x, 2), torch.fmod(V, float('inf')), torch.fmod(x + 1e10, -3.0)"),
    ],
)
rule(
    "torch.pow",
    "(input, exponent, *, out=None)",
    to="helpers.power_of",
    method=True,
    cases=[
        call(input="A", exponent="2"),
        call(input="A", exponent="3"),
        call(input="P", exponent="0.5"),
        call(input="P", exponent="1.7", tolerance="special"),
        call(input="P", exponent="R", tolerance="special"),
        call(input="N", exponent="2"),
        snippet("return torch.pow(2, A), torch.pow(2.5, P)", tolerance="special"),
        snippet("return torch.pow(A * torch.tensor([0.0, 1.0, 1.0, 0.0]), 2)"),
        snippet(f"{_EXTREMES}return x.pow(-2), x.pow(-1), x.pow(3)"),
    ],
)
rule(
    "torch.clamp",
    "(input, min=None, max=None, *, out=None)",
    to="helpers.clamp",
    also=["torch.clip"],
    method=True,
    cases=[
        call(input="A", min="-0.5", max="0.5"),
        call(input="A", max="0.3"),
        call(input="N", min="0"),
        call(input="A", min="B - 1", max="B + 0.1"),
        snippet("return torch.tensor([0.0, 1.0, 2.0, 0.5]).mul(V * 0 + 1).clamp(0, 1)"),
        snippet(_EXTREMES + "return x.clamp(-1, 1), x.clamp(min=0), x.clamp(max=0.5), x.clamp(1, -1)"),
    ],
)
rule("torch.Tensor.clip", "(min=None, max=None)", to="helpers.clamp", cases=[call(self="A", min="-0.5", max="0.5")])
rule("torch.clamp_min", "(input, min)", to="helpers.clamp_min", method=True, cases=[call(input="A", min="0")])
rule("torch.clamp_max", "(input, max)", to="helpers.clamp_max", method=True, cases=[call(input="A", max="0.25")])
for _name in ("maximum", "minimum"):
    rule(
        f"torch.{_name}",
        "(input, other, *, out=None)",
        to=f"helpers.{_name}",
        method=True,
        cases=[
            call(input="A", other="B"),
            call(input="N", other="K"),
            snippet(f"return torch.{_name}(A, A * 1)"),
            snippet(f"{_EXTREMES}return torch.{_name}(x, x * 0), torch.{_name}(x * 0 + 1, x), torch.{_name}(x, x)"),
        ],
    )
    rule(
        f"torch.f{_name[:3]}",
        "(input, other, *, out=None)",
        to=f"helpers.f{_name[:3]}",
        method=True,
        cases=[
            call(input="A", other="B"),
            snippet(f"{_EXTREMES}return torch.f{_name[:3]}(x, V[0] * 0), torch.f{_name[:3]}(x * 0 + 1, x)"),
        ],
    )
for _name in ("logaddexp", "hypot", "xlogy"):
    rule(
        f"torch.{_name}",
        "(input, other, *, out=None)",
        to=f"helpers.{_name}",
        method=True,
        also=["torch.special.xlogy"] if _name == "xlogy" else [],
        cases=[
            call(input="P", other="P.flip(0) + 1", tolerance="special"),
            snippet(f"return torch.{_name}(V * 0, V.abs() + 0.5), torch.{_name}(V, V * 0 + 3)", tolerance="special"),
        ],
    )
rule("torch.exp2", "(input, *, out=None)", to="helpers.exp2", method=True, cases=[call(input="A", tolerance="special")])
rule(
    "torch.where",
    "(condition, input=None, other=None)",
    to="helpers.where",
    cases=[
        call(condition="M", input="A", other="B"),
        call(condition="A > 0", input="A", other="0.0"),
        snippet("return torch.where(M, 1.0, 0.0), torch.where(M, N, 0)"),
        snippet("return torch.where(M, A, V), torch.where(M)"),
    ],
)
rule(
    "torch.Tensor.where",
    "(condition, other)",
    to="helpers.method_where",
    cases=[call(self="A", condition="M", other="B"), call(self="A", condition="A > 0", other="0.0")],
)
rule(
    "torch.masked_fill",
    "(input, mask, value)",
    to="helpers.masked_fill",
    method=True,
    cases=[
        call(input="A", mask="M", value="-1e9"),
        call(input="N", mask="M", value="5"),
        snippet("return X.masked_fill(M.unsqueeze(0), float('-inf')), X.masked_fill(A > 0, 0.3)"),
    ],
)
rule(
    "torch.lerp",
    "(input, end, weight)",
    to="helpers.lerp",
    method=True,
    cases=[
        call(input="A", end="B", weight="0.3"),
        call(input="A", end="B", weight="P"),
        snippet(f"{_EXTREMES}return torch.lerp(x, V, 0.3), torch.lerp(V, x, 0.7), torch.lerp(x, V, V * 0 + 0.7)"),
    ],
)
rule(
    "torch.addcmul",
    "(input, tensor1, tensor2, *, value=1)",
    to="helpers.addcmul",
    method=True,
    cases=[call(input="A", tensor1="B", tensor2="P", value="0.5")],
)
rule(
    "torch.addcdiv",
    "(input, tensor1, tensor2, *, value=1)",
    to="helpers.addcdiv",
    method=True,
    cases=[call(input="A", tensor1="B", tensor2="P", value="0.5")],
)
rule(
    "torch.nan_to_num",
    "(input, nan=0.0, posinf=None, neginf=None)",
    to="helpers.nan_to_num",
    method=True,
    cases=[
        snippet("return torch.nan_to_num(torch.tensor([float('nan'), float('inf'), -float('inf'), 1.0]))"),
        call(input="A", nan="1.0", posinf="2.0"),
        call(input="N"),
    ],
)
rule(
    "torch.atan2",
    "(input, other)",
    to="helpers.atan2",
    also=["torch.arctan2"],
    method=True,
    cases=[
        call(input="A", other="B", tolerance="special"),
        snippet(
            f"{_EXTREMES}z = torch.tensor([-0.0, 0.0, float('inf'), -0.0])\n"
            "return torch.atan2(x, V), torch.atan2(V, x), torch.atan2(z, x), torch.atan2(x, z), torch.atan2(x, x)",
            tolerance="special",
        ),
    ],
)
for _name in ("and", "or", "xor"):
    rule(
        f"torch.logical_{_name}",
        "(input, other)",
        to=f"helpers.logical_{_name}",
        method=True,
        cases=[call(input="M", other="L"), call(input="N", other="M")],
    )
    _register_native(
        f"torch.bitwise_{_name}",
        "(input, other)",
        f"bitwise_{_name}",
        [
            call(input="N", other="K"),
            call(input="M", other="L"),
            call(input="N", other="2**40 + 5"),
            call(input="U", other="U"),
        ],
    )
for _name, _function in (
    ("eq", "equal"), ("ne", "not_equal"), ("lt", "less"), ("le", "less_equal"), ("gt", "greater"),
    ("ge", "greater_equal"),
    ("not_equal", "not_equal"), ("less", "less"), ("less_equal", "less_equal"), ("greater", "greater"),
    ("greater_equal", "greater_equal"),
):  # fmt: skip
    _register_native(
        f"torch.{_name}",
        "(input, other, *, out=None)",
        _function,
        [
            call(input="N", other="K"),
            call(input="A", other="0.0"),
            call(input="N", other="2"),
            call(input="N", other="2**40"),
        ],
    )
rule(
    "torch.isclose",
    "(input, other, rtol=1e-05, atol=1e-08, equal_nan=False)",
    to="helpers.isclose",
    method=True,
    cases=[call(input="A", other="A + 1e-4", atol="1e-3"), call(input="A", other="A * 1", equal_nan="True")],
)
rule(
    "torch.allclose",
    "(input, other, rtol=1e-05, atol=1e-08, equal_nan=False)",
    to="helpers.allclose",
    method=True,
    returns="bool",
    cases=[call(input="A", other="A + 1e-4", atol="1e-3"), call(input="A", other="B")],
)
rule(
    "torch.equal",
    "(input, other)",
    to="helpers.equal",
    method=True,
    returns="bool",
    cases=[call(input="A", other="A"), call(input="A", other="V")],
)
rule(
    "torch.isin",
    "(elements, test_elements, *, invert=False)",
    to="helpers.isin",
    cases=[call(elements="N", test_elements="T"), call(elements="N", test_elements="T", invert="True")],
)
rule(
    "torch.heaviside",
    "(input, values)",
    to="helpers.heaviside",
    method=True,
    cases=[call(input="A", values="torch.tensor([0.5])", grad=False)],
)
rule(
    "torch.logit",
    "(input, eps=None)",
    to="helpers.logit",
    method=True,
    also=["torch.special.logit"],
    cases=[
        call(input="P", tolerance="special"),
        call(input="P", eps="0.2", tolerance="special"),
        snippet("return torch.logit(V * 0 + torch.tensor([0.0, 1.0, 0.5, 0.25]))", tolerance="special"),
    ],
)
needs_you(
    "torch.erfc",
    "Jittor has no erfc, and 1 - erf(x) loses all digits for large x",
    workaround="1 - torch.erf(x) where x is small",
    also=["torch.Tensor.erfc"],
)
needs_you(
    "torch.lgamma",
    "Jittor's lgamma has no verified gradient",
    also=["torch.digamma", "torch.Tensor.lgamma", "torch.Tensor.digamma"],
)
needs_you(
    "torch.complex",
    "Jittor has no complex tensors",
    workaround="keep real and imaginary parts in two tensors",
    also=["torch.view_as_complex", "torch.view_as_real", "torch.polar", "torch.complex64", "torch.complex128"],
)
