"""An LSTM language model with truncated backpropagation and tied weights."""

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


class RNNModel(nn.Module):
    def __init__(self, ntoken, ninp, nhid, nlayers):
        super().__init__()
        self.encoder = nn.Embedding(ntoken, ninp)
        self.rnn = nn.LSTM(ninp, nhid, nlayers, batch_first=True)
        self.decoder = nn.Linear(nhid, ntoken)
        self.decoder.weight = self.encoder.weight
        self.nhid, self.nlayers = nhid, nlayers

    def forward(self, x, hidden):
        emb = self.encoder(x)
        output, hidden = self.rnn(emb, hidden)
        return self.decoder(output), hidden

    def init_hidden(self, bsz):
        weight = next(self.parameters())
        return (weight.new_zeros(self.nlayers, bsz, self.nhid), weight.new_zeros(self.nlayers, bsz, self.nhid))


def repackage_hidden(h):
    if isinstance(h, torch.Tensor):
        return h.detach()
    return tuple(repackage_hidden(v) for v in h)


def main():
    model = fill(RNNModel(7, 5, 5, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9, nesterov=True)
    tokens = torch.from_numpy(np.random.RandomState(0).randint(0, 7, (2, 13)))
    hidden = model.init_hidden(2)
    losses = []
    for i in range(0, 12, 4):
        hidden = repackage_hidden(hidden)
        optimizer.zero_grad()
        logits, hidden = model(tokens[:, i : i + 4], hidden)
        loss = F.cross_entropy(logits.reshape(-1, logits.size(-1)), tokens[:, i + 1 : i + 5].reshape(-1))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.25)
        optimizer.step()
        losses.append(loss.item())
    total = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return {"losses": losses, "ppl": math.exp(losses[-1]), "h": hidden[0], "total": total}
