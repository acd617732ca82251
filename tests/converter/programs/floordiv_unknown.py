"""Division of values whose kind cannot be told."""

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


def split_index(index, width):
    return index // width, index % width


class Decoder:
    def __init__(self, beam):
        self.beam = beam

    def step(self, scores):
        flat = scores.view(scores.size(0), -1)
        values, idx = flat.topk(self.beam, dim=-1)
        beams, tokens = split_index(idx, scores.size(-1))
        return values, beams, tokens


def main():
    v, b, t = Decoder(2).step(data(2, 3, 5))
    q, r = split_index(torch.tensor([-5, 5]), 3)
    return {"v": v, "b": b, "t": t, "q": q, "r": r}
