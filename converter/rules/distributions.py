"""torch.distributions: the classes that policies and variational models use."""

from __future__ import annotations

from converter.rules.base import rule, snippet

_D = "torch.distributions."
_SAMPLES = (
    "x = torch.as_tensor(d.sample((2000,)), dtype=torch.float32)\n"
    "return x.shape, ((x.mean(0) - {}).abs().max() < 0.2).item()"
)
rule(
    _D + "Normal",
    "(loc, scale, validate_args=None)",
    to="helpers.Normal",
    also=[_D + "normal.Normal"],
    returns="other",
    cases=[
        snippet(
            "d = torch.distributions.Normal(A, P)\nreturn d.log_prob(B), d.entropy(), d.mean, d.stddev, d.variance",
            tolerance="special",
        ),
        snippet(
            "d = torch.distributions.Normal(A, P)\n"
            "return d.cdf(B), d.icdf(R), d.mode, torch.distributions.Bernoulli(P).variance",
            tolerance="special",
        ),
        snippet(
            "d = torch.distributions.Normal(torch.zeros(3), 0.5)\n" + _SAMPLES.format("0"),
            grad=False,
        ),
    ],
)
rule(
    _D + "Categorical",
    "(probs=None, logits=None, validate_args=None)",
    to="helpers.Categorical",
    also=[_D + "categorical.Categorical"],
    returns="other",
    cases=[
        snippet(
            "d = torch.distributions.Categorical(logits=A)\ne = torch.distributions.Categorical(P)\n"
            "return d.log_prob(T), d.entropy(), d.probs, e.logits, e.entropy(), e.log_prob(T)",
            tolerance="special",
        ),
        snippet(
            "d = torch.distributions.Categorical(torch.tensor([0.5, 0.5]))\n" + _SAMPLES.format("0.5"),
            grad=False,
        ),
    ],
)
rule(
    _D + "Bernoulli",
    "(probs=None, logits=None, validate_args=None)",
    to="helpers.Bernoulli",
    also=[_D + "bernoulli.Bernoulli"],
    returns="other",
    cases=[
        snippet(
            "d = torch.distributions.Bernoulli(logits=A)\ne = torch.distributions.Bernoulli(P)\nx = (B > 0).float()\n"
            "return d.log_prob(x), d.entropy(), d.probs, e.logits, e.entropy(), e.mean",
            tolerance="special",
        ),
        snippet(
            "d = torch.distributions.Bernoulli(torch.full((3,), 0.5))\n" + _SAMPLES.format("0.5"),
            grad=False,
        ),
    ],
)
rule(
    _D + "kl_divergence",
    "(p, q)",
    to="helpers.kl_divergence",
    also=[_D + "kl.kl_divergence"],
    restriction="Normal, Categorical and Bernoulli, each with its like",
    cases=[
        snippet(
            "from torch.distributions import Categorical, Normal, kl_divergence\n"
            "return (kl_divergence(Normal(A, P), Normal(B, R)),"
            " kl_divergence(Categorical(logits=A), Categorical(logits=B)))",
            tolerance="special",
        )
    ],
)
