"""The report of a training comparison, as text and as plain values."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from tabulate import tabulate

from parity.training.run import Report


def as_text(report: Report) -> str:
    """A line a step, the parameters at the end, and the verdict."""
    parts = [f"{report.method}: {report.wanted} steps; {report.size}"]
    headers = ["step", "torch loss", "jittor loss", "max rel diff", "of", "bound"]
    headers += ["torch again, 1 thread"] if report.noise else []
    rows = []
    for number, step in enumerate(report.steps, start=1):
        row = [str(number), f"{step.torch.get('loss', math.nan):.6f}", f"{step.jittor.get('loss', math.nan):.6f}"]
        row += [f"{step.relative:.1e}", step.worst, f"{report.bounds.loss:.0e}"]
        rows.append(row + ([f"{report.noise[number - 1]:.1e}"] if report.noise else []))
    parts.append(tabulate(rows, headers=headers, tablefmt="simple", disable_numparse=True))
    if report.furthest:
        ends = [(name, f"{apart:.1e}", f"{way:.1e}") for name, apart, way in report.furthest]
        parts.append(tabulate(ends, headers=["parameter", "apart", "way from the start"], disable_numparse=True))
    if report.parting:
        at = report.parting
        where = f"; before it {at.tensor} differed most ({at.relative:.1e} of the way)" if at.tensor else ""
        parts.append(f"they part at step {at.step}, in {at.figure}{where}")
    parts += report.problems
    parts.append(verdict(report))
    return "\n\n".join(parts)


def verdict(report: Report) -> str:
    """One line: the worst figures beside their bounds."""
    noise = ""
    if report.noise:
        noise = f" (rounding alone, Torch with one thread: {max(report.noise):.1e}, {report.noise_drift:.1e})"
    times = ", ".join(f"{name} {seconds:.2f} s a step" for name, seconds in report.seconds.items())
    return (
        f"{report.method}: {'agrees' if report.ok else 'DOES NOT AGREE'}: {len(report.steps)} of {report.wanted} steps,"
        f" figures within {report.worst:.1e} (bound {report.bounds.loss:.0e}),"
        f" parameters {report.drift:.1e} of their way apart (bound {report.bounds.drift:.0e}){noise} [{times}]"
    )


def as_json(report: Report) -> dict[str, Any]:
    """The same as plain values; what is not finite is null."""
    plain: dict[str, Any] = finite({**asdict(report), "worst": report.worst, "ok": report.ok})
    return plain


def finite(value: Any) -> Any:
    """Plain values in which what is no finite number is None."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
