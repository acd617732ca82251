"""Gait as a graph: convolutions over joints, attention over neighbours, a decoder that shares the weights."""

import torch
import torch.nn.functional as F
from torch import nn

BONES = [(0, 1), (1, 2), (2, 3), (1, 4), (4, 5)]


class GraphConv(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(inputs, outputs) * 0.3)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x, adjacency):
        support = torch.matmul(x, self.weight)
        return torch.einsum("ij,njc->nic", adjacency, support) + self.bias


class GraphAttention(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.source = nn.Linear(width, 1, bias=False)
        self.target = nn.Linear(width, 1, bias=False)

    def forward(self, x, adjacency):
        edges = self.source(x) + self.target(x).transpose(1, 2)
        edges = F.leaky_relu(edges, 0.2)
        edges = torch.where(adjacency > 0, edges, torch.full_like(edges, -1e9))
        return torch.bmm(torch.softmax(edges, dim=2), x)


class Gait(nn.Module):
    def __init__(self, joints=6, width=6, classes=4):
        super().__init__()
        adjacency = torch.eye(joints)
        for a, b in BONES:
            adjacency[a, b] = adjacency[b, a] = 1
        degree = adjacency.sum(1)
        self.register_buffer("adjacency", adjacency / torch.sqrt(degree[:, None] * degree[None, :]))
        self.importance = nn.Parameter(torch.ones(joints, joints))
        self.conv1 = GraphConv(3, width)
        self.conv2 = GraphConv(width, width)
        self.attention = GraphAttention(width)
        self.encode = nn.Linear(width, width, bias=False)
        self.decode = nn.Linear(width, width, bias=False)
        self.decode.weight = self.encode.weight
        self.norm = nn.BatchNorm1d(joints)
        self.head = nn.Linear(2 * width, classes)

    def forward(self, x):
        centre = x[:, 1:2]
        x = x - centre
        speed = x[:, 1:] - x[:, :-1]
        x = torch.cat([x[:, :1] * 0, speed], dim=1) + x
        adjacency = self.adjacency * self.importance
        x = torch.relu(self.conv1(x, adjacency))
        x = self.norm(x)
        residual = x
        x = torch.relu(self.conv2(x, adjacency)) + residual
        x = self.attention(x, self.adjacency)
        code = torch.tanh(self.encode(x))
        rebuilt = self.decode(code)
        error = ((rebuilt - x.detach()) ** 2).mean()
        pooled = torch.cat([code.max(dim=1)[0], code.mean(dim=1)], dim=1)
        return self.head(pooled), error


def build():
    return Gait()
