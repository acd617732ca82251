"""Shapes: joining, cutting, reordering, repeating."""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

from converter.flow.scalars import is_row
from converter.rules.base import Case, Refusal, action, call, needs_you, rule, snippet
from converter.rules.use import Use

_MANY = "list[tensor]"


def _by_position(api: str, signature: str, target: str, cases: Iterable[Case]) -> None:
    """A helper whose last argument may also be given as separate numbers, as Torch's method allows."""

    def convert(use: Use) -> cst.BaseExpression | Refusal | None:
        if use.starred or all(a.keyword is None for a in use.args):
            return use.same_arguments(target)
        return use.call(target, *(use.bound[p.name] for p in use.rule.parameters))

    action(api, signature, value_to=target, cases=tuple(cases))(convert)


for _name in ("cat", "concat", "concatenate"):
    rule(
        f"torch.{_name}",
        "(tensors, dim=0, *, axis=None, out=None)",
        to="helpers.concat",
        cases=[
            call(tensors="[A, B]", dim="-1"),
            call(tensors="(A, N)", dim="0"),
            snippet(f"return torch.{_name}([A, B], axis=1), torch.{_name}([torch.empty(0), V])"),
        ],
    )


def _row(node: cst.BaseExpression, use: Use) -> cst.BaseExpression:
    """``v[i]`` as a call that marks single elements; any other expression as it is."""
    if not isinstance(node, cst.Subscript) or not is_row(node):
        return node
    parts = [e.slice.value for e in node.slice if isinstance(e.slice, cst.Index)]
    index = parts[0] if len(parts) == 1 else cst.Tuple([cst.Element(p) for p in parts])
    return use.call("helpers.row_of", node.value, index)


@action(
    "torch.stack",
    "(tensors, dim=0, *, out=None)",
    to="helpers.stack",
    value_to="helpers.stack",
    cases=[
        snippet("return torch.stack([A.mean(), B.sum()]), torch.stack([A.sum() for _ in range(3)]) * V[:3]"),
        snippet("return torch.stack([V[0], V[1]]), torch.stack([V[i] for i in range(3)]), torch.stack([A[0], A[1]])"),
        snippet("rows = []\nfor v in V:\n    if v > 0:\n        rows.append(v)\nreturn torch.stack(rows)"),
        snippet("return torch.stack([v for v in V]), torch.stack([r * 2 for r in A]), torch.stack([r for r in A], 1)"),
        snippet("best = V.argmax()\nreturn torch.stack([V[best], V[0]]), A[A.argmax() % 2], A[A[:, 0].argmax(), 1]"),
        snippet("parts = []\nfor i in range(3):\n    parts.append(A[i].pow(2).mean())\nreturn torch.stack(parts)"),
        call(tensors="[A, B]", dim="-1"),
        call(tensors="(A, B)", dim="1"),
        snippet("parts = [A, B]\nreturn torch.stack(parts), parts"),
    ],
)
def _stack(use: Use) -> cst.BaseExpression | Refusal | None:
    if use.starred:
        return use.same_arguments("helpers.stack")
    tensors = use.bound["tensors"]
    if "tensors" in use.scalars:
        return use.same_arguments("helpers.stack_scalars")
    if "tensors" in use.derived:
        return use.same_arguments("helpers.stack_derived")
    made = tensors
    if isinstance(tensors, cst.List | cst.Tuple):
        elements = [e.with_changes(value=_row(e.value, use)) for e in tensors.elements]
        if any(a.value is not b.value for a, b in zip(elements, tensors.elements)):
            made = tensors.with_changes(elements=elements)
    elif isinstance(tensors, cst.ListComp | cst.GeneratorExp) and is_row(tensors.elt):
        made = tensors.with_changes(elt=_row(tensors.elt, use))
    call_ = use.same_arguments("helpers.stack")
    if made is tensors:
        return call_
    return call_.with_changes(args=[a.with_changes(value=made) if a.value is tensors else a for a in call_.args])


