"""A trace as a page shows it: the verdict in a sentence, findings with their lines, figures, matching of weights."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from markupsafe import Markup

from parity.report import calls
from parity.report.page import count, figure, limit, percent
from parity.report.plot import Plot, draw, hover
from parity.report.snippet import Snippet, short_names, snippet
from parity.trace import result
from parity.trace.report import DIVERGENCES
from parity.trace.result import Comparison, Finding, Node, Place, StateRow, Trace

KINDS = {
    "forward": "Forward",
    "backward": "Backward",
    "buffer": "Buffer",
    "attribute": "Attribute",
    "weights": "Weights",
    "training": "What is trained",
    "random": "Randomness",
    "crash": "Error in Jittor",
    "structure": "Structure",
    "whole": "Whole run",
}
MATCHING = {
    "name": ("✓", "same name"),
    "renamed": ("≈", "renamed: matched by shape and order"),
    "only torch": ("✗", "only in Torch"),
    "only jittor": ("✗", "only in Jittor"),
    "shape": ("✗", "another shape"),
}


@dataclass(frozen=True)
class Tile:
    """A figure at the head of a page: large text, small text below, and a verdict's style or ""."""

    big: str
    small: str
    style: str = ""


@dataclass(frozen=True)
class Picture:
    """A plot that is ready: its parts for the template."""

    plot: Plot
    svg: Markup
    data: dict[str, Any]


@dataclass(frozen=True)
class FindingView:
    """A finding as a card: itself, its module call, pieces of both programs, excess, figures."""

    finding: Finding
    kind: str
    node: Node | None
    torch: Snippet | None
    jittor: Snippet | None
    times: str
    first: str
    figures: list[tuple[str, str]]


@dataclass(frozen=True)
class TraceView:
    """A trace as a page shows it.

    Attributes:
        ident: prefix of all identifiers of this trace in the page.
        trace: the trace itself.
        torch, jittor: the targets.
        style: ``equal``, ``wrong`` or ``failed``.
        sentence: the verdict.
        reach: what the verdict rests on.
        tiles: figures.
        findings: cards; the first says whether it is the first divergence or only the first finding.
        tree: data of the tree of calls; None without calls.
        pictures: of forward and backward.
        counts: how often each verdict was given: verdict, symbol, word, meaning, number.
        odd_state: weights and buffers that need a look; each with its symbol and words.
        plain_state: the others.
    """

    ident: str
    trace: Trace
    torch: str
    jittor: str
    style: str
    sentence: str
    reach: str
    tiles: list[Tile]
    findings: list[FindingView]
    tree: dict[str, Any] | None
    pictures: list[Picture]
    counts: list[tuple[str, str, str, str, int]]
    odd_state: list[tuple[StateRow, str, str]]
    plain_state: list[tuple[StateRow, str, str]]


def view(trace: Trace, ident: str = "t") -> TraceView:
    """Everything that the templates need."""
    names = short_names(sorted(place.file for place in _places(trace)))
    return TraceView(
        ident=ident,
        trace=trace,
        torch=short_target(trace.torch_target),
        jittor=short_target(trace.jittor_target),
        style="failed" if trace.problem or not trace.nodes else "equal" if trace.ok else "wrong",
        sentence=sentence(trace, names),
        reach=reach(trace),
        tiles=_tiles(trace),
        findings=[_finding(trace, finding, names) for finding in trace.findings],
        tree=calls.data(trace, names) if trace.nodes else None,
        pictures=list(_pictures(trace, ident)),
        counts=_counts(trace),
        odd_state=[_matched(row) for row in trace.state if not _plain(row)],
        plain_state=[_matched(row) for row in trace.state if _plain(row)],
    )


def sentence(trace: Trace, names: dict[str, str]) -> str:
    """The verdict in one sentence."""
    if trace.problem:
        return f"The comparison did not come to its end: {trace.problem}"
    if not trace.nodes:
        return "Nothing was compared: no module was called."
    if not trace.findings:
        return "Both programs compute the same."
    first = trace.findings[0]
    sides = (("Torch", first.torch), ("Jittor", first.jittor))
    lines = [f"{names.get(p.file, p.file)}:{p.line} in {side}" for side, p in sides if p is not None]
    what = "First divergence" if first.kind in DIVERGENCES else "First finding"
    return f"{what}{' at ' + ' and '.join(lines) if lines else ''}: {first.message}"


def short_target(target: str) -> str:
    """``FILE:NAME(ARGUMENTS)`` with the name of the file in place of an absolute path."""
    file, colon, rest = target.partition(".py:")
    return f"{PurePath(file).name}{colon}{rest}" if colon else target


