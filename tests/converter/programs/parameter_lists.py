"""ParameterList, ModuleList, ParameterDict, add_module, apply."""

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


class Mixture(nn.Module):
    def __init__(self, n, d):
        super().__init__()
        self.experts = nn.ModuleList([nn.Linear(d, d) for _ in range(n)])
        self.scale = nn.ParameterList([nn.Parameter(torch.ones(1) * (i + 1)) for i in range(n)])
        self.named = nn.ParameterDict({"a": nn.Parameter(torch.zeros(d))})
        self.add_module("gate", nn.Linear(d, n))
        self.register_parameter("extra", nn.Parameter(torch.full((d,), 0.5)))
        self.register_buffer("count", torch.zeros(n))
        self.apply(self._init)

    def _init(self, m):
        if isinstance(m, nn.Linear):
            nn.init.constant_(m.weight, 0.1)
            nn.init.zeros_(m.bias)

    def forward(self, x):
        gates = F.softmax(self.gate(x), dim=-1)
        top, idx = gates.topk(2, dim=-1)
        self.count += torch.bincount(idx.view(-1), minlength=len(self.experts)).float()
        outs = torch.stack([e(x) * s for e, s in zip(self.experts, self.scale)], dim=1)
        return (gates.unsqueeze(-1) * outs).sum(1) + self.named["a"] + self.extra


def main():
    m = fill(Mixture(3, 4))
    opt = torch.optim.RMSprop(m.parameters(), lr=0.01)
    for i in range(2):
        loss = (m(data(2, 4, seed=i)) - 1).abs().mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    return {"state": dict(m.state_dict()), "n": len(list(m.parameters())), "names": [n for n, _ in m.named_parameters()], "loss": loss.item(), "mods": [n for n, _ in m.named_modules()]}
