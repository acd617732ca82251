"""A piece of a U-Net: two scales, skip connections, upsampling by interpolation and by a transposed convolution."""

import torch
import torch.nn.functional as F
from torch import nn


class Double(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1),
            nn.GroupNorm(2, outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1, padding_mode="zeros"),
            nn.InstanceNorm2d(outputs, affine=True),
            nn.ReLU(),
        )

    def forward(self, x):
        return self.body(x)


class Up(nn.Module):
    """Upsample to the size of the skip connection and join both."""

    def __init__(self, inputs, skip, outputs):
        super().__init__()
        self.reduce = nn.Conv2d(inputs, outputs, 1)
        self.gate = nn.Conv2d(skip, 1, 1)
        self.conv = Double(outputs + skip, outputs)

    def forward(self, x, skip):
        x = self.reduce(x)
        x = F.interpolate(x, size=skip.shape[2:], mode="bilinear", align_corners=True)
        skip = skip * torch.sigmoid(self.gate(skip))
        return self.conv(torch.cat([skip, x], dim=1))


class UNet(nn.Module):
    def __init__(self, width=4, classes=2):
        super().__init__()
        self.first = Double(1, width)
        self.down1 = Double(width, 2 * width)
        self.down2 = Double(2 * width, 2 * width)
        self.up1 = Up(2 * width, 2 * width, width)
        self.up2 = Up(width, width, width)
        self.finer = nn.ConvTranspose2d(width, width, 2, stride=2)
        self.last = nn.Conv2d(width, classes, 1)

    def forward(self, x):
        x = F.pad(x, (1, 2, 2, 1), mode="reflect")
        one = self.first(x)
        two = self.down1(F.max_pool2d(one, 2, ceil_mode=True))
        three = self.down2(F.avg_pool2d(two, 3, stride=2, padding=1))
        x = self.up1(three, two)
        x = self.up2(x, one)
        x = torch.relu(self.finer(x))
        x = x[:, :, 2:-4, 2:-4]
        logits = self.last(x)
        coarse = F.interpolate(logits, scale_factor=0.5, mode="nearest")
        return logits.softmax(dim=1), coarse


def build():
    return UNet()
