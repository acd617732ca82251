"""Timings that ``jack-bench`` wrote: whatever of them is there.

A timing is an object with ``steps`` (seconds) or ``median``; it may lie anywhere in the file.  Its name is the path
that leads to it; those that differ only in the last part belong together, and the others are measured by the first.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parity.dossier.conversion import DossierError
from parity.dossier.evidence import read_json


@dataclass(frozen=True)
class Timing:
    """One framework's figures; None for what the file does not hold.

    Attributes:
        group: what was timed; "" if the file does not say.
        name: the framework, with its version if it is there.
        median: seconds of a step.
        spread: distance between the quartiles as a share of the median.
        ratio: median, as a multiple of the first timing of the group.
        first: seconds of the first call, in which Jittor compiles.
        peak: largest memory of the process, in bytes.
        steps: how many were measured.
    """

    group: str
    name: str
    median: float
    spread: float | None
    ratio: float | None
    first: float | None
    peak: float | None
    steps: int | None


def read_timings(path: Path) -> list[Timing]:
    """Every timing in a file.

    Raises:
        DossierError: there is none.
    """
    told = read_json(path, "--bench")
    found: list[Timing] = []
    reference: dict[str, float] = {}
    for names, value in _timings(told, ()):
        steps = [float(each) for each in value.get("steps") or [] if isinstance(each, int | float)]
        median = statistics.median(steps) if steps else float(value["median"])
        group = ", ".join(names[:-1])
        ratio = median / reference[group] if reference.get(group) else None
        reference.setdefault(group, median)
        name = f"{names[-1] if names else path.stem} {value.get('version', '')}".strip()
        figures = (_spread(steps, median), ratio, _number(value, "first"), _number(value, "peak"), len(steps) or None)
        found.append(Timing(group, name, median, *figures))
    if not found:
        raise DossierError(f"--bench {path}: no timings in it; write them with jack-bench run --json")
    return found


def _timings(value: Any, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    if isinstance(value, dict):
        steps = value.get("steps")
        timed = isinstance(steps, list) and steps and all(isinstance(each, int | float) for each in steps)
        if timed or isinstance(value.get("median"), int | float):
            yield names, value
            return
        for name, each in value.items():
            yield from _timings(each, (*names, str(name)))
    elif isinstance(value, list):
        for at, each in enumerate(value, 1):
            title = each.get("name") or each.get("target") or each.get("case") if isinstance(each, dict) else None
            yield from _timings(each, (*names, str(title or at)))


def _spread(steps: list[float], median: float) -> float | None:
    if len(steps) < 4 or not median:
        return None
    low, _, high = statistics.quantiles(steps, n=4)
    return (high - low) / median


def _number(value: dict[str, Any], name: str) -> float | None:
    found = value.get(name)
    return float(found) if isinstance(found, int | float) else None
