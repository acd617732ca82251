"""Shared encoder, contrastive margin, pairwise distances, batch statistics."""

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


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6, momentum=0.3), nn.PReLU(), nn.Linear(6, 3))

    def forward(self, a, b):
        return self.fc(a), self.fc(b)


def contrastive(d, y, margin=1.0):
    return torch.mean((1 - y) * d.pow(2) + y * torch.clamp(margin - d, min=0.0).pow(2)) / 2


def main():
    m = fill(Encoder())
    a, b = m(data(5, 4, seed=1), data(5, 4, seed=2))
    d = F.pairwise_distance(a, b, keepdim=True)
    loss = contrastive(d, torch.tensor([[1.0], [0], [1], [0], [1]]))
    loss.backward()
    dist = torch.cdist(a, b)
    return {"loss": loss, "dist": dist, "rm": m.fc[1].running_mean, "rv": m.fc[1].running_var, "g": m.fc[2].weight.grad, "d": d}
