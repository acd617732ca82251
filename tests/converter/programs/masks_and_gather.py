"""tril masks, gather, masked_select, take_along_dim, index_select, where."""

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
    x = data(3, 4)
    L = torch.tensor([2, 4, 1])
    mask = torch.arange(4).expand(3, 4) < L.unsqueeze(1)
    idx = torch.tensor([[0, 3], [1, 1], [2, 0]])
    causal = torch.ones(4, 4).tril().bool()
    last = x.gather(1, (L - 1).view(-1, 1)).squeeze(1)
    masked_mean = (x * mask.float()).sum(1) / mask.sum(1).clamp(min=1)
    y = x.clone()
    y.masked_fill_(~mask, -1e9)
    return {
        "mask": mask, "g": torch.gather(x, 1, idx), "last": last, "mm": masked_mean, "sm": F.softmax(y, -1), "ms": torch.masked_select(x, mask),
        "is": x.index_select(1, torch.tensor([3, 0])), "ad": x[torch.arange(3), L - 1], "causal": causal, "triu": torch.triu(x, 1),
        "tad": torch.take_along_dim(x, idx, 1), "sc": torch.zeros(3, 4).scatter_(1, idx, 1.0), "scv": torch.zeros(3, 4).scatter(1, idx, x[:, :2]),
        "bool": x[mask], "none": x[:, None].shape, "ell": x[..., 0], "step": x[::2, 1:3], "neg": x[-1], "nz": torch.where(mask)[0],
        "iss": mask.long().sum(dim=-1), "outer": mask.unsqueeze(1) & mask.unsqueeze(2), "rep": x.repeat_interleave(2, dim=0), "roll": torch.roll(x, 1, dims=1),
    }
