"""Products of vectors and matrices, and decompositions."""

from __future__ import annotations

from typing import Any

import jittor as jt
import numpy as np

from converter.helpers.library.dtypes import integral, scalar_like
from converter.helpers.library.matmul_native import batched_product


def matmul(input: Any, other: Any) -> Any:
    """The matrix product with Torch's broadcasting; two vectors give their inner product; integers stay exact."""
    if input.ndim == 1 and other.ndim == 1:
        return (input * other).sum()
    if integral(input) or integral(other):
        a = input.unsqueeze(0) if input.ndim == 1 else input
        b = other.unsqueeze(1) if other.ndim == 1 else other
        product = (a.unsqueeze(-1) * b.unsqueeze(-3)).sum(-2)
        return vector_dims_dropped(product, input, other)
    if input.ndim == 1:
        return jt.matmul(input.unsqueeze(0), other).squeeze(-2)
    if other.ndim == 1:
        return jt.matmul(input, other.unsqueeze(1)).squeeze(-1)
    product = batched_product(input, other)
    return jt.matmul(input, other) if product is None else product


def vector_dims_dropped(product: Any, input: Any, other: Any) -> Any:
    """A product of matrices without the dimensions that stood for vectors."""
    if input.ndim == 1:
        product = product.squeeze(-2)
    return product.squeeze(-1) if other.ndim == 1 else product


def dot(input: Any, tensor: Any) -> Any:
    """The inner product of two vectors."""
    return (input * tensor).sum()


def outer(input: Any, vec2: Any) -> Any:
    """All products of the elements of two vectors."""
    return input.unsqueeze(1) * vec2.unsqueeze(0)


