"""Operators on tensors whose meaning differs in Jittor, for some tensors or for all."""

from __future__ import annotations

import libcst as cst

from converter.rules.base import Refusal, action, rule, snippet
from converter.rules.use import Use

# Operators whose meaning differs for some tensors.
rule(
    "torch.Tensor.__floordiv__",
    "(other)",
    to="helpers.floor_divide",
    cases=[snippet("return N // 3, N // K, U // 7"), snippet("return A // 0.3", grad=False)],
)
rule("torch.Tensor.__rfloordiv__", "(other)", to="helpers.rfloor_divide", cases=[snippet("return -7 // K")])
rule("torch.Tensor.__mod__", "(other)", to="helpers.remainder", cases=[snippet("return N % 3, N % K, A % 0.75")])
rule("torch.Tensor.__rmod__", "(other)", to="helpers.rremainder", cases=[snippet("return -7 % K")])
rule("torch.Tensor.__invert__", "()", to="helpers.bitwise_not", cases=[snippet("return ~M, ~N, ~(A > 0)")])
rule(
    "torch.Tensor.__matmul__",
    "(other)",
    to="helpers.matmul",
    cases=[snippet("return A @ W, X @ Y, V @ V, A @ V, N @ N.t()")],
)
rule(
    "torch.Tensor.__rpow__",
    "(other)",
    to="helpers.rpow",
    cases=[
        snippet("return 2 ** A, 2 ** K", tolerance="special"),
        # Of what a program's own function returns nothing is known.
        snippet("def g(x):\n    return x * 1\nreturn g(P) ** A, g(K) ** K, g(N) // K, g(N) % K", tolerance="special"),
    ],
)


@action(
    "torch.Tensor.__pow__",
    "(other)",
    cases=[snippet("return A ** 2, A ** 3, P ** 0.5, P ** -1, N ** 2"), snippet("return P ** R", tolerance="special")],
)
def _power(use: Use) -> cst.BaseExpression | Refusal | None:
    return use.call("helpers.power_of", use.receiver, use.bound["other"]) if use.receiver is not None else None


def _is_boolean(node: cst.BaseExpression | None) -> bool:
    """Whether an expression shows that it is boolean: a comparison, ``.bool()``, ``~mask`` (converted already)."""
    if isinstance(node, cst.Comparison):
        return True
    name = node.func.attr.value if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) else ""
    return name in (
        "bool",
        "byte",
        "uint8",
        "eq",
        "equal",
        "not_equal",
        "less",
        "greater",
        "less_equal",
        "greater_equal",
        "isnan",
    ) or (name.startswith(("logical_", "bitwise_not")))


def _register_arithmetic(name: str, helper: str, swapped: str, example: str, reverse: str) -> None:
    """Jittor computes booleans and one-byte integers in int8 or float16; elsewhere its operator is the same."""

    def forward(use: Use) -> cst.BaseExpression | Refusal | None:
        other = use.bound["other"]
        assert use.receiver is not None
        bytes_scaled = name == "truediv" and use.literal("other") in (255, 255.0, 128, 128.0, 127.5, 127)
        if use.kind("promotes") == "bool" or _is_boolean(use.receiver) or _is_boolean(other) or bytes_scaled:
            return use.call(f"helpers.{helper}", use.receiver, other)
        return use.node

    def backward(use: Use) -> cst.BaseExpression | Refusal | None:
        assert use.receiver is not None
        if use.kind("promotes") == "bool" or _is_boolean(use.receiver):
            return use.call(f"helpers.{swapped}", use.receiver, use.bound["other"])
        return use.node

    wide = "return N.long() {0} 2**33, A {0} 2**33"
    symbol = {"add": "+", "sub": "-", "mul": "*", "truediv": "/"}[name]
    action(
        f"torch.Tensor.__{name}__", "(other)", cases=[snippet(example), snippet(wide.format(symbol), tolerance="dtype")]
    )(forward)
    action(f"torch.Tensor.__r{name}__", "(other)", cases=[snippet(reverse)])(backward)


_register_arithmetic(
    "add", "add", "add", "return A + B, (A > 0) + 1, (A > 0) + B, N + 1.5", "return 1.5 + A, 1 + (A > 0)"
)
_register_arithmetic(
    "sub", "sub", "rsub", "return A - B, A - (A > 0).float(), N - 1", "return 1.5 - A, 1 - (A > 0).float()"
)
_register_arithmetic(
    "mul", "mul", "mul", "return A * B, (A > 0) * 2.5, (A > 0) * B, A * 0.3", "return 2.5 * (A > 0), 2 * A"
)
_register_arithmetic("truediv", "div", "rdiv", "return A / P, (A > 0) / 2, U / 255, A / 3", "return 2 / P, 1 / K")


def _register_bitwise(name: str, symbol: str) -> None:
    """The same in Jittor, except of a number that does not fit 32 bits."""

    def convert(use: Use) -> cst.BaseExpression | Refusal | None:
        if use.kind("promotes") != "bool" or use.receiver is None:
            return use.node
        return use.call("helpers.exactly", cst.SimpleString(f'"bitwise_{name}"'), use.receiver, use.bound["other"])

    cases = [
        snippet(f"return N {symbol} K, N {symbol} 6, (A > 0) {symbol} M"),
        snippet(f"return (N * 2**33 + 5) {symbol} 0xFFFFFFFF, 0xFFFFFFFF {symbol} (N * 2**33)"),
    ]
    for operator in (f"__{name}__", f"__r{name}__"):
        action(f"torch.Tensor.{operator}", "(other)", cases=cases)(convert)


for _name, _symbol in (("and", "&"), ("or", "|"), ("xor", "^")):
    _register_bitwise(_name, _symbol)
