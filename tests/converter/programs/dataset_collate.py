"""Dataset, DataLoader with a padding collate function."""

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


from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset, Subset, TensorDataset, random_split


class Words(Dataset):
    def __init__(self, n):
        self.items = [(list(range(1, 2 + i % 4)), i % 2) for i in range(n)]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, idx):
        text, label = self.items[idx]
        return torch.tensor(text), label


def collate(batch):
    texts, labels = zip(*batch)
    lengths = torch.tensor([len(t) for t in texts])
    return pad_sequence(texts, batch_first=True, padding_value=0), torch.tensor(labels), lengths


def main():
    loader = DataLoader(Words(7), batch_size=3, shuffle=False, collate_fn=collate, num_workers=0)
    seen = []
    for i, (text, label, lengths) in enumerate(loader):
        mask = torch.arange(text.size(1))[None, :] < lengths[:, None]
        seen.append({"text": text, "label": label, "lengths": lengths, "mask": mask})
    td = TensorDataset(data(5, 2), torch.arange(5))
    plain = [(x, y) for x, y in DataLoader(td, batch_size=2, drop_last=True)]
    sub = Subset(td, [4, 0])
    a, b = random_split(td, [3, 2], generator=torch.Generator().manual_seed(0))
    shuffled = sorted(int(y) for _, ys in DataLoader(td, batch_size=2, shuffle=True) for y in ys)
    return {"seen": seen, "plain": plain, "len": len(loader), "sub": sub[0], "parts": [len(a), len(b)], "all": shuffled}
