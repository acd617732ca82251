"""The loss of BPM-GCN: both streams must name the emotion, and the posture the affective features."""

from __future__ import annotations

import jittor as jt
from . import jittor_helpers as jh


def emotion_loss(score: jt.Var, label: jt.Var) -> jt.Var:
    """Cross entropy of the logits of one stream, N x K, averaged over the clips.

    Args:
        score: logits, N x K.
        label: the emotion of each clip (N, integer), or 1 for each emotion that applies (N x K).  For the second
            kind the authors' code is unfinished (sigmoids handed to a softmax cross entropy); ours is the binary
            cross entropy of each emotion.
    """
    if label.ndim == 2:
        return jh.binary_cross_entropy_with_logits(score, label.float32())
    return jh.cross_entropy(score, label)


class BPMGCNLoss(jh.Module):
    """The sum of three terms, each of weight 1: emotion from movement, emotion from posture, affective features."""

    def execute(
        self,
        score_p: jt.Var,
        affective: jt.Var,
        score_m: jt.Var,
        label: jt.Var,
        feature: jt.Var,
    ) -> tuple[jt.Var, dict[str, jt.Var]]:
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
        features = jh.mse_loss(affective, feature)
        total = movement + posture + features
        return total, {"loss_1m": movement, "loss_1p": posture, "loss_2": features, "loss": total}
