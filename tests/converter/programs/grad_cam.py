"""Gradients of an activation by register_hook and retain_grad."""

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
    conv = fill(nn.Conv2d(1, 3, 3))
    x = data(1, 1, 6, 6)
    grads = []
    act = conv(x)
    act.register_hook(lambda g: grads.append(g))
    score = act.relu().mean(dim=(2, 3)).pow(2).sum()
    score.backward()
    weights = grads[0].mean(dim=(2, 3), keepdim=True)
    cam = F.relu((weights * act).sum(1))
    return {"cam": cam, "g": grads[0]}
