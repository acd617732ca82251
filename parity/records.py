"""What the comparisons of a session found, for the summary and the report of the pytest plugin."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FORMAT = "jack-parity-session/1"


@dataclass(frozen=True)
class Comparison:
    """One array of one comparison.

    Attributes:
        subject: what was compared: ``net.py:Net``, or the name that the caller gave.
        name: ``output``, ``gradient fc.weight``, ``input 0``.
        max_abs, max_rel, max_ulp, cosine, outside: see :class:`parity.figures.Figures`.
        tolerance: what it was held against, in words.
        used: share of the tolerance; more than 1 is too much.
        ok: whether both sides agree.
        problem: what is wrong beside the figures.
        place: ``file:line`` of the program.
        test: the test's name in pytest; "" outside of it.
    """

    subject: str
    name: str
    max_abs: float
    max_rel: float
    max_ulp: float
    cosine: float
    outside: float
    tolerance: str
    used: float
    ok: bool
    problem: str = ""
    place: str = ""
    test: str = ""


@dataclass
class Records:
    """What was found since the last :meth:`take`.

    Attributes:
        comparisons: in the order in which they were made.
        notes: sentences about a subject that make no difference by themselves, as ``subject: sentence``.
    """

    comparisons: list[Comparison] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def take(self) -> dict[str, list[Any]]:
        """Everything as plain values; none of it stays."""
        told: dict[str, list[Any]] = {"comparisons": [asdict(c) for c in self.comparisons], "notes": list(self.notes)}
        self.comparisons.clear()
        self.notes.clear()
        return told


RECORDS = Records()


def worst_first(comparisons: Iterable[Comparison]) -> list[Comparison]:
    """What fails comes first, then by the share of the tolerance that is used."""
    return sorted(comparisons, key=lambda c: (c.ok, -c.used, -c.max_abs))


def write_report(path: Path, comparisons: Iterable[Comparison], notes: Iterable[str]) -> None:
    """Write all comparisons, worst first, as JSON, in one step; figures that are not finite are null.

    Raises:
        OSError: the file cannot be written.
    """
    rows = worst_first(comparisons)
    told = {
        "format": FORMAT,
        "ok": all(row.ok for row in rows),
        "comparisons": [{k: _plain(v) for k, v in asdict(row).items()} for row in rows],
        "notes": list(dict.fromkeys(notes)),
    }
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    os.replace(partial, path)


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
