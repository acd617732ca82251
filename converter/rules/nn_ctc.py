"""Connectionist temporal classification."""

from __future__ import annotations

from converter.rules.base import rule, snippet

_IN = {"G": "normal(; 7, 3, 5)", "E": "ints(1, 5; 3, 3)", "C": "normal(; 6, 4)"}
_LENGTHS = "x = G.log_softmax(2)\nn = torch.tensor([7, 5, 6])\nm = torch.tensor([3, 1, 2])\n"
rule(
    "torch.nn.functional.ctc_loss",
    "(log_probs, targets, input_lengths, target_lengths, blank=0, reduction='mean', zero_infinity=False)",
    to="helpers.ctc_loss",
    cases=[
        snippet(
            _LENGTHS + "return F.ctc_loss(x, E, n, m), F.ctc_loss(x, E, (7, 7, 7), (2, 3, 0), reduction='none')",
            inputs=_IN,
            tolerance="special",
        ),
        snippet(
            _LENGTHS + "flat = torch.cat([E[0, :3], E[1, :1], E[2, :2]])\n"
            "return F.ctc_loss(G, flat, n, m, reduction='sum'), F.ctc_loss(x, E - 1, n, m, blank=4)",
            inputs=_IN,
            tolerance="special",
        ),
        snippet(
            _LENGTHS + "same = torch.ones_like(E)\nshort = torch.tensor([3, 5, 2])\n"
            "return F.ctc_loss(x, same, short, torch.tensor([3, 2, 2]), reduction='none', zero_infinity=True), "
            "F.ctc_loss(x, same, n, m, zero_infinity=True)",
            inputs=_IN,
            tolerance="special",
        ),
        snippet(
            "y = C.log_softmax(-1)\n"
            "return F.ctc_loss(y, torch.tensor([1, 2, 2]), torch.tensor(6), torch.tensor(3), reduction='sum')",
            inputs=_IN,
            tolerance="special",
        ),
    ],
)
rule(
    "torch.nn.CTCLoss",
    "(blank=0, reduction='mean', zero_infinity=False)",
    to="helpers.CTCLoss",
    returns="module",
    cases=[
        snippet(
            _LENGTHS + "return nn.CTCLoss()(x, E, n, m), nn.CTCLoss(4, 'sum', zero_infinity=True)(x, E - 1, n, m)",
            inputs=_IN,
            tolerance="special",
        )
    ],
)
