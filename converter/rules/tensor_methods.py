"""Methods that change a tensor in place, and what a tensor says about itself."""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

from converter.rules.base import Case, Refusal, action, call, needs_you, rule, snippet
from converter.rules.use import Use, parenthesized

# What these return shares storage with the tensor in Torch, and is a copy in Jittor.
_VIEWS = frozenset(
    "view reshape t transpose permute narrow select squeeze unsqueeze expand expand_as flatten view_as reshape_as "
    "swap_dims swapaxes movedim unfold diagonal diagonal_of detach chunk split unbind contiguous reverse_dims "
    "transpose_2d view_like".split()
)


def change_in_place(use: Use, function: str) -> cst.BaseExpression | Refusal | None:
    """``x.mul_(2)`` -> ``jh.changed_in_place(x, jh.mul, 2)``; a part of a tensor is written back into it."""
    receiver = use.receiver
    assert receiver is not None
    if (
        isinstance(receiver, cst.Call)
        and isinstance(receiver.func, cst.Attribute)
        and receiver.func.attr.value in _VIEWS
    ):
        return Refusal(
            f"changes a view in place, which in Jittor is a copy ({receiver.func.attr.value}); assign to the tensor"
        )
    first: list[cst.BaseExpression]
    if isinstance(receiver, cst.Subscript):
        key = cst.Subscript(value=use.path("helpers.at"), slice=receiver.slice)
        first, target = [receiver.value, key], "helpers.changed_at"
    else:
        first, target = [receiver], "helpers.changed_in_place"
    made = use.call(target, *first, use.path(function))
    return made.with_changes(args=[*made.args, *(a.with_changes(comma=cst.MaybeSentinel.DEFAULT) for a in use.args)])


def _in_place(name: str, signature: str, function: str, cases: Iterable[Case]) -> None:
    def convert(use: Use) -> cst.BaseExpression | Refusal | None:
        return change_in_place(use, function)

    action(f"torch.Tensor.{name}", signature, cases=tuple(cases))(convert)


