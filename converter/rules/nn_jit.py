"""TorchScript and fx: marks for compilers that Jittor does not have."""

# ruff: noqa: E501 - the source of a snippet stays on one line

from __future__ import annotations

import libcst as cst

from converter.rules.base import Refusal, action, needs_you, rule, snippet
from converter.rules.use import Use

rule(
    "torch.jit.is_scripting",
    "()",
    to="python:False",
    returns="bool",
    cases=[
        snippet("return 1 if torch.jit.is_scripting() else 2"),
        snippet("return A * 2 if not torch.jit.is_scripting() else A"),
    ],
)
rule(
    "torch.jit.is_tracing",
    "()",
    to="python:False",
    returns="bool",
    cases=[snippet("return torch.jit.is_tracing()")],
)
_DECORATED = "class Net(nn.Module):\n    @{0}\n    def helper(self, x):\n        return x + 1\n    def forward(self, x):\n        return self.helper(x)\nreturn Net()(A)"
for _name in ("torch.jit.ignore", "torch.jit.unused", "torch.jit.export"):
    rule(_name, "(fn=None)", to="remove:decorator", cases=[snippet(_DECORATED.format(_name))])

rule(
    "torch.jit.interface",
    "(obj)",
    to="remove:decorator",
    cases=[
        snippet(
            "@torch.jit.interface\nclass Step(nn.Module):\n    def forward(self, x: torch.Tensor) -> torch.Tensor:\n"
            "        pass\nreturn Step.__name__, A * 2"
        )
    ],
)


@action(
    "torch.jit.script",
    "(obj, *args, **kwargs)",
    to="remove:decorator",
    returns="same",
    cases=[
        snippet("@torch.jit.script\ndef double(x):\n    return x * 2\nreturn double(A)"),
        snippet("net = torch.jit.script(nn.ReLU())\nreturn net(A)"),
    ],
)
def _script(use: Use) -> cst.BaseExpression | Refusal | None:
    """``torch.jit.script(model)`` is the model; the decorator disappears."""
    return use.bound.get("obj") if len(use.bound) == 1 and not use.starred else None


rule(
    "torch.fx.wrap",
    "(fn_or_name)",
    to="remove:statement",
    cases=[
        snippet("import torch.fx\nif A.ndim > 9:\n    torch.fx.wrap('len')\nreturn A * len(A)"),
        snippet(
            "import torch.fx\ntry:\n    from torch.fx import wrap\n\n    @wrap\n    def double(x):\n"
            "        return x * 2\nexcept NotImplementedError:\n    double = torch.neg\nreturn double(A)"
        ),
    ],
)
for _name in ("trace", "load", "save", "freeze", "optimize_for_inference", "trace_module"):
    needs_you(
        f"torch.jit.{_name}", "Jittor has no TorchScript.", workaround="call the model itself; save its state_dict"
    )
