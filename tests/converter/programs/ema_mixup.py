"""Exponential moving average of weights, mixup, gradient accumulation."""

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


import copy


class EMA:
    def __init__(self, model, decay):
        self.decay = decay
        self.shadow = {k: v.clone().detach() for k, v in model.state_dict().items()}

    def update(self, model):
        with torch.no_grad():
            for k, v in model.state_dict().items():
                if v.dtype.is_floating_point:
                    self.shadow[k].mul_(self.decay).add_(v, alpha=1 - self.decay)
                else:
                    self.shadow[k].copy_(v)


def main():
    model = fill(nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 3)))
    teacher = copy.deepcopy(model)
    for p in teacher.parameters():
        p.requires_grad = False
    ema = EMA(model, 0.9)
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-2)
    accum = 2
    opt.zero_grad()
    for step in range(4):
        x, y = data(6, 4, seed=step), torch.tensor([0, 1, 2, 0, 1, 2])
        lam = 0.3
        index = torch.tensor([5, 4, 3, 2, 1, 0])
        mixed = lam * x + (1 - lam) * x[index, :]
        pred = model(mixed)
        loss = lam * F.cross_entropy(pred, y) + (1 - lam) * F.cross_entropy(pred, y[index])
        (loss / accum).backward()
        if (step + 1) % accum == 0:
            opt.step()
            opt.zero_grad()
            ema.update(model)
            for tp, sp in zip(teacher.parameters(), model.parameters()):
                tp.data.mul_(0.5).add_(sp.data * 0.5)
    return {"loss": loss.item(), "ema": ema.shadow, "teacher": [p for p in teacher.parameters()]}
