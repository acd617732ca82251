"""Layers on skeleton sequences: adaptive graph convolution, convolution over time, attention, fusion of two streams.

The graph convolution is that of 2s-AGCN (Shi et al., CVPR 2019), on which BPM-GCN builds.  Shapes: N clips, C channels,
T frames, V joints.  Attribute names give the state_dict keys of the published checkpoints.
"""

from __future__ import annotations

import math

import jittor as jt
from . import jittor_helpers as jh
from jittor import nn

SUBSETS = 3  # partitions of the graph: the joint itself, towards the root, away from it
EMBEDDING_SHARE = 4  # the embeddings of the data-dependent graph have a quarter of the channels
TIME_KERNEL = 9
TINY = 1e-6


def init_conv(conv: jh.Conv2d) -> None:
    """Kaiming normal in fan-out mode, bias 0."""
    jh.kaiming_normal_(conv.weight, mode="fan_out")
    jh.constant_(conv.bias, 0)


def init_branch(conv: jh.Conv2d) -> None:
    """Normal with variance 2 / (all weights of the subsets' convolutions together), bias 0."""
    weights = conv.weight.numel() * SUBSETS
    jh.normal_(conv.weight, 0.0, math.sqrt(2.0 / weights))
    jh.constant_(conv.bias, 0)


def pointwise(inputs: int, outputs: int) -> jh.Conv2d:
    """A convolution that mixes channels only."""
    conv = jh.Conv2d(inputs, outputs, kernel_size=1)
    init_conv(conv)
    return conv


class TemporalConvolution(jh.Module):
    """Convolution along time and batch norm; no activation.  N x C x T x V to N x outputs x ceil(T / stride) x V."""

    def __init__(self, inputs: int, outputs: int, kernel_size: int = TIME_KERNEL, stride: int = 1) -> None:
        super().__init__()
        padding = (kernel_size - 1) // 2
        self.conv = jh.Conv2d(inputs, outputs, kernel_size=(kernel_size, 1), stride=(stride, 1), padding=(padding, 0))
        self.bn = jh.BatchNorm2d(outputs)
        init_conv(self.conv)

    def execute(self, x: jt.Var) -> jt.Var:
        return self.bn(self.conv(x))


class GraphConvolution(jh.Module):
    """Adaptive graph convolution: a sum over the subsets k of W_k x (A_k + B_k + C_k), batch norm, residual, ReLU.

    A is the skeleton, B (the parameter ``PA``) is learned, and C depends on the clip: the similarity of the joints
    under two embeddings.

    Args:
        inputs: channels of the input.
        outputs: channels of the output.
        adjacency: A, 3 x V x V.
    """

    def __init__(self, inputs: int, outputs: int, adjacency: jt.Var) -> None:
        super().__init__()
        embedding = outputs // EMBEDDING_SHARE
        self.PA = jh.Parameter(jh.full_tensor(adjacency.shape, TINY))
        # Not trained, as the skeleton is a fact, and not saved: published checkpoints lack it.
        self.register_buffer("A", jh.clone(adjacency), persistent=False)
        self.conv_a = jh.ModuleList([pointwise(inputs, embedding) for _ in range(SUBSETS)])
        self.conv_b = jh.ModuleList([pointwise(inputs, embedding) for _ in range(SUBSETS)])
        self.conv_d = jh.ModuleList([pointwise(inputs, outputs) for _ in range(SUBSETS)])
        if inputs != outputs:
            self.down = jh.Sequential(pointwise(inputs, outputs), jh.BatchNorm2d(outputs))
        else:
            self.down = jh.Identity()
        self.bn = jh.BatchNorm2d(outputs)
        jh.constant_(self.bn.weight, TINY)  # a new layer starts as relu(down(x))
        for conv in self.conv_d:
            init_branch(conv)

    def similarity(self, x: jt.Var, subset: int) -> jt.Var:
        """C of a subset, N x V x V: softmax of the scaled inner products; each *column* sums to 1."""
        clips, _, frames, joints = x.shape
        first = self.conv_a[subset](x)  # N x E x T x V
        second = self.conv_b[subset](x)
        size = first.shape[1] * frames
        first = first.reshape(clips, size, joints).transpose(1, 2)  # N x V x ET
        second = second.reshape(clips, size, joints)  # N x ET x V
        return nn.softmax(jh.matmul(first, second) / size, dim=1)

    def execute(self, x: jt.Var) -> jt.Var:
        """N x inputs x T x V to N x outputs x T x V."""
        clips, channels, frames, joints = x.shape
        fixed = self.A + self.PA  # 3 x V x V
        rows = x.reshape(clips, channels * frames, joints)
        total = 0
        for subset in range(SUBSETS):
            graph = fixed[subset] + self.similarity(x, subset)  # N x V x V
            gathered = jh.matmul(rows, graph).reshape(clips, channels, frames, joints)
            total = total + self.conv_d[subset](gathered)
        return jh.relu(self.bn(total) + self.down(x))


