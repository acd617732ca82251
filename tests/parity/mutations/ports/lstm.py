"""The recording model in stock Jittor: time first, the gates of the unit from one matrix each, helper functions."""

import jittor as jt
from jittor import nn


class AttnPool(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.att = nn.Sequential(nn.Linear(d, d), nn.Tanh(), nn.Linear(d, 1, bias=False))

    def execute(self, h):
        a = nn.softmax(self.att(h), dim=1)
        return (h * a).sum(1), a


class Cell(nn.Module):
    def __init__(self, d_in, d):
        super().__init__()
        self.d = d
        self.wx = nn.Linear(d_in, 3 * d)
        self.wh = nn.Linear(d, 3 * d)

    def execute(self, x, h):
        gx, gh, d = self.wx(x), self.wh(h), self.d
        r = jt.sigmoid(gx[:, :d] + gh[:, :d])
        z = jt.sigmoid(gx[:, d : 2 * d] + gh[:, d : 2 * d])
        c = jt.tanh(gx[:, 2 * d :] + r * gh[:, 2 * d :])
        return (1 - z) * c + z * h


class Model(nn.Module):
    def __init__(self, n_feat=5, d=6, n_cls=4):
        super().__init__()
        self.d = d
        self.bn = nn.BatchNorm1d(n_feat)
        self.rnn = nn.LSTM(n_feat, d, bidirectional=True)
        self.pool = AttnPool(2 * d)
        self.cell = Cell(2 * d, d)
        self.h0 = jt.zeros((d,))
        self.cls = nn.Linear(d, n_cls)
        self.val = nn.Linear(d, 1)

    def execute(self, x, lo=0.1):
        B = x.shape[0]
        rms = jt.clamp(jt.sqrt((x * x).mean(2)), lo, 1.0)
        seq = self.bn(x.permute(0, 2, 1)).permute(2, 0, 1) * rms.permute(1, 0).unsqueeze(2)
        h0 = jt.ones((2, B, self.d)) * 0.1
        out, (hn, cn) = self.rnn(seq, (h0, jt.zeros((2, B, self.d))))
        ctx, a = self.pool(out.permute(1, 0, 2))
        h = self.h0.expand((B, self.d))
        for _ in range(2):
            h = self.cell(ctx, h)
        h = h + (hn[0] - hn[1]) * 0.5
        out = self.cls(h)
        idx, _ = jt.argmax(out, dim=1)
        return {"logits": out, "class": idx, "strength": nn.softplus(self.val(h.detach())).squeeze(1), "weights": a}
