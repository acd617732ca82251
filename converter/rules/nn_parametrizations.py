"""Weights that are computed from other parameters: weight norm, spectral norm, parametrizations."""

from __future__ import annotations

from converter.rules.base import rule, snippet

_U = "torch.nn.utils."
# The layer's weights and those of the norms, from an input: both frameworks start from the same.
_FILL = (
    "layer.load_state_dict({k: torch.full_like(v, 0.3) + torch.arange(v.numel()).reshape(v.shape) * 0.1 "
    "for k, v in layer.state_dict().items()})\n"
)
_RUN = (
    "layer.train()\nfirst = layer(x)\nsecond = layer(x)\nlayer.eval()\n"
    "return first, second, layer(x), list(layer.state_dict()), [v.numel() for v in layer.state_dict().values()], "
    "torch.autograd.grad((first * first).sum() + second.sum(), list(layer.parameters())), layer.weight"
)


def _cases(function: str, linear: str, conv: str, transposed: str) -> list:  # type: ignore[type-arg]
    return [
        snippet(f"layer = {function}(nn.Linear(4, 3){linear})\n{_FILL}x = A\n{_RUN}", grad=False, tolerance="special"),
        snippet(f"layer = {function}(nn.Conv1d(3, 2, 2){conv})\n{_FILL}x = SEQ\n{_RUN}", grad=False, tolerance="conv"),
        snippet(
            f"layer = {function}(nn.ConvTranspose1d(3, 2, 2), name='weight'{transposed})\n{_FILL}x = SEQ\n{_RUN}",
            grad=False,
            tolerance="conv",
        ),
    ]


_RANDOM = "the vectors u and v start from other random numbers than Torch's"
_WEIGHT = "(module, name='weight', dim=0)"
_SPECTRAL = "(module, name='weight', n_power_iterations=1, eps=1e-12, dim=None)"
rule(
    _U + "weight_norm",
    _WEIGHT,
    to="helpers.weight_norm",
    returns="same",
    cases=[
        *_cases("nn.utils.weight_norm", "", ", 'weight', 1", ", dim=None"),
        snippet(
            "layer = nn.Linear(4, 3)\nbefore = layer(A)\nnn.utils.weight_norm(layer)\nafter = layer(A)\n"
            "nn.utils.remove_weight_norm(layer)\n"
            "near = (before - after).abs().max() < 1e-5, (layer(A) - after).abs().max() < 1e-5\n"
            "return near, list(layer.state_dict())",
            grad=False,
        ),
    ],
)
rule(
    _U + "remove_weight_norm",
    "(module, name='weight')",
    to="helpers.remove_weight_norm",
    returns="same",
    cases=[
        snippet(
            f"layer = nn.utils.weight_norm(nn.Linear(4, 3))\n{_FILL}layer = nn.utils.remove_weight_norm(layer)\n"
            "return layer(A), list(layer.state_dict()), isinstance(layer.weight, nn.Parameter)",
            grad=False,
        )
    ],
)
rule(
    _U + "spectral_norm",
    _SPECTRAL,
    to="helpers.spectral_norm",
    returns="same",
    restriction=_RANDOM,
    cases=_cases("nn.utils.spectral_norm", "", ", n_power_iterations=2", ""),
)
rule(
    _U + "remove_spectral_norm",
    "(module, name='weight')",
    to="helpers.remove_spectral_norm",
    returns="same",
    cases=[
        snippet(
            f"layer = nn.utils.spectral_norm(nn.Linear(4, 3))\n{_FILL}layer.eval()\n"
            "layer = nn.utils.remove_spectral_norm(layer)\nreturn layer(A), list(layer.state_dict())",
            grad=False,
            tolerance="special",
        )
    ],
)
_P = _U + "parametrizations."
rule(
    _P + "weight_norm",
    _WEIGHT,
    to="helpers.weight_norm_parametrized",
    returns="same",
    cases=_cases("nn.utils.parametrizations.weight_norm", "", ", 'weight', 1", ", dim=1"),
)
rule(
    _P + "spectral_norm",
    _SPECTRAL,
    to="helpers.spectral_norm_parametrized",
    returns="same",
    restriction=_RANDOM,
    cases=_cases("nn.utils.parametrizations.spectral_norm", "", ", n_power_iterations=2", ""),
)
_OWN = (
    "import torch.nn.utils.parametrize as parametrize\nclass Symmetric(nn.Module):\n    def forward(self, w):\n"
    "        return w.triu() + w.triu(1).transpose(-1, -2)\n"
)
rule(
    _U + "parametrize.register_parametrization",
    "(module, tensor_name, parametrization, *, unsafe=False)",
    to="helpers.register_parametrization",
    returns="same",
    cases=[
        snippet(
            f"{_OWN}layer = nn.Linear(4, 4)\nparametrize.register_parametrization(layer, 'weight', Symmetric())\n"
            f"{_FILL}out = layer(A)\n"
            "return out, layer.weight, list(layer.state_dict()), [n for n, p in layer.named_parameters()], "
            "torch.autograd.grad(out.sum(), list(layer.parameters())), isinstance(layer, nn.Linear), "
            "layer.parametrizations.weight.original.shape",
            grad=False,
        )
    ],
)
rule(
    _U + "parametrize.is_parametrized",
    "(module, tensor_name=None)",
    to="helpers.is_parametrized",
    returns="bool",
    cases=[
        snippet(
            f"{_OWN}layer = nn.Linear(4, 4)\nbefore = parametrize.is_parametrized(layer)\n"
            "parametrize.register_parametrization(layer, 'weight', Symmetric())\n"
            "return before, parametrize.is_parametrized(layer, 'weight'), parametrize.is_parametrized(layer, 'bias')",
            grad=False,
        )
    ],
)
rule(
    _U + "parametrize.remove_parametrizations",
    "(module, tensor_name, leave_parametrized=True)",
    to="helpers.remove_parametrizations",
    returns="same",
    cases=[
        snippet(
            f"{_OWN}layer = nn.Linear(4, 4)\nparametrize.register_parametrization(layer, 'weight', Symmetric())\n"
            f"{_FILL}parametrize.remove_parametrizations(layer, 'weight')\n"
            "return layer(A), list(layer.state_dict()), type(layer) is nn.Linear, hasattr(layer, 'parametrizations')",
            grad=False,
        )
    ],
)