def addmm(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """``beta * input + alpha * mat1 @ mat2``, also for vectors and batches."""
    product = matmul(mat1, mat2)
    product = product if alpha == 1 else product * scalar_like(alpha, product)
    return product if beta == 0 else product + (input if beta == 1 else input * scalar_like(beta, product))


def addbmm(input: Any, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """``beta * input + alpha`` times the sum of the products of a batch of matrices."""
    return input * beta + matmul(batch1, batch2).sum(0) * alpha


def addr(input: Any, vec1: Any, vec2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """``beta * input + alpha * outer(vec1, vec2)``."""
    return input * beta + outer(vec1, vec2) * alpha


def einsum(equation: str, *operands: Any) -> Any:
    """Sums of products named by letters; the operands may come in a list, as in Torch."""
    tensors = operands[0] if len(operands) == 1 and isinstance(operands[0], list | tuple) else operands
    return jt.linalg.einsum(equation, *tensors)


def tensordot(a: Any, b: Any, dims: Any = 2) -> Any:
    """Sums of products over the last dimensions of one tensor and the first of the other, or over those listed."""
    if isinstance(dims, int):
        dims = (list(range(a.ndim - dims, a.ndim)), list(range(dims)))
    left, right = ([d % t.ndim for d in part] for part, t in zip(dims, (a, b)))
    free_a = [d for d in range(a.ndim) if d not in left]
    free_b = [d for d in range(b.ndim) if d not in right]
    size = int(np.prod([a.shape[d] for d in left]))
    first = a.permute((*free_a, *left)) if a.ndim > 1 else a
    second = b.permute((*right, *free_b)) if b.ndim > 1 else b
    product = jt.matmul(first.reshape([-1, size]), second.reshape([size, -1]))
    return product.reshape([*(a.shape[d] for d in free_a), *(b.shape[d] for d in free_b)] or [1])


def kron(input: Any, other: Any) -> Any:
    """The Kronecker product of two matrices."""
    rows, columns = input.shape[0] * other.shape[0], input.shape[1] * other.shape[1]
    blocks = input.unsqueeze(1).unsqueeze(3) * other.unsqueeze(0).unsqueeze(2)
    return blocks.reshape([rows, columns])


def cdist(x1: Any, x2: Any, p: float = 2.0, compute_mode: Any = None) -> Any:
    """Distances between all rows of two matrices (or batches); the gradient at distance 0 is 0, as in Torch."""
    gap = x1.unsqueeze(-2) - x2.unsqueeze(-3)
    if p == 2:
        total = (gap * gap).sum(-1)
        zero = total == 0
        return jt.ternary(zero, jt.zeros_like(total), jt.ternary(zero, jt.ones_like(total), total).sqrt())
    size = gap * ((gap > 0).cast(gap.dtype) - (gap < 0).cast(gap.dtype)).detach()
    if p == 1:
        return size.sum(-1)
    if p == float("inf"):
        return size.max(-1)
    raise NotImplementedError("cdist: only p = 1, 2 and infinity")


def cross(input: Any, other: Any, dim: int | None = None) -> Any:
    """The cross product of 3-vectors along a dimension: the first of size 3 unless given."""
    if dim is None:
        dim = list(input.shape).index(3)
    dim %= input.ndim
    head = (slice(None),) * dim
    ahead, behind = (jt.array(order) for order in ([1, 2, 0], [2, 0, 1]))
    return input[(*head, ahead)] * other[(*head, behind)] - input[(*head, behind)] * other[(*head, ahead)]


class Inverse(jt.Function):
    """The inverse by NumPy; the gradient is -inv.T @ grad @ inv.T."""

    def execute(self, x: Any) -> Any:
        self.result = jt.array(np.linalg.inv(x.numpy()), dtype=str(x.dtype))
        return self.result

    def grad(self, grad: Any) -> Any:
        turned = self.result.transpose(-1, -2)
        return -jt.matmul(jt.matmul(turned, grad), turned)


def inverse(input: Any) -> Any:
    """The inverse of a matrix, or of each in a batch."""
    return Inverse()(input)


class LogDeterminant(jt.Function):
    """log|det| by NumPy; the gradient is the transposed inverse."""

    def execute(self, x: Any) -> Any:
        array = x.numpy()
        self.turned = jt.array(np.linalg.inv(array), dtype=str(x.dtype)).transpose(-1, -2)
        return jt.array(np.atleast_1d(np.linalg.slogdet(array)[1]), dtype=str(x.dtype))

    def grad(self, grad: Any) -> Any:
        return self.turned * grad.reshape([*self.turned.shape[:-2], 1, 1])


def slogdet(input: Any) -> Any:
    """Sign and logarithm of the absolute value of the determinant."""
    sign = np.atleast_1d(np.linalg.slogdet(input.numpy())[0])
    return jt.array(sign, dtype=str(input.dtype)).detach(), LogDeterminant()(input)


def logdet(input: Any) -> Any:
    """The logarithm of the determinant, nan where it is negative."""
    sign, value = slogdet(input)
    return jt.ternary(sign > 0, value, jt.log(sign))


def det(input: Any) -> Any:
    """The determinant of a matrix that has an inverse."""
    sign, value = slogdet(input)
    return sign * value.exp()


def solve(A: Any, B: Any) -> Any:
    """The X with A @ X = B; the gradient goes through the inverse."""
    if B.ndim == 1:
        return jt.matmul(inverse(A), B.unsqueeze(1)).squeeze(-1)
    return jt.matmul(inverse(A), B)


class Cholesky(jt.Function):
    """The lower triangular factor by NumPy, with the gradient of I. Murray (2016)."""

    def execute(self, x: Any) -> Any:
        self.lower = np.linalg.cholesky(x.numpy())
        return jt.array(self.lower, dtype=str(x.dtype))

    def grad(self, grad: Any) -> Any:
        turned = jt.array(np.swapaxes(self.lower, -1, -2).copy(), dtype=str(grad.dtype))
        inverted = jt.array(np.linalg.inv(self.lower), dtype=str(grad.dtype))
        half = np.tril(np.ones(self.lower.shape[-2:])) - 0.5 * np.eye(self.lower.shape[-1])
        inner = jt.matmul(turned, grad) * jt.array(half, dtype=str(grad.dtype))
        result = jt.matmul(jt.matmul(inverted.transpose(-1, -2), inner), inverted)
        return (result + result.transpose(-1, -2)) / 2


def cholesky(input: Any, *, upper: bool = False) -> Any:
    """The triangular L with L @ L.T = input."""
    lower = Cholesky()(input)
    return lower.transpose(-1, -2) if upper else lower


def matrix_power(input: Any, n: int) -> Any:
    """A square matrix multiplied with itself."""
    base = input if n >= 0 else inverse(input)
    result = jt.array(np.eye(input.shape[-1]), dtype=str(input.dtype)).broadcast(tuple(input.shape))
    for _ in range(n if n >= 0 else -n):
        result = jt.matmul(result, base)
    return result


def inner_product(input: Any, other: Any) -> Any:
    """Products summed over the last dimension of both."""
    if input.ndim == 1 and other.ndim == 1:
        return dot(input, other)
    return tensordot(input, other, ([input.ndim - 1], [other.ndim - 1]))
