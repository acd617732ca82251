"""What the page shows, prepared for its template."""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from benchmarks.harness.cells import REFERENCE
from benchmarks.harness.result import Result
from benchmarks.harness.store import Report
from benchmarks.methods import get_subject
from benchmarks.report import words
from benchmarks.report.svg import Bar, Curve, bars, curves, ratios

LONG_MEANS_SLOW = ("slower than Torch", "faster than Torch")


@dataclass(frozen=True)
class Grown:
    """How the cost of a phase grows along one axis: plots of time (logarithmic) and of memory (linear)."""

    title: str
    time: Markup
    memory: Markup


@dataclass(frozen=True)
class Trap:
    """A row of the lesson: what a clock shows that waits, and one that does not."""

    place: str
    side: str
    true: str
    early: str
    share: str


def headline(report: Report) -> list[Result]:
    """The cells that are not part of a growing row."""
    return [each for each in words.ordered(report.results) if each.axis == "headline"]


def ratio_plot(report: Report) -> Markup | None:
    """All headline ratios."""
    rows = []
    for result in headline(report):
        for side in result.sides:
            found = result.ratio(side) if side != REFERENCE else None
            if found:
                label = f"{words.PHASES[result.phase]}, {words.LABELS[side]}"
                group = words.title(result.method)
                text = f"{found.value:.2f}{' noisy' if result.doubts() else ''}"
                rows.append(Bar(group, label, side, found.value, found.low, found.high, text, bool(result.doubts())))
    title = "Torch's time divided by the other's, with 95 % intervals"
    return ratios(title, rows, LONG_MEANS_SLOW) if rows else None


def memory_plot(report: Report) -> Markup | None:
    """Peaks of the headline cells, and within each bar nothing else: base and model are in the table."""
    rows = []
    for result in headline(report):
        group = f"{words.title(result.method)}, {words.PHASES[result.phase]}, {words.size(result)}"
        for side, one in result.sides.items():
            if one.timed and result.phase != "data":
                size = (one.gpu or one.peak) / 2**20
                rows.append(Bar(group, words.LABELS[side], side, size, size, size, f"{size:.0f}"))
    return bars("Peak memory during the timed steps", rows, "MiB") if rows else None


def grown(report: Report) -> list[Grown]:
    """The growing rows that have at least two sizes."""
    rows: dict[tuple[str, str, str, int], list[Result]] = defaultdict(list)
    for result in words.ordered(report.results):
        # A headline cell may lie on a row as well.
        for axis, other in (("batch", result.length), ("length", result.batch)):
            rows[result.method, result.phase, axis, other].append(result)
    found = []
    for (method, phase, axis, other), results in rows.items():
        if len(results) < 2 or not any(each.axis == axis for each in results):
            continue
        results = sorted(results, key=lambda each: (each.batch, each.length))
        lines = {what: _curves(results, axis, what) for what in ("time", "memory")}
        if not lines["time"]:
            continue  # nothing was timed at two sizes
        subject = get_subject(method)
        length_unit = "seconds of video" if phase == "answer" else subject.length_unit
        unit, fixed = (
            (subject.batch_unit, f"{other} {length_unit}")
            if axis == "batch"
            else (length_unit, f"{other} {subject.batch_unit}".removesuffix("s" if other == 1 else ""))
        )
        title = f"{subject.title}, {words.PHASES[phase]}: {unit} ({fixed})"
        found.append(
            Grown(
                title,
                curves(f"{title}: time", lines["time"], unit, "ms"),
                curves(f"{title}: memory", lines["memory"], unit, "peak MiB", from_zero=True),
            )
        )
    return found


def _curves(results: list[Result], axis: str, what: str) -> list[Curve]:
    sides = {side: None for result in results for side in result.sides}
    made = []
    for side in sides:
        points = []
        for result in results:
            one = result.sides.get(side)
            if one is None or not one.timed:
                continue
            x = float(result.batch if axis == "batch" else result.length)
            if what == "time":
                times = result.summary(side)
                points.append((x, times.median * 1e3, times.low * 1e3, times.high * 1e3))
            else:
                size = (one.gpu or one.peak) / 2**20
                points.append((x, size, size, size))
        if len(points) > 1:
            made.append(Curve(side, words.LABELS[side], points))
    return made


def traps(report: Report) -> list[Trap]:
    """Where the time until the call returns is far from the true one."""
    found = []
    for result in headline(report):
        for side, one in result.sides.items():
            if one.timed and result.phase in ("inference", "forward"):
                true, early = result.summary(side).median, statistics.median(one.returned)
                place = f"{words.title(result.method)}, {words.PHASES[result.phase]}"
                times = words.milliseconds(true), words.milliseconds(early)
                found.append(Trap(place, words.LABELS[side], *times, f"{early / true:.1%}"))
    return found


def table(report: Report) -> list[dict[str, Any]]:
    """A row for each side of each cell."""
    rows = []
    for result in words.ordered(report.results):
        for number, (side, one) in enumerate(result.sides.items()):
            row: dict[str, Any] = {"first": number == 0, "method": words.title(result.method), "side": side}
            row |= {"phase": words.PHASES[result.phase], "size": words.size(result), "label": words.LABELS[side]}
            row |= {"problem": one.problem, "noisy": "; ".join(result.doubts()), "of": len(result.sides)}
            if one.timed:
                times = result.summary(side)
                found = result.ratio(side) if side != REFERENCE else None
                row |= {"median": words.milliseconds(times.median), "count": times.count}
                row |= {"quartiles": f"{words.milliseconds(times.low)} - {words.milliseconds(times.high)}"}
                row |= {"cpu": words.milliseconds(statistics.median(one.cpu)), "ratio": words.ratio(found)}
                row |= {"verdict": found.verdict if found else "", "start": words.milliseconds(one.first)}
                row |= {"base": words.mebibytes(one.base), "built": words.mebibytes(one.built)}
                row |= {"peak": words.mebibytes(one.peak), "whole": words.mebibytes(one.whole)}
                row |= {"gpu": words.mebibytes(one.gpu)}
                row |= {"equal": _equal(one.equality)}
            rows.append(row)
    return rows


def _equal(told: dict[str, Any]) -> str:
    if not told:
        return "" if told is None else words.NOTHING
    text = f"{told['difference'] or 0:.0e} of {told['tolerance'] or 'nothing'}"
    return f"{text}, Torch's own rounding {told.get('rounding') or 0:.0e}" if told.get("by_rounding") else text


def counts(report: Report) -> dict[str, int]:
    """How many headline comparisons each verdict has, of Jittor as converted."""
    found = {"faster": 0, "even": 0, "slower": 0}
    for result in headline(report):
        ratio = result.ratio("jittor") if "jittor" in result.sides else None
        if ratio:
            found[ratio.verdict] += 1
    return found
