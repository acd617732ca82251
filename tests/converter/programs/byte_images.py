"""Images of bytes, masks and labels in one arithmetic: Torch's types, not Jittor's (200 + 100 is 44, not -56)."""

import numpy as np
import torch


def main():
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3) * 5
    image = torch.from_numpy(pixels).permute(2, 0, 1)
    brighter = image + 100
    image = image * 1
    image += 60
    scaled = image.unsqueeze(0) / 255
    mask = image > 120
    labels = torch.tensor([1, -2, 3])
    return {
        "brighter": brighter,
        "image": image,
        "scaled": scaled,
        "share": mask.sum() / mask.numel(),
        "weighted": mask * 0.5,
        "both": mask + mask,
        "half": labels / 2,
        "smooth": labels * 0.9 + 0.1,
        "total": image.sum(),
        "nan": image.float() != image.float(),
        "numbers": [average(7, 2), average(labels, 2)],
        "text": "%.2f" % labels.float().mean(),
    }


def average(total, count):
    return total // count, total % count, total / count
