"""Functions without a state of their own: embeddings, one-hot, norms and similarities, attention."""

import math
from typing import Any

import jittor as jt
from jittor import nn

from converter.helpers.library.activations import dropped, magnitude
from converter.helpers.library.linear_algebra import matmul


def embedding(
    input: Any,
    weight: Any,
    padding_idx: Any = None,
    max_norm: Any = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Any:
    """Rows of ``weight``; no gradient reaches row ``padding_idx``."""
    if max_norm is not None or scale_grad_by_freq:
        raise NotImplementedError("embedding with max_norm or scale_grad_by_freq is not supported")
    found = weight[input.reshape([-1])].reshape([*input.shape, weight.shape[1]])
    if padding_idx is None:
        return found
    learned = (input != padding_idx % weight.shape[0]).unsqueeze(-1)
    return jt.ternary(learned.broadcast(found.shape), found, found.detach())


def embedding_bag(
    input: Any,
    weight: Any,
    offsets: Any = None,
    max_norm: Any = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Any = None,
    include_last_offset: bool = False,
    padding_idx: Any = None,
) -> Any:
    """Sum, mean or maximum of rows of ``weight`` for each row of ``input`` (N, L)."""
    if offsets is not None or max_norm is not None or scale_grad_by_freq or include_last_offset:
        raise NotImplementedError("embedding_bag is supported for (N, L) indices without max_norm")
    if padding_idx is not None:
        raise NotImplementedError("embedding_bag(padding_idx=...) is not supported")
    rows = embedding(input, weight)
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.unsqueeze(-1)
    if mode == "max":
        return jt.argmax(rows, 1)[1]
    return rows.sum(1) if mode == "sum" else rows.mean(1)


def one_hot(input: Any, num_classes: int = -1) -> Any:
    """int64 ones at the given classes, a new last dimension; without ``num_classes`` the largest class decides."""
    if num_classes < 0:
        num_classes = int(input.max().item()) + 1
    return (input.unsqueeze(-1) == jt.arange(num_classes)).int64()


def power_norm(input: Any, p: float, dim: Any, keepdim: bool, floor: float) -> Any:
    """The p-norm over a dimension, not below ``floor``, where its gradient is zero (not nan)."""
    size = magnitude(input)
    if p == math.inf:
        return jt.maximum(size.max(dim, keepdims=keepdim), floor)
    if p == 1:
        return jt.maximum(size.sum(dim, keepdims=keepdim), floor)
    if p == 2:
        squares = (input * input).sum(dim, keepdims=keepdim)
        return jt.sqrt(jt.maximum(squares, max(floor * floor, 1.2e-38)))
    powers = jt.maximum(size, 1e-30) ** p
    return jt.maximum(jt.maximum(powers.sum(dim, keepdims=keepdim), 1e-38) ** (1.0 / p), floor)


def normalize(input: Any, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: Any = None) -> Any:
    """Divide by the p-norm over a dimension."""
    if out is not None:
        raise NotImplementedError("normalize(out=...) is not supported")
    return input / power_norm(input, p, dim, True, eps)


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """Cosine of the angle between the vectors along a dimension; norms are not below eps."""
    first = x1 / power_norm(x1, 2, dim, True, eps)
    return (first * (x2 / power_norm(x2, 2, dim, True, eps))).sum(dim)


def pairwise_distance(x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Any:
    """The p-norm of ``x1 - x2 + eps`` over the last dimension."""
    return power_norm(x1 - x2 + eps, p, -1, keepdim, 0.0)


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: Any = None,
    enable_gqa: bool = False,
) -> Any:
    """``softmax(query key^T scale + mask) value``; a boolean mask says where to look (Jittor's own fails on it)."""
    if enable_gqa:
        repeats = query.shape[-3] // key.shape[-3]
        key, value = key.repeat_interleave(repeats, -3), value.repeat_interleave(repeats, -3)
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = matmul(query * factor, key.transpose(-2, -1))
    if is_causal:
        rows, columns = scores.shape[-2:]
        attn_mask = jt.arange(rows).unsqueeze(-1) >= jt.arange(columns).unsqueeze(0)
    if attn_mask is not None:
        if attn_mask.dtype == "bool":
            hidden = jt.zeros(attn_mask.shape) - 1e30
            attn_mask = jt.ternary(attn_mask, jt.zeros(attn_mask.shape), hidden)
        scores = scores + attn_mask
    weights = nn.softmax(scores, dim=-1)
    return matmul(dropped(weights, weights.shape, dropout_p, True), value)