for _name in ("hstack", "vstack", "dstack", "column_stack"):
    rule(
        f"torch.{_name}",
        "(tensors)",
        to=f"helpers.{_name}",
        cases=[call(tensors="[A, B]"), call(tensors="(V, V * 2)")],
        also=["torch.row_stack"] if _name == "vstack" else [],
    )
for _name in ("atleast_1d", "atleast_2d", "atleast_3d"):
    rule(f"torch.{_name}", "(*tensors)", to=f"helpers.{_name}", cases=[call(tensors="V"), call(tensors="A, V")])
rule(
    "torch.split",
    "(tensor, split_size_or_sections, dim=0)",
    to="helpers.split",
    returns=_MANY,
    cases=[
        call(tensor="A", split_size_or_sections="3", dim="-1"),
        call(tensor="A", split_size_or_sections="[1, 3]", dim="1"),
    ],
)
rule(
    "torch.Tensor.split",
    "(split_size, dim=0)",
    to="helpers.split",
    returns=_MANY,
    rename={"split_size": "split_size_or_sections"},
    cases=[call(self="X", split_size="2", dim="1"), snippet("a, b = A.split([1, 2])\nreturn a, b")],
)
rule(
    "torch.chunk",
    "(input, chunks, dim=0)",
    to="helpers.chunk",
    method=True,
    returns=_MANY,
    cases=[
        call(input="A", chunks="2", dim="-1"),
        call(input="A", chunks="5", dim="1"),
        snippet("a, b = A.chunk(2, dim=1)\nreturn a * b"),
    ],
)
rule(
    "torch.tensor_split",
    "(input, indices_or_sections=None, /, dim=0, *, indices=None, sections=None)",
    to="helpers.tensor_split",
    method=True,
    returns=_MANY,
    cases=[
        call(input="A", indices_or_sections="3", dim="1"),
        call(input="A", indices_or_sections="(1, 3)", dim="1"),
        snippet("return torch.tensor_split(A, indices=(1,), dim=1), A.tensor_split(sections=2, dim=-1)"),
    ],
)
rule(
    "torch.unbind",
    "(input, dim=0)",
    to="helpers.unbind",
    method=True,
    returns=_MANY,
    cases=[call(input="X", dim="-1"), call(input="A")],
)
rule(
    "torch.squeeze",
    "(input, dim=None)",
    to="helpers.squeeze",
    method=True,
    cases=[
        call(input="A.unsqueeze(0)", dim="0"),
        call(input="A", dim="-1"),
        snippet("x = A.reshape(3, 1, 4, 1)\nreturn x.squeeze(), x.squeeze(-1), x.squeeze((1, 3)), A[:1, :1].squeeze()"),
    ],
)
rule(
    "torch.unsqueeze",
    "(input, dim)",
    to="jittor.unsqueeze",
    rename={"input": "x"},
    cases=[call(input="A", dim="-1"), call(input="A", dim="1")],
)


@action(
    "torch.Tensor.unsqueeze",
    "(dim)",
    cases=[
        call(self="A", dim="-1"),
        call(self="A", dim="1"),
        snippet("loss = F.mse_loss(A, B)\nreturn A.mean().unsqueeze(0), loss.unsqueeze(-1), (loss * 2)[None]"),
        snippet("return V[0].unsqueeze(0), A[0].unsqueeze(0), A[1, 2].unsqueeze(0), V.argmax().unsqueeze(0)"),
        snippet("rows = []\nfor v in V:\n    rows.append(v.unsqueeze(0))\nreturn torch.cat(rows)"),
        snippet("rows = []\nfor i, v in enumerate(A):\n    rows.append(v[None])\nreturn torch.cat(rows)"),
        snippet(
            "m = torch.zeros(3, 3)\nfor t in torch.tensor([0, 2]):\n    m[t.long(), t + 0] += 1\nreturn m.unsqueeze(0)"
        ),
        snippet("first = V[0]\nreturn first.unsqueeze(0), A[0, 1][None], A[V.argmax() * 0].unsqueeze(1)"),
    ],
)
def _unsqueeze(use: Use) -> cst.BaseExpression | Refusal | None:
    assert use.receiver is not None
    if "self" in use.scalars:
        return use.same_arguments("helpers.unsqueeze_scalar")
    row = _row(use.receiver, use)
    if row is not use.receiver or "self" in use.rows:
        return use.call("helpers.unsqueeze_row", row, use.bound["dim"])
    if "self" in use.derived:
        return use.same_arguments("helpers.unsqueeze_derived")
    return use.node


