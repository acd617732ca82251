"""The distributions that policies and variational models use, by their parameters: densities, entropies, samples."""

import math
from typing import Any

import jittor as jt
import numpy as np

from converter.helpers.library.activations import log_of_softmax


def parameter_tensor(value: Any, like: Any = None) -> Any:
    """A parameter of a distribution as a tensor; numbers take the shape of the other parameter."""
    if isinstance(value, jt.Var):
        return value
    made = jt.array(np.array(value, dtype="float32"))
    return made if like is None else made.broadcast(like.shape)


def sample_shape_of(sample_shape: Any, shape: Any) -> tuple[int, ...]:
    return (*(int(n) for n in sample_shape), *(int(n) for n in shape))


class Normal:
    """Normal distribution with mean ``loc`` and standard deviation ``scale``."""

    def __init__(self, loc: Any, scale: Any, validate_args: Any = None) -> None:
        other = next((v for v in (loc, scale) if isinstance(v, jt.Var)), None)
        self.loc, self.scale = parameter_tensor(loc, other), parameter_tensor(scale, other)
        if tuple(self.loc.shape) != tuple(self.scale.shape):
            self.loc, self.scale = self.loc + jt.zeros_like(self.scale), self.scale + jt.zeros_like(self.loc)

    @property
    def mean(self) -> Any:
        return self.loc

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def stddev(self) -> Any:
        return self.scale

    @property
    def variance(self) -> Any:
        return self.scale * self.scale

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Samples through which gradients reach the parameters."""
        return self.loc + jt.randn(sample_shape_of(sample_shape, self.loc.shape)) * self.scale

    def sample(self, sample_shape: Any = ()) -> Any:
        return self.rsample(sample_shape).detach()

    def log_prob(self, value: Any) -> Any:
        gap = (value - self.loc) / self.scale
        return -0.5 * gap * gap - jt.log(self.scale) - 0.5 * math.log(2 * math.pi)

    def cdf(self, value: Any) -> Any:
        return 0.5 * (1 + jt.erf((value - self.loc) / (self.scale * math.sqrt(2))))

    def icdf(self, value: Any) -> Any:
        return self.loc + self.scale * jt.erfinv(2 * value - 1) * math.sqrt(2)

    def entropy(self) -> Any:
        return 0.5 + 0.5 * math.log(2 * math.pi) + jt.log(self.scale)


class Categorical:
    """Classes 0, 1, ... along the last dimension, by ``probs`` (need not sum to 1) or ``logits``."""

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: Any = None) -> None:
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        if logits is not None:
            self.logits = log_of_softmax(logits, -1)
            self.probs = jt.exp(self.logits)
        else:
            self.probs = probs / probs.sum(-1, keepdims=True)
            tiny = float(np.finfo(np.float32).eps)
            self.logits = jt.log(jt.clamp(self.probs, tiny, 1 - tiny))

    def sample(self, sample_shape: Any = ()) -> Any:
        """Class numbers (int64), by the Gumbel trick."""
        shape = sample_shape_of(sample_shape, self.logits.shape)
        noise = -jt.log(-jt.log(jt.random(shape).clamp(1e-20, 1 - 1e-7)))
        return jt.argmax(self.logits.detach() + noise, -1)[0].int64()

    def log_prob(self, value: Any) -> Any:
        shape = (*value.shape, self.logits.shape[-1])
        logits = self.logits.broadcast(shape) if len(shape) > self.logits.ndim else self.logits
        if logits.ndim == 1:
            return logits[value.int64()]
        return logits.gather(-1 % logits.ndim, value.int64().unsqueeze(-1)).squeeze(-1)

    @property
    def mode(self) -> Any:
        return jt.argmax(self.probs, -1)[0].int64()

    def entropy(self) -> Any:
        return -(self.probs * self.logits).sum(-1)


class Bernoulli:
    """0 or 1, by ``probs`` or ``logits`` of the 1."""

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: Any = None) -> None:
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        if logits is not None:
            self.logits = parameter_tensor(logits)
            self.probs = jt.sigmoid(self.logits)
        else:
            self.probs = parameter_tensor(probs)
            tiny = float(np.finfo(np.float32).eps)
            kept = jt.clamp(self.probs, tiny, 1 - tiny)
            self.logits = jt.log(kept) - jt.log(1 - kept)

    @property
    def mean(self) -> Any:
        return self.probs

    @property
    def variance(self) -> Any:
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        return (jt.random(sample_shape_of(sample_shape, self.probs.shape)) < self.probs).float32()

    def log_prob(self, value: Any) -> Any:
        size = jt.abs(self.logits)
        return value * self.logits - jt.maximum(self.logits, 0.0) - jt.log(1 + jt.exp(-size))

    def entropy(self) -> Any:
        return -(self.probs * self.log_prob(1.0) + (1 - self.probs) * self.log_prob(0.0))


def kl_divergence(p: Any, q: Any) -> Any:
    """Kullback-Leibler divergence of two distributions of the same class (Normal, Categorical or Bernoulli).

    Raises NotImplementedError for others.
    """
    if isinstance(p, Normal) and isinstance(q, Normal):
        ratio, gap = p.scale / q.scale, (p.loc - q.loc) / q.scale
        return 0.5 * (ratio * ratio + gap * gap - 1) - jt.log(ratio)
    if isinstance(p, Categorical) and isinstance(q, Categorical):
        return (p.probs * (p.logits - q.logits)).sum(-1)
    if isinstance(p, Bernoulli) and isinstance(q, Bernoulli):
        return p.probs * (p.log_prob(1.0) - q.log_prob(1.0)) + (1 - p.probs) * (p.log_prob(0.0) - q.log_prob(0.0))
    raise NotImplementedError("kl_divergence: only Normal, Categorical and Bernoulli, each with its like")
