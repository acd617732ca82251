"""The report of a user's training, as text and as plain values."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from tabulate import tabulate

from parity.training.result import LoopReport, LoopStep, Measure
from parity.training.table import finite

SHOWN = 40  # steps in a table; of more, the first and the last, and those around the parting


def as_text(report: LoopReport) -> str:
    """A line a step, where the runs part, what else differs, and the verdict."""
    parts = [report.title]
    if report.steps:
        parts.append(_table(report))
    if report.furthest:
        ends = [(name, f"{apart:.1e}", f"{way:.1e}") for name, apart, way in report.furthest]
        parts.append(tabulate(ends, headers=["parameter", "apart", "way from the start"], disable_numparse=True))
    if report.left:
        shown = [f"  {line}" for line in report.left[:10]]
        parts.append("\n".join([f"the converter left {len(report.left)} places:", *shown]))
    if report.notes:
        parts.append("\n".join(f"note: {note}" for note in report.notes))
    if report.split:
        parts.append(report.split.sentence())
    parts += report.problems
    if report.undecided and report.noise_split:
        parts.append(
            f"rounding alone, Torch with one thread, parts from Torch at step {report.noise_split.step}: nothing can "
            "be said from there on; take a smaller learning rate or a larger batch"
        )
    parts.append(verdict(report))
    return "\n\n".join(parts)


def _table(report: LoopReport) -> str:
    headers = ["step", "torch loss", "jittor loss", "rel diff", "gradients", "worst gradient", "updates", "rate"]
    headers += ["torch, 1 thread"] if report.noise else []
    rows = []
    skipped = False
    for number, step in enumerate(report.steps, start=1):
        near = report.split is not None and abs(number - report.split.step) < 3
        if len(report.steps) > SHOWN and SHOWN // 2 < number <= len(report.steps) - SHOWN // 2 and not near:
            if not skipped:
                rows.append(["..."] + [""] * (len(headers) - 1))
            skipped = True
            continue
        skipped = False
        row = [str(number), _figure(step.torch), _figure(step.jittor), _share(step.measure("figure"))]
        gradient = _worst(step, "gradient")
        row += [_share(gradient), gradient.name if gradient else "", _share(step.measure("update")), _rate(step)]
        noise = report.noise[number - 1] if number <= len(report.noise) else math.nan
        rows.append(row + ([f"{noise:.1e}"] if report.noise else []))
    bounds = ["bound", "", "", f"{report.bounds.loss:.0e}", f"{report.gradients:.0e}", "", f"{report.gradients:.0e}"]
    rows.append(bounds + [""] * (len(headers) - len(bounds)))
    return tabulate(rows, headers=headers, tablefmt="simple", disable_numparse=True)


def _figure(figures: dict[str, float]) -> str:
    """The loss, or the first figure where none is called so."""
    value = figures.get("loss", next(iter(figures.values()), math.nan))
    return f"{value:.6f}"


def _share(measure: Measure | None) -> str:
    return "-" if measure is None else f"{measure.relative:.1e}"


def _worst(step: LoopStep, stage: str) -> Measure | None:
    return max((m for m in step.measures if m.stage == stage), key=lambda m: m.relative, default=None)


def _rate(step: LoopStep) -> str:
    rates = sorted(set(step.rates[0]))
    return ", ".join(f"{rate:.4g}" for rate in rates[:2]) + (" ..." if len(rates) > 2 else "")


def verdict(report: LoopReport) -> str:
    """One line: the worst figures beside their bounds."""
    noise = ""
    if report.noise:
        noise = f" (rounding alone, Torch with one thread: {max(report.noise):.1e}, {report.noise_drift:.1e})"
    times = ", ".join(f"{name} {seconds:.2f} s a step" for name, seconds in report.seconds.items())
    word = "agrees" if report.ok else "UNDECIDED" if report.undecided and not report.problems else "DOES NOT AGREE"
    wanted = f" of {report.wanted}" if report.wanted else ""
    return (
        f"{report.title}: {word}: {len(report.steps)}{wanted} steps, figures within {report.worst:.1e} "
        f"(bound {report.bounds.loss:.0e}), parameters {report.drift:.1e} of their way apart "
        f"(bound {report.bounds.drift:.0e}){noise} [{times}]"
    )


def as_json(report: LoopReport) -> dict[str, Any]:
    """The same as plain values; what is not finite is null."""
    told = {**asdict(report), "worst": report.worst, "ok": report.ok, "undecided": report.undecided}
    told["sentence"] = report.split.sentence() if report.split else ""
    plain: dict[str, Any] = finite(told)
    return plain
