"""Encoder, Bahdanau attention, decoder with teacher forcing."""

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


class Encoder(nn.Module):
    def __init__(self, v, h):
        super().__init__()
        self.embedding = nn.Embedding(v, h)
        self.gru = nn.GRU(h, h, batch_first=True)

    def forward(self, x):
        return self.gru(self.embedding(x))


class Attention(nn.Module):
    def __init__(self, h):
        super().__init__()
        self.Wa, self.Ua, self.Va = nn.Linear(h, h), nn.Linear(h, h), nn.Linear(h, 1)

    def forward(self, query, keys):
        scores = self.Va(torch.tanh(self.Wa(query) + self.Ua(keys)))
        scores = scores.squeeze(2).unsqueeze(1)
        weights = F.softmax(scores, dim=-1)
        return torch.bmm(weights, keys), weights


class Decoder(nn.Module):
    def __init__(self, h, v):
        super().__init__()
        self.embedding, self.attention = nn.Embedding(v, h), Attention(h)
        self.gru, self.out = nn.GRU(2 * h, h, batch_first=True), nn.Linear(h, v)

    def forward(self, enc, hidden, target):
        inp = torch.empty(enc.size(0), 1, dtype=torch.long).fill_(1)
        outs = []
        for i in range(target.shape[1]):
            context, w = self.attention(hidden.permute(1, 0, 2), enc)
            o, hidden = self.gru(torch.cat((self.embedding(inp), context), dim=2), hidden)
            outs.append(self.out(o))
            inp = target[:, i].unsqueeze(1)
        return F.log_softmax(torch.cat(outs, dim=1), dim=-1), w


def main():
    enc, dec = fill(Encoder(7, 4)), fill(Decoder(4, 7), 3)
    x, y = torch.tensor([[1, 2, 3], [4, 5, 6]]), torch.tensor([[2, 3], [0, 6]])
    o, h = enc(x)
    logp, w = dec(o, h, y)
    loss = nn.NLLLoss(ignore_index=0)(logp.view(-1, logp.size(-1)), y.view(-1))
    loss.backward()
    _, topi = logp.topk(1)
    return {"logp": logp, "w": w, "loss": loss, "g": enc.embedding.weight.grad, "top": topi.squeeze(-1)}
