"""The attention modules of VAANet and CTEN.

Shapes: N rows (a snippet of a video each), B videos, L segments of a video, C channels, M spatial positions.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn


def make_score(channels: int) -> nn.Sequential:
    """A score in -1..1 for each position of N x channels x positions: N x 1 x positions."""
    return nn.Sequential(nn.Conv1d(channels, 1, kernel_size=1, bias=False), nn.BatchNorm1d(1), nn.Tanh())


class SpatialAttention(nn.Module):
    """VAANet's weights of the positions in a picture; their mean is 1."""

    def __init__(self, channels: int, positions: int) -> None:
        super().__init__()
        self.positions = positions
        self.conv = make_score(channels)
        self.fc = nn.Linear(positions, positions, bias=False)
        self.softmax = nn.Softmax(dim=1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """N x C x M to N x M."""
        score = self.conv(features).squeeze(1)  # N x M
        return self.softmax(self.fc(score)) * self.positions


class ChannelAttention(nn.Module):
    """VAANet's weights of the channels; their mean is 1.

    The positions are the convolution's channels here, and the channels its length.
    """

    def __init__(self, positions: int, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.conv = make_score(positions)
        self.fc = nn.Linear(channels, channels, bias=False)
        self.softmax = nn.Softmax(dim=1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """N x C x M to N x C."""
        score = self.conv(features.transpose(1, 2)).squeeze(1)  # N x C
        return self.softmax(self.fc(score)) * self.channels


class TemporalAttention(nn.Module):
    """The weights of the segments of a video; not normalised, and 0 for a segment that the ReLU shuts off."""

    def __init__(self, channels: int, length: int) -> None:
        super().__init__()
        self.conv = make_score(channels)
        self.fc = nn.Linear(length, length)
        self.relu = nn.ReLU()

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """B x C x L to B x L."""
        score = self.conv(features).squeeze(1)  # B x L
        return self.relu(self.fc(score))


def pooled(features: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """The mean over L of B x C x L, weighted by B x L: B x C.  It divides by L, not by the sum of the weights."""
    return torch.mean(features * weights.unsqueeze(1), dim=2)


class NonLocalBlock(nn.Module):
    """Self-attention between the segments of a video, as CTEN has it.

    The learned ``alpha`` scales the *input* that is added, not the attention's result, and starts at 0, so that an
    untrained block drops its input.  (Wang et al., "Non-local Neural Networks", CVPR 2018, add the whole input.)
    """

    def __init__(self, dim: int, inner: int) -> None:
        super().__init__()
        self.inner = inner
        self.alpha = nn.Parameter(torch.zeros(1))
        self.theta = nn.Linear(dim, inner)
        self.phi = nn.Linear(dim, inner)
        self.g = nn.Linear(dim, inner)
        self.out = nn.Linear(inner, dim)
        self.bn = nn.BatchNorm1d(dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """B x L x dim to the same shape."""
        batch, length, dim = x.shape
        scores = torch.matmul(self.theta(x), self.phi(x).transpose(1, 2)) / math.sqrt(self.inner)  # B x L x L
        attended = torch.matmul(F.softmax(scores, dim=2), self.g(x))  # B x L x inner
        y = self.bn(self.out(attended).reshape(batch * length, dim)).reshape(batch, length, dim)
        return y + self.alpha * x


class MultiHeadAttention(nn.Module):
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
        self.linear_q = nn.Linear(dim, dim)
        self.linear_k = nn.Linear(dim, dim)
        self.linear_v = nn.Linear(dim, dim)
        self.linear_o = nn.Linear(dim, dim)

    def split(self, x: torch.Tensor) -> torch.Tensor:
        """B x L x dim to B x heads x L x head_dim."""
        batch, length, _ = x.shape
        return x.reshape(batch, length, self.heads, self.head_dim).transpose(1, 2)

    def forward(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        """Queries, keys and values of B x L x dim each, to B x L x dim."""
        batch, length, dim = q.shape
        queries = self.split(F.relu(self.linear_q(q)))
        keys = self.split(F.relu(self.linear_k(k)))
        values = self.split(F.relu(self.linear_v(v)))
        scores = torch.matmul(queries, keys.transpose(2, 3)) / math.sqrt(self.head_dim)  # B x heads x L x L
        attended = torch.matmul(F.softmax(scores, dim=3), values)  # B x heads x L x head_dim
        merged = attended.transpose(1, 2).reshape(batch, length, dim)
        return F.relu(self.linear_o(merged))
