"""Every rule is proved: its cases run in Torch and, converted, in Jittor, and the results are equal.

Compiling Jittor's operators for all cases takes half an hour on a machine that has not done it before, so the first
case of every rule is proved by ``make test`` (in all calling styles), and all cases by ``make test-slow``.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from converter.proved import measured
from converter.proved.known_exceptions import AT_MOST, KNOWN_EXCEPTIONS
from converter.rules import Answer, Rule, load
from parity.records import RECORDS, Comparison
from parity.tolerances import TABLE
from tests.converter.proof.compare import Verdict
from tests.converter.proof.session import Outcome, prove

RULES = {rule.api: rule for rule in load() if rule.answer is not Answer.NEEDS_YOU}
FIRST_CASES = 1


def selected(request: pytest.FixtureRequest, test: str) -> list[Rule]:
    """The rules that this run asks a test for (``-k``)."""
    chosen: list[Rule] = []
    for item in request.session.items:
        callspec = getattr(item, "callspec", None)
        if callspec is not None and item.path == Path(__file__) and getattr(item, "originalname", "") == test:
            chosen.append(RULES[callspec.params["api"]])
    return chosen


@pytest.fixture(scope="session")
def first_cases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """One run of both processes for the first cases of all rules selected."""
    rules = [replace(rule, cases=_first(rule)) for rule in selected(request, "test_rule")]
    return prove(rules, tmp_path_factory.mktemp("proof"))


@pytest.fixture(scope="session")
def all_cases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """One run of both processes for all cases of all rules selected."""
    return prove(selected(request, "test_every_case_of_rule"), tmp_path_factory.mktemp("proof"))


def _first(rule: Rule) -> tuple:  # type: ignore[type-arg]
    executed = [case for case in rule.cases if case.form != "alone"][:FIRST_CASES]
    return tuple(case for case in rule.cases if case.form == "alone" or case in executed)


@pytest.mark.parametrize("api", sorted(RULES))
def test_rule(api: str, first_cases: Outcome) -> None:
    _judge(api, first_cases)


@pytest.mark.slow
@pytest.mark.parametrize("api", sorted(RULES))
def test_every_case_of_rule(api: str, all_cases: Outcome) -> None:
    _judge(api, all_cases)


def _judge(api: str, outcome: Outcome) -> None:
    verdicts = outcome.of(api)
    RECORDS.comparisons += [_comparison(v) for v in verdicts if not v.skipped]
    assert any(not v.skipped for v in verdicts), f"{api}: nothing was proved"
    failing = [v for v in verdicts if not v.ok]
    if api in KNOWN_EXCEPTIONS:
        assert failing, f"{api} holds now: take it out of known_exceptions.py"
        return
    assert not failing, "\n\n".join(outcome.explain(v) for v in failing)


def _comparison(verdict: Verdict) -> Comparison:
    """For ``pytest --parity``: the worst difference of a trial beside what is allowed there."""
    used = verdict.worst / verdict.allowed if verdict.allowed else (math.inf if verdict.worst else 0.0)
    figures = (verdict.worst, math.nan, math.nan, math.nan, 0.0 if verdict.ok else math.nan)
    problem = " ".join("; ".join(verdict.problems).split())[:110]
    name = verdict.key.removeprefix(verdict.api)
    return Comparison(verdict.api, name, *figures, f"{verdict.allowed:.0e}", used, verdict.ok, problem)


def test_known_exceptions_are_rules() -> None:
    assert set(KNOWN_EXCEPTIONS) <= set(RULES)


def test_known_exceptions_only_shrink() -> None:
    assert len(KNOWN_EXCEPTIONS) == AT_MOST, "one was repaired: lower AT_MOST; one was added: repair it instead"


def test_every_tolerance_is_in_the_table() -> None:
    used = {case.tolerance for rule in RULES.values() for case in rule.cases}
    assert used <= set(TABLE)


@pytest.mark.slow
def test_every_rule_has_a_measured_figure() -> None:
    missing = measured.outdated(RULES.values(), measured.load())
    assert not missing, f"{len(missing)} rules: run python -m tests.converter.proof --record: {missing[:10]}"
