"""Keep what a run of the proofs measured, for the pages."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from converter.proved import measured
from converter.proved.measured import Measured
from converter.rules import REGISTRY, Rule
from tests.converter.proof.session import Outcome


def entry(rule: Rule, outcome: Outcome) -> Measured | None:
    """What a run found about one rule; None where a trial failed or nothing was compared."""
    verdicts = [v for v in outcome.of(rule.api) if not v.skipped and v.style != "alone"]
    if not verdicts or any(not v.ok for v in verdicts):
        return None
    worst = max(verdicts, key=lambda v: v.worst)
    return Measured(measured.key(rule), float(f"{worst.worst:.3g}"), float(f"{worst.allowed:.3g}"), len(verdicts))


def record(rules: Iterable[Rule], outcome: Outcome, path: Path = measured.PATH) -> tuple[int, int]:
    """Write the figures of these rules into the file; those of other rules stay, while there is such a rule.

    Returns:
        How many rules were recorded, and how many were not (their old figures are taken out).
    """
    entries = {api: e for api, e in measured.load(path).items() if api in REGISTRY}
    done = left = 0
    for rule in rules:
        found = entry(rule, outcome)
        if found is None:
            left += 1
            entries.pop(rule.api, None)
        else:
            done += 1
            entries[rule.api] = found
    temporary = path.with_suffix(".tmp")
    temporary.write_text(measured.render(entries), encoding="utf-8")
    os.replace(temporary, path)
    return done, left
