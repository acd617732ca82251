"""Labels copied and masked for a language model: the tokens stay as they were."""

import numpy as np
import torch
import torch.nn.functional as F


def main():
    tokens = torch.tensor([[1, 2, 3, 0], [4, 5, 0, 0]])
    labels = tokens.clone()
    labels[labels == 0] = -100
    mask = (tokens != 0).long()
    logits = torch.from_numpy(np.random.RandomState(1).randn(2, 4, 6).astype(np.float32))
    loss = F.cross_entropy(logits[:, :-1].reshape(-1, 6), labels[:, 1:].reshape(-1))
    pooled = (logits * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
    last = logits[torch.arange(2), mask.sum(1) - 1]
    bias = (1.0 - mask[:, None, :]) * -10000.0
    return {"loss": loss, "mask": mask, "positions": mask.cumsum(-1) - 1, "pooled": pooled, "last": last, "bias": bias}
