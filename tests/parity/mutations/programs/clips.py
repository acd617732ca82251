"""Short clips with their sound: 3-D convolutions over the frames, dilated 1-D convolutions over the samples."""

import torch
import torch.nn.functional as F
from torch import nn


class Frames(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.conv1 = nn.Conv3d(2, width, 3, padding=1)
        self.norm = nn.GroupNorm(2, width)
        self.conv2 = nn.Conv3d(width, 2 * width, (1, 3, 3), stride=(1, 2, 2))

    def forward(self, x):
        x = x.clone()
        x[:, :, 0] *= 0.5
        x = torch.relu(self.norm(self.conv1(x)))
        x = F.max_pool3d(x, (2, 2, 2))
        x = self.conv2(x)
        return x.mean(dim=(3, 4))


class Sound(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.first = nn.Conv1d(1, width, 5, stride=2, padding=2)
        self.bn = nn.BatchNorm1d(width, momentum=0.2)
        self.depth = nn.Conv1d(width, width, 3, padding=2, dilation=2, groups=width)
        self.point = nn.Conv1d(width, 2 * width, 1)

    def forward(self, x):
        x = F.leaky_relu(self.bn(self.first(x)), 0.2)
        x = x + F.elu(self.depth(x))
        x = self.point(x)
        return F.adaptive_avg_pool1d(x, 2)


class Clips(nn.Module):
    def __init__(self, width=4, classes=3):
        super().__init__()
        self.frames = Frames(width)
        self.sound = Sound(width)
        self.register_buffer("scale", torch.tensor(4.0))
        self.fuse = nn.Bilinear(2 * width, 2 * width, 6)
        self.norm = nn.LayerNorm([6, 2])
        self.head = nn.Linear(12, classes)

    def forward(self, frames, sound):
        seen = self.frames(frames)
        heard = self.sound(sound - sound.mean(dim=-1, keepdim=True))
        heard = heard / (heard.var(dim=1, keepdim=True) + 1e-3).sqrt()
        seen = self.scale * seen / seen.norm()
        likeness = F.cosine_similarity(seen, heard, dim=1)
        fused = self.fuse(seen.transpose(1, 2).contiguous(), heard.transpose(1, 2).contiguous())
        fused = self.norm(fused.transpose(1, 2))
        slots = torch.round(torch.arange(4) / 2).long()
        picked = torch.stack([fused, fused.flip(2)], dim=0)[slots % 2].mean(0)
        return self.head(picked.flatten(1)), likeness


def build():
    return Clips()
