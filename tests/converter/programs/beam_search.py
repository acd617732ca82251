"""Greedy and beam decoding with gathers on flattened beams."""

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


def beam_search(logits_fn, start, beam, steps, eos):
    seqs = torch.full((1, 1), start, dtype=torch.long)
    scores = torch.zeros(1)
    for t in range(steps):
        logp = F.log_softmax(logits_fn(seqs), dim=-1)
        finished = seqs[:, -1] == eos
        if t > 0:
            logp[finished] = float("-inf")
            logp[finished, eos] = 0.0
        total = scores.unsqueeze(1) + logp
        vocab = logp.size(-1)
        scores, flat = total.view(-1).topk(beam)
        origin = torch.div(flat, vocab, rounding_mode="floor")
        token = flat % vocab
        seqs = torch.cat([seqs[origin], token.unsqueeze(1)], dim=1)
        if bool((seqs[:, -1] == eos).all()):
            break
    best = scores.argmax().item()
    return seqs, scores, seqs[best].tolist()


def main():
    table = data(6, 6)
    seqs, scores, best = beam_search(lambda s: table[s[:, -1]] * 2, 0, 3, 4, 5)
    cur, out = torch.tensor([[0]]), []
    for _ in range(4):
        nxt = table[cur[:, -1]].argmax(dim=-1, keepdim=True)
        cur = torch.cat((cur, nxt), dim=1)
        out.append(nxt.item())
    logits = table[0].clone()
    v, _ = torch.topk(logits, 3)
    logits[logits < v[-1]] = -float("Inf")
    srt, si = torch.sort(table[1], descending=True)
    cum = torch.cumsum(F.softmax(srt, dim=-1), dim=-1)
    remove = cum > 0.7
    remove[1:] = remove[:-1].clone()
    remove[0] = False
    nucleus = table[1].clone()
    nucleus[si[remove]] = float("-inf")
    return {"seqs": seqs, "scores": scores, "best": best, "greedy": out, "topk": logits, "nucleus": nucleus}
