"""Figures and verdicts."""

from __future__ import annotations

import math
from collections import namedtuple
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from parity.check.compare import Limits, compare, compare_group
from parity.check.job import load, save
from parity.check.jumps import only_gradients_differ, rounding_may_explain, with_noise
from parity.check.values import leaves
from parity.tolerances import EXACT, TABLE, Tolerance

WIDE = Tolerance(1.0)


def share(relative: float) -> Tolerance:
    return Tolerance(relative=relative, of_largest=True)


def test_relative_to_the_largest_value() -> None:
    row = compare("output", "x", np.array([10.0, 0.0]), np.array([10.0, 0.001]), share(1e-3))
    assert math.isclose(row.absolute, 1e-3) and math.isclose(row.relative, 1e-4) and row.holds
    assert not compare("output", "x", np.array([1.0, 0.0]), np.array([1.0, 0.01]), share(1e-3)).holds


def test_floor_is_for_what_rounding_leaves_of_zero() -> None:
    a, b = np.array([1e-9]), np.array([-1e-9])
    assert not compare("gradient", "b", a, b, share(1e-3)).holds
    assert compare("gradient", "b", a, b, share(1e-3), floor=1e-8).holds


def test_shapes_and_kinds() -> None:
    zero = np.zeros(())
    assert compare("output", "x", zero, np.zeros(1), EXACT).holds
    assert "shape" in compare("output", "x", np.zeros((2, 1)), np.zeros(2), WIDE).problem
    assert "int64" in compare("output", "x", np.zeros(2, "int64"), np.zeros(2, "float32"), WIDE).problem
    assert compare("output", "x", np.zeros(2, "int64"), np.zeros(2, "int32"), EXACT).holds
    assert not compare("output", "x", np.zeros(2), None, WIDE).holds


def test_non_finite_values_must_agree() -> None:
    a = np.array([np.nan, np.inf, 1.0])
    assert compare("output", "x", a, a.copy(), EXACT).holds
    assert not compare("output", "x", a, np.array([np.nan, -np.inf, 1.0]), WIDE).holds
    assert not compare("output", "x", np.array([1.0]), np.array([np.nan]), WIDE).holds
    assert compare("output", "x", np.array([np.nan]), np.array([np.nan]), EXACT).holds


def test_zero_against_something_is_a_difference() -> None:
    assert not compare("gradient", "w", np.zeros(3), np.full(3, 1e-3), share(1e-3)).holds
    assert compare("gradient", "w", np.zeros(3), np.zeros(3), EXACT).holds
    assert compare("output", "empty", np.zeros((0, 3)), np.zeros((0, 3)), EXACT).holds


def test_a_jump_explains_gradients_up_to_twice_what_rounding_does() -> None:
    row = compare("gradient", "w", np.array([1.0, 1.0]), np.array([1.0, 1.5]), share(1e-3))
    assert not row.holds and not row.jump
    assert replace(row, noise=0.25).jump and replace(row, noise=0.25).holds
    assert not replace(row, noise=0.24).holds
    missing = compare("gradient", "w", np.zeros(2), None, WIDE)
    assert not replace(missing, noise=9.0).holds
    output = replace(row, group="output")
    assert only_gradients_differ([row]) and not only_gradients_differ([row, output]) and not only_gradients_differ([])


def test_outputs_are_put_down_to_rounding_only_where_they_are_nearly_equal(tmp_path: Path) -> None:
    near = compare("output", "x", np.array([1.0, 1.0]), np.array([1.0, 1.005]), share(1e-4))
    far = compare("output", "x", np.array([1.0, 1.0]), np.array([1.0, 1.02]), share(1e-4))
    buffer = replace(near, group="weights")
    assert rounding_may_explain([near])
    assert not any(rounding_may_explain(rows) for rows in ([], [far], [near, far], [near, buffer]))
    save(tmp_path / "noise.npz", {"gradients": {}, "outputs": {"x": np.array(0.003)}})
    assert with_noise([near], tmp_path, outputs=True)[0].jump
    assert not with_noise([near], tmp_path)[0].holds
    save(tmp_path / "noise.npz", {"gradients": {}, "outputs": {"x": np.array(0.002)}})
    assert not with_noise([near], tmp_path, outputs=True)[0].holds


def test_whole_numbers_do_not_round() -> None:
    row = compare("output", "x", np.array([100000]), np.array([100001]), share(1e-3))
    assert not row.holds and row.tolerance == EXACT


def test_the_tolerance_is_that_of_the_dtype_in_which_was_computed() -> None:
    model = TABLE["model"]
    assert Limits(model, computed="float64").of("output", "float64") == Tolerance(0.0, 1e-9, of_largest=True)
    assert Limits(model, computed="float32").of("output", "float64") == model.value
    assert Limits(model, computed="float32").of("gradient", "float32") == model.gradient
    assert Limits(TABLE["conv"], computed="float32").of("output", "float16") == TABLE["half"].value
    assert Limits(model, computed="float32").of("output", "int64") == EXACT
    assert Limits(model, 1e-2, None, "float64").of("buffer", "float64") == share(1e-2)
    assert Limits(model).of("output", "float64").relative == 1e-9  # nothing floating went in


def test_members_of_one_side_only() -> None:
    rows = compare_group("output", {"a": np.zeros(1)}, {"b": np.zeros(1)}, Limits(TABLE["model"]))
    assert [row.problem for row in rows] == ["missing in Jittor", "missing in Torch"]


def test_exchange_file_keeps_groups_order_and_names(tmp_path: Path) -> None:
    groups = {"outputs": {"output['a/b']": np.arange(3)}, "empty": {}, "weights": {"w.0": np.zeros((2, 0), "float32")}}
    save(tmp_path / "x.npz", groups)
    back = load(tmp_path / "x.npz")
    assert list(back) == list(groups)
    assert np.array_equal(back["outputs"]["output['a/b']"], np.arange(3))
    assert back["weights"]["w.0"].shape == (2, 0)


def test_leaves_have_paths() -> None:
    @dataclass
    class Result:
        logits: int
        hidden: tuple[int, int]

    Pair = namedtuple("Pair", "first second")
    value = {"a": [1, (2, 3)], "b": Pair(4, None), "c": Result(5, (6, 7))}
    found = dict(leaves(value, lambda leaf: isinstance(leaf, int)))
    assert found == {
        "output['a'][0]": 1,
        "output['a'][1][0]": 2,
        "output['a'][1][1]": 3,
        "output['b'].first": 4,
        "output['b'].second": None,
        "output['c'].logits": 5,
        "output['c'].hidden[0]": 6,
        "output['c'].hidden[1]": 7,
    }
    assert dict(leaves(8, lambda leaf: isinstance(leaf, int))) == {"output": 8}
