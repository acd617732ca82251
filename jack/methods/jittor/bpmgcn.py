"""BPM-GCN: emotions from gait by two graph networks, one for posture and one for movement.

Zhai et al., "Looking Into Gait for Perceiving Emotions via Bilateral Posture and Movement Graph Convolutional
Networks", IEEE Transactions on Affective Computing, 2024.  Attribute names give the state_dict keys of the published
checkpoints.  Shapes in the comments: N clips, C channels, T = 48 frames, V = 16 joints, M = 1 person; the suffix _p is
the stream of posture (joint positions, C = 3), _m the one of movement (velocity, acceleration, their lengths, C = 8).
"""

from __future__ import annotations

import math

import numpy as np
import jittor as jt
from . import jittor_helpers as jh

from jack.methods.bpmgcn_graph import adjacency

from .bpmgcn_layers import Fusion, GraphTemporalUnit


class BPMGCN(jh.Module):
    """The network.

    Args:
        num_class: emotions K.
        num_point: joints V.
        num_constraints: affective features F of each frame that the network predicts besides the emotion.
        in_channels_p: channels of the posture.
        in_channels_m: channels of the movement.
        frames: T.  The fusions have weights for each frame, so the published checkpoints need 48.
        width: channels of the first four layers; then twice and four times as many.
    """

    def __init__(
        self,
        num_class: int = 4,
        num_point: int = 16,
        num_constraints: int = 31,
        in_channels_p: int = 3,
        in_channels_m: int = 8,
        frames: int = 48,
        width: int = 64,
    ) -> None:
        super().__init__()
        graph = jh.from_numpy(adjacency().astype(np.float32))
        if num_point != graph.shape[1]:
            raise ValueError(f"the skeleton has {graph.shape[1]} joints, not {num_point}")
        narrow, middle, wide = width, 2 * width, 4 * width
        half = (frames + 1) // 2  # frames after a stride of 2
        quarter = (half + 1) // 2

        self.data_bn_p = jh.BatchNorm1d(in_channels_p * num_point)
        self.data_bn_m = jh.BatchNorm1d(in_channels_m * num_point)
        self.l1_p = GraphTemporalUnit(in_channels_p, narrow, graph, residual=False)
        self.l1_m = GraphTemporalUnit(in_channels_m, narrow, graph, residual=False)

        self.l2_p = GraphTemporalUnit(narrow, narrow, graph)
        self.l3_p = GraphTemporalUnit(narrow, narrow, graph)
        self.l4_p = GraphTemporalUnit(narrow, narrow, graph)
        self.l5_p = GraphTemporalUnit(narrow, middle, graph, stride=2)
        self.l6_p = GraphTemporalUnit(middle, middle, graph)
        self.l7_p = GraphTemporalUnit(middle, middle, graph)
        self.l8_p = GraphTemporalUnit(middle, wide, graph, stride=2)
        self.l9_p = GraphTemporalUnit(wide, wide, graph)
        self.l10_p = GraphTemporalUnit(wide, wide, graph)

        self.l2_m = GraphTemporalUnit(narrow, narrow, graph)
        self.l3_m = GraphTemporalUnit(narrow, narrow, graph)
        self.l4_m = GraphTemporalUnit(narrow, narrow, graph)
        self.l5_m = GraphTemporalUnit(narrow, middle, graph, stride=2)
        self.l6_m = GraphTemporalUnit(middle, middle, graph)
        self.l7_m = GraphTemporalUnit(middle, middle, graph)
        self.l8_m = GraphTemporalUnit(middle, wide, graph, stride=2)
        self.l9_m = GraphTemporalUnit(wide, wide, graph)
        self.l10_m = GraphTemporalUnit(wide, wide, graph)

        self.fusion1 = Fusion(frames, num_point)
        self.fusion2 = Fusion(half, num_point)
        self.fusion3 = Fusion(quarter, num_point)
        self.fc1_classifier_p = jh.Linear(wide, num_class)
        self.fc1_classifier_m = jh.Linear(wide, num_class)
        self.fc2_aff = jh.Linear(wide, num_constraints * frames)
        for head in (self.fc1_classifier_p, self.fc1_classifier_m, self.fc2_aff):
            jh.normal_(head.weight, 0.0, math.sqrt(2.0 / head.weight.shape[0]))

    def execute(self, x_p: jt.Var, x_m: jt.Var) -> tuple[jt.Var, jt.Var, jt.Var]:
        """Scores of both streams and the predicted affective features.

        Args:
            x_p: joint positions, N x 3 x T x V x 1.
            x_m: movement, N x 8 x T x V x 1.

        Returns:
            logits of the posture (N x K), affective features (N x T * F, frame by frame), logits of the movement
            (N x K).
        """
        x_p = normalized_input(x_p, self.data_bn_p)  # N x C x T x V
        x_m = normalized_input(x_m, self.data_bn_m)

        x_p = self.l4_p(self.l3_p(self.l2_p(self.l1_p(x_p))))  # N x 64 x 48 x V
        x_m = self.l4_m(self.l3_m(self.l2_m(self.l1_m(x_m))))
        x_p, x_m = self.fusion1(x_p, x_m)

        x_p = self.l7_p(self.l6_p(self.l5_p(x_p)))  # N x 128 x 24 x V
        x_m = self.l7_m(self.l6_m(self.l5_m(x_m)))
        x_p, x_m = self.fusion2(x_p, x_m)

        x_p = self.l10_p(self.l9_p(self.l8_p(x_p)))  # N x 256 x 12 x V
        x_m = self.l10_m(self.l9_m(self.l8_m(x_m)))
        x_p, x_m = self.fusion3(x_p, x_m)

        # The paper pools by the maximum; the released code, and so its weights, by the mean.
        posture = jh.mean_of(x_p, dim=(2, 3))  # N x 256
        movement = jh.mean_of(x_m, dim=(2, 3))
        return self.fc1_classifier_p(posture), self.fc2_aff(posture), self.fc1_classifier_m(movement)


def normalized_input(x: jt.Var, norm: jh.BatchNorm1d) -> jt.Var:
    """A clip, N x C x T x V x 1, normalised for each channel of each joint; N x C x T x V.

    Raises:
        ValueError: if there is more than one person.
    """
    clips, channels, frames, joints, persons = x.shape
    if persons != 1:
        raise ValueError(f"one person a clip, got {persons}")
    features = jh.squeeze(x, 4).permute(0, 3, 1, 2).reshape(clips, joints * channels, frames)
    return norm(features).reshape(clips, joints, channels, frames).permute(0, 2, 3, 1)


def prediction(score_p: jt.Var, score_m: jt.Var) -> jt.Var:
    """The score of a clip, N x K: the mean of both streams' logits."""
    return (score_p + score_m) / 2
