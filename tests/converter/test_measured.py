"""Measured differences: kept for one state of a rule, shown on the page, and forgotten when the rule changes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from converter.proved import measured
from converter.report import pages
from converter.rules import load
from tests.converter.proof.compare import Verdict
from tests.converter.proof.record import record
from tests.converter.proof.session import Outcome

RULES = {rule.api: rule for rule in load()}
ADD, CAT = RULES["torch.nn.LayerNorm"], RULES["torch.cat"]


def _outcome() -> Outcome:
    return Outcome(
        verdicts=[
            Verdict("a", ADD.api, "positional", worst=1.23456e-6, allowed=1e-5),
            Verdict("b", ADD.api, "keyword", worst=5e-7, allowed=2e-5),
            Verdict("c", ADD.api, "defaults", worst=9.0, skipped="Torch refuses these inputs with the defaults"),
            Verdict("d", CAT.api, "positional", worst=0.5, allowed=1e-5, problems=["max difference 0.5"]),
        ]
    )


def test_the_worst_of_all_trials_is_kept_and_failures_are_not(tmp_path: Path) -> None:
    path = tmp_path / "measured.json"
    path.write_text(json.dumps({CAT.api: {"key": "old", "worst": 0.0, "allowed": 0.0, "trials": 1}, "gone": {
        "key": "", "worst": 0.0, "allowed": 0.0, "trials": 1}}))  # fmt: skip
    assert record([ADD, CAT], _outcome(), path) == (1, 1)
    entries = measured.load(path)
    assert set(entries) == {ADD.api}
    assert (entries[ADD.api].worst, entries[ADD.api].allowed, entries[ADD.api].trials) == (1.23e-6, 1e-5, 2)


def test_a_figure_holds_for_one_state_of_the_rule(tmp_path: Path) -> None:
    path = tmp_path / "measured.json"
    record([ADD], _outcome(), path)
    entries = measured.load(path)
    assert set(measured.current([ADD], entries)) == {ADD.api}
    assert measured.outdated([ADD], entries) == []
    for changed in (
        replace(ADD, to="jittor.nn.LayerNorm"),
        replace(ADD, cases=ADD.cases[:1]),
        replace(ADD, rename={"eps": "epsilon"}),
    ):
        assert measured.current([changed], entries) == {}
        assert measured.outdated([changed], entries) == [ADD.api]


def test_the_coverage_page_shows_current_figures(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    good = measured.Measured(measured.key(ADD), 1.23e-6, 1e-5, 2)
    stale = measured.Measured("0" * 16, 0.5, 1.0, 2)
    monkeypatch.setattr(pages.measured, "load", lambda: {ADD.api: good, CAT.api: stale})
    lines = pages.coverage().splitlines()
    assert next(line for line in lines if f"| `{ADD.api}` |" in line).endswith("| 1.2e-06 of 1.0e-05 |")
    assert next(line for line in lines if f"| `{CAT.api}` |" in line).endswith("|  |")
