"""nn.MultiheadAttention, weights averaged or not."""

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
    mha = fill(nn.MultiheadAttention(embed_dim=8, num_heads=2, batch_first=True))
    x = data(2, 4, 8)
    pad = torch.tensor([[False, False, False, True], [False, False, False, False]])
    out, w = mha(x, x, x, key_padding_mask=pad)
    causal = torch.triu(torch.ones(4, 4, dtype=torch.bool), diagonal=1)
    out2, w2 = mha(x, x, x, attn_mask=causal, need_weights=True, average_attn_weights=False)
    out3, none = mha(x, x, x, need_weights=False)
    return {"out": out, "w": w, "out2": out2, "w2": w2, "out3": out3, "none": none is None}
