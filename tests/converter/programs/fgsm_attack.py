"""Gradients of an input, adversarial example, saliency."""

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


def fgsm_attack(image, epsilon, data_grad):
    sign_data_grad = data_grad.sign()
    return torch.clamp(image + epsilon * sign_data_grad, 0, 1)


def main():
    model = fill(nn.Sequential(nn.Flatten(), nn.Linear(16, 3))).eval()
    image, target = data(2, 1, 4, 4).sigmoid(), torch.tensor([0, 2])
    image.requires_grad = True
    output = model(image)
    init_pred = output.max(1, keepdim=True)[1]
    loss = F.nll_loss(F.log_softmax(output, dim=1), target)
    model.zero_grad()
    loss.backward()
    adv = fgsm_attack(image, 0.1, image.grad.data)
    x = image.detach().clone().requires_grad_(True)
    model(x)[0, 1].backward()
    saliency, _ = torch.max(x.grad.abs(), dim=1)
    return {"adv": adv, "pred": init_pred, "saliency": saliency, "loss": loss}
