"""Connectionist temporal classification (A. Graves et al., 2006): the loss of sequences without an alignment."""

from typing import Any

import jittor as jt
import numpy as np

from converter.helpers.library.losses import loss_reduction
from converter.helpers.library.modules import Module


def extended_labels(targets: list[Any], blank: int) -> tuple[Any, Any]:
    """Labels with blanks between and around them (N x 2 S + 1), and which of these places each sample has."""
    longest = max([len(t) for t in targets], default=0)
    labels = np.full((len(targets), 2 * longest + 1), blank, dtype=np.int64)
    for row, target in zip(labels, targets):
        row[1 : 2 * len(target) : 2] = target
    places = np.arange(labels.shape[1])[None] < np.array([[2 * len(t) + 1] for t in targets])
    return labels, places


def log_sum(parts: list[Any]) -> Any:
    largest = np.max(parts, axis=0)
    safe = np.where(np.isfinite(largest), largest, 0.0)
    with np.errstate(divide="ignore"):
        return np.log(sum(np.exp(p - safe) for p in parts)) + safe


def moved(x: Any, by: int) -> Any:
    """Rows moved to the right (or, where negative, to the left), minus infinity where nothing comes in."""
    made = np.full_like(x, -np.inf)
    width = x.shape[1]
    if abs(by) < width:
        made[:, max(by, 0) : width + min(by, 0)] = x[:, max(-by, 0) : width - max(by, 0)]
    return made


class NegativeLogLikelihood(jt.Function):
    """Of each sequence, by NumPy in float64; the gradient is Torch's, that of unnormalised logarithms.

    Torch takes the input for the result of a log-softmax: its gradient has the term of the normalisation already.
    """

    def execute(self, log_probs: Any, targets: Any, lengths: Any, blank: int) -> Any:
        x = log_probs.numpy().astype(np.float64)
        steps, count, _ = x.shape
        labels, places = extended_labels(targets, blank)
        skips = np.zeros(labels.shape, dtype=bool)
        skips[:, 2:] = (labels[:, 2:] != blank) & (labels[:, 2:] != labels[:, :-2])
        at = np.where(places, np.take_along_axis(x, np.broadcast_to(labels, (steps, *labels.shape)), 2), -np.inf)
        ends = np.array([2 * len(t) for t in targets])
        lengths = np.asarray(lengths)
        forward = np.full(at.shape, -np.inf)
        forward[0, :, :2] = at[0, :, :2]
        for t in range(1, steps):
            last = forward[t - 1]
            two = np.where(skips, moved(last, 2), -np.inf)
            forward[t] = log_sum([last, moved(last, 1), two]) + at[t]
        backward = np.full(at.shape, -np.inf)
        onward = np.zeros(skips.shape, dtype=bool)
        onward[:, :-2] = skips[:, 2:]
        final = np.zeros(places.shape, dtype=bool)
        for i, end in enumerate(ends):
            final[i, max(end - 1, 0) : end + 1] = True
        for t in reversed(range(steps)):
            following = backward[t + 1] if t + 1 < steps else np.full(labels.shape, -np.inf)
            two = np.where(onward, moved(following, -2), -np.inf)
            inside = log_sum([following, moved(following, -1), two]) + at[t]
            starts = (lengths == t + 1)[:, None]
            backward[t] = np.where(starts, np.where(final, at[t], -np.inf), inside)
        each = np.arange(count)
        reached = np.where(final, forward[np.maximum(lengths - 1, 0), each], -np.inf)
        loss = -log_sum(list(reached.T))
        loss = np.where(lengths > 0, loss, np.where(ends == 0, 0.0, np.inf))
        with np.errstate(invalid="ignore"):
            shares = np.exp(np.where(np.isfinite(at), forward + backward - at, -np.inf) + loss[None, :, None])
        gradient = np.exp(x)
        for s in range(labels.shape[1]):
            gradient[:, each, labels[:, s]] -= shares[:, :, s]
        gradient[np.arange(steps)[:, None] >= lengths[None]] = 0
        self.gradient = gradient
        return jt.array(loss, dtype=str(log_probs.dtype))

    def grad(self, grad: Any) -> Any:
        given = grad.reshape((1, -1, 1))
        found = jt.array(self.gradient).cast(grad.dtype) * given
        # A sequence that cannot be has no number for a gradient, which must not reach those that count for nothing.
        return jt.ternary((given == 0).broadcast(found.shape), jt.zeros_like(found), found), None, None, None


def whole_numbers(values: Any) -> list[int]:
    given = values.numpy().reshape(-1) if isinstance(values, jt.Var) else np.asarray(values).reshape(-1)
    return [int(n) for n in given]


def ctc_loss(
    log_probs: Any,
    targets: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Any:
    """Loss of (T, N, C) log-probabilities, or (T, C), against labels (N, S) or all in one row.

    ``mean`` divides by the target's length first.  Raises RuntimeError for lengths that do not fit.
    """
    single = log_probs.ndim == 2
    x = log_probs.unsqueeze(1) if single else log_probs
    steps, sizes = whole_numbers(input_lengths), whole_numbers(target_lengths)
    if len(steps) != x.shape[1] or len(sizes) != x.shape[1]:
        raise RuntimeError(f"input_lengths and target_lengths must be of size {x.shape[1]}, the batch's")
    if max(steps) > x.shape[0]:
        raise RuntimeError(f"Expected input_lengths to have value at most {x.shape[0]}, but got value {max(steps)}")
    rows = targets.numpy()
    if rows.ndim == 1:
        starts = np.cumsum([0, *sizes])
        labels = [rows[a : a + n] for a, n in zip(starts, sizes)]
    else:
        labels = [row[:n] for row, n in zip(rows, sizes)]
    if any(len(row) != n for row, n in zip(labels, sizes)):
        raise RuntimeError(f"Expected targets to hold {sizes} labels, but they have the shape {tuple(rows.shape)}")
    loss = NegativeLogLikelihood()(x, labels, steps, int(blank))
    if zero_infinity:
        infinite = jt.array(np.isinf(loss.numpy()))
        loss = jt.ternary(infinite, jt.zeros_like(loss), loss)
    if reduction == "none":
        return loss
    if reduction == "mean":
        return (loss / jt.array(np.maximum(sizes, 1)).cast(loss.dtype)).mean()
    return loss.sum()


class CTCLoss(Module):
    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False) -> None:
        super().__init__()
        self.blank = blank
        self.reduction = loss_reduction(None, None, reduction)
        self.zero_infinity = zero_infinity

    def execute(self, log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any) -> Any:
        options = (self.blank, self.reduction, self.zero_infinity)
        return ctc_loss(log_probs, targets, input_lengths, target_lengths, *options)
