"""The report of ``jack-parity optimizers``, as text and as plain values."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tabulate import tabulate

from parity.optimizers.run import DIFFERS, FAILED, Row

WIDTH, NOTE = 60, 100


def as_text(rows: Sequence[Row], stock: bool, everything: bool = False) -> str:
    """A line for each entry, the steps of those that differ, and the counts.

    Args:
        stock: whether Jittor's own classes were compared.
        everything: print the steps of all of them.
    """
    lines = []
    for row in rows:
        worst = f"{row.worst:.1e}" if row.differences else "-"
        at = f"from step {row.first} on" if row.first else ""
        note = " ".join(part for part in (at, row.note) if part)
        lines.append(
            [row.entry.name, _cut(row.entry.arguments), worst, str(row.tolerance), row.verdict, _cut(note, NOTE)]
        )
    headers = ["class", "arguments", "largest difference", "tolerance", "verdict", "note"]
    parts = [tabulate(lines, headers=headers, tablefmt="simple", disable_numparse=True)]
    shown = [row for row in rows if row.differences and (everything or row.verdict == DIFFERS)]
    if shown:
        steps = [
            [f"{row.entry.name}({_cut(row.entry.arguments)})", *(f"{value:.0e}" for value in row.differences)]
            for row in shown
        ]
        count = max(len(row.differences) for row in shown)
        headers = ["after step", *(str(number) for number in range(1, count + 1))]
        parts.append(tabulate(steps, headers=headers, tablefmt="simple", disable_numparse=True))
    counts = Counter(row.verdict for row in rows)
    which = "Jittor's own class" if stock else "its conversion"
    told = ", ".join(f"{verdict} {count}" for verdict, count in counts.items())
    parts.append(f"{len(rows)} optimizers and schedules of Torch, each against {which}: {told}")
    return "\n\n".join(parts)


def as_json(rows: Sequence[Row], stock: bool) -> dict[str, Any]:
    """The same as plain values; what is not finite is null."""
    found = []
    for row in rows:
        plain = {**asdict(row), "tolerance": asdict(row.tolerance), "worst": row.worst}
        plain["differences"] = [value if math.isfinite(value) else None for value in row.differences]
        plain["worst"] = row.worst if math.isfinite(row.worst) else None
        found.append(plain)
    return {"stock": stock, "ok": holds(rows), "rows": found}


def holds(rows: Sequence[Row]) -> bool:
    """Whether nothing differs and nothing failed."""
    return all(row.verdict not in (DIFFERS, FAILED) for row in rows)


def _cut(text: str, width: int = WIDTH) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."
