"""Vector quantisation with a straight-through estimator."""

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


class VectorQuantizer(nn.Module):
    def __init__(self, n, d, beta):
        super().__init__()
        self.n, self.d, self.beta = n, d, beta
        self.embedding = nn.Embedding(n, d)
        self.embedding.weight.data.uniform_(-1.0 / n, 1.0 / n)

    def forward(self, z):
        z = z.permute(0, 2, 3, 1).contiguous()
        flat = z.view(-1, self.d)
        dist = torch.sum(flat**2, dim=1, keepdim=True) + torch.sum(self.embedding.weight**2, dim=1) - 2 * torch.matmul(flat, self.embedding.weight.t())
        idx = torch.argmin(dist, dim=1).unsqueeze(1)
        enc = torch.zeros(idx.shape[0], self.n).to(z)
        enc.scatter_(1, idx, 1)
        zq = torch.matmul(enc, self.embedding.weight).view(z.shape)
        loss = torch.mean((zq.detach() - z) ** 2) + self.beta * torch.mean((zq - z.detach()) ** 2)
        zq = z + (zq - z).detach()
        e_mean = torch.mean(enc, dim=0)
        perplexity = torch.exp(-torch.sum(e_mean * torch.log(e_mean + 1e-10)))
        return loss, zq.permute(0, 3, 1, 2).contiguous(), perplexity


def main():
    vq = fill(VectorQuantizer(4, 3, 0.25))
    z = data(2, 3, 2, 2).requires_grad_()
    loss, zq, perp = vq(z)
    (loss + zq.sum()).backward()
    return {"loss": loss, "zq": zq, "perp": perp, "g": z.grad, "ge": vq.embedding.weight.grad}
