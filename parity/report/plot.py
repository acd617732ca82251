"""Line plots as SVG that follows the page's colours: one axis of steps, one of values, linear or logarithmic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup, escape

from parity.report.page import NOTHING, figure

WIDTH, HEIGHT = 960, 330
LEFT, RIGHT, TOP, BOTTOM = 64, 14, 16, 46
EXACT_BAND = 28  # below a logarithmic axis: where differences lie that are exactly zero


@dataclass(frozen=True)
class Series:
    """A line.

    Attributes:
        name: for the legend and the hover.
        style: class of the style sheet (``whole``, ``own``, ``torch``, ``jittor``, ``noise``, ``limit``).
        values: one each step; None where there is none, infinity where both sides cannot be compared.
        note: one each step, shown beside the value; may be empty.
        dots: values that have nothing to do with their neighbours: points without a line.
    """

    name: str
    style: str
    values: Sequence[float | None]
    note: Sequence[str] = ()
    dots: bool = False


@dataclass(frozen=True)
class Mark:
    """A step that is marked in the plot: its position, the series that it is on, and a label ("" for none)."""

    at: int
    series: int = 0
    label: str = ""


@dataclass(frozen=True)
class Plot:
    """What is drawn.

    Attributes:
        title: one line above; also what a screen reader says.
        across, up: names of both axes.
        series: lines; the last are drawn on top.
        limits: lines of the tolerances: the same kind, dashed.
        names: of the steps, for the hover; by default their numbers from 1.
        marks: what stands out.
        logarithmic: the axis of the values.
        jumps: number of the module call that a click on a step leads to.
        caption: what there is to see, in words.
    """

    title: str
    across: str
    up: str
    series: Sequence[Series]
    limits: Sequence[Series] = ()
    names: Sequence[str] = ()
    marks: Sequence[Mark] = ()
    logarithmic: bool = True
    jumps: Sequence[int] = ()
    caption: str = ""

    @property
    def steps(self) -> int:
        """Length of the longest line."""
        return max((len(each.values) for each in self.series), default=0)


@dataclass
class Scale:
    """From values to heights in the picture."""

    low: float
    high: float
    logarithmic: bool
    zero: bool = False  # whether a band below holds what is exactly zero
    ticks: list[float] = field(default_factory=list)

    @property
    def floor(self) -> float:
        """Height of the lowest value of the axis itself."""
        return HEIGHT - BOTTOM - (EXACT_BAND if self.zero else 0)

    def __call__(self, value: float) -> float:
        """Height of a value; what cannot be compared (infinite) lies at the top."""
        if math.isinf(value):
            return TOP
        if self.logarithmic and value <= 0:
            return HEIGHT - BOTTOM - 5
        at = (math.log10(value) if self.logarithmic else value) - self.low
        return self.floor - at / (self.high - self.low) * (self.floor - TOP)


def scale(values: Sequence[float | None], logarithmic: bool) -> Scale:
    """An axis that holds all values, with round ticks."""
    numbers = [v for v in values if v is not None and math.isfinite(v)]
    if logarithmic:
        above = [math.log10(v) for v in numbers if v > 0] or [-7.0]
        low, high = math.floor(min(above) - 0.05), math.ceil(max(above) + 0.05)
        high = max(high, low + 2)
        every = max(1, math.ceil((high - low) / 8))
        ticks = [10.0**power for power in range(low, high + 1, every)]
        return Scale(low, high, True, any(v <= 0 for v in numbers), ticks)
    least, most = (min(numbers), max(numbers)) if numbers else (0.0, 1.0)
    span = (most - least) or abs(most) or 1.0
    step = _round_step(span / 5)
    bottom = math.floor(least / step) * step
    top = max(math.ceil((most - 1e-9 * span) / step) * step, bottom + step)
    ticks = [bottom + step * number for number in range(round((top - bottom) / step) + 1)]
    return Scale(bottom, top, False, False, ticks)


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return float(next(power * part for part in (1, 2, 2.5, 5, 10) if power * part >= least * (1 - 1e-9)))


def step_ticks(count: int) -> list[int]:
    """Round step numbers, from 1, for the axis across."""
    if count <= 12:
        return list(range(1, count + 1))
    every = max(1, int(_round_step(count / 10)))
    return [1, *range(every, count + 1, every)] if every > 1 else list(range(1, count + 1))


def tick_text(value: float, logarithmic: bool) -> str:
    """What stands at a tick."""
    if logarithmic:
        return f"1e{round(math.log10(value)):d}"
    return f"{value:.6g}" if abs(value) > 1e-12 else "0"


def draw(plot: Plot, ident: str) -> Markup:
    """The picture as an ``svg`` element; ``ident`` is unique in the page."""
    axis = scale([v for each in (*plot.series, *plot.limits) for v in each.values], plot.logarithmic)
    wide = WIDTH - LEFT - RIGHT
    across = [LEFT + (wide / 2 if plot.steps == 1 else wide * i / (plot.steps - 1)) for i in range(plot.steps)]
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{ident}-title" class="plot">'
        f'<title id="{ident}-title">{escape(plot.title)}</title>'
    ]
    parts += _axes(plot, axis, across)
    for kind, lines in (("limit", plot.limits), ("line", plot.series)):
        for each in lines:
            if not each.dots:
                drawn = _stairs(each.values, across, axis) if kind == "limit" else _path(each.values, across, axis)
                parts.append(f'<path class="{kind} {each.style}" d="{drawn}"/>')
    few = plot.steps <= 60
    for each in plot.series:
        for x, value in zip(across, each.values):
            if value is not None and (math.isinf(value) or few or each.dots):
                parts.append(_point(each.style, x, axis(value), math.isinf(value)))
    for mark in plot.marks:
        value = plot.series[mark.series].values[mark.at]
        if value is not None:
            parts.append(_mark(mark, across[mark.at], axis(value)))
    parts.append(f'<line class="cursor" x1="0" x2="0" y1="{TOP}" y2="{HEIGHT - BOTTOM}" visibility="hidden"/></svg>')
    return Markup("".join(parts))


def _axes(plot: Plot, axis: Scale, across: Sequence[float]) -> list[str]:
    right, low = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = []
    for tick in axis.ticks:
        y = axis(tick)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        text = tick_text(tick, plot.logarithmic)
        parts.append(f'<text class="tick" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>')
    if axis.zero:
        parts.append(
            f'<rect class="exact" x="{LEFT}" y="{axis.floor + 4:.1f}" width="{right - LEFT}" '
            f'height="{EXACT_BAND - 4}"/>'
        )
        parts.append(f'<text class="tick" x="{LEFT - 8}" y="{low - 3}" text-anchor="end">exact</text>')
    for number in step_ticks(plot.steps):
        x = across[number - 1]
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{low}" y2="{low + 5}"/>')
        parts.append(f'<text class="tick" x="{x:.1f}" y="{low + 19}" text-anchor="middle">{number}</text>')
    middle = (LEFT + right) / 2
    parts.append(f'<text class="axis" x="{middle}" y="{HEIGHT - 7}" text-anchor="middle">{escape(plot.across)}</text>')
    parts.append(
        f'<text class="axis" transform="translate(13 {(TOP + low) / 2}) rotate(-90)" text-anchor="middle">'
        f"{escape(plot.up)}</text>"
    )
    return parts


def _path(values: Sequence[float | None], across: Sequence[float], axis: Scale) -> str:
    """The line, broken where there is no value and where there is nothing to compare."""
    pieces: list[str] = []
    pen = "M"
    for x, value in zip(across, values):
        if value is None or math.isinf(value):
            pen = "M"
            continue
        pieces.append(f"{pen}{x:.1f} {axis(value):.1f}")
        pen = "L"
    return "".join(pieces)


def _stairs(values: Sequence[float | None], across: Sequence[float], axis: Scale) -> str:
    """Level at every step, upright between two: a limit holds for its step and does not slope to the next."""
    half = (across[1] - across[0]) / 2 if len(across) > 1 else (WIDTH - LEFT - RIGHT) / 2
    pieces: list[str] = []
    last: float | None = None
    for x, value in zip(across, values):
        if value is not None and value != last:
            left = max(x - half, LEFT)
            y = f"{axis(value):.1f}"
            pieces.append(f"M{left:.1f} {y}" if last is None else f"H{left:.1f}V{y}")
        last = value if value is not None else last
    return "".join(pieces) + (f"H{WIDTH - RIGHT}" if last is not None else "")


def _point(style: str, x: float, y: float, without: bool) -> str:
    if without:
        return f'<path class="cross {style}" d="M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8"/>'
    return f'<circle class="point {style}" cx="{x:.1f}" cy="{y:.1f}" r="2.4"/>'


def _mark(mark: Mark, x: float, y: float) -> str:
    """A ring around the point; the label stands where there is room, and tells more than the colour."""
    ring = f'<circle class="ring" cx="{x:.1f}" cy="{y:.1f}" r="7"/>'
    if not mark.label:
        return ring
    left = x > WIDTH * 0.6
    at = x - 12 if left else x + 12
    anchor = "end" if left else "start"
    up = y - 10 if y > TOP + 26 else y + 20
    return (
        f'{ring}<line class="ring" x1="{x:.1f}" x2="{x:.1f}" y1="{y + 7:.1f}" y2="{HEIGHT - BOTTOM}"/>'
        f'<text class="label" x="{at:.1f}" y="{up:.1f}" text-anchor="{anchor}">{escape(mark.label)}</text>'
    )


def hover(plot: Plot) -> dict[str, Any]:
    """What the page's script needs to show figures under the pointer; values as texts."""

    def text(value: float | None) -> str:
        if value is not None and math.isinf(value):
            return "cannot be compared"
        return (figure(value) if plot.logarithmic else f"{value:.6g}") if value is not None else NOTHING

    lines = [*plot.series, *plot.limits]
    return {
        "left": LEFT,
        "wide": WIDTH - LEFT - RIGHT,
        "width": WIDTH,
        "steps": plot.steps,
        "names": list(plot.names),
        "jumps": list(plot.jumps),
        "series": [
            {"name": e.name, "style": e.style, "values": list(map(text, e.values)), "note": list(e.note)} for e in lines
        ],
    }
