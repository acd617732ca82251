"""Categorical and Normal policies."""

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


from torch.distributions import Categorical, Normal


def main():
    logits = data(3, 4)
    dist = Categorical(logits=logits)
    a = torch.tensor([0, 2, 3])
    normal = Normal(torch.zeros(3), torch.ones(3) * 2)
    return {"lp": dist.log_prob(a), "ent": dist.entropy(), "nlp": normal.log_prob(torch.tensor([0.5, 1.0, -1.0])), "nent": normal.entropy()}
