"""Plots as SVG that follows the page's colours: ratios with intervals, curves of growing cost, bars of memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH = 960
ROW = 26
LEFT, RIGHT, TOP, BOTTOM = 230, 112, 26, 40


@dataclass(frozen=True)
class Bar:
    """A row of a plot of ratios or of a plot of bars.

    Attributes:
        group: heading above it; rows of the same group follow each other.
        label: at the left.
        side: whose it is, a class of the style sheet.
        value, low, high: the figure and its interval.
        text: at the right.
        noisy: drawn hollow.
    """

    group: str
    label: str
    side: str
    value: float
    low: float
    high: float
    text: str
    noisy: bool = False


@dataclass(frozen=True)
class Curve:
    """A line of a plot: points (x, median, low, high) of one side, in rising order of x."""

    side: str
    label: str
    points: Sequence[tuple[float, float, float, float]]


def _open(title: str, height: float, width: int = WIDTH) -> str:
    return f'<svg viewBox="0 0 {width} {height:.0f}" role="img" class="plot"><title>{escape(title)}</title>'


def _text(x: float, y: float, text: str, kind: str = "tick", anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _places(bars: Sequence[Bar]) -> tuple[list[float], list[tuple[float, str]], float]:
    """Heights of the rows, of the headings, and of the end."""
    y, rows, heads, last = float(TOP), [], [], None
    for bar in bars:
        if bar.group != last:
            y += 10 if last is not None else 0
            heads.append((y + 15, bar.group))
            y += ROW
            last = bar.group
        rows.append(y + ROW / 2)
        y += ROW
    return rows, heads, y


def ratios(title: str, bars: Sequence[Bar], at_one: tuple[str, str]) -> Markup:
    """Points with intervals on a logarithmic axis around 1.

    Args:
        title: what a screen reader says.
        bars: the rows.
        at_one: what it means to lie left and right of the line at 1.
    """
    rows, heads, end = _places(bars)
    reach = max([1.3, *(max(bar.high, 1 / max(bar.low, 1e-9)) for bar in bars)])
    ticks = (0.02, 0.05, 0.1, 0.2, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 5, 10, 20, 50)
    low, high = math.log(1 / reach) * 1.06, math.log(reach) * 1.06
    wide = WIDTH - LEFT - RIGHT

    def across(value: float) -> float:
        return LEFT + (math.log(value) - low) / (high - low) * wide

    parts = [_open(title, end + BOTTOM)]
    held: list[float] = []
    for tick in sorted(ticks, key=lambda tick: (tick != 1, tick not in (0.5, 2), abs(math.log(tick)))):
        if low <= math.log(tick) <= high and all(abs(across(tick) - x) > 44 for x in held):
            held.append(across(tick))
            parts.append(_line("one" if tick == 1 else "grid", across(tick), TOP - 4, across(tick), end + 4))
            parts.append(_text(across(tick), end + 20, f"{tick:g}", anchor="middle"))
    parts.append(_text(across(1) - 10, TOP - 10, f"← {at_one[0]}", "axis", "end"))
    parts.append(_text(across(1) + 10, TOP - 10, f"{at_one[1]} →", "axis"))
    parts += [_text(8, y, text, "group") for y, text in heads]
    for bar, y in zip(bars, rows):
        kind = f"{bar.side} hollow" if bar.noisy else bar.side
        parts.append(_text(LEFT - 14, y + 4, bar.label, "tick", "end"))
        parts.append(_line(f"whisker {bar.side}", across(bar.low), y, across(bar.high), y))
        for edge in (bar.low, bar.high):
            parts.append(_line(f"whisker {bar.side}", across(edge), y - 4, across(edge), y + 4))
        parts.append(f'<circle class="dot {kind}" cx="{across(bar.value):.1f}" cy="{y:.1f}" r="5"/>')
        parts.append(_text(WIDTH - RIGHT + 10, y + 4, bar.text, "value"))
    return Markup("".join([*parts, "</svg>"]))


def bars(title: str, rows_of: Sequence[Bar], unit: str) -> Markup:
    """Bars from zero, with whiskers where low and high differ from the value."""
    rows, heads, end = _places(rows_of)
    most = max((bar.high for bar in rows_of), default=1.0) or 1.0
    step = round_step(most / 5)
    wide = WIDTH - LEFT - RIGHT
    parts = [_open(title, end + BOTTOM)]
    for number in range(int(most / step) + 1):
        x = LEFT + number * step / most * wide
        parts.append(_line("grid", x, TOP - 4, x, end + 4))
        parts.append(_text(x, end + 20, f"{number * step:g}", anchor="middle"))
    parts.append(_text(WIDTH - RIGHT, end + 36, unit, "axis", "end"))
    parts += [_text(8, y, text, "group") for y, text in heads]
    for bar, y in zip(rows_of, rows):
        long = max(1.0, bar.value / most * wide)
        parts.append(_text(LEFT - 14, y + 4, bar.label, "tick", "end"))
        parts.append(f'<rect class="bar {bar.side}" x="{LEFT}" y="{y - 8:.1f}" width="{long:.1f}" height="16" rx="2"/>')
        if bar.high > bar.low:
            parts.append(_line("whisker ink", LEFT + bar.low / most * wide, y, LEFT + bar.high / most * wide, y))
        parts.append(_text(WIDTH - RIGHT + 10, y + 4, bar.text, "value"))
    return Markup("".join([*parts, "</svg>"]))


def curves(title: str, lines: Sequence[Curve], across_name: str, up_name: str, from_zero: bool = False) -> Markup:
    """How a figure grows, quartiles as a band; both axes logarithmic, or the upright one linear and from zero."""
    width, height, left, right, top, bottom = 490, 300, 76, 130, 14, 46
    xs = sorted({point[0] for line in lines for point in line.points})
    ys = [value for line in lines for point in line.points for value in point[1:]]
    (x0, x1), (y0, y1) = _reach(min(xs), max(xs), 1.0), _reach(min(ys), max(ys), 1.15)
    most = max(ys) * 1.08

    def at(x: float, y: float) -> tuple[float, float]:
        share = y / most if from_zero else (math.log(y) - y0) / (y1 - y0)
        across = left + (math.log(x) - x0) / (x1 - x0) * (width - left - right)
        return across, height - bottom - share * (height - top - bottom)

    parts = [_open(title, height, width)]
    step = round_step(most / 5)
    ticks = (
        [number * step for number in range(int(most / step) + 1)] if from_zero else log_ticks(*map(math.exp, (y0, y1)))
    )
    for y in ticks:
        place = at(xs[0], y)[1]
        parts.append(_line("grid", left, place, width - right, place))
        parts.append(_text(left - 7, place + 4, f"{y:g}", anchor="end"))
    for x in xs:
        place = at(x, ys[0])[0]
        parts.append(_line("grid", place, height - bottom, place, height - bottom + 5))
        parts.append(_text(place, height - bottom + 19, f"{x:g}", anchor="middle"))
    parts.append(_text((left + width - right) / 2, height - 8, across_name, "axis", "middle"))
    middle = (top + height - bottom) / 2
    parts.append(
        f'<text class="axis" transform="translate(13 {middle}) rotate(-90)" text-anchor="middle">'
        f"{escape(up_name)}</text>"
    )
    labels: list[tuple[float, str, str]] = []
    for line in lines:
        upper = [at(x, high) for x, _, _, high in line.points]
        lower = [at(x, low) for x, _, low, _ in reversed(line.points)]
        shape = " ".join(f"{x:.1f},{y:.1f}" for x, y in [*upper, *lower])
        parts.append(f'<polygon class="band {line.side}" points="{shape}"/>')
        path = "L".join("{:.1f} {:.1f}".format(*at(x, y)) for x, y, _, _ in line.points)
        parts.append(f'<path class="line {line.side}" d="M{path}"/>')
        for x, y, _, _ in line.points:
            cx, cy = at(x, y)
            parts.append(f'<circle class="dot {line.side}" cx="{cx:.1f}" cy="{cy:.1f}" r="3.2"/>')
        labels.append((at(line.points[-1][0], line.points[-1][1])[1], line.label, line.side))
    for y, label, side in apart(labels, 15, height - bottom):
        parts.append(_text(width - right + 9, y + 4, label, f"name {side}"))
    return Markup("".join([*parts, "</svg>"]))


def apart(labels: Sequence[tuple[float, str, str]], least: float, most: float) -> list[tuple[float, str, str]]:
    """Labels moved so that none covers another and none is below ``most``."""
    placed: list[tuple[float, str, str]] = []
    for y, label, side in sorted(labels):
        placed.append((max(y, placed[-1][0] + least) if placed else y, label, side))
    over = max(0.0, placed[-1][0] - most) if placed else 0.0
    return [(y - over, label, side) for y, label, side in placed]


def _reach(low: float, high: float, room: float) -> tuple[float, float]:
    if high <= low:
        low, high = low / 1.5, high * 1.5
    return math.log(low / room), math.log(high * room)


def round_step(least: float) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that is not below ``least``."""
    power = 10.0 ** math.floor(math.log10(least))
    return float(next(power * part for part in (1, 2, 2.5, 5, 10) if power * part >= least * (1 - 1e-9)))


def log_ticks(low: float, high: float) -> list[float]:
    """Between three and eight round figures on a logarithmic axis."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for parts in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7)):
        found = [part * 10.0**power for power in powers for part in parts if low <= part * 10.0**power <= high]
        if len(found) >= 3:
            return found
    step = round_step((high - low) / 4)
    return [number * step for number in range(math.ceil(low / step), math.floor(high / step) + 1)]
