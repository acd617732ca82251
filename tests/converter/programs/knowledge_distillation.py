"""Temperature, KL divergence, teacher without gradients."""

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


def distill(student, teacher, labels, T=4.0, alpha=0.7):
    soft = nn.KLDivLoss(reduction="batchmean")(F.log_softmax(student / T, dim=1), F.softmax(teacher / T, dim=1)) * (T * T)
    return alpha * soft + (1 - alpha) * F.cross_entropy(student, labels)


def main():
    t, s = fill(nn.Linear(5, 3), 1), fill(nn.Linear(5, 3), 2)
    opt = torch.optim.SGD(s.parameters(), lr=0.1, momentum=0.9)
    x, y = data(4, 5), torch.tensor([0, 1, 2, 1])
    for _ in range(3):
        with torch.no_grad():
            tl = t(x)
        loss = distill(s(x), tl, y)
        opt.zero_grad()
        loss.backward()
        opt.step()
    return {"loss": loss.item(), "w": s.weight, "tg": t.weight.grad is None}
