"""Questions about tensors and dtypes."""

from __future__ import annotations

from converter.rules.base import call, rule, snippet

rule(
    "torch.is_complex",
    "(input)",
    to="helpers.is_complex",
    method=True,
    returns="bool",
    cases=[call(input="A"), call(input="N")],
)
rule(
    "torch.are_deterministic_algorithms_enabled",
    "()",
    to="python:False",
    returns="bool",
    restriction="Jittor has no such switch: the answer is always no",
    cases=[snippet("return torch.are_deterministic_algorithms_enabled()")],
)
for _name in ("is_mps", "is_xpu", "is_quantized", "is_meta", "is_nested", "is_mkldnn"):
    rule(f"torch.Tensor.{_name}", to="python:False", returns="bool", cases=[snippet(f"return A.{_name}")])
rule(
    "torch.promote_types",
    "(type1, type2)",
    to="helpers.promote_types",
    returns="dtype",
    cases=[
        snippet(f"return torch.zeros(2, dtype=torch.promote_types(torch.{a}, torch.{b}))")
        for a, b in (("int64", "float32"), ("float16", "float32"), ("uint8", "int32"), ("bool", "uint8"))
    ],
)
rule(
    "torch.scalar_tensor",
    "(s, *, dtype=None, device=None, requires_grad=False)",
    to="helpers.scalar_tensor",
    cases=[
        snippet("return torch.scalar_tensor(3), torch.scalar_tensor(2.5, dtype=torch.float64)"),
        snippet("return A * torch.scalar_tensor(2, device=A.device)"),
    ],
)
