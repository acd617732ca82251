"""The losses of VAANet and CTEN.  Shapes: B videos, 8 emotions."""

from __future__ import annotations

import jittor as jt
from . import jittor_helpers as jh

EMOTIONS = ("Anger", "Anticipation", "Disgust", "Fear", "Joy", "Sadness", "Surprise", "Trust")  # in class order
POSITIVE = ("Anticipation", "Joy", "Surprise", "Trust")
LOSSES = ("ce", "pcce_ve8")


class PolarityConsistentCrossEntropy(jh.Module):
    """Cross entropy that counts more where the predicted emotion is of the wrong polarity (VAANet's PCCE).

    loss = 1/B sum_i (1 + penalty * [polarity of argmax(logits_i) differs from that of y_i]) * CE_i.  The sum is divided
    by B, not by the sum of the weights, and the weights carry no gradient.

    Args:
        n_classes: must be 8: the polarities are those of VideoEmotion-8.
        penalty: lambda of the paper.

    Raises:
        ValueError: for another number of classes.
    """

    def __init__(self, n_classes: int = 8, penalty: float = 0.5) -> None:
        super().__init__()
        if n_classes != len(EMOTIONS):
            raise ValueError(
                f"pcce_ve8 knows the polarity of {len(EMOTIONS)} emotions; {n_classes} classes need the loss ce"
            )
        self.penalty = penalty
        # Not saved: it is a table.
        polarity = jh.make_tensor([1.0 if emotion in POSITIVE else 0.0 for emotion in EMOTIONS])
        self.register_buffer("polarity", polarity, persistent=False)  # 8

    def execute(self, logits: jt.Var, target: jt.Var) -> jt.Var:
        """Scalar loss of logits, B x 8, and class numbers, B."""
        entropy = jh.cross_entropy(logits, target, reduction="none")  # B
        predicted = jh.argmax(logits, dim=1)  # B
        mismatch = jh.absolute(self.polarity[predicted] - self.polarity[target])  # B: 1 where polarities differ
        return jh.mean_of((1 + self.penalty * mismatch.detach()) * entropy)


def make_criterion(loss_func: str, n_classes: int = 8, lambda_0: float = 0.5) -> jh.Module:
    """The loss of an option's name.

    Args:
        loss_func: "ce" for the mean cross entropy, "pcce_ve8" for :class:`PolarityConsistentCrossEntropy`.
        n_classes: emotions.
        lambda_0: the penalty of the latter.

    Raises:
        ValueError: for an unknown name, or a loss that does not fit the classes.
    """
    if loss_func == "ce":
        return jh.CrossEntropyLoss()
    if loss_func == "pcce_ve8":
        return PolarityConsistentCrossEntropy(n_classes, lambda_0)
    raise ValueError(f"loss_func is one of {', '.join(LOSSES)}, not {loss_func!r}")
