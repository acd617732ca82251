"""from_numpy, numpy(), tolist, item, np functions on tensors."""

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
    arr = np.arange(6, dtype=np.float64).reshape(2, 3)
    t = torch.from_numpy(arr).float()
    back = t.cpu().detach().numpy()
    img = (np.random.RandomState(0).rand(4, 5, 3) * 255).astype(np.uint8)
    chw = torch.from_numpy(img.transpose((2, 0, 1)).copy()).float().div(255)
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    std = torch.as_tensor([0.229, 0.224, 0.225])[:, None, None]
    norm = chw.sub(mean).div(std)
    un = (norm * std + mean).clamp(0, 1).mul(255).byte().permute(1, 2, 0).numpy()
    probs = F.softmax(t, dim=1)
    print(f"mean {t.mean():.4f} item {t[0, 1].item():.2f} shape {tuple(t.shape)} {t.size(0)} {t.dim()} {t.numel()}")
    print("list", t.tolist(), torch.tensor([1, 2]).tolist(), float(t.sum()), int(t.argmax()))
    return {"t": t, "back": back, "norm": norm, "un": un, "pred": probs.max(1)[1].cpu().numpy(), "npmean": np.mean(t.numpy()), "sq": np.square(back).sum()}