rule(
    "torch.flatten",
    "(input, start_dim=0, end_dim=-1)",
    to="jittor.flatten",
    method=True,
    cases=[call(input="X", start_dim="1"), call(input="X", start_dim="-3", end_dim="-2")],
)
rule("torch.ravel", "(input)", to="helpers.ravel", method=True, cases=[call(input="X")])
rule(
    "torch.unflatten",
    "(input, dim, sizes)",
    to="helpers.unflatten",
    method=True,
    cases=[call(input="A", dim="1", sizes="(2, -1)"), call(input="A", dim="-1", sizes="(2, 2)")],
)
rule(
    "torch.Tensor.view",
    "(*size)",
    keep=True,
    cases=[
        call(self="X", size="2, -1"),
        call(self="X", size="(6, 4)"),
        snippet("return X.view(X.size(0), -1), X.view(X.shape[0], 12), X.view([-1]), X.view(size=(3, 8))"),
    ],
)
_by_position(
    "torch.reshape",
    "(input, shape)",
    "helpers.reshape",
    [call(input="X", shape="(2, -1)"), call(input="X", shape="[24]")],
)
rule(
    "torch.Tensor.reshape",
    "(*shape)",
    keep=True,
    cases=[
        call(self="X", shape="2, -1"),
        call(self="X", shape="(6, 4)"),
        snippet("return X.reshape(X.shape[0], -1, 2), A.t().reshape(-1), X.reshape(shape=(4, -1))"),
    ],
)
for _name in ("view_as", "reshape_as"):
    rule(f"torch.Tensor.{_name}", "(other)", to="helpers.view_like", cases=[call(self="A", other="W[:, :3].t()")])
_by_position("torch.permute", "(input, dims)", "helpers.permute", [call(input="X", dims="(2, 0, -2)")])


@action(
    "torch.Tensor.permute",
    "(*dims)",
    cases=[
        call(self="X", dims="2, 0, 1"),
        call(self="X", dims="(0, 2, 1)"),
        snippet("order = (1, 0)\nreturn A.permute(1, 0), A.permute(0, 1), A.permute(*order), X.permute(-1, 0, 1)"),
        snippet("return A.permute(dims=(1, 0)), V.expand(size=(3, 4)), A.repeat(repeats=(2, 1))"),
    ],
)
def _permute(use: Use) -> cst.BaseExpression | Refusal | None:
    """Jittor's method swaps when it is given two numbers."""
    negative = any(isinstance(e, cst.UnaryOperation) for e in use.extra)
    if use.starred or len(use.extra) == 2 or negative:
        return use.same_arguments("helpers.permute")
    return use.same_method("permute")


for _name in ("transpose", "swapaxes", "swapdims"):
    _first, _second = ("axis0", "axis1") if _name == "swapaxes" else ("dim0", "dim1")
    rule(
        f"torch.{_name}",
        f"(input, {_first}, {_second})",
        to="helpers.swap_dims",
        rename={_first: "dim0", _second: "dim1"},
        cases=[Case("call", args={"input": "X", _first: "1", _second: "-1"})],
    )

    @action(
        f"torch.Tensor.{_name}",
        f"({_first}, {_second})",
        cases=[
            Case("call", args={"self": "X", _first: "1", _second: "-1"}),
            Case("call", args={"self": "A", _first: "0", _second: "1"}),
        ],
    )
    def _transpose(use: Use) -> cst.BaseExpression | Refusal | None:
        """Jittor's takes the two numbers too, but not by name."""
        if use.starred or len(use.bound) != 2 or use.receiver is None:
            return None
        if any(arg.keyword is not None for arg in use.args):
            first, second = (p.name for p in use.rule.parameters)
            return use.method(use.receiver, "transpose", use.bound[first], use.bound[second])
        return use.node if use.rule.name == "transpose" else use.same_method("transpose")


