"""The encoder in stock Jittor: other names, attention as one function, the loss by Jittor's own."""

import jittor as jt
import numpy as np
from jittor import nn


def sinusoid(length, dim):
    pos = np.arange(length)[:, None]
    freq = np.exp(np.arange(0, dim, 2) * (-np.log(100.0) / dim))
    return np.concatenate([np.sin(pos * freq), np.cos(pos * freq)], axis=1).astype("float32")


def attend(q, k, v, bias, pad):
    att = jt.matmul(q, k.transpose(0, 1, 3, 2)) * (q.shape[-1] ** -0.5)
    att = att + bias
    att = att + (1.0 - pad.float32()).reshape((pad.shape[0], 1, 1, -1)) * -1e4
    return jt.matmul(nn.softmax(att, dim=-1), v)


class MHA(nn.Module):
    def __init__(self, d, h, reach=2):
        super().__init__()
        self.h, self.r = h, reach
        self.q_proj = nn.Linear(d, d)
        self.k_proj = nn.Linear(d, d)
        self.v_proj = nn.Linear(d, d)
        self.o_proj = nn.Linear(d, d)
        self.rel = nn.Embedding(2 * reach + 1, h)

    def heads(self, y):
        return y.reshape((y.shape[0], y.shape[1], self.h, -1)).permute(0, 2, 1, 3)

    def execute(self, y, pad):
        B, L, D = y.shape
        i = jt.arange(L)
        d = jt.floor((i.reshape((1, L)) - i.reshape((L, 1))).float32() / 2).int32()
        d = jt.clamp(d, -self.r, self.r) + self.r
        bias = self.rel(d).permute(2, 0, 1)
        q, k, v = self.heads(self.q_proj(y)), self.heads(self.k_proj(y)), self.heads(self.v_proj(y))
        z = attend(q, k, v, bias, pad)
        return self.o_proj(z.permute(0, 2, 1, 3).reshape((B, L, D)))


class EncoderLayer(nn.Module):
    def __init__(self, d, h, p=0.1):
        super().__init__()
        self.ln1 = nn.LayerNorm(d)
        self.mha = MHA(d, h)
        self.ln2 = nn.LayerNorm(d, eps=1e-6)
        self.ffn = nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Dropout(p), nn.Linear(2 * d, d))

    def execute(self, y, pad):
        y = y + self.mha(self.ln1(y), pad)
        y = y + self.ffn(self.ln2(y))
        return y


class Classifier(nn.Module):
    def __init__(self, n_words=11, d=12, h=2, n_layers=2, n_classes=3, longest=8):
        super().__init__()
        self.d = d
        self.cls = jt.randn((1, 1, d)) * 0.02
        self.pos = jt.array(sinusoid(longest + 1, d)).stop_grad()
        self.word = nn.Embedding(n_words, d, padding_idx=0)
        self.blocks = nn.Sequential([EncoderLayer(d, h) for _ in range(n_layers)])
        self.ln = nn.LayerNorm(d)
        self.fc = nn.Linear(d, n_classes)

    def execute(self, ids, y_true):
        B, L = ids.shape
        pad = (ids != 0).int32()
        y = self.word(ids) * pad.unsqueeze(2).float32() * self.d**0.5
        y = jt.concat([self.cls.expand((B, 1, self.d)), y], dim=1)
        pad = jt.concat([jt.ones((B, 1), dtype="int32"), pad], dim=1)
        y = y + self.pos[1 : L + 2]
        for blk in self.blocks:
            y = blk(y, pad)
        y = self.ln(y)
        m = pad.float32().unsqueeze(2)
        avg = (y * m).sum(1) / m.sum(1)
        out = self.fc(y[:, 0] + avg)
        return out, nn.cross_entropy_loss(out, y_true, reduction="sum")
