"""The audio trunk of VAANet and CTEN: a 2-D ResNet-18 over a time-frequency image of one channel.

He et al., "Deep Residual Learning for Image Recognition", CVPR 2016; all but the first convolution start from ImageNet
weights and everything is trained.  Shapes in the comments: N segments; sizes for VAANet's 256 x 32 coefficients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import jittor as jt
from . import jittor_helpers as jh

FEATURES = 512
RESNET_18 = (2, 2, 2, 2)
STAGES = {"bn1": "1", "layer1": "4", "layer2": "5", "layer3": "6", "layer4": "7"}
REPLACED = ("conv1", "fc")


class BasicBlock(jh.Module):
    """Two 3x3 convolutions and the shortcut."""

    def __init__(self, inputs: int, planes: int, stride: int) -> None:
        super().__init__()
        self.conv1 = jh.Conv2d(inputs, planes, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn1 = jh.BatchNorm2d(planes)
        self.relu = jh.ReLU()
        self.conv2 = jh.Conv2d(planes, planes, kernel_size=3, padding=1, bias=False)
        self.bn2 = jh.BatchNorm2d(planes)
        self.downsample: jh.Sequential | None = None
        if stride != 1 or inputs != planes:
            self.downsample = jh.Sequential(
                jh.Conv2d(inputs, planes, kernel_size=1, stride=stride, bias=False), jh.BatchNorm2d(planes)
            )

    def execute(self, x: jt.Var) -> jt.Var:
        """N x inputs x H x W to N x planes x H' x W'."""
        shortcut = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return self.relu(out + shortcut)


def make_stage(inputs: int, planes: int, blocks: int, stride: int) -> jh.Sequential:
    """Some blocks one after another, the first with the stride; kaiming-normal as in the ImageNet network."""
    made = [BasicBlock(inputs, planes, stride)]
    made += [BasicBlock(planes, planes, 1) for _ in range(1, blocks)]
    stage = jh.Sequential(*made)
    for module in stage.modules():
        if isinstance(module, jh.Conv2d):
            jh.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return stage


def make_audio_trunk(rows: int, bins: int, layers: Sequence[int] = RESNET_18) -> jh.Sequential:
    """The trunk for images of rows x bins, up to one vector of 512 for each.

    The first convolution and the stages halve the time axis, and all but that convolution the frequency axis; the
    average pool takes what is left, rows / 32 x bins / 16.
    """
    return jh.Sequential(
        jh.Conv2d(1, 64, kernel_size=(7, 1), stride=(2, 1), padding=(3, 0), bias=False),  # 64 x 128 x 32
        jh.BatchNorm2d(64),
        jh.ReLU(),
        jh.MaxPool2d(kernel_size=3, stride=2, padding=1),  # 64 x 64 x 16
        make_stage(64, 64, layers[0], stride=1),  # 64 x 64 x 16
        make_stage(64, 128, layers[1], stride=2),  # 128 x 32 x 8
        make_stage(128, 256, layers[2], stride=2),  # 256 x 16 x 4
        make_stage(256, 512, layers[3], stride=2),  # 512 x 8 x 2
        jh.AvgPool2d(kernel_size=(-(-rows // 32), -(-bins // 16))),  # 512 x 1 x 1
    )


def make_embedding(embed_size: int) -> jh.Sequential:
    """From the trunk's 512 features to the embedding of a segment, in -1..1."""
    return jh.Sequential(jh.Linear(FEATURES, embed_size), jh.BatchNorm1d(embed_size), jh.Tanh())


def segments(audio: jt.Var, count: int) -> jt.Var:
    """Equal consecutive parts of the time axis, all samples of the first part first.

    Args:
        audio: B x frames x bins.
        count: number of parts, which must divide the frames.

    Returns:
        (count * B) x 1 x (frames / count) x bins.

    Raises:
        ValueError: if the frames cannot be divided so.
    """
    batch, frames, bins = audio.shape
    if frames % count:
        raise ValueError(f"{frames} frames of audio cannot be cut into {count} equal segments")
    parts = audio.reshape(batch, count, frames // count, bins).transpose(0, 1)  # count x B x rows x bins
    return parts.reshape(count * batch, 1, frames // count, bins)


def trunk_state(state: Mapping[str, jt.Var]) -> dict[str, jt.Var]:
    """The state of an ImageNet ResNet-18 under the names of :func:`make_audio_trunk`.

    Its first convolution, which is for colour pictures, and its classifier are dropped.

    Raises:
        ValueError: for an entry that a ResNet-18 does not have.
    """
    renamed = {}
    for key, value in state.items():
        first, _, rest = key.partition(".")
        if first in REPLACED:
            continue
        if first not in STAGES:
            raise ValueError(f"{key!r} is no entry of a ResNet (expected: {', '.join((*REPLACED, *STAGES))})")
        renamed[f"{STAGES[first]}.{rest}"] = value
    return renamed


def load_audio_trunk(trunk: jh.Module, state: Mapping[str, jt.Var]) -> None:
    """Take over all ImageNet weights; the trunk's own first convolution stays as it is.

    Raises:
        ValueError: for an entry that a ResNet-18 does not have.
        RuntimeError: for an entry that is missing, left over or of another shape.
    """
    own = {key: value for key, value in trunk.state_dict().items() if key.startswith("0.")}
    trunk.load_state_dict({**own, **trunk_state(state)})
