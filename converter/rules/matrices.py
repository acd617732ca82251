"""Matrices put together, triangular systems, eigenvalues and singular values."""

from __future__ import annotations

from converter.rules.base import call, rule, snippet

_SPD = "Q @ Q.t() + 4 * torch.eye(4)"
rule(
    "torch.block_diag",
    "(*tensors)",
    to="helpers.block_diag",
    cases=[snippet("return torch.block_diag(A, V, Q), torch.block_diag(torch.tensor(3.0), A)")],
)
rule(
    "torch.linalg.solve_triangular",
    "(input, B, *, upper, left=True, unitriangular=False)",
    to="helpers.solve_triangular",
    cases=[
        call(input=_SPD, B="W", upper="True", tolerance="special"),
        call(input=_SPD, B="A", upper="False", left="False", tolerance="special"),
        call(input="Q * 0.1", B="W", upper="False", unitriangular="True", tolerance="special"),
    ],
)
rule(
    "torch.linalg.eigvalsh",
    "(A, UPLO='L')",
    to="helpers.eigvalsh",
    cases=[
        snippet(f"s = {_SPD}\nreturn torch.linalg.eigvalsh(s), torch.linalg.eigvalsh(torch.stack([s, s * 2 + 1]), 'U')")
    ],
)
rule(
    "torch.linalg.svdvals",
    "(A, *, driver=None)",
    to="helpers.svdvals",
    cases=[call(A="A", tolerance="special"), call(A="X", tolerance="special")],
)
