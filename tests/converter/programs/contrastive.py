"""NT-Xent, InfoNCE and triplet losses."""

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


def nt_xent(z1, z2, temperature=0.5):
    z = F.normalize(torch.cat([z1, z2], dim=0), dim=1)
    n = z1.size(0)
    sim = z @ z.T / temperature
    mask = torch.eye(2 * n, dtype=torch.bool, device=z.device)
    sim = sim.masked_fill(mask, float("-inf"))
    targets = torch.cat([torch.arange(n, 2 * n), torch.arange(0, n)]).to(z.device)
    return F.cross_entropy(sim, targets)


def supcon(features, labels):
    labels = labels.contiguous().view(-1, 1)
    mask = torch.eq(labels, labels.T).float()
    logits = torch.div(torch.matmul(features, features.T), 0.07)
    logits_max, _ = torch.max(logits, dim=1, keepdim=True)
    logits = logits - logits_max.detach()
    logits_mask = torch.scatter(torch.ones_like(mask), 1, torch.arange(len(labels)).view(-1, 1), 0)
    mask = mask * logits_mask
    exp_logits = torch.exp(logits) * logits_mask
    log_prob = logits - torch.log(exp_logits.sum(1, keepdim=True))
    return -((mask * log_prob).sum(1) / mask.sum(1)).mean()


def main():
    a, b = data(4, 6, seed=1).requires_grad_(), data(4, 6, seed=2)
    loss = nt_xent(a, b)
    loss.backward()
    f = F.normalize(data(6, 5, seed=3), dim=-1)
    s = supcon(f, torch.tensor([0, 1, 2, 0, 1, 2]))
    t = nn.TripletMarginLoss(margin=1.0, p=2)(data(3, 4, seed=4), data(3, 4, seed=5), data(3, 4, seed=6))
    c = F.cosine_similarity(a, b)
    e = F.cosine_embedding_loss(data(3, 4, seed=4), data(3, 4, seed=5), torch.tensor([1, -1, 1]))
    return {"loss": loss, "grad": a.grad, "supcon": s, "triplet": t, "cos": c, "embed": e}
