"""Gradient descent by hand on leaf tensors, without an optimizer."""

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
    x = torch.linspace(-1, 1, 8).unsqueeze(1)
    y = 2 * x + 0.5
    w = torch.tensor([[0.1]], requires_grad=True)
    b = torch.zeros(1, requires_grad=True)
    losses = []
    for t in range(4):
        loss = (x @ w + b - y).pow(2).sum()
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            w -= 0.05 * w.grad
            b -= 0.05 * b.grad
            w.grad.zero_()
            b.grad.zero_()
    v = torch.tensor([1.0, 2.0], requires_grad=True)
    (v**2).sum().backward()
    v.data.add_(v.grad, alpha=-0.1)
    v.grad = None
    (v**3).sum().backward()
    return {"losses": losses, "w": w, "b": b, "v": v, "vg": v.grad}
