"""The table in the terminal."""

from __future__ import annotations

from typing import Any

from tabulate import tabulate

from benchmarks.harness.cells import REFERENCE
from benchmarks.harness.result import NOISY_OTHERS, NOISY_SPREAD, Result
from benchmarks.harness.store import Report
from benchmarks.report import words

NOISY = "~"


def table(report: Report, show_trap: bool = False) -> str:
    """All cells, a row for each side, and what is to be known about them.

    Args:
        report: what was measured.
        show_trap: add the time until the call returned.
    """
    head = ["method", "phase", "size", "side", "median ms", "IQR", "CPU ms", "Torch / it (95 %)", "n"]
    head += ["first ms", "peak MiB", *(["GPU MiB"] if report.machine["device"] == "cuda" else [])]
    head += ["not waited for ms"] if show_trap else []
    rows: list[list[str]] = []
    last: tuple[str, ...] = ()
    for result in words.ordered(report.results):
        place = (words.title(result.method), words.PHASES[result.phase], words.size(result))
        for number, row in enumerate(_rows(result, head, show_trap)):
            shown = ("", "", "") if number else tuple("" if new == old else new for new, old in _pairs(place, last))
            rows.append([*shown, *row])
        last = place
    text = tabulate(rows, head, disable_numparse=True, colalign=("left",) * 4 + ("right",) * (len(head) - 4))
    return "\n".join([text, "", *notes(report, show_trap)])


def _pairs(place: tuple[str, ...], last: tuple[str, ...]) -> list[tuple[str, str]]:
    return list(zip(place, last if last and place[0] == last[0] else ("",) * len(place)))


def _rows(result: Result, head: list[str], show_trap: bool) -> list[list[str]]:
    rows = []
    mark = NOISY if result.doubts() else ""
    for name, side in result.sides.items():
        if not side.timed:
            rows.append([words.LABELS[name], words.NOTHING])
            continue
        times, cpu = result.summary(name), sorted(side.cpu)[len(side.cpu) // 2]
        found = None if name == REFERENCE else result.ratio(name)
        row = [words.LABELS[name], mark + words.milliseconds(times.median), f"{times.spread:.0%}"]
        row += [words.milliseconds(cpu), words.ratio(found), str(times.count)]
        row += [words.milliseconds(side.first), words.mebibytes(side.peak)]
        row += [words.mebibytes(side.gpu)] if "GPU MiB" in head else []
        row += [words.milliseconds(sorted(side.returned)[len(side.returned) // 2])] if show_trap else []
        rows.append(row)
    return [[*row, *[""] * (len(head) - 3 - len(row))] for row in rows]


def notes(report: Report, show_trap: bool) -> list[str]:
    """What the table does not say by itself."""
    machine: dict[str, Any] = report.machine
    threads = sorted({str(each.threads) for each in report.results})
    stack = ", ".join(f"{name} {number}" for name, number in machine["stack"].items())
    lines = [
        f"{machine['processor']}, {machine['cpus']} CPUs, {', '.join(threads)} threads for each side; {stack}",
        "Ratio: Torch's median / the other's; above 1 the other is faster. Interval: bootstrap over paired rounds.",
        "Peak: resident memory during the timed steps. First: the first step, compiling included.",
    ]
    if show_trap:
        lines.append(
            "Not waited for: until the call returns. Jittor computes later: to compare this is the usual mistake."
        )
    for result in words.ordered(report.results):
        for name, side in result.sides.items():
            if side.problem:
                lines.append(f"No figure: {result.key}, {words.LABELS[name]}: {side.problem}")
    doubted = [result for result in words.ordered(report.results) if result.doubts()]
    if doubted:
        lines.append(
            f"{NOISY} noisy (others took more than {NOISY_OTHERS:.0%} of the CPUs, or quartiles lie more than"
            f" {NOISY_SPREAD:.0%} apart); repeat on a quiet machine:"
        )
        lines += [f"  {result.key}: {'; '.join(result.doubts())}" for result in doubted]
    return lines
