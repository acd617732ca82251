"""Types of elements: names, casts, questions about them, and numerical constants."""

from __future__ import annotations

import libcst as cst

from converter.rules.base import Refusal, action, call, needs_you, rule, snippet
from converter.rules.use import Use

_DTYPES = {
    "float32": "float32", "float": "float32", "float64": "float64", "double": "float64", "float16": "float16",
    "half": "float16",
    "int64": "int64", "long": "int64", "int32": "int32", "int": "int32", "int16": "int16",
    "short": "int16", "int8": "int8", "uint8": "uint8", "bool": "bool",
}  # fmt: skip
for _torch, _jittor in _DTYPES.items():
    _row = "dtype" if "16" not in _jittor or _jittor == "int16" else "half"
    rule(
        f"torch.{_torch}",
        to=f"jittor.{_jittor}",
        returns="dtype",
        cases=[snippet(f"return A.to(torch.{_torch}), A.to(torch.{_torch}).dtype == torch.{_torch}", tolerance=_row)],
    )

_CASTS = {
    "float": "float32", "double": "float64", "half": "float16", "long": "int64", "int": "int32",
    "short": "int16", "char": "int8", "byte": "uint8", "bool": "bool",
}  # fmt: skip
for _torch, _jittor in _CASTS.items():
    _row = "dtype" if "16" not in _jittor or _jittor == "int16" else "half"
    rule(
        f"torch.Tensor.{_torch}",
        "(*, memory_format=None)",
        to=f"Var.{_jittor}",
        drop=["memory_format"],
        cases=[
            call(self="K", tolerance=_row),
            call(self="H" if _torch in ("byte", "char") else "A", tolerance=_row),
            call(self="M", tolerance=_row),
        ],
    )
rule(
    "torch.Tensor.to",
    "(*args, dtype=None, device=None, other=None, non_blocking=False, copy=False, memory_format=None)",
    to="helpers.cast_to",
    cases=[
        call(self="A", args="torch.float64", tolerance="dtype"),
        call(self="N", args="A", tolerance="dtype"),
        call(self="A", args="'cpu'", non_blocking="True", tolerance="dtype"),
        call(self="A", device="'cpu'", dtype="torch.int32", tolerance="dtype"),
        snippet("return A.to(A.device, torch.float64)", tolerance="dtype"),
    ],
)
rule(
    "torch.Tensor.type",
    "(dtype=None, non_blocking=False)",
    to="helpers.tensor_type",
    returns="unknown",
    cases=[
        call(self="A", dtype="torch.int64", tolerance="dtype"),
        snippet("return A.type(torch.FloatTensor), N.type('torch.FloatTensor'), N.type()", tolerance="dtype"),
        snippet("return (A > 0).type(torch.Tensor), N.type(torch.Tensor)", tolerance="dtype"),
    ],
)
rule("torch.Tensor.type_as", "(other)", to="helpers.cast_like", cases=[call(self="N", other="A", tolerance="dtype")])
rule(
    "torch.Tensor.dtype",
    keep=True,
    returns="dtype",
    cases=[
        snippet("return A.dtype, N.dtype, N.dtype == torch.int64"),
        snippet(
            "names = {torch.float32: 'f', torch.bfloat16: 'b', N.dtype: 'n'}\nhalf = (torch.float16, torch.bfloat16)\n"
            "sizes = frozenset({torch.float16, torch.bfloat16})\n"
            "return names[A.dtype], names.get(N.dtype), names.get(M.dtype, 'none'), A.dtype in {torch.float32}, "
            "A.dtype in half, A.dtype not in sizes, N.dtype == torch.bfloat16, names[torch.int64]",
            grad=False,
        ),
    ],
)
rule(
    "torch.is_floating_point",
    "(input)",
    to="helpers.is_floating_point",
    method=True,
    returns="bool",
    cases=[call(input="A"), call(input="N")],
)
rule(
    "torch.is_tensor",
    "(obj)",
    to="jittor.is_var",
    returns="bool",
    cases=[snippet("return torch.is_tensor(A), torch.is_tensor([1])")],
    rename={"obj": "v"},
)
rule(
    "torch.result_type",
    "(tensor1, tensor2, /)",
    to="helpers.result_type",
    returns="dtype",
    cases=[call(tensor1="N", tensor2="A"), call(tensor1="A", tensor2="D")],
)
rule(
    "torch.can_cast",
    "(from_, to)",
    to="helpers.can_cast",
    returns="bool",
    cases=[snippet("return torch.can_cast(torch.float32, torch.int64), torch.can_cast(torch.int64, torch.float32)")],
)
for _name in ("finfo", "iinfo"):
    _type = "float32" if _name == "finfo" else "int32"
    rule(
        f"torch.{_name}",
        "(type=None)",
        to="helpers.FloatInfo" if _name == "finfo" else "helpers.IntegerInfo",
        returns="unknown",
        cases=[snippet(f"x = torch.{_name}(torch.{_type})\nreturn x.min, x.max, x.bits")],
    )
rule(
    "torch.inf", to="python:float('inf')", returns="float", cases=[snippet("return A.clamp(max=torch.inf), torch.inf")]
)
rule("torch.nan", to="python:float('nan')", returns="float", cases=[snippet("return torch.nan")])
rule("torch.pi", to="python:3.141592653589793", returns="float", cases=[snippet("return A * torch.pi, torch.pi")])
rule("torch.e", to="python:2.718281828459045", returns="float", cases=[snippet("return torch.e")])
rule("torch.newaxis", to="python:None", returns="none", cases=[snippet("return A[:, torch.newaxis]")])
rule(
    "torch.strided", to="python:None", returns="unknown", cases=[snippet("return torch.zeros(2, layout=torch.strided)")]
)
for _name in ("contiguous_format", "channels_last", "preserve_format"):
    rule(
        f"torch.{_name}",
        to="python:None",
        returns="unknown",
        cases=[snippet(f"return IMG.contiguous(memory_format=torch.{_name})")],
    )


@action("torch.Tensor.cpu", "(memory_format=None)", cases=[call(self="A")])
@action(
    "torch.Tensor.pin_memory",
    "(device=None)",
    cases=[snippet("return A.pin_memory() if torch.cuda.is_available() else A")],
)
@action(
    "torch.Tensor.cuda",
    "(device=None, non_blocking=False, memory_format=None)",
    cases=[snippet("return A.cuda() if torch.cuda.is_available() else A")],
)
def _same_place(use: Use) -> cst.BaseExpression | Refusal | None:
    """Jittor moves data by itself, for the whole program (``jt.flags.use_cuda``)."""
    return use.receiver


needs_you(
    "torch.bfloat16",
    "Jittor cuts the last digits off where Torch rounds, so that values differ in the last of bfloat16's 8 bits",
    workaround="torch.float32 or torch.float16",
    also=["torch.Tensor.bfloat16"],
)
