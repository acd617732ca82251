"""The report of a golden comparison, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tabulate import tabulate

from parity.golden.run import Report, Row

HEADERS = ("side", "entry", "max abs diff", "max rel diff", "tolerance", "ok")


def as_text(report: Report, every_entry: bool = False) -> str:
    """A table with a line per entry (or per group of entries, its worst), then the reasons and the verdict."""
    lines = [_line(rows, every_entry) for rows in _grouped(report.rows, every_entry)]
    parts = [tabulate(lines, headers=HEADERS, tablefmt="simple", disable_numparse=True)]
    notes = sorted({f"{r.side} {r.name}: {r.difference.problem}" for r in report.rows if r.difference.problem})
    if notes:
        parts.append("\n".join(notes))
    if report.not_compared:
        parts.append("not compared:\n" + "\n".join(_reasons(report.not_compared, every_entry)))
    parts += report.problems
    failed = sum(not row.difference.ok for row in report.rows)
    times = ", ".join(f"{side} {seconds:.0f} s" for side, seconds in report.seconds.items())
    verdict = "agrees" if report.ok else "DOES NOT AGREE"
    parts.append(
        f"{report.method}: {verdict}: {len(report.rows) - failed} of {len(report.rows)} comparisons within tolerance,"
        f" {len(report.problems)} problems ({times})"
    )
    return "\n\n".join(parts)


def as_json(report: Report) -> dict[str, Any]:
    """The same as plain values; figures that are not finite are null."""
    rows = [
        {
            "side": row.side,
            "entry": row.name,
            "max_abs": _finite(row.difference.max_abs),
            "max_rel": _finite(row.difference.max_rel),
            "tolerance": {
                "absolute": row.tolerance.absolute,
                "relative": row.tolerance.relative,
                "of_largest": row.tolerance.of_largest,
            },
            "ok": row.difference.ok,
            "note": row.difference.problem,
        }
        for row in report.rows
    ]
    return {
        "method": report.method,
        "ok": report.ok,
        "rows": rows,
        "not_compared": report.not_compared,
        "problems": report.problems,
        "seconds": report.seconds,
    }


def _grouped(rows: Iterable[Row], every_entry: bool) -> Iterable[Sequence[Row]]:
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        # What fails is named by itself.
        together = row.group if row.group and row.difference.ok and not every_entry else row.name
        groups.setdefault((row.side, together), []).append(row)
    return groups.values()


def _line(rows: Sequence[Row], every_entry: bool) -> tuple[str, ...]:
    first = rows[0]
    name = first.name if len(rows) == 1 else f"{first.group} ({len(rows)})"
    largest = max(row.difference.max_abs for row in rows)
    relative = max(row.difference.max_rel for row in rows)
    return (
        first.side,
        name,
        f"{largest:.2e}",
        f"{relative:.2e}",
        str(first.tolerance),
        "ok" if first.difference.ok else "FAIL",
    )


def _reasons(not_compared: dict[str, str], every_entry: bool) -> list[str]:
    by_reason: dict[str, list[str]] = {}
    for name, reason in not_compared.items():
        by_reason.setdefault(reason, []).append(name)
    shown = []
    for reason, names in by_reason.items():
        some = names if every_entry or len(names) <= 4 else [*names[:3], f"... ({len(names)} in all)"]
        shown.append(f"  {reason}: {', '.join(some)}")
    return shown


def _finite(value: float) -> float | None:
    return value if value < float("inf") else None
