"""A training comparison as pictures: the losses of both frameworks, and how far they are apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from parity.report.page import NOTHING, count, figure, limit
from parity.report.plot import Mark, Plot, Series, draw, hover
from parity.report.view import Picture, Tile


@dataclass(frozen=True)
class TrainingView:
    """One training.

    Attributes:
        ident: prefix of identifiers in the page.
        method: its name.
        size: what is smaller than in the paper.
        style: ``equal`` or ``wrong``.
        sentence: what came of it.
        tiles: figures.
        pictures: losses, differences.
        furthest: parameters with the largest distance at the end: name, distance, way, as text.
        problems: what ended early.
    """

    ident: str
    method: str
    size: str
    style: str
    sentence: str
    tiles: list[Tile]
    pictures: list[Picture]
    furthest: list[tuple[str, str, str]]
    problems: list[str]


def training_view(told: dict[str, Any], ident: str) -> TrainingView:
    """From the JSON report; what it lacks is left out."""
    ok = bool(told.get("ok"))
    steps: list[dict[str, Any]] = told["steps"]
    bounds = told.get("bounds") or {}
    noise: list[float | None] = told.get("noise") or []
    parting = told.get("parting")
    pictures = []
    if steps:
        pictures = [_picture(plot, f"{ident}-{name}") for name, plot in _plots(steps, bounds, noise, parting)]
    return TrainingView(
        ident=ident,
        method=str(told.get("method", "training")),
        size=str(told.get("size", "")),
        style="equal" if ok else "wrong",
        sentence=_sentence(told, ok),
        tiles=_tiles(told, bounds, noise),
        pictures=pictures,
        furthest=[(str(name), figure(apart), figure(way)) for name, apart, way in told.get("furthest") or []],
        problems=[str(problem) for problem in told.get("problems") or []],
    )


def _picture(plot: Plot, ident: str) -> Picture:
    return Picture(plot, draw(plot, ident), hover(plot))


def _sentence(told: dict[str, Any], ok: bool) -> str:
    steps, wanted = len(told["steps"]), told.get("wanted", len(told["steps"]))
    if ok:
        return f"Both trainings stay together over {count(steps, 'step')}."
    parting = told.get("parting")
    if parting:
        tensor = parting.get("tensor")
        before = f"; before it, {tensor} differed most" if tensor else ""
        return f"They part at step {parting.get('step')}, in {parting.get('figure')}{before}."
    if steps < wanted or told.get("problems"):
        return f"A run ended early: {steps} of {count(wanted, 'step')} were taken by both."
    return "The parameters end further apart than they may."


def _tiles(told: dict[str, Any], bounds: dict[str, Any], noise: Sequence[float | None]) -> list[Tile]:
    worst, drift = told.get("worst"), told.get("drift")
    tiles = [Tile(f"{len(told['steps'])} of {told.get('wanted', NOTHING)}", "steps compared")]
    for value, name, key in ((worst, "figures, relative", "loss"), (drift, "parameters, share of their way", "drift")):
        bound = bounds.get(key)
        beyond = value is None or (bound is not None and value > bound)
        small = name + (f" (limit {limit(bound)})" if bound is not None else "")
        tiles.append(Tile(figure(value), small, "wrong" if beyond else ""))
    known = [value for value in noise if value is not None]
    if known:
        tiles.append(Tile(figure(max(known)), "rounding alone: Torch on one thread"))
    for name, seconds in (told.get("seconds") or {}).items():
        if isinstance(seconds, int | float):
            tiles.append(Tile(f"{seconds:.2f} s", f"a step, {name}"))
    return tiles


def _plots(
    steps: Sequence[dict[str, Any]], bounds: dict[str, Any], noise: Sequence[float | None], parting: Any
) -> list[tuple[str, Plot]]:
    torch = [each.get("torch", {}).get("loss") for each in steps]
    jittor = [each.get("jittor", {}).get("loss") for each in steps]
    apart = [math.inf if each.get("relative") is None else float(each["relative"]) for each in steps]
    marks = []
    if parting and 1 <= parting.get("step", 0) <= len(steps):
        marks = [Mark(parting["step"] - 1, 0, "first beyond the limit")]
    series = [Series("largest relative difference of any figure", "apart", apart, [e.get("worst", "") for e in steps])]
    if noise:
        series.append(Series("rounding alone: Torch on one thread", "noise", list(noise)))
    limits = []
    if bounds.get("loss") is not None:
        limits = [Series("limit", "bound", [bounds["loss"]] * len(steps))]
    difference = Plot("Relative difference", "optimizer step", "relative difference", series, limits, marks=marks)
    if all(value is None for value in (*torch, *jittor)):
        return [("difference", difference)]
    lines = [Series("Torch", "torch", torch), Series("Jittor", "jittor", jittor)]
    losses = Plot("Loss", "optimizer step", "loss", lines, logarithmic=False)
    return [("loss", losses), ("difference", difference)]
