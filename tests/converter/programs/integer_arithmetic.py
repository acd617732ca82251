"""Floor division and remainder of negative numbers, true division, shifts."""

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
    a = torch.tensor([-7, -3, 0, 3, 7])
    b = torch.tensor([2, -2, 3, 3, -4])
    f = torch.tensor([-7.5, -3.0, 0.5, 3.25, 7.0])
    n, stride = 7, 2
    h = (torch.tensor(13) + 2 * 1 - 3) // stride + 1
    return {
        "floor": a // b, "mod": a % b, "true": a / b, "f//": f // 2, "f%": f % 2, "r//": 7 // b, "r%": n % b,
        "div": torch.div(a, b, rounding_mode="floor"), "trunc": torch.div(a, b, rounding_mode="trunc"),
        "rem": torch.remainder(a, b), "fmod": torch.fmod(a, b), "fd": torch.floor_divide(a, b), "pow": a**2,
        "shift": a << 1, "and": a & 3, "inv": ~a, "neg": -a, "abs": a.abs(), "h": int(h), "round": torch.round(f),
    }
