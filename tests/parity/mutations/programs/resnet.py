"""A residual network with squeeze-and-excitation, for small pictures."""

import torch
import torch.nn.functional as F
from torch import nn


class SqueezeExcite(nn.Module):
    def __init__(self, channels, reduction=4):
        super().__init__()
        self.fc1 = nn.Linear(channels, channels // reduction)
        self.fc2 = nn.Linear(channels // reduction, channels)

    def forward(self, x):
        scale = x.mean(dim=(2, 3))
        scale = F.relu(self.fc1(scale))
        scale = torch.sigmoid(self.fc2(scale))
        return x * scale[:, :, None, None]


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride=1, groups=1):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, groups=groups, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01)
        self.se = SqueezeExcite(outputs)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False),
                nn.BatchNorm2d(outputs),
            )

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out = self.se(out)
        out = out + self.shortcut(x)
        return F.relu(out)


class Head(nn.Module):
    """Mean and spread of each channel, then a linear layer."""

    def __init__(self, channels, classes):
        super().__init__()
        self.dropout = nn.Dropout(0.25)
        self.fc = nn.Linear(2 * channels, classes)

    def forward(self, x):
        x = F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)
        x = x.flatten(2)
        mean, spread = x.mean(-1), x.std(-1)
        features = torch.cat([mean, spread], dim=1)
        features = self.dropout(features)
        return self.fc(features)


class ResNet(nn.Module):
    def __init__(self, classes=5, width=8):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(width)
        self.act = nn.LeakyReLU(0.1)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = Block(width, width)
        self.layer2 = Block(width, 2 * width, stride=2, groups=2)
        self.head = Head(2 * width, classes)

    def forward(self, x):
        x = (x - 0.45) / 0.225
        x = self.act(self.bn(self.conv(x)))
        x = self.pool(x)
        x = self.layer1(x)
        x = self.layer2(x)
        return self.head(x)


def build():
    return ResNet()