rule("torch.t", "(input)", to="helpers.transpose_2d", method=True, cases=[call(input="A"), call(input="V")])
rule("torch.Tensor.T", to="helpers.reverse_dims", cases=[snippet("return A.T, A.T @ A")])
for _name in ("mT", "mH", "H"):
    rule(
        f"torch.Tensor.{_name}",
        to="helpers.matrix_transpose",
        cases=[snippet(f"return {'A' if _name == 'H' else 'X'}.{_name}")],
    )
rule("torch.adjoint", "(input)", to="helpers.matrix_transpose", cases=[call(input="X")], method=True)
for _name in ("movedim", "moveaxis"):
    rule(
        f"torch.{_name}",
        "(input, source, destination)",
        to="helpers.movedim",
        method=True,
        cases=[call(input="X", source="0", destination="-1"), call(input="X", source="(0, 1)", destination="(1, 2)")],
    )
rule(
    "torch.Tensor.expand",
    "(*size)",
    to="helpers.expand",
    cases=[
        call(self="V", size="3, 4"),
        call(self="A.unsqueeze(0)", size="(2, -1, -1)"),
        snippet("return V.expand(A.shape), V.unsqueeze(0).expand(A.size(0), -1)"),
    ],
)
rule("torch.Tensor.expand_as", "(other)", to="helpers.expand_as", cases=[call(self="V", other="A")])
rule(
    "torch.broadcast_to",
    "(input, size)",
    to="helpers.broadcast_to",
    method=True,
    cases=[call(input="V", size="(3, 4)")],
)
rule(
    "torch.broadcast_tensors", "(*tensors)", to="helpers.broadcast_tensors", returns=_MANY, cases=[call(tensors="A, V")]
)
rule(
    "torch.Tensor.repeat",
    "(*repeats)",
    to="helpers.repeat",
    cases=[
        call(self="A", repeats="2, 1"),
        call(self="V", repeats="3, 2"),
        call(self="A", repeats="(1, 2)"),
        snippet("return A.repeat([2, 1, 3])"),
    ],
)
_by_position(
    "torch.tile", "(input, dims)", "helpers.tile", [call(input="A", dims="(2,)"), call(input="A", dims="(2, 1, 2)")]
)
rule("torch.Tensor.tile", "(*dims)", to="helpers.tile", cases=[call(self="A", dims="2, 2")])
rule(
    "torch.repeat_interleave",
    "(input, repeats, dim=None, *, output_size=None)",
    to="helpers.repeat_interleave",
    method=True,
    cases=[call(input="A", repeats="2", dim="-1"), call(input="A", repeats="2"), call(input="A", repeats="T", dim="0")],
)
rule(
    "torch.roll",
    "(input, shifts, dims=None)",
    to="helpers.roll",
    method=True,
    cases=[
        call(input="A", shifts="1", dims="1"),
        call(input="A", shifts="-2"),
        call(input="X", shifts="(1, -1)", dims="(0, 2)"),
    ],
)
_by_position(
    "torch.flip", "(input, dims)", "helpers.flip", [call(input="X", dims="[0, -1]"), call(input="X", dims="(1,)")]
)
rule(
    "torch.Tensor.flip",
    "(*dims)",
    to="helpers.flip",
    cases=[
        call(self="X", dims="0, 1"),
        call(self="X", dims="[-1]"),
        call(self="X", dims="1"),
        snippet("return X.flip(dims=[1])"),
    ],
)
for _name in ("fliplr", "flipud"):
    rule(f"torch.{_name}", "(input)", to=f"helpers.{_name}", method=True, cases=[call(input="A")])
