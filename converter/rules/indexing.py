"""Taking and putting elements by index."""

from __future__ import annotations

import libcst as cst

from converter.rules.base import Refusal, action, call, needs_you, rule, snippet
from converter.rules.use import Use

_MATCH = {"J": "ints(0, 3; 2)", "G": "ints(0, 3; 3, 2)"}

_PLACES = "torch.tensor([[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2]])"

rule(
    "torch.gather",
    "(input, dim, index, *, sparse_grad=False)",
    to="helpers.gather",
    method=True,
    cases=[
        call(input="A", dim="1", index="I"),
        call(input="A", dim="-1", index="G", inputs=_MATCH),
        call(input="A", dim="0", index="I[:2]"),
    ],
)
rule(
    "torch.scatter",
    "(input, dim, index, src=None, *, value=None, reduce=None)",
    to="helpers.scatter",
    method=True,
    cases=[
        call(input="A", dim="1", index=_PLACES, src="B"),
        call(input="A", dim="-1", index=_PLACES, value="0.5"),
        snippet("return torch.scatter(torch.zeros(3, 4), 1, T.unsqueeze(1), 1.0)"),
        snippet("return torch.zeros(3, 4).scatter(-1, T[:, None], value=2)"),
    ],
)
rule(
    "torch.scatter_add",
    "(input, dim, index, src)",
    to="helpers.scatter_add",
    method=True,
    cases=[call(input="A", dim="1", index="I", src="B"), call(input="A", dim="0", index="I[:2, :3]", src="B[:2, :3]")],
)
rule(
    "torch.index_select",
    "(input, dim, index)",
    to="helpers.index_select",
    method=True,
    cases=[call(input="A", dim="0", index="J"), call(input="X", dim="-1", index="J")],
)
rule(
    "torch.index_add",
    "(input, dim, index, source, *, alpha=1)",
    to="helpers.index_add",
    method=True,
    cases=[
        call(input="A", dim="0", index="torch.tensor([1, 1, 2])", source="B", alpha="2"),
        call(input="A", dim="1", index="torch.tensor([0, 0, 1, 3])", source="B"),
    ],
)
rule(
    "torch.index_copy",
    "(input, dim, index, source)",
    to="helpers.index_copy",
    method=True,
    cases=[call(input="A", dim="0", index="torch.tensor([2, 0])", source="B[:2]")],
)
rule(
    "torch.index_fill",
    "(input, dim, index, value)",
    to="helpers.index_fill",
    method=True,
    cases=[call(input="A", dim="0", index="J", value="0.5"), call(input="A", dim="-1", index="J", value="-1")],
)
rule(
    "torch.masked_select",
    "(input, mask)",
    to="helpers.masked_select",
    method=True,
    cases=[call(input="A", mask="M"), call(input="A", mask="A > 0")],
)
rule(
    "torch.masked_scatter",
    "(input, mask, source)",
    to="helpers.masked_scatter",
    method=True,
    cases=[call(input="A", mask="M", source="B")],
)
rule(
    "torch.nonzero",
    "(input, *, out=None, as_tuple=False)",
    to="helpers.nonzero",
    method=True,
    returns="unknown",
    cases=[call(input="M", as_tuple="True"), call(input="N"), snippet("return (A > 0).nonzero()[:, 0]")],
)
rule("torch.argwhere", "(input)", to="helpers.nonzero", method=True, cases=[call(input="M")])
rule("torch.take", "(input, index)", to="helpers.take", method=True, cases=[call(input="A", index="I")])
rule(
    "torch.take_along_dim",
    "(input, indices, dim=None)",
    to="helpers.take_along_dim",
    method=True,
    cases=[
        call(input="A", indices="I", dim="1"),
        call(input="A", indices="T[:, None]", dim="-1"),
        call(input="A", indices="I"),
    ],
)
rule(
    "torch.searchsorted",
    "(sorted_sequence, input, *, right=False, out_int32=False)",
    to="helpers.searchsorted",
    cases=[call(sorted_sequence="H[0]", input="K.float()", right="True"), call(sorted_sequence="H", input="K.float()")],
)
rule(
    "torch.bucketize",
    "(input, boundaries, *, out_int32=False, right=False)",
    to="helpers.bucketize",
    cases=[
        call(input="A", boundaries="torch.tensor([-1.0, 0.0, 1.0])"),
        call(input="K.float()", boundaries="H[0]", right="True"),
        snippet("return torch.bucketize(A, torch.tensor([-1.0, 0.0, 1.0]), out_int32=True)"),
    ],
)
rule(
    "torch.Tensor.item",
    "()",
    keep=True,
    returns="unknown",
    cases=[snippet("return A[0, 1].item(), N[0, 0].item(), M[0, 0].item(), N.sum().item()")],
)


@action(
    "torch.Tensor.tolist",
    "()",
    to="helpers.to_list",
    cases=[
        call(self="N"),
        call(self="A"),
        call(self="V"),
        snippet(
            "return A.max().tolist(), [v.tolist() for v in V], V[0].tolist(), A[0].tolist(), A[:, 0].max().tolist()"
        ),
    ],
    returns="unknown",
)
def _to_list(use: Use) -> cst.BaseExpression | Refusal | None:
    return _of_dimensions(use, "to_list")


@action(
    "torch.Tensor.numpy",
    "(*, force=False)",
    to="helpers.to_array",
    returns="array",
    cases=[
        snippet("return A.detach().numpy(), N.numpy(), A.detach().cpu().numpy() * 2"),
        snippet(
            "d = V.detach()\n"
            "return [d[0].numpy().ndim, d.sum().numpy().ndim, d[:1].numpy().ndim], [v.numpy().ndim for v in d]"
        ),
    ],
)
def _to_array(use: Use) -> cst.BaseExpression | Refusal | None:
    marked = "self" in use.scalars | use.rows | use.derived
    return _of_dimensions(use, "to_array") if marked or use.receiver is None else use.method(use.receiver, "numpy")


