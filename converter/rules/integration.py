"""Integrals of sampled functions."""

from __future__ import annotations

from converter.rules.base import call, rule, snippet

rule(
    "torch.trapezoid",
    "(y, x=None, *, dx=1.0, dim=-1)",
    to="helpers.trapezoid",
    also=["torch.trapz"],
    cases=[
        call(y="A"),
        call(y="A", dx="0.5", dim="0"),
        call(y="A", x="B"),
        snippet("return torch.trapezoid(A * 0 + torch.tensor([1.0, 2.0, float('inf'), 1.0]))"),
        call(y="A", x="torch.tensor([0.0, 1.0, 4.0])", dim="0"),
    ],
)
