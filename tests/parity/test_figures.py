"""The figures of a comparison."""

import math

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.figures import figures
from parity.tolerances import Tolerance


def test_every_figure_of_one_comparison() -> None:
    found = figures(np.array([1.0, 2.5, 0.5, 0.0]), np.array([1.0, 2.0, 0.0, 0.0]), Tolerance(0.1, 0.1))
    assert (found.max_abs, found.max_rel, found.outside, found.ok) == (0.5, 0.25, 0.5, False)
    assert found.cosine == pytest.approx(6 / math.sqrt(5) / math.sqrt(1 + 2.5**2 + 0.5**2))
    assert (found.used, found.at, found.largest, found.problem) == (pytest.approx(5.0), 2, 2.0, "")
    within = figures(np.array([1.05]), np.array([1.0]), Tolerance(0.1))
    assert within.ok and within.outside == 0 and within.used == pytest.approx(0.5)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ml_dtypes.bfloat16])
def test_steps_between_neighbouring_numbers(dtype: type) -> None:
    one = np.array([1.0, -2.0, 0.0]).astype(dtype)
    for toward in (np.inf, -np.inf):
        next_one = np.nextafter(one, np.array(toward).astype(dtype))
        assert figures(next_one, one).max_ulp == 1
    assert figures(-one, np.zeros(3, dtype)).max_ulp > 1000
    smallest = np.nextafter(np.zeros(1, dtype), np.ones(1, dtype))
    assert figures(smallest, -smallest).max_ulp == 2  # 0 lies between
    assert figures(np.array([-0.0], dtype), np.array([0.0], dtype)).max_ulp == 0
    largest = np.array([float(np.finfo(np.float64).max)])
    assert figures(-largest, largest).max_ulp == pytest.approx(2.0**64, rel=1e-3)


def test_steps_count_in_the_dtype_of_the_reference() -> None:
    exact, rounded = np.array([1 / 3]), np.array([1 / 3], np.float32)
    assert figures(exact, rounded).max_ulp == 0
    assert figures(rounded, exact).max_ulp > 1e6
    assert math.isnan(figures(np.array([1]), np.array([1])).max_ulp)
    assert figures(np.array([1 + 1j]), np.array([1 + np.nextafter(1, 2) * 1j])).max_ulp == 1


def test_what_is_not_finite_is_a_problem_and_counts_as_outside() -> None:
    found = figures(np.array([1.0, np.nan, np.inf, -np.inf]), np.array([1.0, 2.0, np.inf, np.inf]), Tolerance(9, 9))
    assert not found.ok and found.outside == 0.5 and found.used == math.inf and found.at == 1
    assert found.problem == "nan, expected 2 at flat index 1"
    assert figures(np.array([np.nan, np.inf]), np.array([np.nan, np.inf])).ok


def test_imaginary_parts_are_compared() -> None:
    assert not figures(np.array([1 + 1j]), np.array([1 + 2j]), Tolerance(0.5)).ok
    assert figures(np.array([1 + 1j]), np.array([1 + 1.5j]), Tolerance(0.5)).ok
    assert "dtype" in figures(np.array([1 + 0j]), np.array([1.0]), Tolerance(9)).problem


def test_the_cosine_of_vectors_without_length_and_of_huge_ones() -> None:
    assert figures(np.zeros(2), np.zeros(2)).cosine == 1
    assert figures(np.zeros(2), np.ones(2)).cosine == 0
    assert figures(np.full(2, 1e300), np.full(2, 2e300)).cosine == pytest.approx(1)
    assert figures(np.array([1e-300, 0]), np.array([0, 1e-300])).cosine == 0
    assert figures(np.array([-3.0]), np.array([2.0])).cosine == -1


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1), st.floats(0, 1e-3), st.floats(0, 1e-3))
def test_the_verdict_is_that_of_the_definition(values: list[float], absolute: float, relative: float) -> None:
    reference = np.array(values, np.float32)
    ours = (reference * np.float32(1 + 5e-4) + np.float32(5e-4)).astype(np.float32)
    found = figures(ours, reference, Tolerance(absolute, relative))
    gap, size = np.abs(ours.astype(float) - reference.astype(float)), np.abs(reference.astype(float))
    assert found.ok == bool((gap <= absolute + relative * size).all())
    assert found.ok == (found.outside == 0)
    assert found.max_abs == gap.max()


def test_the_largest_differences_are_reported():
    found = figures(np.array([1.0, 2.0, 0.5]), np.array([1.0, 2.5, 0.0]), Tolerance(0.1))
    assert not found.ok
    assert found.max_abs == 0.5
    assert found.max_rel == pytest.approx(0.2)


def test_a_tolerance_may_be_relative_to_each_entry_or_to_the_largest():
    ours, reference = np.array([100.0, 1.01]), np.array([100.0, 1.0])
    assert not figures(ours, reference, Tolerance(relative=1e-3)).ok
    assert figures(ours, reference, Tolerance(relative=1e-3, of_largest=True)).ok
    assert figures(ours, reference, Tolerance(absolute=0.005, relative=0.006)).ok


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_equals_only_itself(value):
    assert figures(np.array([value]), np.array([value])).ok
    assert not figures(np.array([1.0]), np.array([value]), Tolerance(1e9, 1e9)).ok
    assert not figures(np.array([value]), np.array([1.0]), Tolerance(1e9, 1e9)).ok


def test_one_nan_among_equal_entries_fails():
    found = figures(np.array([1.0, np.nan, 3.0]), np.array([1.0, 2.0, 3.0]), Tolerance(1.0))
    assert not found.ok and "flat index 1" in found.problem


def test_shapes_dtypes_and_texts():
    assert figures(np.float32(3).reshape(1), np.array(3.0, dtype=np.float32)).ok  # Jittor has no scalars
    assert not figures(np.zeros((2, 1)), np.zeros((1, 2)), Tolerance(1.0)).ok
    assert not figures(np.array([1]), np.array([1.0]), Tolerance(1.0)).ok
    assert figures(np.array([1], dtype=np.int32), np.array([1], dtype=np.int64)).ok
    assert figures(np.array(["a", "b"]), np.array(["a", "b"])).ok
    assert not figures(np.array(["a", "b"]), np.array(["a", "c"])).ok
    assert not figures(np.array(["1"]), np.array([1])).ok
    assert figures(np.zeros(0), np.zeros(0)).ok
