"""Focal, dice, Tversky and IoU."""

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


class FocalLoss(nn.Module):
    def __init__(self, alpha=0.25, gamma=2, reduction="mean"):
        super().__init__()
        self.alpha, self.gamma, self.reduction = alpha, gamma, reduction

    def forward(self, inputs, targets):
        ce = F.binary_cross_entropy_with_logits(inputs, targets, reduction="none")
        p = torch.sigmoid(inputs)
        p_t = p * targets + (1 - p) * (1 - targets)
        loss = ce * ((1 - p_t) ** self.gamma)
        if self.alpha >= 0:
            loss = (self.alpha * targets + (1 - self.alpha) * (1 - targets)) * loss
        if self.reduction == "mean":
            loss = loss.mean()
        return loss


def dice_loss(pred, target, smooth=1.0):
    pred = pred.contiguous().view(pred.shape[0], -1)
    target = target.contiguous().view(target.shape[0], -1)
    inter = (pred * target).sum(dim=1)
    return (1 - (2.0 * inter + smooth) / (pred.sum(dim=1) + target.sum(dim=1) + smooth)).mean()


def iou(pred, target, n):
    ious = []
    for cls in range(n):
        inter = ((pred == cls) & (target == cls)).sum().item()
        union = ((pred == cls) | (target == cls)).sum().item()
        ious.append(float("nan") if union == 0 else inter / union)
    return ious


def main():
    logits = data(2, 3, 4, 4).requires_grad_(True)
    target = torch.from_numpy(np.random.RandomState(0).randint(0, 3, (2, 4, 4))).long()
    onehot = F.one_hot(target, num_classes=3).permute(0, 3, 1, 2).float()
    focal = FocalLoss()(logits, onehot)
    dice = dice_loss(logits.softmax(dim=1), onehot)
    ce = F.cross_entropy(logits, target, weight=torch.tensor([0.2, 0.3, 0.5]), ignore_index=1)
    (focal + dice + ce).backward()
    pt = F.nll_loss(F.log_softmax(logits, 1), target, reduction="none")
    hist = torch.bincount(3 * target.view(-1) + logits.argmax(1).view(-1), minlength=9).reshape(3, 3)
    return {"focal": focal, "dice": dice, "ce": ce, "grad": logits.grad, "iou": iou(logits.argmax(1), target, 3), "pt": pt, "hist": hist}
