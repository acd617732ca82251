"""The piece of a U-Net in stock Jittor: one file of small builders, skip connections in a list."""

import jittor as jt
from jittor import nn


def double_conv(i, o):
    return nn.Sequential(
        nn.Conv2d(i, o, 3, padding=1),
        nn.GroupNorm(2, o),
        nn.ReLU(),
        nn.Conv2d(o, o, 3, padding=1),
        nn.InstanceNorm2d(o),
        nn.ReLU(),
    )


class UpBlock(nn.Module):
    def __init__(self, i, s, o):
        super().__init__()
        self.squeeze = nn.Conv2d(i, o, 1)
        self.attn = nn.Conv2d(s, 1, 1)
        self.conv = double_conv(o + s, o)

    def execute(self, low, high):
        h, w = high.shape[2], high.shape[3]
        low = nn.interpolate(self.squeeze(low), size=(h, w), mode="bilinear", align_corners=True)
        high = high * jt.sigmoid(self.attn(high))
        return self.conv(jt.concat([high, low], dim=1))


class Segmenter(nn.Module):
    def __init__(self, c=4, n_cls=2):
        super().__init__()
        self.enc1 = double_conv(1, c)
        self.enc2 = double_conv(c, 2 * c)
        self.enc3 = double_conv(2 * c, 2 * c)
        self.dec2 = UpBlock(2 * c, 2 * c, c)
        self.dec1 = UpBlock(c, c, c)
        self.refine = nn.ConvTranspose2d(c, c, 2, stride=2)
        self.out = nn.Conv2d(c, n_cls, 1)

    def execute(self, img):
        img = nn.pad(img, [1, 2, 2, 1], mode="reflect")
        skips = [self.enc1(img)]
        skips.append(self.enc2(nn.max_pool2d(skips[0], 2, 2, ceil_mode=True)))
        f = self.enc3(nn.avg_pool2d(skips[1], 3, 2, 1))
        f = self.dec1(self.dec2(f, skips[1]), skips[0])
        f = nn.relu(self.refine(f))[:, :, 2:-4, 2:-4]
        seg = self.out(f)
        small = nn.interpolate(seg, scale_factor=0.5, mode="nearest")
        return nn.softmax(seg, dim=1), small