rule(
    "torch.rot90",
    "(input, k=1, dims=(0, 1))",
    to="helpers.rot90",
    method=True,
    cases=[call(input="A"), call(input="X", k="3", dims="(1, 2)"), call(input="A", k="2")],
)
rule(
    "torch.narrow",
    "(input, dim, start, length)",
    to="helpers.narrow",
    method=True,
    cases=[call(input="X", dim="-1", start="1", length="2"), call(input="A", dim="0", start="-2", length="1")],
)
rule(
    "torch.select",
    "(input, dim, index)",
    to="helpers.select",
    method=True,
    cases=[call(input="X", dim="1", index="2"), call(input="A", dim="-1", index="-1")],
)
rule(
    "torch.Tensor.unfold",
    "(dimension, size, step)",
    to="helpers.unfold_windows",
    cases=[call(self="SEQ", dimension="-1", size="4", step="3"), call(self="X", dimension="1", size="2", step="1")],
)
rule(
    "torch.meshgrid",
    "(*tensors, indexing=None)",
    to="helpers.meshgrid",
    returns=_MANY,
    cases=[
        call(tensors="V, W[:, 0]"),
        snippet("x, y = torch.meshgrid(V, W[0], indexing='xy')\nreturn x, y, torch.meshgrid([V, V], indexing='ij')[1]"),
    ],
)
rule("torch.cartesian_prod", "(*tensors)", to="helpers.cartesian_prod", cases=[call(tensors="V, W[0]")])
for _name in ("tril", "triu"):
    rule(
        f"torch.{_name}",
        "(input, diagonal=0)",
        to=f"helpers.{_name}",
        method=True,
        cases=[
            call(input="A", diagonal="1"),
            call(input="X", diagonal="-1"),
            snippet(f"return torch.{_name}(torch.ones(4, 4)) == 1"),
        ],
    )
    rule(
        f"torch.{_name}_indices",
        "(row, col, offset=0, *, dtype=None, device=None)",
        to=f"helpers.{_name}_indices",
        cases=[call(row="3", col="4", offset="1"), call(row="3", col="3")],
    )
rule(
    "torch.diag",
    "(input, diagonal=0)",
    to="helpers.diag",
    method=True,
    cases=[call(input="A"), call(input="V", diagonal="-1"), call(input="A", diagonal="2")],
)
rule(
    "torch.diagonal",
    "(input, offset=0, dim1=0, dim2=1)",
    to="helpers.diagonal_of",
    method=True,
    cases=[
        call(input="Q"),
        call(input="X", offset="-1", dim1="-2", dim2="-1"),
        call(input="X", offset="1", dim1="2", dim2="0"),
    ],
)
rule(
    "torch.diag_embed",
    "(input, offset=0)",
    to="helpers.diag_embed",
    method=True,
    cases=[call(input="A"), call(input="V", offset="1")],
)
rule("torch.trace", "(input)", to="helpers.trace", method=True, cases=[call(input="Q")])
rule(
    "torch.Tensor.contiguous",
    "(memory_format=None)",
    keep=True,
    drop=["memory_format"],
    cases=[call(self="A.t()"), snippet("return X.permute(2, 0, 1).contiguous().view(4, -1)")],
)
rule(
    "torch.Tensor.is_contiguous",
    "(memory_format=None)",
    to="python:True",
    returns="bool",
    cases=[snippet("return A.is_contiguous()")],
)
_CLONE_CASES = [call(input="A"), snippet("x = A.clone()\nx[0] = 1.0\nreturn x, A")]


rule(
    "torch.clone",
    "(input, *, memory_format=None)",
    to="helpers.clone",
    method=True,
    cases=[
        *_CLONE_CASES,
        snippet("y = N.clone()\ny[y == 1] = -100\nreturn (N == 1).sum(), N, y, M.clone(), U.clone(), A.clone() * 2"),
        snippet("y = N.clone()\ny.tolist()\ny[0] = 7\nreturn N, y"),
    ],
)
rule(
    "torch.detach",
    "(input)",
    to="jittor.detach",
    method=True,
    rename={"input": "x"},
    cases=[call(input="A"), snippet("return A * A.detach()")],
)
needs_you(
    "torch.as_strided",
    "views by strides do not exist in Jittor",
    workaround="index, or x.unfold",
    also=["torch.Tensor.as_strided", "torch.Tensor.stride"],
)
