"""Losses without dimensions, collected, stacked and weighted: (n,), not (n, 1)."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def data(*shape, seed=1):
    return torch.from_numpy(np.random.RandomState(seed).randn(*shape).astype(np.float32))


class Balanced(nn.Module):
    def __init__(self, count):
        super().__init__()
        self.log_variances = nn.Parameter(torch.zeros(count))

    def forward(self, losses):
        stacked = torch.stack(losses)
        return (torch.exp(-self.log_variances) * stacked + self.log_variances).sum()


def main():
    x, y = data(3, 4).requires_grad_(), data(3, 4, seed=2)
    criterion = nn.SmoothL1Loss()
    losses = [F.mse_loss(x, y), 0.5 * criterion(x, y), x.abs().mean()]
    balanced = Balanced(3)
    total = balanced(losses)
    total.backward()
    history = []
    for i in range(3):
        history.append((x[i] - y[i]).pow(2).mean().detach())
    row = x.detach().sum(1)
    return {
        "total": total,
        "gradients": [x.grad, balanced.log_variances.grad],
        "history": torch.stack(history) * torch.tensor([1.0, 2.0, 3.0]),
        "rows": torch.stack([row[i] for i in range(3)]) * row,
        "joined": torch.cat([loss.unsqueeze(0) for loss in losses]),
        "parts": torch.stack([row[:1], row[1:2]]),
    }
