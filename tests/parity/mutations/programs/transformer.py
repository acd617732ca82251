"""A transformer encoder that classifies sentences: padding mask, relative positions, loss inside the model."""

import math

import torch
import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim, heads, reach=2):
        super().__init__()
        self.heads, self.width, self.reach = heads, dim // heads, reach
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim)
        self.value = nn.Linear(dim, dim)
        self.out = nn.Linear(dim, dim)
        self.bias = nn.Embedding(2 * reach + 1, heads)

    def split(self, x):
        n, t, _ = x.shape
        return x.reshape(n, t, self.heads, self.width).permute(0, 2, 1, 3)

    def forward(self, x, mask):
        n, t, dim = x.shape
        q = self.split(self.query(x))
        k = self.split(self.key(x))
        v = self.split(self.value(x))
        scores = q @ k.transpose(-2, -1) / math.sqrt(self.width)
        steps = torch.arange(t)
        distance = (steps[None, :] - steps[:, None]) // 2
        distance = distance.clamp(-self.reach, self.reach) + self.reach
        scores = scores + self.bias(distance).permute(2, 0, 1)
        scores = scores.masked_fill(mask[:, None, None, :] == 0, -1e4)
        weights = F.softmax(scores, dim=-1)
        x = (weights @ v).permute(0, 2, 1, 3).reshape(n, t, dim)
        return self.out(x)


class Layer(nn.Module):
    def __init__(self, dim, heads, dropout=0.1):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attention = Attention(dim, heads)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.up = nn.Linear(dim, 2 * dim)
        self.down = nn.Linear(2 * dim, dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, mask):
        x = x + self.attention(self.norm1(x), mask)
        hidden = self.norm2(x)
        hidden = F.gelu(self.up(hidden))
        hidden = self.dropout(hidden)
        return x + self.down(hidden)


class Encoder(nn.Module):
    def __init__(self, words=11, dim=12, heads=2, depth=2, classes=3, longest=8):
        super().__init__()
        self.embed = nn.Embedding(words, dim, padding_idx=0)
        self.register_buffer("position", self.table(longest + 1, dim))
        self.cls = nn.Parameter(torch.randn(1, 1, dim) * 0.02)
        self.layers = nn.ModuleList([Layer(dim, heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, classes)

    @staticmethod
    def table(length, dim):
        steps = torch.arange(length).float()[:, None]
        rate = torch.exp(torch.arange(0, dim, 2).float() * (-math.log(100.0) / dim))
        return torch.cat([torch.sin(steps * rate), torch.cos(steps * rate)], dim=1)

    def forward(self, words, labels):
        mask = (words != 0).long()
        x = self.embed(words) * math.sqrt(self.embed.embedding_dim)
        x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], dim=1)
        mask = torch.cat([torch.ones_like(mask[:, :1]), mask], dim=1)
        x = x + self.position[1 : x.shape[1] + 1]
        for layer in self.layers:
            x = layer(x, mask)
        x = self.norm(x)
        kept = mask[:, :, None].float()
        mean = (x * kept).sum(1) / kept.sum(1)
        logits = self.head(x[:, 0] + mean)
        loss = F.cross_entropy(logits, labels, reduction="sum")
        return logits, loss


def build():
    return Encoder()
