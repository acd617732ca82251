"""Loss functions with Torch's signatures, reductions and finite gradients."""

import warnings
from typing import Any

import jittor as jt

from converter.helpers.library.activations import log_of_softmax, logsigmoid, magnitude
from converter.helpers.library.functional import cosine_similarity, pairwise_distance


def loss_reduction(size_average: Any, reduce: Any, reduction: str) -> str:
    """The reduction that Torch's old parameters ask for, if given; else the new one.

    Raises:
        ValueError: for an unknown reduction.
    """
    if size_average is not None or reduce is not None:
        if reduce is False:
            return "none"
        return "sum" if size_average is False else "mean"
    if reduction not in ("none", "mean", "sum", "batchmean"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def reduced_loss(loss: Any, reduction: str) -> Any:
    if reduction == "none":
        return loss
    return loss.sum() if reduction == "sum" else loss.mean() if loss.numel() else loss.sum() + float("nan")


def warn_shapes(input: Any, target: Any) -> None:
    if list(input.shape) != list(target.shape) and not (input.numel() == 1 and target.numel() == 1):
        warnings.warn(f"Using a target size {list(target.shape)} that differs from {list(input.shape)}", stacklevel=3)


def mse_loss(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean", weight: Any = None
) -> Any:
    warn_shapes(input, target)
    difference = input - target
    squares = difference * difference
    if weight is None:
        return reduced_loss(squares, loss_reduction(size_average, reduce, reduction))
    kind = loss_reduction(size_average, reduce, reduction)
    total = squares * weight
    return total.sum() / weight.sum() if kind == "mean" else reduced_loss(total, kind)


def l1_loss(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean", weight: Any = None
) -> Any:
    """Mean |x - y|; the gradient where they are equal is 0 (Jittor's ``abs`` gives 1)."""
    warn_shapes(input, target)
    kind = loss_reduction(size_average, reduce, reduction)
    sizes = magnitude(input - target)
    if weight is None:
        return reduced_loss(sizes, kind)
    return (sizes * weight).sum() / weight.sum() if kind == "mean" else reduced_loss(sizes * weight, kind)


def smooth_l1_loss(
    input: Any,
    target: Any,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Any:
    """Quadratic below ``beta``, linear above."""
    if beta == 0:
        return l1_loss(input, target, size_average, reduce, reduction)
    warn_shapes(input, target)
    difference = input - target
    size = magnitude(difference)
    near = jt.ternary(size >= beta, jt.zeros_like(difference), difference)  # far away its gradient is inf * 0
    loss = jt.ternary(size >= beta, size - 0.5 * beta, near * near * (0.5 / beta))
    return reduced_loss(loss, loss_reduction(size_average, reduce, reduction))


def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None) -> Any:
    """``delta`` times the smooth L1 loss with beta = delta."""
    warn_shapes(input, target)
    difference = input - target
    size = magnitude(difference)
    near = jt.ternary(size >= delta, jt.zeros_like(difference), difference)  # far away its gradient is inf * 0
    loss = jt.ternary(size >= delta, (size - 0.5 * delta) * delta, near * near * 0.5)
    if weight is not None:
        loss = loss * weight
        if reduction == "mean":
            return loss.sum() / weight.sum()
    return reduced_loss(loss, loss_reduction(None, None, reduction))


def picked(log_probabilities: Any, target: Any, weight: Any, ignore_index: int) -> tuple[Any, Any]:
    """Of (N, C, ...): minus the log probability of each target times its weight, and the weights (0: ignored)."""
    kept = target != ignore_index
    safe = jt.ternary(kept, target, jt.zeros_like(target))
    chosen = log_probabilities.gather(1, safe.unsqueeze(1)).squeeze(1)
    weights = kept.cast(log_probabilities.dtype)
    if weight is not None:
        weights = weights * weight[safe.reshape([-1])].reshape(safe.shape)
    # not chosen * weights: an ignored log probability of -inf must not become nan
    return -jt.ternary(kept, chosen, jt.zeros_like(chosen)) * weights, weights


def nll_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """Negative log likelihood of (N, C, ...) log probabilities; Jittor's ignores ``ignore_index=0``."""
    kind = loss_reduction(size_average, reduce, reduction)
    if input.ndim == 1:
        input, target = input.unsqueeze(0), target.reshape([1])
    loss, weights = picked(input, target, weight, ignore_index)
    return loss.sum() / weights.sum() if kind == "mean" else reduced_loss(loss, kind)


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """Cross entropy of (N, C, ...) logits with classes or (floating target) with class probabilities."""
    kind = loss_reduction(size_average, reduce, reduction)
    if input.ndim == 1:
        input, target = input.unsqueeze(0), target.reshape([1, -1] if target.dtype.is_float() else [1])
    classes = input.shape[1]
    logs = log_of_softmax(input, 1)
    along = [1, classes] + [1] * (input.ndim - 2)
    if target.dtype.is_float():
        if label_smoothing:
            target = target * (1 - label_smoothing) + label_smoothing / classes
        weighted = logs * target if weight is None else logs * target * weight.reshape(along)
        loss = -weighted.sum(1)
        count = input.numel() // classes
        return loss.sum() / count if kind == "mean" else reduced_loss(loss, kind)
    loss, weights = picked(logs, target, weight, ignore_index)
    if label_smoothing:
        every = logs if weight is None else logs * weight.reshape(along)
        smooth = jt.ternary(target != ignore_index, -every.sum(1), jt.zeros_like(loss))
        loss = loss * (1 - label_smoothing) + smooth * (label_smoothing / classes)
    return loss.sum() / weights.sum() if kind == "mean" else reduced_loss(loss, kind)


def clamped_log(value: Any) -> Any:
    """log, but not below -100; without a gradient."""
    value = value.detach()
    return jt.ternary(value > 1.2e-38, jt.log(jt.maximum(value, 1.2e-38)), jt.zeros_like(value) - 100.0)


def binary_cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """``-(y log p + (1 - y) log(1 - p))`` with logs clamped at -100 (Jittor: at -46).

    The gradient is Torch's own formula, which is finite at p = 0 and p = 1; it is not differentiated again.
    """
    if list(input.shape) != list(target.shape):
        raise ValueError(f"Using a target size {list(target.shape)} that differs from {list(input.shape)}")
    target = target.cast(input.dtype)
    yes, no = clamped_log(input), clamped_log(1 - input)
    p, y = input.detach(), target.detach()
    loss = -(y * yes + (1 - y) * no)
    slope = (p - y) / jt.maximum((1 - p) * p, 1e-12)
    loss = loss + (input - p) * slope + (target - y) * (no - yes)
    if weight is not None:
        loss = loss * weight
    return reduced_loss(loss, loss_reduction(size_average, reduce, reduction))


def binary_cross_entropy_with_logits(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> Any:
    """Binary cross entropy of sigmoid(x), computed without overflow."""
    if list(input.shape) != list(target.shape):
        raise ValueError(f"Target size ({list(target.shape)}) must be the same as input size ({list(input.shape)})")
    positive = 1 if pos_weight is None else (pos_weight - 1) * target + 1
    loss = (1 - target) * input - positive * logsigmoid(input)
    if weight is not None:
        loss = loss * weight
    return reduced_loss(loss, loss_reduction(size_average, reduce, reduction))


def kl_div(
    input: Any,
    target: Any,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Any:
    """``target (log target - input)``, which is 0 where the target is 0 (Jittor: nan)."""
    kind = loss_reduction(size_average, reduce, reduction)
    if log_target:
        loss = target.exp() * (target - input)
    else:
        safe = jt.ternary(target > 0, target, jt.ones_like(target))
        loss = jt.ternary(target > 0, target * jt.log(safe), jt.zeros_like(target)) - target * input
    return loss.sum() / input.shape[0] if kind == "batchmean" else reduced_loss(loss, kind)


def at_least_zero(value: Any) -> Any:
    """max(0, x), with gradient 1 at exactly 0 as Torch's ``clamp_min`` has."""
    return jt.ternary(value >= 0, value, jt.ternary(value < 0, jt.zeros_like(value), value.detach()))


def cosine_embedding_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """1 - cos for target 1, max(0, cos - margin) for target -1."""
    cosine = cosine_similarity(input1, input2, input1.ndim - 1, 1e-8)
    zeros = jt.zeros_like(cosine)
    loss = jt.ternary(target == 1, 1 - cosine, zeros) + jt.ternary(target == -1, at_least_zero(cosine - margin), zeros)
    return reduced_loss(loss, loss_reduction(size_average, reduce, reduction))


def margin_ranking_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """max(0, -target (x1 - x2) + margin)."""
    loss = at_least_zero(-target * (input1 - input2) + margin)
    return reduced_loss(loss, loss_reduction(size_average, reduce, reduction))


def hinge_embedding_loss(
    input: Any,
    target: Any,
    margin: float = 1.0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """x for target 1, max(0, margin - x) for target -1."""
    zeros = jt.zeros_like(input)
    loss = jt.ternary(target != 1, at_least_zero(margin - input), zeros) + jt.ternary(target != -1, input, zeros)
    return reduced_loss(loss, loss_reduction(size_average, reduce, reduction))


def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin)."""
    far = pairwise_distance(anchor, negative, p, eps)
    if swap:
        other = pairwise_distance(positive, negative, p, eps)
        far = jt.ternary(far < other, far, other)
    loss = at_least_zero(pairwise_distance(anchor, positive, p, eps) - far + margin)
    return reduced_loss(loss, loss_reduction(size_average, reduce, reduction))


def soft_margin_loss(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
) -> Any:
    """log(1 + exp(-y x))."""
    return reduced_loss(-logsigmoid(input * target), loss_reduction(size_average, reduce, reduction))


def multilabel_soft_margin_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """Binary cross entropy of the logits, averaged over the classes (last dimension)."""
    loss = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        loss = loss * weight
    return reduced_loss(loss.mean(-1), loss_reduction(size_average, reduce, reduction))


def poisson_nll_loss(
    input: Any,
    target: Any,
    log_input: bool = True,
    full: bool = False,
    size_average: Any = None,
    eps: float = 1e-8,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """``exp(x) - y x`` (or ``x - y log(x + eps)``), with Stirling's term for y > 1 if ``full``."""
    loss = input.exp() - target * input if log_input else input - target * jt.log(input + eps)
    if full:
        safe = jt.maximum(target, 1.0)
        stirling = target * jt.log(safe) - target + 0.5 * jt.log(2 * 3.141592653589793 * safe)
        loss = loss + jt.ternary(target > 1, stirling, jt.zeros_like(stirling))
    return reduced_loss(loss, loss_reduction(size_average, reduce, reduction))


def gaussian_nll_loss(
    input: Any, target: Any, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Any:
    """Negative log likelihood of normal distributions with given means and variances (not below ``eps``)."""
    if not isinstance(var, jt.Var):
        var = jt.ones_like(input) * var
    if var.ndim == input.ndim - 1:
        var = var.unsqueeze(-1)
    safe = var + (jt.maximum(var, eps) - var).detach()
    loss = 0.5 * (jt.log(safe) + (input - target) * (input - target) / safe)
    if full:
        loss = loss + 0.9189385332046727
    return reduced_loss(loss, loss_reduction(None, None, reduction))