class GraphTemporalUnit(jh.Module):
    """Graph convolution, then convolution over time, with a residual around both.

    Args:
        inputs: channels of the input.
        outputs: channels of the output.
        adjacency: 3 x V x V.
        stride: of the convolution over time.
        residual: whether there is one; it is a convolution where the shape changes.
    """

    def __init__(
        self, inputs: int, outputs: int, adjacency: jt.Var, stride: int = 1, residual: bool = True
    ) -> None:
        super().__init__()
        self.gcn1 = GraphConvolution(inputs, outputs, adjacency)
        self.tcn1 = TemporalConvolution(outputs, outputs, stride=stride)
        self.has_residual = residual
        if residual and (inputs != outputs or stride != 1):
            self.residual = TemporalConvolution(inputs, outputs, kernel_size=1, stride=stride)
        else:
            self.residual = jh.Identity()

    def execute(self, x: jt.Var) -> jt.Var:
        """N x inputs x T x V to N x outputs x ceil(T / stride) x V."""
        y = self.tcn1(self.gcn1(x))
        if self.has_residual:
            y = y + self.residual(x)
        return jh.relu(y)


class ChannelAttention(jh.Module):
    """A weight in 0..1 for each of n channels, from the channels' means, N x n."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = jh.Conv2d(channels, channels, kernel_size=1, bias=False)
        self.fc2 = jh.Conv2d(channels, channels, kernel_size=1, bias=False)

    def execute(self, means: jt.Var) -> jt.Var:
        hidden = jh.relu(self.fc1(means.reshape(means.shape[0], -1, 1, 1)))
        return jh.sigmoid(self.fc2(hidden)).reshape(means.shape)


class Fusion(jh.Module):
    """Exchange between the streams of posture and movement, weighted by attention over joints and over frames.

    The paper's Eqs. 8 and 9 multiply by both attention maps and treat the streams alike.  The released code, whose
    weights need it so, lets the map of the joints act only through the one of the frames, and gives the movement
    stream the posture *after* its fusion.  Both maps come from the streams before the fusion.

    Args:
        frames: T.
        joints: V.
    """

    def __init__(self, frames: int, joints: int) -> None:
        super().__init__()
        self.att_T_p = ChannelAttention(frames)
        self.att_N_p = ChannelAttention(joints)
        self.att_T_m = ChannelAttention(frames)
        self.att_N_m = ChannelAttention(joints)

    def execute(self, x_p: jt.Var, x_m: jt.Var) -> tuple[jt.Var, jt.Var]:
        """The streams of posture and of movement, N x C x T x V each, fused."""
        time_p = frame_weights(x_p, self.att_N_p, self.att_T_p)
        time_m = frame_weights(x_m, self.att_N_m, self.att_T_m)
        fused_p = x_p + x_m * time_m
        fused_m = x_m + fused_p * time_p
        return fused_p, fused_m


def frame_weights(x: jt.Var, of_joints: ChannelAttention, of_frames: ChannelAttention) -> jt.Var:
    """Attention over the frames of a stream (N x C x T x V) whose joints have been weighted; N x 1 x T x 1."""
    clips, _, frames, joints = x.shape
    joint_weights = of_joints(jh.mean_of(x, dim=(1, 2)))  # N x V
    weighted = x * joint_weights.reshape(clips, 1, 1, joints)
    return of_frames(jh.mean_of(weighted, dim=(1, 3))).reshape(clips, 1, frames, 1)
