"""Arithmetic of bytes stays within bytes (Jittor's operators and its concat give int8: 165 becomes -91)."""


import numpy as np
import torch


def g(x):
    return x + 1, x - x, x * 2, x & 15, x // 2, 255 - x, x ^ 3, x << 1, x >> 1, x % 7, -x, ~x, x**2, abs(x)


def main():
    img = torch.from_numpy(np.array([[165, 191, 7], [250, 130, 128]], np.uint8))
    f = img.float() / 255
    b = (f * 255).byte()
    c = (f * 255).to(torch.uint8)
    z = torch.zeros(2, 3, dtype=torch.uint8)
    z[0] = img[0]
    z += 200
    out = [
        g(img),
        g(b),
        g(c),
        img + b,
        img - 200,
        torch.cat([img, b]),
        torch.stack([img, c]),
        torch.where(img > 150, img, b - b),
        torch.maximum(img, b - 5),
        torch.clamp(img, 10, 200),
        img.clamp(min=140),
        img.max(),
        img.sum(),
        img.max(1).values,
        torch.sort(img, 1)[0],
        img.flip(0),
        img.unsqueeze(0).repeat(2, 1, 1),
        img.roll(1, 0),
        img.masked_fill(img > 200, 0),
        img.t(),
        z,
        img.float().mean(),
        img.sum(1),
        img.cumsum(1),
        img.prod(1),
        torch.nn.functional.pad(img, (1, 1)),
        img.view(-1).tolist(),
        img.bitwise_and(3),
        img.long() * 2,
        img.eq(b),
        img.minimum(b),
        img[0, 0].item(),
        img.new_zeros(2),
        img * True,
        img.unique(),
        torch.abs(img),
        torch.sign(img),
        img.diff(),
        torch.bincount(img.view(-1)).shape,
        img.float(),
        img / 2,
        torch.fmod(img, 7),
        img.remainder(7),
        img.square(),
        img.pow(2),
        torch.add(img, 1),
        torch.sub(img, 200),
        torch.mul(img, 2),
        img.mul(2),
        img.add(b),
        img.sub(1),
        img.gather(1, torch.tensor([[0], [1]])),
        img.scatter(1, torch.tensor([[0], [1]]), 9),
        img.argmax(1),
        img.min(),
        img.amax(1),
        img.aminmax(),
        img.topk(2)[0],
        img.median(),
        img.expand(2, 2, 3),
        torch.full((2,), 200, dtype=torch.uint8) + 50,
        torch.ones_like(img) * 200,
        torch.eye(2, dtype=torch.uint8) * 130,
        img.index_select(0, torch.tensor([1])),
        torch.tril(img),
        torch.outer(img[0], img[1]),
        img.bitwise_not(),
        torch.bitwise_xor(img, b),
        (img > 3) * img,
        img.logical_and(b),
        torch.arange(250, 255, dtype=torch.uint8) + 3,
        sum([img, img]),
        img.clip(0, 100),
    ]
    return out
