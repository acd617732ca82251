"""Which emotion does a short clip show?  A small network: a CNN looks at each frame, attention weighs the frames.

The clips are invented: a bright spot that moves, and the direction in which it moves is the "emotion".
"""
import argparse

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

EMOTIONS = ["joy", "sadness", "anger", "fear"]


class FrameEncoder(nn.Module):
    """One grey frame -> a feature vector."""

    def __init__(self, width=16):
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width * 2, 3, stride=2, padding=1)
        self.pool = nn.AdaptiveAvgPool2d(2)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.max_pool2d(x, 2)
        x = F.relu(self.conv2(x))
        return torch.flatten(self.pool(x), 1)  # (N, 8 * width)


class EmotionNet(nn.Module):
    """Clip of T frames -> scores of the emotions, and how much each frame counted."""

    def __init__(self, classes=len(EMOTIONS), width=16, hidden=32, dropout=0.0):
        super().__init__()
        self.encoder = FrameEncoder(width)
        self.project = nn.Linear(8 * width, hidden)
        self.order = nn.GRU(hidden, hidden, batch_first=True)  # a direction needs to know the order
        self.attention = nn.Sequential(nn.Linear(hidden, hidden), nn.Tanh(), nn.Linear(hidden, 1))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden, classes)

    def forward(self, clip):
        n, t, h, w = clip.shape
        frames = self.encoder(clip.view(n * t, 1, h, w))
        states, _ = self.order(torch.tanh(self.project(frames)).view(n, t, -1))
        weights = self.attention(states).squeeze(-1).softmax(dim=1)  # (N, T), each row sums to 1
        summary = (states * weights.unsqueeze(2)).sum(dim=1)
        return self.head(self.dropout(summary)), weights


def make_clips(count, frames=6, size=12, seed=0):
    """A spot that wanders right, left, down or up, on a noisy ground."""
    rng = np.random.default_rng(seed)
    clips = rng.normal(0, 0.2, (count, frames, size, size)).astype(np.float32)
    labels = rng.integers(0, len(EMOTIONS), count)
    for clip, label in zip(clips, labels):
        step = 1 if label in (0, 2) else -1
        place, other = rng.integers(2, size - 2, 2)
        for frame in clip:
            row, column = (other, place) if label < 2 else (place, other)
            frame[row, column] += 3
            place = (place + step) % size
    return torch.from_numpy(clips), torch.from_numpy(labels)


def set_weights(model, seed=0):
    """The same start on every machine, whatever the random generator of the framework."""
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            values = rng.normal(0, 0.15, tuple(parameter.shape)).astype(np.float32)
            parameter.copy_(torch.from_numpy(values))


def train(epochs=12, batch_size=16, lr=3e-3):
    model = EmotionNet()
    set_weights(model)
    loader = DataLoader(TensorDataset(*make_clips(128)), batch_size=batch_size)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, weight_decay=1e-4)

    for epoch in range(epochs):
        model.train()
        total, right = 0.0, 0
        for clips, labels in loader:
            optimizer.zero_grad()
            scores, _ = model(clips)
            loss = criterion(scores, labels)
            loss.backward()
            optimizer.step()
            total += loss.item() * labels.size(0)
            right += (scores.argmax(dim=1) == labels).sum().item()
        print(f"epoch {epoch}: loss {total / 128:.5f}, accuracy {right / 128:.3f}")

    # Clips that the network has not seen.
    model.eval()
    clips, labels = make_clips(64, seed=1)
    with torch.no_grad():
        scores, weights = model(clips)
        predicted = scores.max(1)[1]
    print(f"test accuracy {(predicted == labels).float().mean().item():.3f}")
    print("first clip:", EMOTIONS[predicted[0].item()], "frame weights", np.round(weights[0].numpy(), 3))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=12)
    train(parser.parse_args().epochs)
