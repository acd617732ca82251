"""Promotion and conversions between dtypes."""

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
    i, u = torch.tensor([1, 2, 3]), torch.tensor([1, 200, 100], dtype=torch.uint8)
    b, f = torch.tensor([True, False, True]), torch.tensor([0.5, 1.5, -2.5])
    d = f.double()
    return {
        "if": i * f, "id": i + d, "bf": b * f, "bi": b + 1, "ui": u + i, "usum": u.sum(), "bsum": b.sum(), "u2": u * 2.5,
        "isqrt": torch.sqrt(i), "usig": torch.sigmoid(u), "bexp": torch.exp(b), "long": f.long(), "int": f.int(),
        "to": f.to(torch.float64), "type": f.type(torch.int64), "half": f.half().float(), "bool": f.bool(), "as": i.type_as(f),
        "imean": i.float().mean(), "i/2": i / 2, "i//2": i // 2, "full": torch.full((2,), 3), "ar": torch.arange(0, 1, 0.25),
        "where": torch.where(b, i, 0), "where2": torch.where(b, f, 0.0), "cmp": i == f, "u/255": u.float() / 255,
        "cat": torch.cat([i.float(), f]), "stack": torch.stack([i, i]), "np": torch.from_numpy(np.arange(3)),
        "t64": torch.tensor(np.array([1.5, 2.5])), "s": torch.tensor(3), "sf": torch.tensor(3.5), "sc": i.sum() * 0.5, "u/2": u / 2,
        "lin": torch.linspace(0, 1, 3), "usqrt": u.sqrt(), "ulog": torch.log(u), "imax": i.max(), "bany": b.any(), "ball": b.all(),
        "big": torch.tensor([2**40]), "prod": i.prod(), "cumsum": b.cumsum(0), "d2": d.pow(2).sum(), "2**i": 2**i,
    }