_in_place(
    "add_",
    "(other, *, alpha=1)",
    "helpers.add",
    [
        call(self="A", other="B", alpha="2"),
        snippet("y = A\nA.add_(1.0)\nA.mul_(B)\nreturn y, A"),
        snippet("x = torch.zeros(3, 4)\nx[0].add_(1.0)\nx[1:, 2].add_(A[1:, 2])\nreturn x"),
        snippet("n = N.clone()\nn.add_(1)\nreturn n", tolerance="dtype"),
        snippet(
            "A.requires_grad_()\nwith torch.no_grad():\n    A.add_(1.0)\nreturn A * 2, A.requires_grad", grad=False
        ),
    ],
)
_in_place(
    "index_put_",
    "(indices, values, accumulate=False)",
    "helpers.index_put",
    [snippet("x = torch.zeros(4)\nx.index_put_((torch.tensor([0, 0, 1]),), V[:3], accumulate=True)\nreturn x")],
)
_in_place(
    "fill_diagonal_",
    "(fill_value, wrap=False)",
    "helpers.filled_diagonal",
    [
        snippet(
            "x, y = A.clone(), torch.zeros(5, 2)\nx.fill_diagonal_(0.5)\ny.fill_diagonal_(1, wrap=True)\nreturn x, y"
        )
    ],
)
_in_place(
    "sub_", "(other, *, alpha=1)", "helpers.sub", [call(self="A", other="B", alpha="2"), call(self="A", other="0.5")]
)
_in_place(
    "mul_", "(other)", "helpers.mul", [call(self="A", other="B"), snippet("x = A.clone()\nx[:, 1].mul_(3.0)\nreturn x")]
)
_in_place(
    "div_", "(other, *, rounding_mode=None)", "helpers.div", [call(self="A", other="P"), call(self="A", other="2")]
)
_in_place("pow_", "(exponent)", "helpers.power_of", [call(self="A", exponent="2")])
_in_place("remainder_", "(other)", "helpers.remainder", [call(self="N", other="3")])
_in_place("fmod_", "(other)", "helpers.fmod", [call(self="N", other="3")])
_in_place("floor_divide_", "(other)", "helpers.floor_divide", [call(self="N", other="3")])
_in_place(
    "clamp_", "(min=None, max=None)", "helpers.clamp", [call(self="A", min="-0.5", max="0.5"), call(self="A", min="0")]
)
_in_place("clamp_min_", "(min)", "helpers.clamp_min", [call(self="A", min="0")])
_in_place("clamp_max_", "(max)", "helpers.clamp_max", [call(self="A", max="0")])
_in_place("lerp_", "(end, weight)", "helpers.lerp", [call(self="A", end="B", weight="0.3")])
_in_place(
    "addcmul_",
    "(tensor1, tensor2, *, value=1)",
    "helpers.addcmul",
    [call(self="A", tensor1="B", tensor2="P", value="0.5")],
)
_in_place(
    "addcdiv_",
    "(tensor1, tensor2, *, value=1)",
    "helpers.addcdiv",
    [call(self="A", tensor1="B", tensor2="P", value="0.5")],
)
_in_place(
    "masked_fill_",
    "(mask, value)",
    "helpers.masked_fill",
    [call(self="A", mask="M", value="-1e9"), snippet("x = A * 1\nx.masked_fill_(M, 0.0)\nreturn x")],
)
_in_place("masked_scatter_", "(mask, source)", "helpers.masked_scatter", [call(self="A", mask="M", source="B")])
_in_place(
    "scatter_",
    "(dim, index, src=None, *, value=None, reduce=None)",
    "helpers.scatter",
    [
        snippet("return torch.zeros(3, 5).scatter_(1, T.unsqueeze(1), 1.0)"),
        snippet("x = torch.zeros(3, 5)\nx.scatter_(1, T.view(-1, 1), 1)\nreturn x"),
        snippet("index = torch.tensor([[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2]])\nreturn A.scatter_(1, index, B)"),
    ],
)
_in_place("scatter_add_", "(dim, index, src)", "helpers.scatter_add", [call(self="A", dim="1", index="I", src="B")])
_in_place(
    "index_add_",
    "(dim, index, source, *, alpha=1)",
    "helpers.index_add",
    [call(self="A", dim="0", index="torch.tensor([1, 1, 2])", source="B")],
)
_in_place(
    "index_copy_",
    "(dim, index, source)",
    "helpers.index_copy",
    [call(self="A", dim="0", index="torch.tensor([2, 0])", source="B[:2]")],
)
_in_place("index_fill_", "(dim, index, value)", "helpers.index_fill", [call(self="A", dim="1", index="J", value="0.5")])
_in_place(
    "fill_",
    "(value)",
    "helpers.replaced",
    [call(self="A", value="0.5"), snippet("x = torch.zeros(3, 4)\nx[1].fill_(2)\nreturn x, N.fill_(7)")],
)
_in_place("zero_", "()", "helpers.zeroed", [call(self="A"), snippet("x = A.clone()\nx[:, 0].zero_()\nreturn x")])
_in_place(
    "copy_",
    "(src, /, non_blocking=False)",
    "helpers.replaced",
    [
        call(self="A", src="B"),
        snippet(
            "x = torch.zeros(3, 4)\nx.copy_(N)\ny = torch.zeros(3, 4)\ny[0].copy_(V)\nreturn x, y", tolerance="dtype"
        ),
        call(self="A", src="V"),
    ],
)
_in_place(
    "normal_",
    "(mean=0, std=1, *, generator=None)",
    "helpers.normal_like",
    [
        snippet("return torch.empty(100, 100).normal_(1.0, 2.0)", tolerance="moments"),
        call(self="A", tolerance="random"),
    ],
)
_in_place(
    "uniform_",
    "(from_=0, to=1, *, generator=None)",
    "helpers.uniform_like",
    [snippet("return torch.empty(100, 100).uniform_(-1, 1)", tolerance="moments")],
)
_in_place(
    "bernoulli_",
    "(p=0.5, *, generator=None)",
    "helpers.bernoulli_like",
    [
        snippet("return torch.empty(100, 100).bernoulli_(0.3)", tolerance="moments"),
        call(self="A", p="0.3", tolerance="random"),
    ],
)
_in_place(
    "random_",
    "(from_=0, to=None, *, generator=None)",
    "helpers.random_like",
    [snippet("return torch.zeros(3, 4).random_(5), torch.zeros(3).long().random_(0, 5)", tolerance="random")],
)
for _name, _function, _input in (
    ("exp_", "jittor.exp", "A"), ("sqrt_", "jittor.sqrt", "P"), ("abs_", "helpers.absolute", "A"),
    ("neg_", "jittor.negative", "A"),
    ("round_", "helpers.rounded", "A"), ("floor_", "helpers.floor_of", "A"), ("ceil_", "helpers.ceil", "A"),
    ("sigmoid_", "helpers.sigmoid", "A"),
    ("reciprocal_", "helpers.reciprocal", "P"), ("square_", "helpers.squared", "A"), ("sign_", "helpers.sign_of", "A"),
    ("trunc_", "helpers.trunc", "A"), ("t_", "helpers.transpose_2d", "Q"), ("logical_not_", "helpers.logical_not", "M"),
    ("tanh_", "jittor.tanh", "A"), ("log_", "jittor.log", "P"), ("erfinv_", "jittor.erfinv", "(A.tanh() * 0.9)"),
):  # fmt: skip
    _in_place(_name, "()", _function, [call(self=_input, tolerance="special")])
for _name in ("tril", "triu"):
    _cases = [call(self="A", diagonal="1"), snippet(f"x = A.clone()\nx.{_name}_()\nreturn x")]
    _in_place(f"{_name}_", "(diagonal=0)", f"helpers.{_name}", _cases)
needs_you(
    "torch.Tensor.unsqueeze_",
    "a Jittor tensor cannot change its shape in place",
    workaround="x = x.unsqueeze(dim)",
    also=[
        "torch.Tensor.squeeze_",
        "torch.Tensor.transpose_",
        "torch.Tensor.resize_",
        "torch.Tensor.set_",
    ],
)