def reach(trace: Trace) -> str:
    """What was compared, in one sentence: a verdict says nothing about anything else."""
    compared = sum(len(getattr(node, group)) for node in trace.nodes for group in calls.GROUPS)
    mode = "training" if trace.train else "evaluation"
    backward = any(node.gradients or node.own_gradients for node in trace.nodes)
    what = "forward and backward" if backward else "forward only"
    return (
        f"{count(len(trace.nodes), 'module call')} and {count(compared, 'tensor')} were compared ({what}, {mode} mode, "
        f"seed {trace.seed}, one set of inputs)."
    )


def _places(trace: Trace) -> Iterator[Place]:
    for node in trace.nodes:
        for half in (node.torch, node.jittor):
            if half is not None:
                yield from (place for place in (half.made, half.code) if place is not None)
    for finding in trace.findings:
        yield from (place for place in (finding.torch, finding.jittor) if place is not None)


def _tiles(trace: Trace) -> list[Tile]:
    tiles = []
    if trace.nodes:
        bad = sum(node.verdict in (result.WRONG, result.FAILED, result.UNPAIRED) for node in trace.nodes)
        tiles.append(Tile(f"{len(trace.nodes) - bad:,} of {len(trace.nodes):,}", "calls whose own code is right"))
    for group, name in (("own_outputs", "own code, forward"), ("own_gradients", "own code, backward")):
        tile = _worst_tile([c for node in trace.nodes for c in getattr(node, group)], name)
        tiles += [tile] if tile else []
    whole = _worst_tile([c for node in trace.nodes if node.parent < 0 for c in node.outputs], "output of the model")
    tiles += [whole] if whole else []
    if trace.state:
        paired = [row for row in trace.state if row.how in ("name", "renamed")]
        style = "" if len(paired) == len(trace.state) else result.WRONG
        tiles.append(Tile(f"{len(paired):,} of {len(trace.state):,}", "weights and buffers matched", style))
    return tiles


def _worst_tile(comparisons: list[Comparison], name: str) -> Tile | None:
    at = calls.worst(comparisons)
    if at < 0:
        return None
    found = comparisons[at]
    return Tile(figure(found.max_rel), f"{name} (limit {limit(found.tolerance)})", "" if found.ok else result.WRONG)


def _finding(trace: Trace, finding: Finding, names: dict[str, str]) -> FindingView:
    found = finding.comparison
    times = ""
    if found is not None and found.max_rel and found.tolerance > 0 and found.max_rel > found.tolerance:
        share = found.max_rel / found.tolerance
        times = f"{share:,.0f} times" if share >= 10 else f"{share:.1f} times"
    return FindingView(
        finding=finding,
        kind=KINDS.get(finding.kind, finding.kind),
        node=trace.nodes[finding.node] if 0 <= finding.node < len(trace.nodes) else None,
        torch=None if finding.torch is None else snippet(finding.torch, names),
        jittor=None if finding.jittor is None else snippet(finding.jittor, names),
        times=times,
        first="" if finding is not trace.findings[0] else "divergence" if finding.kind in DIVERGENCES else "finding",
        figures=[] if found is None else details(found),
    )


def _pictures(trace: Trace, ident: str) -> Iterator[Picture]:
    for backward in (False, True):
        plot = calls.growth(trace, backward)
        if plot is not None:
            yield Picture(plot, draw(plot, f"{ident}-{'backward' if backward else 'forward'}"), hover(plot))


def _counts(trace: Trace) -> list[tuple[str, str, str, str, int]]:
    found = Counter(node.verdict for node in trace.nodes)
    return [(name, *told, found[name]) for name, told in calls.VERDICTS.items() if found[name]]


def _matched(row: StateRow) -> tuple[StateRow, str, str]:
    symbol, words = MATCHING.get(row.how, ("?", row.how))
    return (row, "✗" if row.trained[0] != row.trained[1] else symbol, words)


def _plain(row: StateRow) -> bool:
    return row.how == "name" and row.trained[0] == row.trained[1]


def details(found: Comparison) -> list[tuple[str, str]]:
    """The figures of a comparison with their names, for a card."""
    ulp = "–" if found.max_ulp is None or not math.isfinite(found.max_ulp) else f"{found.max_ulp:,.0f}"
    cosine = "–" if found.cosine is None or not math.isfinite(found.cosine) else f"{found.cosine:.7f}"
    return [
        ("largest relative difference", figure(found.max_rel)),
        ("tolerance", limit(found.tolerance)),
        ("largest absolute difference", figure(found.max_abs)),
        ("units in the last place", ulp),
        ("cosine", cosine),
        ("entries outside", percent(found.outside)),
    ]
