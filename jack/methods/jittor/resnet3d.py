"""The visual backbone of VAANet and CTEN: a 3-D ResNet-101 without its head, trained on Kinetics and never here.

Hara et al., "Can Spatiotemporal 3D CNNs Retrace the History of 2D CNNs and ImageNet?", CVPR 2018.  Shapes in the
comments: N clips, T frames of H x W pixels; sizes are those of the default T = 16, H = W = 112.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import jittor as jt
from . import jittor_helpers as jh

EXPANSION = 4  # a block's output has four times its planes
FEATURES = 2048  # channels of the last stage
RESNET_101 = (3, 4, 23, 3)
STAGES = {"conv1": "0", "bn1": "1", "layer1": "4", "layer2": "5", "layer3": "6", "layer4": "7"}


class Bottleneck3d(jh.Module):
    """1x1x1, 3x3x3, 1x1x1 convolutions and the shortcut; the stride, on all three axes, is that of the 3x3x3."""

    def __init__(self, inputs: int, planes: int, stride: int) -> None:
        super().__init__()
        outputs = planes * EXPANSION
        self.conv1 = jh.Conv3d(inputs, planes, kernel_size=1, bias=False)
        self.bn1 = jh.BatchNorm3d(planes)
        self.conv2 = jh.Conv3d(planes, planes, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn2 = jh.BatchNorm3d(planes)
        self.conv3 = jh.Conv3d(planes, outputs, kernel_size=1, bias=False)
        self.bn3 = jh.BatchNorm3d(outputs)
        self.relu = jh.ReLU()
        self.downsample: jh.Sequential | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = jh.Sequential(
                jh.Conv3d(inputs, outputs, kernel_size=1, stride=stride, bias=False), jh.BatchNorm3d(outputs)
            )

    def execute(self, x: jt.Var) -> jt.Var:
        """N x inputs x T x H x W to N x outputs x T' x H' x W'."""
        shortcut = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return self.relu(out + shortcut)


def make_stage(inputs: int, planes: int, blocks: int, stride: int) -> jh.Sequential:
    """Some blocks one after another, the first with the stride."""
    made = [Bottleneck3d(inputs, planes, stride)]
    made += [Bottleneck3d(planes * EXPANSION, planes, 1) for _ in range(1, blocks)]
    return jh.Sequential(*made)


def make_backbone(layers: Sequence[int] = RESNET_101, pool: tuple[int, int, int] | None = None) -> jh.Sequential:
    """The network up to its last stage, with a global average pool of this kernel if one is given.

    Args:
        layers: blocks in each of the four stages.
        pool: kernel over time, height and width; see :func:`output_size`.
    """
    modules: list[jh.Module] = [
        jh.Conv3d(3, 64, kernel_size=7, stride=(1, 2, 2), padding=3, bias=False),  # 64 x 16 x 56 x 56
        jh.BatchNorm3d(64),
        jh.ReLU(),
        jh.MaxPool3d(kernel_size=3, stride=2, padding=1),  # 64 x 8 x 28 x 28
        make_stage(64, 64, layers[0], stride=1),  # 256 x 8 x 28 x 28
        make_stage(256, 128, layers[1], stride=2),  # 512 x 4 x 14 x 14
        make_stage(512, 256, layers[2], stride=2),  # 1024 x 2 x 7 x 7
        make_stage(1024, 512, layers[3], stride=2),  # 2048 x 1 x 4 x 4
    ]
    if pool is not None:
        modules.append(jh.AvgPool3d(kernel_size=pool, stride=1))  # 2048 x 1 x 1 x 1
    backbone = jh.Sequential(*modules)
    for module in backbone.modules():
        if isinstance(module, jh.Conv3d):
            jh.kaiming_normal_(module.weight, mode="fan_out")
    return backbone


def output_size(frames: int, size: int) -> tuple[int, int, int]:
    """Time, height and width after the last stage, for clips of so many frames of size x size pixels."""
    return -(-frames // 16), -(-size // 32), -(-size // 32)


def freeze(backbone: jh.Module) -> None:
    """No parameter of it is trained.  Its batch norms still follow the mode of the model."""
    for parameter in backbone.parameters():
        jh.requires_grad_(parameter, False)


def normalised(visual: jt.Var) -> jt.Var:
    """Pixels of 0..255 as the backbone expects them: (x - 100) / 255."""
    return jh.div(visual, 255) - 100 / 255


def backbone_state(state: Mapping[str, jt.Var]) -> dict[str, jt.Var]:
    """The state of a whole 3-D ResNet, as its authors publish it, under the names of :func:`make_backbone`.

    The classifier ``fc`` (400 classes in the file that VAANet takes, 1039 in CTEN's) is dropped, and so is a leading
    ``module.``, the mark of a network that was trained on several devices.

    Args:
        state: the entry ``state_dict`` of the file.

    Raises:
        ValueError: for an entry that a 3-D ResNet does not have.
    """
    renamed = {}
    for key, value in state.items():
        first, _, rest = key.removeprefix("module.").partition(".")
        if first == "fc":
            continue
        if first not in STAGES:
            raise ValueError(f"{key!r} is no entry of a 3-D ResNet (expected: {', '.join(STAGES)}, fc)")
        renamed[f"{STAGES[first]}.{rest}"] = value
    return renamed


def load_backbone(backbone: jh.Module, state: Mapping[str, jt.Var]) -> None:
    """Take over the weights of a whole 3-D ResNet, every one of them.

    Args:
        backbone: attribute ``resnet`` of VAANet or CTEN.
        state: see :func:`backbone_state`.

    Raises:
        ValueError: for an entry that a 3-D ResNet does not have.
        RuntimeError: for an entry that is missing, left over or of another shape.
    """
    backbone.load_state_dict(backbone_state(state))
