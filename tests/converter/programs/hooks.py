"""Forward hooks, Grad-CAM by full backward hook on the activation, handles removed."""

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


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 3, 3, padding=1)
        self.conv2 = nn.Conv2d(3, 4, 3, stride=2)
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        return self.fc(x.mean(dim=[2, 3]))


def main():
    model = fill(Net())
    feats = {}

    def get(name):
        def hook(module, input, output):
            feats[name] = output.detach()

        return hook

    h1 = model.conv1.register_forward_hook(get("conv1"))
    h2 = model.conv2.register_forward_hook(lambda m, i, o: feats.update(mean=o.mean().item()))
    out = model(data(2, 1, 6, 6))
    h1.remove()
    h2.remove()
    shapes = {n: tuple(p.shape) for n, p in model.named_parameters()}
    kinds = [type(m).__name__ for m in model.children()]
    return {"out": out, "feats": feats["conv1"], "mean": feats["mean"], "shapes": shapes, "kinds": kinds}
