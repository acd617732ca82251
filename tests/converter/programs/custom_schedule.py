"""Warm-up and cosine by LambdaLR, and by hand through param_groups."""

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


def adjust_learning_rate(optimizer, epoch, base):
    lr = base * (0.1 ** (epoch // 2))
    for param_group in optimizer.param_groups:
        param_group["lr"] = lr * param_group.get("scale", 1.0)


def main():
    model = fill(nn.Linear(3, 2))
    decay = [p for n, p in model.named_parameters() if p.ndim > 1]
    no_decay = [p for n, p in model.named_parameters() if p.ndim <= 1]
    opt = torch.optim.AdamW(
        [{"params": decay, "weight_decay": 0.1}, {"params": no_decay, "weight_decay": 0.0}], lr=0.01, betas=(0.9, 0.95)
    )
    warmup, total = 3, 8

    def lr_lambda(it):
        if it < warmup:
            return (it + 1) / warmup
        progress = (it - warmup) / (total - warmup)
        return 0.5 * (1 + math.cos(math.pi * progress))

    sched = torch.optim.lr_scheduler.LambdaLR(opt, lr_lambda)
    lrs = []
    for i in range(6):
        loss = model(data(4, 3, seed=i)).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        lrs.append(opt.param_groups[0]["lr"])
        sched.step()
    opt2 = torch.optim.SGD(model.parameters(), 0.1)
    hand = []
    for epoch in range(4):
        adjust_learning_rate(opt2, epoch, 0.1)
        hand.append(opt2.param_groups[0]["lr"])
    cyc = torch.optim.lr_scheduler.OneCycleLR(torch.optim.SGD(model.parameters(), 0.1, momentum=0.9), 0.5, total_steps=6)
    one = []
    for _ in range(5):
        one.append(cyc.get_last_lr()[0])
        cyc.optimizer.step()
        cyc.step()
    return {"lrs": lrs, "hand": hand, "one": one, "w": model.weight, "b": model.bias, "loss": loss}
