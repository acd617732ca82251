"""Comparisons that other commands made, as lines of one table.

Read are the reports of pytest sessions (``pytest --parity-report``), of ``jack-parity golden --output-format json`` and
of ``jack-parity models --results``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parity.dossier.conversion import DossierError
from parity.dossier.evidence import read_json
from parity.report.page import NOTHING, figure, limit

STATES = {"equal": "equal", "differs": "wrong", "needs you": "open", "not run": "open"}


@dataclass(frozen=True)
class Check:
    """What is known of one subject.

    Attributes:
        subject: what was compared.
        kind: how: ``evaluation``, ``training``, ``golden, jittor``, ...
        equal, count: how many of how many comparisons hold.
        worst: the largest relative difference, as text.
        tolerance: what it was held against, as text.
        state: ``equal``, ``wrong`` or ``open`` (not compared).
        remark: what else is to be said; may be empty.
    """

    subject: str
    kind: str
    equal: int
    count: int
    worst: str
    tolerance: str
    state: str
    remark: str = ""


@dataclass(frozen=True)
class Checks:
    """The checks of one file, and the command that makes such a file."""

    file: str
    command: str
    rows: list[Check]


def read_checks(path: Path) -> Checks:
    """Read one of the known reports.

    Raises:
        DossierError: it is none of them.
    """
    told = read_json(path, "--check")
    try:
        if isinstance(told, dict) and str(told.get("format", "")).startswith("jack-parity-session/"):
            return Checks(path.name, f"pytest --parity-report {path.name}", _session(told))
        if isinstance(told, dict) and "models" in told:
            command = str(told.get("source", {}).get("command", f"jack-parity models ... --results {path.name}"))
            return Checks(path.name, command, _models(told))
        reports = told if isinstance(told, list) else [told]
        if reports and all(isinstance(each, dict) and "rows" in each and "method" in each for each in reports):
            methods = " ".join(f"--method {each['method']}" for each in reports)
            command = f"jack-parity golden {methods} --output-format json > {path.name}"
            return Checks(path.name, command, [row for each in reports for row in _golden(each)])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise DossierError(f"--check {path}: cannot be understood ({type(error).__name__}: {error})") from None
    raise DossierError(
        f"--check {path}: no report of pytest --parity-report, jack-parity golden or jack-parity models --results"
    )


def _session(told: dict[str, Any]) -> list[Check]:
    subjects: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in told["comparisons"]:
        subjects.setdefault((row["subject"], row.get("test", "")), []).append(row)
    found = []
    for (subject, test), rows in subjects.items():
        bad = [row for row in rows if not row["ok"]]
        # What uses most of its tolerance; what has no figure is worse than any.
        worst = max(rows, key=lambda row: float("inf") if row["used"] is None else row["used"])
        remark = "; ".join(f"{row['name']}: {row['problem'] or 'outside'}" for row in bad[:3])
        values = (figure(worst["max_rel"]), worst["tolerance"], "wrong" if bad else "equal", remark or worst["name"])
        found.append(Check(subject, test or "assertion", len(rows) - len(bad), len(rows), *values))
    return found


def _golden(told: dict[str, Any]) -> list[Check]:
    sides: dict[str, list[dict[str, Any]]] = {}
    for row in told["rows"]:
        sides.setdefault(row["side"], []).append(row)
    found = []
    for side, rows in sides.items():
        bad = [row for row in rows if not row["ok"]]
        worst = max(rows, key=lambda row: (not row["ok"], float("inf") if row["max_rel"] is None else row["max_rel"]))
        allowed = worst["tolerance"]
        unit = " of the largest" if allowed.get("of_largest") else ""
        words = f"{limit(allowed['absolute'])} + {limit(allowed['relative'])}{unit}"
        remark = "; ".join(f"{row['entry']}: {row['note'] or figure(row['max_rel'])}" for row in bad[:3])
        state = "wrong" if bad else "equal"
        head = (told["method"], f"golden, {side}", len(rows) - len(bad), len(rows))
        found.append(Check(*head, figure(worst["max_rel"]), words, state, remark or worst["entry"]))
    problems = [str(problem).splitlines()[0] for problem in told.get("problems", []) if str(problem).strip()]
    found += [Check(told["method"], "golden", 0, 0, NOTHING, NOTHING, "wrong", problem) for problem in problems]
    return found


def _models(told: dict[str, Any]) -> list[Check]:
    source = told.get("source", {})
    found = []
    for key, answers in told["models"].items():
        for mode, answer in answers.items():
            if answer.get("answer") == "not run":  # not even in Torch: says nothing of the conversion
                continue
            equal = sum(answer.get(f"{group}s equal", 0) for group in ("output", "gradient", "buffer"))
            count = sum(answer.get(f"{group}s", 0) for group in ("output", "gradient", "buffer"))
            kind = {"eval": "evaluation", "train": "training"}.get(mode, mode)
            state = STATES.get(answer.get("answer", ""), "wrong")
            allowed = limit(source["tolerance"]) if "tolerance" in source else NOTHING
            found.append(
                Check(key, kind, equal, count, figure(answer.get("output")), allowed, state, answer.get("reason", ""))
            )
    return found
