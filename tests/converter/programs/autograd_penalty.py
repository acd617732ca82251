"""Gradient penalty, Hessian-vector products, gradients of inputs."""

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


def main():
    D = fill(nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)))
    real, fake = data(4, 3, seed=1), data(4, 3, seed=2)
    alpha = torch.tensor([0.1, 0.4, 0.6, 0.9]).view(4, 1)
    inter = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    d = D(inter)
    grads = torch.autograd.grad(outputs=d, inputs=inter, grad_outputs=torch.ones_like(d), create_graph=True, retain_graph=True)[0]
    gp = ((grads.view(4, -1).norm(2, dim=1) - 1) ** 2).mean()
    gp.backward()
    x = data(3, seed=3).requires_grad_()
    (g,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
    (h,) = torch.autograd.grad((g * torch.ones(3)).sum(), x)
    img = data(2, 3, seed=4)
    img.requires_grad = True
    loss = F.cross_entropy(nn.Linear(3, 3, bias=False).requires_grad_(False)(img) * 0 + img, torch.tensor([0, 2]))
    loss.backward()
    adv = torch.clamp(img + 0.1 * img.grad.sign(), -1, 1)
    return {"gp": gp, "g0": D[0].weight.grad, "h": h, "adv": adv}
