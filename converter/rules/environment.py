"""What programs ask about Torch itself: types for annotations, default settings, compilers."""

from __future__ import annotations

from converter.rules.base import rule, snippet

rule(
    "torch.dtype",
    to="helpers.DType",
    cases=[
        snippet(
            "return isinstance(A.dtype, torch.dtype), isinstance(torch.int64, torch.dtype), "
            "isinstance('float32', torch.dtype), isinstance(A, torch.dtype), isinstance(1.5, torch.dtype)"
        ),
        snippet(
            "from typing import Optional, Union\n"
            "def f(x, dtype: Optional[torch.dtype] = None, other: torch.dtype | None = None, d: Union[torch.dtype, str]"
            " = 'cpu'):\n    return x if dtype is None else x.to(dtype)\nreturn f(A), f(A, torch.float64)",
            tolerance="dtype",
        ),
    ],
)
rule(
    "torch.dtype.is_floating_point",
    to="helpers.is_floating_point",
    returns="bool",
    cases=[snippet("return A.dtype.is_floating_point, N.dtype.is_floating_point")],
)
rule(
    "torch.dtype.is_complex",
    to="python:False",
    returns="bool",
    cases=[snippet("return A.dtype.is_complex")],
)
rule(
    "torch.jit.Final",
    to="helpers.Final",
    cases=[
        snippet(
            "class Net(nn.Module):\n    fused: torch.jit.Final[bool]\n    def __init__(self):\n"
            "        super().__init__()\n        self.fused: torch.jit.Final[bool] = True\n    def forward(self, x):\n"
            "        return x * 2 if self.fused else x\nreturn Net()(A)"
        )
    ],
)
for _name in ("List", "Tuple", "Dict"):
    rule(
        f"torch.jit.annotations.{_name}",
        to=f"python:{_name.lower()}",
        cases=[
            snippet(
                f"from torch.jit.annotations import {_name}\ndef f(x, sizes: {_name}[int, int] = None):\n"
                "    return x * 2\nreturn f(A)"
                if _name != "List"
                else "from torch.jit.annotations import List\ndef f(xs: List[torch.Tensor]):\n"
                "    return xs[0] * 2\nreturn f([A])"
            )
        ],
    )
rule(
    "torch.get_default_dtype",
    "()",
    to="helpers.get_default_dtype",
    returns="dtype",
    cases=[snippet("return torch.zeros(2, dtype=torch.get_default_dtype())", tolerance="dtype")],
)
rule(
    "torch.get_default_device",
    "()",
    to="helpers.get_default_device",
    returns="device",
    cases=[snippet("return torch.get_default_device().type, str(torch.get_default_device())", grad=False)],
)
for _name in ("torch.compiler.is_compiling", "torch.compiler.is_exporting", "torch.compiler.is_dynamo_compiling"):
    rule(_name, "()", to="python:False", returns="bool", cases=[snippet(f"return {_name}()", grad=False)])
rule(
    "torch._dynamo.is_compiling",
    "()",
    to="python:False",
    returns="bool",
    cases=[snippet("import torch._dynamo\nreturn torch._dynamo.is_compiling()", grad=False)],
)
_NOTE = "the converted program computes in float32: mixed precision is never on"
rule(
    "torch.is_autocast_enabled",
    "(device_type=None)",
    to="helpers.is_autocast_enabled",
    returns="bool",
    restriction=_NOTE,
    cases=[snippet("return torch.is_autocast_enabled(), torch.is_autocast_enabled('cpu')", grad=False)],
)
rule(
    "torch.is_autocast_cpu_enabled",
    "()",
    to="python:False",
    returns="bool",
    restriction=_NOTE,
    cases=[snippet("return torch.is_autocast_cpu_enabled()", grad=False)],
)
for _name, _signature, _given in (
    ("get_autocast_dtype", "(device_type)", "'cpu'"),
    ("get_autocast_cpu_dtype", "()", ""),
    ("get_autocast_gpu_dtype", "()", ""),
):
    rule(
        f"torch.{_name}",
        _signature,
        to=f"helpers.{_name}",
        returns="dtype",
        restriction=_NOTE,
        cases=[snippet(f"return A.to(torch.{_name}({_given})) if torch.is_autocast_enabled('cpu') else A", grad=False)],
    )
rule(
    "torch.nn.modules.transformer._get_activation_fn",
    "(activation)",
    to="helpers.activation_of_name",
    cases=[
        snippet(
            "from torch.nn.modules.transformer import _get_activation_fn\n"
            "return _get_activation_fn('relu')(A), _get_activation_fn('gelu')(A)",
            tolerance="special",
        )
    ],
)
