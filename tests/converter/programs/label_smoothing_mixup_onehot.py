"""Smoothed targets by scatter, soft cross entropy, cutmix boxes."""

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


def smooth_one_hot(target, classes, smoothing=0.1):
    with torch.no_grad():
        out = torch.full((target.size(0), classes), smoothing / (classes - 1))
        out.scatter_(1, target.unsqueeze(1), 1.0 - smoothing)
    return out


def soft_ce(pred, soft):
    return torch.mean(torch.sum(-soft * F.log_softmax(pred, dim=-1), dim=1))


def rand_bbox(size, lam, cx, cy):
    W, H = size[2], size[3]
    cut = np.sqrt(1.0 - lam)
    w, h = int(W * cut), int(H * cut)
    return np.clip(cx - w // 2, 0, W), np.clip(cy - h // 2, 0, H), np.clip(cx + w // 2, 0, W), np.clip(cy + h // 2, 0, H)


def main():
    y = torch.tensor([1, 0, 2])
    soft = smooth_one_hot(y, 4)
    pred = data(3, 4)
    img = data(2, 1, 6, 6)
    x1, y1, x2, y2 = rand_bbox(img.size(), 0.6, 3, 2)
    img[:, :, x1:x2, y1:y2] = img[torch.tensor([1, 0]), :, x1:x2, y1:y2]
    lam = 1 - ((x2 - x1) * (y2 - y1) / (img.size()[-1] * img.size()[-2]))
    return {"soft": soft, "loss": soft_ce(pred, soft), "ce": F.cross_entropy(pred, soft), "img": img, "lam": float(lam), "ls": nn.CrossEntropyLoss(label_smoothing=0.2)(pred, y)}
