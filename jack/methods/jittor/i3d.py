"""I3D, the RGB stream: an Inception-v1 inflated to three dimensions; its pooled features are TSL-Net's visual input.

Carreira and Zisserman, "Quo Vadis, Action Recognition? A New Model and the Kinetics Dataset", CVPR 2017.  Attribute
names give the keys of the public Torch weights ``rgb_imagenet.pt``.  Shapes in the comments: N clips of T frames of
224 x 224 pixels; sizes are those of T = 16.
"""

from __future__ import annotations

import jittor as jt
from . import jittor_helpers as jh

FEATURES = 1024
Size = tuple[int, int, int]  # time, height, width

# What a clip passes through, in order, up to the average pool.
STAGES = (
    *("Conv3d_1a_7x7", "MaxPool3d_2a_3x3", "Conv3d_2b_1x1", "Conv3d_2c_3x3", "MaxPool3d_3a_3x3"),
    *("Mixed_3b", "Mixed_3c", "MaxPool3d_4a_3x3", "Mixed_4b", "Mixed_4c", "Mixed_4d", "Mixed_4e", "Mixed_4f"),
    *("MaxPool3d_5a_2x2", "Mixed_5b", "Mixed_5c"),
)


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after an axis, so that it has ceil(size / stride) outputs; an odd one goes to the end."""
    total = max(kernel - (size % stride or stride), 0)
    return total // 2, total - total // 2


def pad_same(x: jt.Var, kernel: Size, stride: Size) -> jt.Var:
    """Zeros around the last three axes of N x C x T x H x W."""
    time = same_padding(x.shape[2], kernel[0], stride[0])
    height = same_padding(x.shape[3], kernel[1], stride[1])
    width = same_padding(x.shape[4], kernel[2], stride[2])
    return jh.pad(x, (width[0], width[1], height[0], height[1], time[0], time[1]))


class Unit3d(jh.Module):
    """Convolution without bias, batch norm, ReLU; padded by the size of what comes in."""

    def __init__(self, inputs: int, outputs: int, kernel: Size = (1, 1, 1), stride: Size = (1, 1, 1)) -> None:
        super().__init__()
        self.kernel = kernel
        self.stride = stride
        self.conv3d = jh.Conv3d(inputs, outputs, kernel_size=kernel, stride=stride, bias=False)
        self.bn = jh.BatchNorm3d(outputs, eps=0.001, momentum=0.01)

    def execute(self, x: jt.Var) -> jt.Var:
        """N x inputs x T x H x W to N x outputs x T' x H' x W'."""
        return jh.relu(self.bn(self.conv3d(pad_same(x, self.kernel, self.stride))))


class SamePool3d(jh.Module):
    """Maximum over a window.  The padding of zeros is below no input, since all inputs come from a ReLU."""

    def __init__(self, kernel: Size, stride: Size) -> None:
        super().__init__()
        self.kernel = kernel
        self.stride = stride
        self.pool = jh.MaxPool3d(kernel_size=kernel, stride=stride)

    def execute(self, x: jt.Var) -> jt.Var:
        """N x C x T x H x W to N x C x T' x H' x W'."""
        return self.pool(pad_same(x, self.kernel, self.stride))


class Mixed(jh.Module):
    """Four branches side by side.

    Args:
        inputs: channels.
        widths: channels of b0, b1a, b1b, b2a, b2b, b3b; the outputs of b0, b1b, b2b and b3b are concatenated.
    """

    def __init__(self, inputs: int, widths: tuple[int, int, int, int, int, int]) -> None:
        super().__init__()
        self.b0 = Unit3d(inputs, widths[0])
        self.b1a = Unit3d(inputs, widths[1])
        self.b1b = Unit3d(widths[1], widths[2], kernel=(3, 3, 3))
        self.b2a = Unit3d(inputs, widths[3])
        self.b2b = Unit3d(widths[3], widths[4], kernel=(3, 3, 3))
        self.b3a = SamePool3d(kernel=(3, 3, 3), stride=(1, 1, 1))
        self.b3b = Unit3d(inputs, widths[5])

    def execute(self, x: jt.Var) -> jt.Var:
        """N x inputs x T x H x W to N x outputs x T x H x W."""
        branches = [self.b0(x), self.b1b(self.b1a(x)), self.b2b(self.b2a(x)), self.b3b(self.b3a(x))]
        return jh.concat(branches, dim=1)


