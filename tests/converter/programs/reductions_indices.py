"""max with indices, sort, argsort, unique, cumsum, median, norm, var, std."""

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
    x = data(3, 5)
    values, indices = x.max(dim=1)
    m = x.min(0)
    s = torch.sort(x, dim=1, descending=True)
    u, inv, cnt = torch.unique(torch.tensor([3, 1, 3, 2, 1]), return_inverse=True, return_counts=True)
    return {
        "v": values, "i": indices, "mv": m.values, "mi": m.indices, "s0": s[0], "s1": s.indices, "arg": x.argsort(-1),
        "am": x.argmax(), "am1": torch.argmax(x, 1, keepdim=True), "u": u, "inv": inv, "cnt": cnt, "cs": x.cumsum(1),
        "cp": torch.cumprod(x, 0), "med": x.median(), "med1": x.median(1)[0], "n": x.norm(), "n1": torch.norm(x, dim=1), "n2": x.norm(p=1),
        "var": x.var(), "var0": x.var(0, unbiased=False), "std": x.std(1), "lse": torch.logsumexp(x, 1), "amax": x.amax((0, 1)),
        "mean": x.mean((0, 1), keepdim=True), "kth": x.kthvalue(2, 1)[0], "any": (x > 1).any(1), "nz": (x > 0).nonzero(),
        "nzt": torch.nonzero(x > 0, as_tuple=True)[0], "quant": torch.quantile(x, 0.3), "vm": torch.var_mean(x, 1)[0],
        "cnz": torch.count_nonzero(x > 0), "mx": torch.maximum(x, -x), "all": torch.allclose(x, x + 1e-9), "eq": torch.equal(x, x),
        "topk": x.topk(2, largest=False).values, "clamp": x.clamp(min=0), "cl2": torch.clamp(x, -0.5, 0.5), "fl": x.flip(0, 1),
    }
