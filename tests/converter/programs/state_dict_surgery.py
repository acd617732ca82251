"""Renamed and dropped keys, partial loading, checkpoints in files."""

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


import os
import tempfile
from collections import OrderedDict


class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(2)
        self.fc = nn.Linear(2, classes)

    def forward(self, x):
        x = F.relu(self.bn(self.conv(x)))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


def main():
    old, new = fill(Net(4), 1), fill(Net(3), 2)
    opt = torch.optim.Adam(old.parameters(), 1e-2)
    old(data(2, 1, 4, 4)).sum().backward()
    opt.step()
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "ck.pth")
        torch.save({"epoch": 3, "model": old.state_dict(), "optimizer": opt.state_dict()}, path)
        ck = torch.load(path, map_location="cpu")
    prefixed = OrderedDict(("module." + k, v) for k, v in ck["model"].items())
    state = {k.replace("module.", ""): v for k, v in prefixed.items() if not k.startswith("module.fc")}
    msg = new.load_state_dict(state, strict=False)
    own = new.state_dict()
    matching = {k: v for k, v in ck["model"].items() if k in own and v.size() == own[k].size()}
    own.update(matching)
    new.load_state_dict(own)
    opt2 = torch.optim.Adam(old.parameters(), 1e-2)
    opt2.load_state_dict(ck["optimizer"])
    old.eval()
    opt2.zero_grad()
    loss = old(data(2, 1, 4, 4)).pow(2).sum()
    loss.backward()
    opt2.step()
    new.eval()
    return {"epoch": ck["epoch"], "missing": sorted(msg.missing_keys), "unexpected": msg.unexpected_keys, "out": new(data(2, 1, 4, 4)), "old": old.fc.weight, "loss": loss}
