"""No crash and no broken promise, whatever valid Python comes in."""

from __future__ import annotations

import random

import hypothesmith
import pytest
from hypothesis import HealthCheck, given, settings

from tests.converter import fuzz

QUIET = list(HealthCheck)


@pytest.mark.parametrize("seed", range(30))
def test_damaged_torch_programs(seed: int) -> None:
    text = fuzz.program(random.Random(seed))
    assert fuzz.broken(text) == "", text


@given(hypothesmith.from_node())
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=QUIET, database=None)
def test_random_programs(text: str) -> None:
    assert fuzz.broken(text) == ""
    assert fuzz.broken(f"{text}\nimport torch\nx = torch.relu(torch.zeros(2))  # end\n") == ""


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 3000))
def test_more_damaged_torch_programs(seed: int) -> None:
    text = fuzz.program(random.Random(seed))
    assert fuzz.broken(text) == "", text


@pytest.mark.slow
@given(hypothesmith.from_grammar() | hypothesmith.from_node())
@settings(max_examples=500, deadline=None, suppress_health_check=QUIET, database=None)
def test_more_random_programs(text: str) -> None:
    assert fuzz.broken(text) == ""
