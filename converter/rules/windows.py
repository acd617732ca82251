"""Windows of signal processing."""

from __future__ import annotations

from typing import Any

from converter.rules.base import call, rule

_OPTIONS = "dtype=None, layout=None, device=None, requires_grad=False"
_WINDOWS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("hann", "", {}),
    ("hamming", ", alpha=0.54, beta=0.46", {"alpha": "0.5", "beta": "0.4"}),
    ("blackman", "", {}),
    ("bartlett", "", {}),
    ("kaiser", ", beta=12.0", {"beta": "5.0"}),
)
for _name, _more, _given in _WINDOWS:
    rule(
        f"torch.{_name}_window",
        f"(window_length, periodic=True{_more}, *, {_OPTIONS})",
        to=f"helpers.{_name}_window",
        cases=[
            call(window_length="8", tolerance="special"),
            call(window_length="7", periodic="False", **_given, tolerance="special"),
            call(window_length="1", tolerance="special"),
            call(window_length="5", dtype="torch.float64", tolerance="special"),
        ],
    )
