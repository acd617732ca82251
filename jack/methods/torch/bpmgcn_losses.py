"""The loss of BPM-GCN: both streams must name the emotion, and the posture the affective features."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


def emotion_loss(score: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    """Cross entropy of the logits of one stream, N x K, averaged over the clips.

    Args:
        score: logits, N x K.
        label: the emotion of each clip (N, integer), or 1 for each emotion that applies (N x K).  For the second
            kind the authors' code is unfinished (sigmoids handed to a softmax cross entropy); ours is the binary
            cross entropy of each emotion.
    """
    if label.ndim == 2:
        return F.binary_cross_entropy_with_logits(score, label.float())
    return F.cross_entropy(score, label)


class BPMGCNLoss(nn.Module):
    """The sum of three terms, each of weight 1: emotion from movement, emotion from posture, affective features."""

    def forward(
        self,
        score_p: torch.Tensor,
        affective: torch.Tensor,
        score_m: torch.Tensor,
        label: torch.Tensor,
        feature: torch.Tensor,
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The total loss and its terms.

        Args:
            score_p: logits of the posture, N x K.
            affective: predicted affective features, N x T * F.
            score_m: logits of the movement, N x K.
            label: emotions, N or N x K; see :func:`emotion_loss`.
            feature: the affective features, N x T * F.

        Returns:
            total, the terms by the names under which the authors log them.
        """
        movement = emotion_loss(score_m, label)
        posture = emotion_loss(score_p, label)
        features = F.mse_loss(affective, feature)
        total = movement + posture + features
        return total, {"loss_1m": movement, "loss_1p": posture, "loss_2": features, "loss": total}
