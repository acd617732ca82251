"""Writes through views, slices, rows, masks."""

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


def main():
    x = torch.arange(12.0).view(3, 4)
    y = x.clone()
    y[0] += 1
    y[:, 1] *= 2
    y[1:, 2:] = -1
    row = y[2]
    row.add_(10)
    y[y < 0] = 0
    y[..., -1].fill_(7)
    z = torch.zeros(2, 3)
    z.view(-1)[2] = 5
    z.t()[0] = torch.tensor([1.0, 2.0])
    a = x.narrow(1, 0, 2)
    a.mul_(3)
    b = torch.empty(3, 4).copy_(x)
    b[[0, 2]] = b[[2, 0]]
    c = x.chunk(2, dim=1)
    c[1].zero_()
    return {"x": x, "y": y, "z": z, "b": b}
