"""Features of a recording: a bidirectional LSTM, attention pooling, a gated unit by hand that reads the summary."""

import torch
import torch.nn.functional as F
from torch import nn


class Pooling(nn.Module):
    """Weighted mean over time."""

    def __init__(self, width):
        super().__init__()
        self.project = nn.Linear(width, width)
        self.score = nn.Linear(width, 1, bias=False)

    def forward(self, x):
        hidden = torch.tanh(self.project(x))
        weights = torch.softmax(self.score(hidden), dim=1)
        return (weights * x).sum(dim=1), weights


class Gate(nn.Module):
    """A gated recurrent unit, written out."""

    def __init__(self, inputs, width):
        super().__init__()
        self.width = width
        self.x2h = nn.Linear(inputs, 3 * width)
        self.h2h = nn.Linear(width, 3 * width)

    def forward(self, x, hidden):
        reset_x, update_x, new_x = self.x2h(x).chunk(3, dim=1)
        reset_h, update_h, new_h = self.h2h(hidden).chunk(3, dim=1)
        reset = torch.sigmoid(reset_x + reset_h)
        update = torch.sigmoid(update_x + update_h)
        new = torch.tanh(new_x + reset * new_h)
        return (1 - update) * new + update * hidden


class Recording(nn.Module):
    def __init__(self, features=5, width=6, classes=4):
        super().__init__()
        self.width = width
        self.norm = nn.BatchNorm1d(features)
        self.lstm = nn.LSTM(features, width, batch_first=True, bidirectional=True)
        self.pooling = Pooling(2 * width)
        self.gate = Gate(2 * width, width)
        self.start = nn.Parameter(torch.zeros(width))
        self.classify = nn.Linear(width, classes)
        self.ahead = nn.Linear(width, 1)

    def forward(self, x, floor=0.1):
        energy = x.pow(2).mean(dim=2).sqrt()
        energy = torch.clamp(energy, floor, 1.0)
        x = self.norm(x.transpose(1, 2)).transpose(1, 2)
        x = x * energy.unsqueeze(2)
        zeros = x.new_zeros(2, x.shape[0], self.width)
        states, (last, _) = self.lstm(x, (zeros + 0.1, zeros))
        summary, weights = self.pooling(states)
        hidden = self.start.expand(x.shape[0], -1)
        for _ in range(2):
            hidden = self.gate(summary, hidden)
        hidden = hidden + 0.5 * (last[0] - last[1])
        logits = self.classify(hidden)
        sure = logits.argmax(dim=1)
        strength = F.softplus(self.ahead(hidden.detach())).squeeze(1)
        return {"logits": logits, "class": sure, "strength": strength, "weights": weights}


def build():
    return Recording()
