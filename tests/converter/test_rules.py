"""Every rule is proved: its cases run in Torch and, converted, in Jittor, and the results are equal."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.rules import Answer, Rule, load
from tests.converter.known_exceptions import KNOWN_EXCEPTIONS
from tests.converter.proof.session import Outcome, prove

RULES = {rule.api: rule for rule in load() if rule.answer is not Answer.NEEDS_YOU}


@pytest.fixture(scope="session")
def outcome(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """One run of both processes for all rules that were selected (``-k``)."""
    selected: list[Rule] = []
    for item in request.session.items:
        callspec = getattr(item, "callspec", None)
        if callspec is not None and item.path == Path(__file__):
            selected.append(RULES[callspec.params["api"]])
    return prove(selected, tmp_path_factory.mktemp("proof"))


@pytest.mark.parametrize("api", sorted(RULES))
def test_rule(api: str, outcome: Outcome) -> None:
    verdicts = outcome.of(api)
    assert any(not v.skipped for v in verdicts), f"{api}: nothing was proved"
    failing = [v for v in verdicts if not v.ok]
    if api in KNOWN_EXCEPTIONS:
        assert failing, f"{api} holds now: take it out of known_exceptions.py"
        return
    assert not failing, "\n\n".join(outcome.explain(v) for v in failing)


def test_known_exceptions_are_rules() -> None:
    assert set(KNOWN_EXCEPTIONS) <= set(RULES)
