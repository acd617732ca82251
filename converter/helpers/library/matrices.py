"""Matrices put together, triangular systems, and what does not depend on the signs of a decomposition."""

from typing import Any

import jittor as jt
import numpy as np

from converter.helpers.library.linear_algebra import inverse


def block_diag(*tensors: Any) -> Any:
    """A matrix with these on its diagonal (numbers and vectors as one row) and zeros elsewhere."""
    parts = [t.reshape((1, -1)) if t.ndim < 2 else t for t in tensors]
    width = sum(p.shape[1] for p in parts)
    rows, left = [], 0
    for part in parts:
        before = jt.zeros((part.shape[0], left), dtype=part.dtype)
        left += part.shape[1]
        after = jt.zeros((part.shape[0], width - left), dtype=part.dtype)
        rows.append(jt.concat([p for p in (before, part, after) if p.shape[1]], dim=1))
    return jt.concat(rows, dim=0)


def solve_triangular(input: Any, B: Any, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Any:
    """The X with ``input @ X = B`` (``X @ input = B`` with ``left=False``); only one triangle of it is read."""
    size = input.shape[-1]
    kept = np.triu(np.ones((size, size)), 1 if unitriangular else 0)
    kept = kept if upper else kept.T
    triangle = input * jt.array(kept).cast(input.dtype)
    if unitriangular:
        triangle = triangle + jt.array(np.eye(size)).cast(input.dtype)
    inverted = inverse(triangle)
    return jt.matmul(inverted, B) if left else jt.matmul(B, inverted)


class SymmetricEigenvalues(jt.Function):
    """Ascending eigenvalues by NumPy; the gradient is ``V diag(g) V.T``."""

    def execute(self, x: Any, upper: bool) -> Any:
        values, self.vectors = np.linalg.eigh(x.numpy(), UPLO="U" if upper else "L")
        return jt.array(values, dtype=str(x.dtype))

    def grad(self, grad: Any) -> Any:
        vectors = jt.array(self.vectors).cast(grad.dtype)
        return jt.matmul(vectors * grad.unsqueeze(-2), vectors.transpose(-1, -2)), None


def eigvalsh(A: Any, UPLO: str = "L") -> Any:
    """Eigenvalues of a symmetric matrix, or of each in a batch, in ascending order."""
    return SymmetricEigenvalues()(A, UPLO.upper() == "U")


class SingularValues(jt.Function):
    """Descending singular values by NumPy; the gradient is ``U diag(g) V.T``."""

    def execute(self, x: Any) -> Any:
        self.left, values, self.right = np.linalg.svd(x.numpy(), full_matrices=False)
        return jt.array(values, dtype=str(x.dtype))

    def grad(self, grad: Any) -> Any:
        left, right = jt.array(self.left).cast(grad.dtype), jt.array(self.right).cast(grad.dtype)
        return jt.matmul(left * grad.unsqueeze(-2), right)


def svdvals(A: Any, *, driver: Any = None) -> Any:
    """Singular values of a matrix, or of each in a batch, in descending order."""
    return SingularValues()(A)
