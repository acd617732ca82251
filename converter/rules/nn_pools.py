"""Pooling: layers and functions."""

from __future__ import annotations

from typing import Any

from converter.rules.base import call, module, needs_you, rule, snippet

_FEEDS = {1: "SEQ", 2: "IMG", 3: "VOL"}
# The whole input in one window: Jittor's own pools refuse it.
_WHOLE = {1: "10", 2: "8", 3: "(4, 6, 6)"}
for _n, _feed in _FEEDS.items():
    # Rounded to steps of one half, so that windows hold equal values: the gradient goes to the first.
    _ties = f"torch.floor({_feed} * 2)"
    rule(
        f"torch.nn.MaxPool{_n}d",
        "(kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False)",
        to=f"helpers.MaxPool{_n}d",
        value_to=f"helpers.MaxPool{_n}d",
        returns="module",
        cases=[
            module(_feed, kernel_size="3", stride="2", padding="1"),
            module(_feed, kernel_size="3", stride="2", padding="1", dilation="2" if _n < 3 else "1", ceil_mode="True"),
            module(_feed, kernel_size=_WHOLE[_n]),
            module(f"{_feed}[0] * 0", kernel_size="2"),
            module(_feed, kernel_size="2", return_indices="True"),
            snippet(
                f"out, places = nn.MaxPool{_n}d(3, 2, 1, return_indices=True)({_ties})\n"
                f"double, there = F.max_pool{_n}d({_ties}.double(), 3, 2, 1, return_indices=True)\n"
                "return out, places, double, there"
            ),
        ],
    )
    rule(
        f"torch.nn.functional.max_pool{_n}d",
        "(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False)",
        to=f"helpers.max_pool{_n}d",
        value_to=f"helpers.max_pool{_n}d",
        cases=[
            call(input=_feed, kernel_size="2", stride="2", ceil_mode="True"),
            call(input=_ties, kernel_size="3", stride="1", padding="1"),
            snippet(
                f"out, places = F.max_pool{_n}d({_ties}, 3, 2, 1, {2 if _n < 3 else 1}, True, return_indices=True)\n"
                "return out, places"
            ),
        ],
    )
    rule(
        f"torch.max_pool{_n}d",
        "(input, kernel_size, stride=(), padding=0, dilation=1, ceil_mode=False)",
        to=f"helpers.max_pool{_n}d",
        cases=[call(input=_feed, kernel_size="2", stride="1")],
    )
    _divisor = ", divisor_override=None" if _n > 1 else ""
    rule(
        f"torch.nn.AvgPool{_n}d",
        f"(kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True{_divisor})",
        to=f"helpers.AvgPool{_n}d",
        returns="module",
        cases=[
            module(_feed, kernel_size="3", stride="2", padding="1"),
            module(_feed, kernel_size="3", stride="2", padding="1", ceil_mode="True", count_include_pad="False"),
            module(_feed, kernel_size=_WHOLE[_n]),
            module(f"{_feed}[0]", kernel_size="2", stride="3", ceil_mode="True"),
        ],
    )
    _divided: dict[str, Any] = {"divisor_override": "3"} if _n > 1 else {}
    rule(
        f"torch.nn.functional.avg_pool{_n}d",
        f"(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True{_divisor})",
        to=f"helpers.avg_pool{_n}d",
        cases=[call(input=_feed, kernel_size="2", padding="1", **_divided)],
    )
    _size = {1: "3", 2: "(3, None)", 3: "(3, 2, 4)"}[_n]
    rule(
        f"torch.nn.AdaptiveAvgPool{_n}d",
        "(output_size)",
        to=f"helpers.AdaptiveAvgPool{_n}d",
        returns="module",
        cases=[
            module(_feed, output_size="1"),
            module(_feed, output_size=_size),
            module(f"{_feed}[0]", output_size="2"),
        ],
    )
    rule(
        f"torch.nn.functional.adaptive_avg_pool{_n}d",
        "(input, output_size)",
        to=f"helpers.adaptive_avg_pool{_n}d",
        also=["torch.adaptive_avg_pool1d"] if _n == 1 else [],
        cases=[call(input=_feed, output_size=_size)],
    )
    rule(
        f"torch.nn.AdaptiveMaxPool{_n}d",
        "(output_size, return_indices=False)",
        to=f"helpers.AdaptiveMaxPool{_n}d",
        value_to=f"helpers.AdaptiveMaxPool{_n}d",
        returns="module",
        cases=[
            module(_feed, output_size="1"),
            module(_ties, output_size=_size),
            snippet(
                f"out, places = nn.AdaptiveMaxPool{_n}d({_size}, return_indices=True)({_ties})\n"
                f"more, there = F.adaptive_max_pool{_n}d({_feed}, {_size}, True)\nreturn out, places, more, there"
            ),
        ],
    )
    rule(
        f"torch.nn.functional.adaptive_max_pool{_n}d",
        "(input, output_size, return_indices=False)",
        to=f"helpers.adaptive_max_pool{_n}d",
        value_to=f"helpers.adaptive_max_pool{_n}d",
        cases=[call(input=_feed, output_size=_size)],
    )
    rule(
        f"torch.nn.functional.max_pool{_n}d_with_indices",
        "(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False)",
        to=f"helpers.max_pool{_n}d_with_indices",
        returns="(tensor, tensor)",
        cases=[snippet(f"return F.max_pool{_n}d_with_indices({_feed}, 2)")],
    )
    rule(
        f"torch.nn.MaxUnpool{_n}d",
        "(kernel_size, stride=None, padding=0)",
        to=f"helpers.MaxUnpool{_n}d",
        returns="module",
        cases=[
            snippet(
                f"pool = nn.MaxPool{_n}d(2, stride=2, return_indices=True)\nout, places = pool({_feed})\n"
                f"back = nn.MaxUnpool{_n}d(2, stride=2)(out * 2, places, output_size={_feed}.shape)\n"
                f"return back, nn.MaxUnpool{_n}d(kernel_size=2)(out, places)"
            ),
        ],
    )
    rule(
        f"torch.nn.functional.max_unpool{_n}d",
        "(input, indices, kernel_size, stride=None, padding=0, output_size=None)",
        to=f"helpers.max_unpool{_n}d",
        cases=[
            snippet(
                f"out, places = F.max_pool{_n}d({_feed}, 3, 2, 1, return_indices=True)\n"
                f"return F.max_unpool{_n}d(out, places, 3, 2, 1, output_size={_feed}.shape[2:]), "
                f"F.max_unpool{_n}d(out[0], places[0], 3, stride=2, padding=1, output_size={_feed}.shape[2:])"
            ),
        ],
    )
    if _n < 3:
        rule(
            f"torch.nn.LPPool{_n}d",
            "(norm_type, kernel_size, stride=None, ceil_mode=False)",
            to=f"helpers.LPPool{_n}d",
            returns="module",
            cases=[module(_feed, norm_type="2", kernel_size="2", stride="2", tolerance="special")],
        )
        rule(
            f"torch.nn.functional.lp_pool{_n}d",
            "(input, norm_type, kernel_size, stride=None, ceil_mode=False)",
            to=f"helpers.lp_pool{_n}d",
            cases=[call(input=_feed, norm_type="2", kernel_size="3", tolerance="special")],
        )
needs_you("torch.nn.FractionalMaxPool2d", "Jittor has no fractional pooling.", also=["torch.nn.FractionalMaxPool3d"])