rule(
    "torch.Tensor.detach_",
    "()",
    to="helpers.detach_in_place",
    cases=[
        snippet("x = A * 2\ny = x + B\nx.detach_()\nreturn x * B, y * A, x.requires_grad"),
        snippet("x = (A * B).detach_()\nreturn x * A, x.requires_grad"),
    ],
)
rule(
    "torch.Tensor.requires_grad_",
    "(requires_grad=True)",
    to="helpers.requires_grad_",
    cases=[
        snippet("x = torch.ones(2).requires_grad_()\nreturn x.requires_grad, x.requires_grad_(False).requires_grad")
    ],
)
rule(
    "torch.Tensor.requires_grad",
    to="helpers.requires_grad",
    assign="helpers.requires_grad_",
    returns="bool",
    cases=[
        snippet("x = torch.ones(2, requires_grad=True)\nreturn x.requires_grad"),
        snippet(
            "w = torch.ones(2, requires_grad=True)\ny, c = w * 2, torch.ones(2)\nwith torch.no_grad():\n    z = w * 2\n"
            "return [t.requires_grad for t in (w, y, c, c * 2, y.detach(), z, w.clone(), torch.ones(2).long())]",
            grad=False,
        ),
        snippet(
            "x = A.detach().clone()\nx.requires_grad = True\n(x * x).sum().backward()\nx.requires_grad = False\n"
            "return x.grad, x.requires_grad",
            grad=False,
        ),
    ],
)


@action(
    "torch.Tensor.data",
    assign="helpers.put_data",
    cases=[
        snippet("return A.data, A * A.data"),
        snippet("w = A * 1\nw.data.fill_(0.5)\nreturn w", grad=False),
    ],
)
def _data(use: Use) -> cst.BaseExpression | Refusal | None:
    """Without gradients; ``x.data`` is a NumPy array in Jittor."""
    return use.method(use.receiver, "detach") if use.receiver is not None else None


@action("torch.Tensor.is_cuda", returns="bool", cases=[snippet("return A.is_cuda")])
def _is_cuda(use: Use) -> cst.BaseExpression | Refusal | None:
    flag = cst.Attribute(value=use.path("jittor.flags"), attr=cst.Name("use_cuda"))
    return cst.Call(func=cst.Name("bool"), args=[cst.Arg(flag)])


rule(
    "torch.Tensor.device",
    to="helpers.device_of",
    returns="device",
    cases=[snippet("return A.device, A.device == torch.ones(2).device")],
)
rule("torch.Tensor.is_sparse", to="python:False", returns="bool", cases=[snippet("return A.is_sparse")])
rule(
    "torch.Tensor.element_size",
    "()",
    to="helpers.element_size",
    returns="int",
    cases=[call(self="A"), call(self="N"), snippet("return torch.empty(0, dtype=torch.uint8).element_size()")],
)
rule("torch.Tensor.__len__", "()", keep=True, returns="int", cases=[snippet("return len(A), len(V)")])
needs_you(
    "torch.Tensor.map_",
    "calls Python for every element",
    workaround="use tensor operations",
    also=["torch.Tensor.apply_"],
)


@action(
    "torch.Tensor.size",
    "(dim=None)",
    returns="size",
    cases=[
        call(self="X", dim="-1"),
        snippet("b, c = A.size()\nreturn b, c, X.size(0), X.size()[1:], A.size() == (3, 4), (A + 1).size(-1)"),
        snippet("sizes = [1]\nreturn A.size(*sizes)"),
    ],
)
def _size(use: Use) -> cst.BaseExpression | Refusal | None:
    """``x.size(0)`` is ``x.shape[0]``."""
    if use.receiver is None or use.starred:
        return use.same_arguments("helpers.tensor_size")
    shape = cst.Attribute(value=parenthesized(use.receiver), attr=cst.Name("shape"))
    dim = use.bound.get("dim")
    if dim is None or use.literal("dim", 0) is None:
        return shape
    return cst.Subscript(value=shape, slice=[cst.SubscriptElement(cst.Index(dim))])


rule(
    "torch.Tensor.shape",
    keep=True,
    returns="size",
    cases=[
        snippet("n, *rest = X.shape\nreturn n, X.shape[-1], A.shape == B.shape, len(X.shape), list(X.shape)"),
        snippet("return X.shape[1:], X.shape[:-1] + (5,), tuple(A.shape), A.reshape(*A.shape[:1], 2, 2)"),
    ],
)
rule("torch.Tensor.ndim", keep=True, returns="int", cases=[snippet("return A.ndim, V.ndim")])
for _name in ("dim", "ndimension"):
    rule(f"torch.Tensor.{_name}", "()", to="Var.dim", returns="int", cases=[call(self="X")])
rule("torch.numel", "(input)", to="helpers.element_count", cases=[call(input="X")], returns="int")
rule("torch.Tensor.numel", "()", keep=True, returns="int", cases=[call(self="X")])
rule("torch.Tensor.nelement", "()", to="Var.numel", returns="int", cases=[call(self="X")])
rule("torch.Size.numel", "()", to="helpers.size_numel", returns="int", cases=[snippet("return X.shape.numel()")])
