"""nn.TransformerEncoder with padding mask and sinusoidal positions."""

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


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, dropout=0.0, max_len=50):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, 1, d_model)
        pe[:, 0, 0::2] = torch.sin(position * div_term)
        pe[:, 0, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe)

    def forward(self, x):
        x = x + self.pe[: x.size(0)]
        return self.dropout(x)


class Model(nn.Module):
    def __init__(self, ntoken=11, d_model=8, nhead=2, nlayers=2):
        super().__init__()
        self.pos = PositionalEncoding(d_model)
        layer = nn.TransformerEncoderLayer(d_model, nhead, dim_feedforward=16, dropout=0.0)
        self.encoder = nn.TransformerEncoder(layer, nlayers)
        self.embedding = nn.Embedding(ntoken, d_model)
        self.d_model = d_model
        self.linear = nn.Linear(d_model, ntoken)

    def forward(self, src, src_mask=None, pad=None):
        src = self.embedding(src) * math.sqrt(self.d_model)
        src = self.pos(src)
        out = self.encoder(src, src_mask, src_key_padding_mask=pad)
        return self.linear(out)


def main():
    model = fill(Model())
    src = torch.tensor([[1, 2, 3], [4, 5, 6], [7, 0, 9], [3, 3, 0]])
    mask = nn.Transformer.generate_square_subsequent_mask(4)
    pad = (src == 0).t()
    out = model(src, mask)
    loss = F.cross_entropy(out.view(-1, 11), src.view(-1))
    loss.backward()
    grads = {n: p.grad for n, p in model.named_parameters()}
    return {"out": out, "loss": loss, "grads": grads, "pad": model(src, None, pad), "keys": list(model.state_dict())}
