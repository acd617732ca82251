"""The graph network in stock Jittor: adjacency from NumPy, products by matmul, the decoder as a function."""

import jittor as jt
import numpy as np
from jittor import nn

EDGES = [(0, 1), (1, 2), (2, 3), (1, 4), (4, 5)]


def normalised_adjacency(n):
    a = np.eye(n, dtype="float32")
    for i, j in EDGES:
        a[i, j] = a[j, i] = 1.0
    d = a.sum(1) ** -0.5
    return a * d[:, None] * d[None, :]


class GCN(nn.Module):
    def __init__(self, f_in, f_out):
        super().__init__()
        self.weight = jt.randn((f_in, f_out)) * 0.3
        self.bias = jt.zeros((f_out,))

    def execute(self, h, A):
        h = jt.matmul(h, self.weight)
        h = jt.matmul(A.unsqueeze(0).expand((h.shape[0], A.shape[0], A.shape[1])), h)
        return h + self.bias


class GAT(nn.Module):
    def __init__(self, f):
        super().__init__()
        self.a_src = nn.Linear(f, 1, bias=False)
        self.a_dst = nn.Linear(f, 1, bias=False)

    def execute(self, h, A):
        e = nn.leaky_relu(self.a_src(h) + self.a_dst(h).permute(0, 2, 1), 0.2)
        alpha = nn.softmax(e + (A <= 0).float32().unsqueeze(0) * -1e9, dim=2)
        return nn.bmm(alpha, h)


class GaitNet(nn.Module):
    def __init__(self, n=6, f=6, n_cls=4):
        super().__init__()
        self.A = jt.array(normalised_adjacency(n)).stop_grad()
        self.edge = jt.ones((n, n))
        self.gc1 = GCN(3, f)
        self.gc2 = GCN(f, f)
        self.gat = GAT(f)
        self.enc = nn.Linear(f, f, bias=False)
        self.bn = nn.BatchNorm1d(n)
        self.fc = nn.Linear(2 * f, n_cls)

    def execute(self, p):
        p = p - p[:, 1:2]
        v = p[:, 1:] - p[:, :-1]
        h = jt.concat([jt.zeros_like(p[:, :1]), v], dim=1) + p
        A = self.A * self.edge
        h = self.bn(nn.relu(self.gc1(h, A)))
        h = nn.relu(self.gc2(h, A)) + h
        h = self.gat(h, self.A)
        z = jt.tanh(self.enc(h))
        recon = jt.matmul(z, self.enc.weight.transpose(0, 1))
        err = jt.sqr(recon - h.detach()).mean()
        feat = jt.concat([z.max(dim=1), z.mean(dim=1)], dim=1)
        return self.fc(feat), err
