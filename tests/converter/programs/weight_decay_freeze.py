"""Frozen backbones, named parameter groups, several learning rates."""

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
    model = fill(nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)))
    for name, param in model.named_parameters():
        if name.startswith("0."):
            param.requires_grad = False
    opt = torch.optim.Adam(filter(lambda p: p.requires_grad, model.parameters()), lr=0.01)
    before = model[0].weight.clone()
    for i in range(2):
        loss = F.mse_loss(model(data(3, 4, seed=i)), torch.zeros(3, 2))
        opt.zero_grad()
        loss.backward()
        opt.step()
    same = torch.equal(before, model[0].weight)
    for p in model[0].parameters():
        p.requires_grad_(True)
    opt.add_param_group({"params": model[0].parameters(), "lr": 0.1})
    loss = model(data(3, 4)).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    n = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return {"same": same, "n": n, "w0": model[0].weight, "w2": model[2].weight, "frozen_grad": model[0].bias.grad}
