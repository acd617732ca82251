"""interpolate, grid_sample, unfold, fold, pixel_shuffle, pad."""

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
    x = data(1, 4, 4, 4)
    theta = torch.tensor([[[0.8, 0.1, 0.1], [-0.1, 0.9, 0.0]]])
    grid = F.affine_grid(theta, size=(1, 4, 4, 4), align_corners=False)
    cols = F.unfold(x, kernel_size=2, stride=2)
    yy, xx = torch.meshgrid(torch.linspace(-1, 1, 4), torch.linspace(-1, 1, 4), indexing="ij")
    g2 = torch.stack((xx, yy), dim=-1).unsqueeze(0)
    return {
        "near": F.interpolate(x, scale_factor=2), "bil": F.interpolate(x, size=(6, 7), mode="bilinear", align_corners=False),
        "ac": F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True), "up": nn.Upsample(scale_factor=2)(x),
        "gs": F.grid_sample(x, grid, align_corners=False), "gs2": F.grid_sample(x, g2, align_corners=True, padding_mode="border"),
        "cols": cols, "fold": F.fold(cols, (4, 4), kernel_size=2, stride=2), "ps": F.pixel_shuffle(x, 2), "pu": F.pixel_unshuffle(x, 2),
        "pad": F.pad(x, (1, 2, 0, 1), value=0.5), "refl": F.pad(x, (1, 1, 1, 1), mode="reflect"), "avg": F.avg_pool2d(x, 2),
        "mp": nn.MaxPool2d(3, 2, 1)(x), "aap": nn.AdaptiveAvgPool2d((3, 2))(x), "uf": x.unfold(2, 2, 2).shape,
        "patches": x.unfold(2, 2, 2).unfold(3, 2, 2).contiguous().view(1, 4, -1, 2, 2),
    }
