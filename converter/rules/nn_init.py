"""torch.nn.init and torch.nn.utils: in place on parameters; random values are compared by mean and deviation."""

# ruff: noqa: E501 - the source of a snippet stays on one line

from __future__ import annotations

from converter.rules.base import rule, snippet

_BIG = "w = torch.empty(100, 100)\n"
_KERNEL = "w = torch.empty(32, 16, 5, 5)\n"
_GENERATOR = {"generator": "Jittor has one generator for the whole program"}


def _random(name: str, signature: str, arguments: str, before: str = _BIG, bounds: str = "") -> None:
    """One rule for a random initialiser; its bounds or its mean and deviation are checked in both."""
    rule(
        f"torch.nn.init.{name}",
        signature,
        to=f"helpers.{name}",
        refuse=_GENERATOR,
        value_to=f"helpers.{name}",
        cases=[
            snippet(f"{before}same = nn.init.{name}(w{arguments})\nreturn same is w{bounds}", grad=False),
            snippet(f"layer = nn.Linear(50, 40)\nwith torch.no_grad():\n    nn.init.{name}(layer.weight{arguments})\nreturn layer.weight.requires_grad, layer.weight.shape", grad=False),
        ],
    )  # fmt: skip


_random(
    "uniform_",
    "(tensor, a=0.0, b=1.0, generator=None)",
    ", -2.0, 1.0",
    bounds=", w.min() > -2, w.max() < 1, w.std().item() > 0.85, w.std().item() < 0.88",
)
_random(
    "normal_",
    "(tensor, mean=0.0, std=1.0, generator=None)",
    ", mean=1.0, std=0.5",
    bounds=", abs(w.mean().item() - 1) < 0.03, abs(w.std().item() - 0.5) < 0.02",
)
_random(
    "trunc_normal_",
    "(tensor, mean=0.0, std=1.0, a=-2.0, b=2.0, generator=None)",
    ", std=1.5",
    bounds=", w.max() <= 2, w.min() >= -2, abs(w.std().item() - 1.023) < 0.03",
)
_random(
    "xavier_uniform_",
    "(tensor, gain=1.0, generator=None)",
    ", gain=2.0",
    _KERNEL,
    ", w.abs().max() <= 0.1415, w.abs().max() > 0.141",
)
_random("xavier_normal_", "(tensor, gain=1.0, generator=None)", "", _KERNEL, ", abs(w.std().item() - 0.0408) < 0.002")
_random(
    "kaiming_uniform_",
    "(tensor, a=0, mode='fan_in', nonlinearity='leaky_relu', generator=None)",
    ", a=2.23606797749979",
    _KERNEL,
    ", w.abs().max() <= 0.05, w.abs().max() > 0.0498",
)
_random(
    "kaiming_normal_",
    "(tensor, a=0, mode='fan_in', nonlinearity='leaky_relu', generator=None)",
    ", mode='fan_out', nonlinearity='relu'",
    _KERNEL,
    ", abs(w.std().item() - 0.05) < 0.002",
)
_IN_PLACE = "same = nn.init.{}(w{})\nreturn w, same is w"
for _name, _signature, _arguments, _before in (
    ("constant_", "(tensor, val)", ", 0.25", "w = torch.empty(3, 4)\n"),
    ("zeros_", "(tensor)", "", "w = torch.ones(3, 4)\n"),
    ("ones_", "(tensor)", "", "w = torch.zeros(3, 4)\n"),
    ("eye_", "(tensor)", "", "w = torch.empty(3, 4)\n"),
    ("dirac_", "(tensor, groups=1)", ", 2", "w = torch.empty(4, 2, 3, 3)\n"),
):
    rule(
        f"torch.nn.init.{_name}",
        _signature,
        to=f"helpers.{_name}",
        cases=[
            snippet(_before + _IN_PLACE.format(_name, _arguments), grad=False),
            snippet(
                (f"p = nn.Parameter(torch.rand({'4, 2, 3, 3' if _name == 'dirac_' else '3, 4'}))\n")
                + f"with torch.no_grad():\n    nn.init.{_name}(p{_arguments})\nreturn p * 2, p.requires_grad",
                grad=False,
            ),
        ],
    )
rule(
    "torch.nn.init.orthogonal_",
    "(tensor, gain=1, generator=None)",
    to="helpers.orthogonal_",
    refuse=_GENERATOR,
    value_to="helpers.orthogonal_",
    cases=[
        snippet("w = torch.empty(3, 5)\nnn.init.orthogonal_(w, gain=2.0)\nv = torch.empty(6, 2, 1)\nnn.init.orthogonal_(v)\nv = v.reshape(6, 2)\nreturn torch.mm(w, w.t()), torch.mm(v.t(), v)", grad=False),
    ],
)  # fmt: skip
rule(
    "torch.nn.init.sparse_",
    "(tensor, sparsity, std=0.01, generator=None)",
    to="helpers.sparse_",
    refuse=_GENERATOR,
    value_to="helpers.sparse_",
    cases=[snippet("w = torch.empty(10, 50)\nnn.init.sparse_(w, 0.25, std=1.0)\nreturn (w == 0).sum(0)", grad=False)],
)
rule(
    "torch.nn.init.calculate_gain",
    "(nonlinearity, param=None)",
    to="helpers.calculate_gain",
    returns="float",
    cases=[
        snippet("return [nn.init.calculate_gain(n) for n in ('linear', 'conv2d', 'sigmoid', 'tanh', 'relu', 'leaky_relu', 'selu')], nn.init.calculate_gain('leaky_relu', 0.2), nn.init.calculate_gain(param=0.1, nonlinearity='leaky_relu')"),
    ],
)  # fmt: skip
rule(
    "torch.nn.init._calculate_fan_in_and_fan_out",
    "(tensor)",
    to="helpers.fans",
    returns="unknown",
    cases=[snippet("return nn.init._calculate_fan_in_and_fan_out(IMG)", grad=False)],
)
for _old, _new in (("xavier_normal", "xavier_normal_"), ("xavier_uniform", "xavier_uniform_"), ("kaiming_normal", "kaiming_normal_"), ("kaiming_uniform", "kaiming_uniform_"), ("normal", "normal_"), ("uniform", "uniform_"), ("constant", "constant_"), ("orthogonal", "orthogonal_")):  # fmt: skip
    _argument = ", 0.5" if _old == "constant" else ""
    rule(
        f"torch.nn.init.{_old}",
        {"constant": "(tensor, val)"}.get(_old, "(tensor, *args, **kwargs)"),
        to=f"helpers.{_new}",
        cases=[
            snippet(f"w = torch.empty(3, 4)\nnn.init.{_old}(w{_argument})\nreturn w", tolerance="random", grad=False)
        ],
    )
rule(
    "torch.nn.utils.parameters_to_vector",
    "(parameters)",
    to="helpers.parameters_to_vector",
    also=["torch.nn.utils.convert_parameters.parameters_to_vector"],
    cases=[snippet("return nn.utils.parameters_to_vector([A, V])")],
)
rule(
    "torch.nn.utils.vector_to_parameters",
    "(vec, parameters)",
    to="helpers.vector_to_parameters",
    returns="none",
    also=["torch.nn.utils.convert_parameters.vector_to_parameters"],
    cases=[snippet("layer = nn.Linear(4, 2)\nnn.utils.vector_to_parameters(torch.arange(10.0), layer.parameters())\nreturn layer(A)", grad=False)],
)  # fmt: skip
