"""Messages by index_add and scatter_add, normalised by degree."""

import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def fill(model, seed=0):
    rng = np.random.RandomState(seed)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.from_numpy(rng.randn(*p.shape).astype(np.float32) * 0.2))
    return model


def data(*shape, seed=1):
    return torch.from_numpy(np.random.RandomState(seed).randn(*shape).astype(np.float32))


class GCNConv(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.lin = nn.Linear(i, o, bias=False)

    def forward(self, x, edge_index):
        row, col = edge_index
        deg = torch.zeros(x.size(0)).index_add_(0, col, torch.ones(col.size(0)))
        deg_inv_sqrt = deg.pow(-0.5)
        deg_inv_sqrt[deg_inv_sqrt == float("inf")] = 0
        norm = deg_inv_sqrt[row] * deg_inv_sqrt[col]
        x = self.lin(x)
        out = torch.zeros_like(x)
        return out.index_add(0, col, norm.unsqueeze(-1) * x[row])


class GATLayer(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.W = nn.Parameter(torch.empty(i, o))
        self.a = nn.Parameter(torch.empty(2 * o, 1))
        nn.init.xavier_uniform_(self.W.data, gain=1.414)
        self.leakyrelu = nn.LeakyReLU(0.2)

    def forward(self, h, adj):
        Wh = torch.mm(h, self.W)
        e = self.leakyrelu(torch.matmul(Wh, self.a[:3, :]) + torch.matmul(Wh, self.a[3:, :]).T)
        zero_vec = -9e15 * torch.ones_like(e)
        attention = torch.where(adj > 0, e, zero_vec)
        attention = F.softmax(attention, dim=1)
        return F.elu(torch.matmul(attention, Wh))


def main():
    edge_index = torch.tensor([[0, 1, 1, 2, 3, 0], [1, 0, 2, 1, 0, 3]], dtype=torch.long)
    x = data(5, 4)
    conv = fill(GCNConv(4, 3))
    out = conv(x, edge_index)
    out.pow(2).sum().backward()
    adj = torch.zeros(5, 5)
    adj[edge_index[0], edge_index[1]] = 1
    adj += torch.eye(5)
    gat = fill(GATLayer(4, 3))
    mean = torch.zeros(5, 4).scatter_reduce(0, edge_index[1][:, None].expand(-1, 4), x[edge_index[0]], "mean", include_self=False)
    s = torch.zeros(5, 4).scatter_add_(0, edge_index[1].view(-1, 1).repeat(1, 4), x[edge_index[0]])
    return {"out": out, "g": conv.lin.weight.grad, "gat": gat(x, adj), "mean": mean, "sum": s, "deg": adj.sum(1)}