class Logits(jh.Module):
    """The classifier of every position."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.conv3d = jh.Conv3d(FEATURES, num_classes, kernel_size=1)

    def execute(self, x: jt.Var) -> jt.Var:
        """N x 1024 x T x 1 x 1 to N x num_classes x T x 1 x 1."""
        return self.conv3d(x)


class I3D(jh.Module):
    """The network.

    Args:
        num_classes: of the classifier, whose weights are in the file; features do not need it.
        dropout: probability of the dropout before the classifier.
    """

    def __init__(self, num_classes: int = 400, dropout: float = 0.5) -> None:
        super().__init__()
        self.logits = Logits(num_classes)
        self.Conv3d_1a_7x7 = Unit3d(3, 64, kernel=(7, 7, 7), stride=(2, 2, 2))  # 64 x 8 x 112 x 112
        self.MaxPool3d_2a_3x3 = SamePool3d(kernel=(1, 3, 3), stride=(1, 2, 2))  # 64 x 8 x 56 x 56
        self.Conv3d_2b_1x1 = Unit3d(64, 64)
        self.Conv3d_2c_3x3 = Unit3d(64, 192, kernel=(3, 3, 3))
        self.MaxPool3d_3a_3x3 = SamePool3d(kernel=(1, 3, 3), stride=(1, 2, 2))  # 192 x 8 x 28 x 28
        self.Mixed_3b = Mixed(192, (64, 96, 128, 16, 32, 32))
        self.Mixed_3c = Mixed(256, (128, 128, 192, 32, 96, 64))
        self.MaxPool3d_4a_3x3 = SamePool3d(kernel=(3, 3, 3), stride=(2, 2, 2))  # 480 x 4 x 14 x 14
        self.Mixed_4b = Mixed(480, (192, 96, 208, 16, 48, 64))
        self.Mixed_4c = Mixed(512, (160, 112, 224, 24, 64, 64))
        self.Mixed_4d = Mixed(512, (128, 128, 256, 24, 64, 64))
        self.Mixed_4e = Mixed(512, (112, 144, 288, 32, 64, 64))
        self.Mixed_4f = Mixed(528, (256, 160, 320, 32, 128, 128))
        self.MaxPool3d_5a_2x2 = SamePool3d(kernel=(2, 2, 2), stride=(2, 2, 2))  # 832 x 2 x 7 x 7
        self.Mixed_5b = Mixed(832, (256, 160, 320, 32, 128, 128))
        self.Mixed_5c = Mixed(832, (384, 192, 384, 48, 128, 128))
        self.avg_pool = jh.AvgPool3d(kernel_size=(2, 7, 7), stride=(1, 1, 1))
        self.dropout = jh.Dropout(p=dropout)

    def features(self, x: jt.Var) -> jt.Var:
        """RGB clips in [-1, 1], N x 3 x T x 224 x 224 with T >= 9, to N x 1024 x T', T' = ceil(T / 8) - 1."""
        for name in STAGES:
            x = getattr(self, name)(x)
        return self.avg_pool(x).reshape(x.shape[0], FEATURES, -1)

    def execute(self, x: jt.Var) -> jt.Var:
        """RGB clips, as for :meth:`features`, to logits of Kinetics-400, N x num_classes x T'."""
        pooled = self.dropout(self.features(x))
        return self.logits(pooled.reshape(x.shape[0], FEATURES, -1, 1, 1)).reshape(x.shape[0], -1, pooled.shape[2])