def _of_dimensions(use: Use, helper: str) -> cst.BaseExpression | None:
    """A helper that makes no list or axis of what has no dimension in Torch."""
    kind = "scalar_" if "self" in use.scalars else "derived_" if "self" in use.derived else ""
    return use.call(f"helpers.{kind}{helper}", use.receiver) if use.receiver is not None else None


rule(
    "torch.Tensor.__getitem__",
    "(index)",
    keep=True,
    cases=[
        snippet(
            "places = np.array([True, False, True, True])\n"
            "return A[:, -9:], A[5:], A[..., -9:2], A[:-9], X[None, -7:, 1], V[places], A[range(2), range(2)]"
        ),
        snippet("return A[0], A[-1], A[1:, ::2], A[:, None], A[..., -1], A[[0, 2]], A[M], A[T[:2] % 3]"),
        snippet("return X[:, 1:, -1], X[0, T[:2] % 3], A[torch.arange(3), T], X[..., 0:2]"),
    ],
)
rule(
    "torch.Tensor.__setitem__",
    "(key, value)",
    to="helpers.put_at",
    returns="none",
    cases=[
        snippet("x = torch.zeros(3, 4)\nx[0] = 2.0\nx[1:2] = 3\nx[2, 1:] = V[1:]\nreturn x"),
        snippet("x = A * 1\nx[:, 1] = B[:, 0]\nx[1:, ::2] = 0\nx[-1] = V\nreturn x"),
        snippet("x = A * 1\nx[M] = 0.5\nx[..., None, 0] = B[:, :1]\nreturn x"),
        snippet("x = N.clone()\nx[0] = -1\nx[:, 2] = T\nx[torch.tensor([0, 2])] = 7\nreturn x", grad=False),
        snippet("x = A * 1\nx.data[0] = 4.0\nx[0][3] = 8.0\nx[1:][0][2] = 9.0\nx[[2]][0] = 7\nreturn x", grad=False),
        snippet("x = X * 1\nx[1][:, 2][0] = 4.0\nx[0][1] = V\nx[:, 0] += 1\nreturn x"),
        snippet(
            "w = torch.nn.Parameter(A.detach().clone())\noptimizer = torch.optim.SGD([w], lr=0.5)\n"
            "with torch.no_grad():\n    w[0] = 1.0\n    w -= 0.5\n    w.mul_(2)\n"
            "w.data[1] = 3.0\nw.data = w * 2\n(w * w).sum().backward()\noptimizer.step()\nreturn w",
            grad=False,
        ),
    ],
)
needs_you(
    "torch.Tensor.storage",
    "Jittor does not show a tensor's storage",
    also=["torch.Tensor.untyped_storage", "torch.Tensor.data_ptr"],
)
_PLACES = "i = torch.tensor([[0, 0, 1, 2], [2, 1, 1, 0], [0, 1, 0, 2]])\n"
rule(
    "torch.scatter_reduce",
    "(input, dim, index, src, reduce, *, include_self=True)",
    to="helpers.scatter_reduce",
    only={"reduce": ("sum", "mean", "prod", "amax", "amin")},
    cases=[
        snippet(_PLACES + "return torch.scatter_reduce(A, 0, i, B, 'mean', include_self=False)"),
        snippet(_PLACES + "return torch.scatter_reduce(A, 0, i, B, reduce='sum')"),
    ],
)
rule(
    "torch.Tensor.scatter_reduce",
    "(dim, index, src, reduce, *, include_self=True)",
    to="helpers.scatter_reduce",
    only={"reduce": ("sum", "mean", "prod", "amax", "amin")},
    cases=[
        snippet(_PLACES + "return A.scatter_reduce(0, i, B, 'sum'), A.scatter_reduce(0, i, B, 'mean')"),
        snippet(
            "i = torch.tensor([0, 0, 1, 1])\nx, n = torch.zeros(3), V.detach()\nways = ('prod', 'amax', 'amin')\n"
            "return [x.scatter_reduce(0, i, n, w, include_self=s) for w in ways for s in (True, False)]",
            grad=False,
        ),
        snippet(
            _PLACES + "ways = ('amax', 'amin')\n"
            "return [A.scatter_reduce(0, i, B.round(), w, include_self=s) for w in ways for s in (True, False)]"
        ),
        snippet(
            "i = torch.tensor([0, 0, 1, 1])\nx = torch.full((3,), float('-inf'))\n"
            "return x.scatter_reduce(0, i, V, 'amax'), x.scatter_reduce(0, i, V * 0 + 3, 'amax')"
        ),
    ],
)
needs_you("torch.Tensor.scatter_reduce_", "not proved in place", workaround="x = x.scatter_reduce(...)")
rule(
    "torch.index_put",
    "(input, indices, values, accumulate=False)",
    to="helpers.index_put",
    cases=[
        snippet("i = torch.tensor([0, 2, 0])\nreturn torch.index_put(A, (i,), B[:3] * 2, accumulate=True)"),
        snippet("i, j = torch.tensor([0, 2]), torch.tensor([1, -1])\nreturn torch.index_put(A, (i, j), V[0])"),
    ],
)
rule(
    "torch.Tensor.index_put",
    "(indices, values, accumulate=False)",
    to="helpers.index_put",
    cases=[
        snippet("i, j = torch.tensor([0, 2, 0]), torch.tensor([1, -1, 1])\nreturn A.index_put((i, j), V[:3], True)"),
        snippet("return A.index_put((A > 0,), torch.tensor(1.0), accumulate=True)"),
    ],
)
