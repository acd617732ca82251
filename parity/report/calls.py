"""The module calls of a trace for a page: worst figures, the order of the passes, compact data for the tree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from parity.report.page import count, figure, limit
from parity.report.plot import Mark, Plot, Series
from parity.trace import result
from parity.trace.report import DIVERGENCES
from parity.trace.result import Comparison, Half, Node, Place, Trace

GROUPS = ("inputs", "outputs", "gradients", "own_outputs", "own_gradients")
VERDICTS = {  # symbol, word, what it means
    result.EQUAL: ("✓", "equal", "everything that was compared is within its tolerance"),
    result.WRONG: ("✗", "wrong", "its own code, given Torch's inputs, computes something else"),
    result.CARRIED: ("↓", "carried", "its own code is right; what it was given was already different"),
    result.BACKWARD: ("↑", "backward", "its own code and results are right; what comes back to it is different"),
    result.ROUNDING: ("≈", "rounding", "its own code is right, and so is everything before it: rounding added up"),
    result.UNPAIRED: ("∅", "unpaired", "no counterpart in Jittor, or never called there"),
    result.FAILED: ("!", "failed", "raised an error in Jittor"),
}


def worst(comparisons: Sequence[Comparison]) -> int:
    """Position of the comparison that says most: one that fails before one that holds, then the nearest to its limit.

    Returns:
        -1 if there is none.
    """
    return max(range(len(comparisons)), key=lambda at: _weight(comparisons[at]), default=-1)


def _weight(found: Comparison) -> tuple[bool, bool, float]:
    return not found.ok, bool(found.problem), share(found)


def share(found: Comparison) -> float:
    """How much of its tolerance a difference uses; infinite where there is none and any difference."""
    if not found.max_rel:
        return 0.0
    return found.max_rel / found.tolerance if found.tolerance > 0 else math.inf


def of(node: Node, group: str) -> Comparison | None:
    """The comparison of a group that says most."""
    comparisons: list[Comparison] = getattr(node, group)
    at = worst(comparisons)
    return comparisons[at] if at >= 0 else None


def return_order(nodes: Sequence[Node]) -> list[Node]:
    """The calls in the order in which they end: what a module returns comes after what the modules inside it do."""
    inside: dict[int, list[Node]] = {}
    for node in nodes:
        inside.setdefault(node.parent, []).append(node)
    ordered: list[Node] = []
    waiting: list[tuple[Node, bool]] = [(node, False) for node in reversed(inside.get(-1, []))]
    while waiting:
        node, done = waiting.pop()
        if done:
            ordered.append(node)
            continue
        waiting.append((node, True))
        waiting.extend((child, False) for child in reversed(inside.get(node.number, [])))
    return ordered


def growth(trace: Trace, backward: bool) -> Plot | None:
    """How the error grows with the depth: of all outputs in call order, or of all gradients in backward order.

    Returns:
        None if nothing of the kind was compared.
    """
    order = return_order(trace.nodes)
    whole_group, own_group = ("gradients", "own_gradients") if backward else ("outputs", "own_outputs")
    order = [node for node in (reversed(order) if backward else order) if getattr(node, whole_group)]
    if not order:
        return None
    whole = [of(node, whole_group) for node in order]
    own = [of(node, own_group) for node in order]
    series = [
        Series("whole run", "whole", [_value(c) for c in whole], [_beside(c) for c in whole]),
        Series("own code", "own", [_value(c) for c in own], [_beside(c) for c in own], dots=True),
    ]
    # Tolerances differ from call to call, as dtypes do: the lines follow them.
    limits = [Series("tolerance, whole run", "limit-whole", _limits(whole))]
    if any(own):
        limits.append(Series("tolerance, own code", "limit-own", _limits(own)))
    kinds = ("backward",) if backward else DIVERGENCES
    first = next((f.node for f in trace.findings if f.kind in kinds and f.node >= 0), -1)
    marks = []
    for at, node in enumerate(order):
        alone = own[at]
        wrong = alone is not None and not alone.ok
        if node.number == first or wrong:
            marks.append(Mark(at, int(wrong), "first divergence" if node.number == first else ""))
    what = "Gradients of outputs, in backward order" if backward else "Outputs, in the order in which the calls return"
    return Plot(
        title=what,
        across="module calls, backward" if backward else "module calls",
        up="largest relative difference",
        series=series,
        limits=limits,
        names=[label(node) for node in order],
        marks=marks,
        jumps=[node.number for node in order],
        caption=_caption(whole, own, backward),
    )


def _caption(whole: Sequence[Comparison | None], own: Sequence[Comparison | None], backward: bool) -> str:
    ends = [c.max_rel for c in whole if c is not None and c.max_rel is not None]
    parts = [count(len(whole), "call")]
    if ends:
        parts.append(f"the whole run ends at {figure(ends[-1])}, {figure(max(ends))} at most")
    alone = [c for c in own if c is not None and c.max_rel is not None]
    if alone:
        most = max(alone, key=share)
        parts.append(f"own code uses at most {figure(most.max_rel)} of {limit(most.tolerance)}")
    return "; ".join(parts) + "."


def _value(found: Comparison | None) -> float | None:
    if found is None:
        return None
    return math.inf if found.max_rel is None and not found.ok else found.max_rel


def _limits(comparisons: Sequence[Comparison | None]) -> list[float | None]:
    """The tolerance at each step; where nothing was compared, the one before."""
    limits: list[float | None] = []
    for found in comparisons:
        before = limits[-1] if limits else None
        limits.append(before if found is None else found.tolerance)
    return limits


def _beside(found: Comparison | None) -> str:
    if found is None:
        return ""
    return found.problem or ("" if found.ok else "outside")


def label(node: Node) -> str:
    """``layer1.0.conv1 (Conv2d), call 2``; the model itself by its type alone."""
    name = f"{node.torch.path} ({node.torch.type})" if node.torch.path else node.torch.type
    return f"{name}, call {node.call + 1}" if node.call else name


def data(trace: Trace, names: dict[str, str]) -> dict[str, Any]:
    """Everything that the tree shows, as small as it may be: lists in place of named fields, three digits a figure.

    Args:
        trace: the trace.
        names: short names of files.
    """
    opened = sorted({number for finding in trace.findings for number in path_to(trace.nodes, finding.node)})
    verdicts = {name: list(told) for name, told in VERDICTS.items()}
    nodes = [_packed(node, names) for node in trace.nodes]
    return {"groups": GROUPS, "verdicts": verdicts, "nodes": nodes, "open": opened}


def path_to(nodes: Sequence[Node], number: int) -> list[int]:
    """The calls that a call lies inside, outermost first, itself at the end; nothing for -1."""
    found: list[int] = []
    while 0 <= number < len(nodes):
        found.append(number)
        number = nodes[number].parent
    return found[::-1]


def _packed(node: Node, names: dict[str, str]) -> list[Any]:
    groups: list[list[Comparison]] = [getattr(node, group) for group in GROUPS]
    return [
        node.parent,
        node.depth,
        node.call,
        _half(node.torch, names),
        None if node.jittor is None else _half(node.jittor, names),
        node.verdict,
        node.notes,
        [worst(group) for group in groups],
        [[_figures(each) for each in group] for group in groups],
    ]


def _half(half: Half, names: dict[str, str]) -> list[Any]:
    return [half.path, half.type, _place(half.made, names), _place(half.code, names)]


def _place(place: Place | None, names: dict[str, str]) -> list[str] | None:
    return None if place is None else [f"{names.get(place.file, place.file)}:{place.line}", place.text]


def _figures(c: Comparison) -> list[Any]:
    numbers = [_short(value) for value in (c.max_abs, c.max_rel, c.max_ulp, c.cosine, c.outside, c.tolerance)]
    return [c.name, list(c.shape), *numbers, int(c.ok), c.problem]


def _short(value: float | None) -> float | None:
    """Three digits; but a cosine near 1 keeps what makes it differ from 1."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.3g}") if abs(value - 1) > 1e-2 else float(f"{value:.9g}")
