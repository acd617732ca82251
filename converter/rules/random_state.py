"""Seeds and generators."""

# ruff: noqa: E501 - the source of a snippet stays on one line

from __future__ import annotations

from converter.rules.base import needs_you, rule, snippet

_NOTE = "the numbers drawn from a seed are not Torch's"
rule(
    "torch.manual_seed",
    "(seed)",
    to="helpers.manual_seed",
    also=["torch.random.manual_seed"],
    returns="unknown",
    restriction=_NOTE,
    cases=[
        snippet(
            "torch.manual_seed(3)\na = torch.rand(4)\ntorch.manual_seed(seed=3)\nb = torch.rand(4)\n"
            "return (a - b).abs().sum()",
            grad=False,
        ),
        snippet(
            "np.random.seed(1)\nrandom.seed(1)\ntorch.manual_seed(5)\nreturn float(np.random.rand()), random.random()",
            grad=False,
        ),
        snippet(
            "orders = []\nfor _ in range(2):\n    torch.manual_seed(7)\n"
            "    loader = torch.utils.data.DataLoader(range(20), batch_size=20, shuffle=True)\n"
            "    orders.append(next(iter(loader)).tolist())\nreturn orders[0] == orders[1], sorted(orders[0])",
            grad=False,
        ),
        snippet("return torch.manual_seed(11).initial_seed()", grad=False),
    ],
)
for _name in ("manual_seed", "manual_seed_all"):
    rule(
        f"torch.cuda.{_name}",
        "(seed)",
        to="helpers.manual_seed_all",
        also=[f"torch.cuda.random.{_name}"],
        returns="none",
        restriction=_NOTE,
        cases=[snippet(f"torch.cuda.{_name}(3)\nreturn A * 2")],
    )
rule(
    "torch.initial_seed",
    "()",
    to="helpers.initial_seed",
    returns="int",
    cases=[snippet("torch.manual_seed(9)\nreturn torch.initial_seed()", grad=False)],
)
rule(
    "torch.seed",
    "()",
    to="helpers.seed",
    returns="int",
    cases=[snippet("return torch.seed() >= 0", grad=False)],
)
rule(
    "torch.Generator",
    "(device='cpu')",
    to="helpers.Generator",
    returns="unknown",
    restriction=_NOTE,
    cases=[
        snippet(
            "draws = []\nfor _ in range(2):\n    g = torch.Generator().manual_seed(4)\n"
            "    draws.append([torch.rand(3, generator=g), torch.randn(3, generator=g), torch.randperm(4, generator=g)])\n"
            "    draws[-1] += [torch.randint(0, 9, (5,), generator=g), torch.empty(3).normal_(generator=g)]\n"
            "return [bool((a == b).all()) for a, b in zip(*draws)]",
            grad=False,
        ),
        snippet("g = torch.Generator()\ng.manual_seed(5)\nreturn g.initial_seed()", grad=False),
        snippet("return torch.Generator(device='cpu').manual_seed(8).initial_seed()", grad=False),
    ],
)
for _name in ("get_rng_state", "set_rng_state", "cuda.get_rng_state", "cuda.set_rng_state", "cuda.get_rng_state_all"):
    needs_you(
        f"torch.{_name}", "the state of Jittor's generator cannot be read", workaround="seed again: jt.set_seed(n)"
    )
needs_you("torch.random.fork_rng", "the state of Jittor's generator cannot be read", workaround="seed again afterwards")
