"""What programs take from Torch's inner modules: sizes as tuples, base classes, version, checks, kernels."""

from __future__ import annotations

import libcst as cst

from converter.rules.base import Refusal, action, rule, snippet
from converter.rules.use import Use

rule(
    "torch.__version__",
    to="helpers.TORCH_VERSION",
    returns="str",
    restriction="the version of Torch that the rules are proved against",
    cases=[
        snippet(
            "major, minor = torch.__version__.split('.')[:2]\n"
            "return int(major), int(minor), torch.__version__.split('+')[0], torch.__version__ >= '1.6', "
            "f'{torch.__version__[:1]}'",
            grad=False,
        )
    ],
)
_UTILS = "torch.nn.modules.utils."
for _name, _helper in (
    ("_single", "as_single"),
    ("_pair", "as_pair"),
    ("_triple", "as_triple"),
    ("_quadruple", "as_quadruple"),
):
    rule(
        _UTILS + _name,
        "(x)",
        to=f"helpers.{_helper}",
        returns="unknown",
        cases=[
            snippet(
                f"from torch.nn.modules.utils import {_name}\nsize = {_name}(3)\n"
                f"return size, {_name}([1, 2]), {_name}((4,)), {_name}(A.shape)",
                grad=False,
            )
        ],
    )
rule(
    _UTILS + "_ntuple",
    "(n, name='parse')",
    to="helpers.tuple_maker",
    returns="unknown",
    cases=[snippet(f"to_2 = {_UTILS}_ntuple(2)\nreturn to_2(5), to_2([1, 2, 3])", grad=False)],
)
rule(
    _UTILS + "_reverse_repeat_tuple",
    "(t, n)",
    to="helpers.reversed_and_repeated",
    returns="unknown",
    cases=[snippet(f"return {_UTILS}_reverse_repeat_tuple((1, 2), 2)", grad=False)],
)
rule(
    "torch.broadcast_shapes",
    "(*shapes)",
    to="helpers.broadcast_shapes",
    returns="size",
    cases=[
        snippet(
            "shape = torch.broadcast_shapes(A.shape, (1, 4))\n"
            "return tuple(torch.broadcast_shapes((3, 1), (4,), (1, 1))), A + torch.zeros(shape)"
        ),
        snippet(
            "try:\n    torch.broadcast_shapes((3, 2), (4,))\nexcept RuntimeError:\n    return 'refused'",
            grad=False,
        ),
    ],
)
rule(
    "torch._check",
    "(cond, message=None)",
    to="helpers.check_condition",
    returns="none",
    cases=[
        snippet(
            "torch._check(A.shape[0] == 3)\ntry:\n    torch._check(A.shape[0] == 4, lambda: 'four rows')\n"
            "except RuntimeError as error:\n    return A * 2, str(error)"
        )
    ],
)
rule(
    "torch._assert_async",
    "(input, assert_msg=None)",
    to="helpers.assert_true",
    returns="none",
    cases=[
        snippet(
            "torch._assert_async((P > 0).all())\ntry:\n    torch._assert_async((P > 2).any(), 'none above 2')\n"
            "except RuntimeError as error:\n    return P * 2, str(error)"
        )
    ],
)
_LOSS = "torch.nn.modules.loss."
rule(
    _LOSS + "_Loss",
    "(size_average=None, reduce=None, reduction='mean')",
    to="helpers.PlainLoss",
    returns="module",
    cases=[
        snippet(
            "from torch.nn.modules.loss import _Loss\nclass Squares(_Loss):\n"
            "    def __init__(self, size_average=None, reduce=None, reduction='mean'):\n"
            "        super().__init__(size_average, reduce, reduction)\n"
            "    def forward(self, a, b):\n"
            "        return F.mse_loss(a, b, reduction=self.reduction)\n"
            "return Squares()(A, B), Squares(reduction='sum')(A, B), Squares(reduce=False).reduction, "
            "isinstance(nn.MSELoss(), _Loss), isinstance(nn.ReLU(), _Loss)"
        )
    ],
)
rule(
    _LOSS + "_WeightedLoss",
    "(weight=None, size_average=None, reduce=None, reduction='mean')",
    to="helpers.WeightedLoss",
    returns="module",
    restriction="isinstance is true for the losses that a program derives from it, not for Torch's own",
    cases=[
        snippet(
            "class Weighted(torch.nn.modules.loss._WeightedLoss):\n    def forward(self, a, b):\n"
            "        return ((a - b).abs() * self.weight).sum()\n"
            "layer = Weighted(torch.tensor([1.0, 2.0, 0.5, 0.0]))\n"
            "return layer(A, B), sorted(layer.state_dict()), list(layer.parameters()), Weighted().weight is None"
        )
    ],
)


@action(
    "torch.jit.annotate",
    "(the_type, the_value)",
    returns="unknown",
    cases=[
        snippet(
            "from typing import List\nparts = torch.jit.annotate(List[torch.Tensor], [])\nparts.append(A * 2)\n"
            "return parts[0]"
        )
    ],
)
def _annotate(use: Use) -> cst.BaseExpression | Refusal | None:
    """The value; types are for TorchScript."""
    return use.bound.get("the_value")


for _name in ("torch.onnx.is_in_onnx_export", "torch._C._is_tracing", "torch._C._are_functorch_transforms_active"):
    rule(_name, "()", to="python:False", returns="bool", cases=[snippet(f"return bool({_name}())", grad=False)])
rule(
    "torch._C._get_tracing_state",
    "()",
    to="python:None",
    returns="none",
    cases=[snippet("return torch._C._get_tracing_state() is None, A * 2")],
)
_ATTENTION = "torch.nn.attention."
for _name in ("MATH", "FLASH_ATTENTION", "EFFICIENT_ATTENTION", "CUDNN_ATTENTION"):
    rule(
        f"{_ATTENTION}SDPBackend.{_name}",
        to=f"python:'{_name}'",
        returns="unknown",
        cases=[
            snippet(
                "from torch.nn.attention import SDPBackend\n"
                f"return {{SDPBackend.{_name}: 1}}[SDPBackend.{_name}], SDPBackend.{_name} in [SDPBackend.{_name}]",
                grad=False,
            )
        ],
    )
rule(
    _ATTENTION + "sdpa_kernel",
    "(backends, set_priority=False)",
    to="helpers.attention_kernel",
    returns="unknown",
    restriction="the same computation whichever is chosen",
    cases=[
        snippet(
            "from torch.nn.attention import SDPBackend, sdpa_kernel\nwith sdpa_kernel([SDPBackend.MATH]):\n"
            "    return F.scaled_dot_product_attention(X, X, X)",
            tolerance="special",
        )
    ],
)
