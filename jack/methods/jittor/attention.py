"""The attention modules of VAANet and CTEN.

Shapes: N rows (a snippet of a video each), B videos, L segments of a video, C channels, M spatial positions.
"""

from __future__ import annotations

import math

import jittor as jt
from . import jittor_helpers as jh
from jittor import nn


def make_score(channels: int) -> jh.Sequential:
    """A score in -1..1 for each position of N x channels x positions: N x 1 x positions."""
    return jh.Sequential(jh.Conv1d(channels, 1, kernel_size=1, bias=False), jh.BatchNorm1d(1), jh.Tanh())


class SpatialAttention(jh.Module):
    """VAANet's weights of the positions in a picture; their mean is 1."""

    def __init__(self, channels: int, positions: int) -> None:
        super().__init__()
        self.positions = positions
        self.conv = make_score(channels)
        self.fc = jh.Linear(positions, positions, bias=False)
        self.softmax = jh.Softmax(dim=1)

    def execute(self, features: jt.Var) -> jt.Var:
        """N x C x M to N x M."""
        score = jh.squeeze(self.conv(features), 1)  # N x M
        return self.softmax(self.fc(score)) * self.positions


class ChannelAttention(jh.Module):
    """VAANet's weights of the channels; their mean is 1.

    The positions are the convolution's channels here, and the channels its length.
    """

    def __init__(self, positions: int, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.conv = make_score(positions)
        self.fc = jh.Linear(channels, channels, bias=False)
        self.softmax = jh.Softmax(dim=1)

    def execute(self, features: jt.Var) -> jt.Var:
        """N x C x M to N x C."""
        score = jh.squeeze(self.conv(features.transpose(1, 2)), 1)  # N x C
        return self.softmax(self.fc(score)) * self.channels


class TemporalAttention(jh.Module):
    """The weights of the segments of a video; not normalised, and 0 for a segment that the ReLU shuts off."""

    def __init__(self, channels: int, length: int) -> None:
        super().__init__()
        self.conv = make_score(channels)
        self.fc = jh.Linear(length, length)
        self.relu = jh.ReLU()

    def execute(self, features: jt.Var) -> jt.Var:
        """B x C x L to B x L."""
        score = jh.squeeze(self.conv(features), 1)  # B x L
        return self.relu(self.fc(score))


def pooled(features: jt.Var, weights: jt.Var) -> jt.Var:
    """The mean over L of B x C x L, weighted by B x L: B x C.  It divides by L, not by the sum of the weights."""
    return jt.mean(features * weights.unsqueeze(1), dim=2)


class NonLocalBlock(jh.Module):
    """Self-attention between the segments of a video, as CTEN has it.

    The learned ``alpha`` scales the *input* that is added, not the attention's result, and starts at 0, so that an
    untrained block drops its input.  (Wang et al., "Non-local Neural Networks", CVPR 2018, add the whole input.)
    """

    def __init__(self, dim: int, inner: int) -> None:
        super().__init__()
        self.inner = inner
        self.alpha = jh.Parameter(jh.zeros_of(1))
        self.theta = jh.Linear(dim, inner)
        self.phi = jh.Linear(dim, inner)
        self.g = jh.Linear(dim, inner)
        self.out = jh.Linear(inner, dim)
        self.bn = jh.BatchNorm1d(dim)

    def execute(self, x: jt.Var) -> jt.Var:
        """B x L x dim to the same shape."""
        batch, length, dim = x.shape
        scores = jh.matmul(self.theta(x), self.phi(x).transpose(1, 2)) / math.sqrt(self.inner)  # B x L x L
        attended = jh.matmul(nn.softmax(scores, dim=2), self.g(x))  # B x L x inner
        y = self.bn(self.out(attended).reshape(batch * length, dim)).reshape(batch, length, dim)
        return y + self.alpha * x


class MultiHeadAttention(jh.Module):
    """Attention with several heads and a ReLU after each of the four projections.

    Vaswani et al., "Attention Is All You Need", NeurIPS 2017, section 3.2, have no ReLU there.

    Args:
        dim: features, divided between the heads.
        heads: their number.
    """

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        if dim % heads:
            raise ValueError(f"{dim} features cannot be divided between {heads} heads")
        self.heads = heads
        self.head_dim = dim // heads
        self.linear_q = jh.Linear(dim, dim)
        self.linear_k = jh.Linear(dim, dim)
        self.linear_v = jh.Linear(dim, dim)
        self.linear_o = jh.Linear(dim, dim)

    def split(self, x: jt.Var) -> jt.Var:
        """B x L x dim to B x heads x L x head_dim."""
        batch, length, _ = x.shape
        return x.reshape(batch, length, self.heads, self.head_dim).transpose(1, 2)

    def execute(self, q: jt.Var, k: jt.Var, v: jt.Var) -> jt.Var:
        """Queries, keys and values of B x L x dim each, to B x L x dim."""
        batch, length, dim = q.shape
        queries = self.split(jh.relu(self.linear_q(q)))
        keys = self.split(jh.relu(self.linear_k(k)))
        values = self.split(jh.relu(self.linear_v(v)))
        scores = jh.matmul(queries, keys.transpose(2, 3)) / math.sqrt(self.head_dim)  # B x heads x L x L
        attended = jh.matmul(nn.softmax(scores, dim=3), values)  # B x heads x L x head_dim
        merged = attended.transpose(1, 2).reshape(batch, length, dim)
        return jh.relu(self.linear_o(merged))
