"""``jack.optimize``: what it makes faster stays the same, and what it cannot keep the same it refuses."""

import json

import pytest

from parity.isolation import run_python

ROUNDING = 2e-6  # of the largest magnitude; folded batch norms move the last bits


def run_cases(folder, environment=None):
    """What came of every case of tests/jack/optimize_side.py, which runs in a process of its own."""
    result = folder / "outcomes.json"
    done = run_python("tests.jack.optimize_side", [str(result)], folder / "log.txt", 900, environment)
    assert done.ok, f"{done.reason}\n{done.tail()}"
    return json.loads(result.read_text())


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    return run_cases(tmp_path_factory.mktemp("optimize"))


@pytest.mark.parametrize(
    "case",
    [
        *("block", "read twice", "shared twice", "in place", "norm after relu", "geometries", "stock", "plain"),
        *("graphs", "graphs of five", "graphs with a spy", "by shape", "dropping", "hooked", "other shapes"),
        *("released", "unseen", "inception", "method", "depthwise", "part"),
    ],
)
def test_results_are_those_of_the_model(outcomes, case):
    assert outcomes[case].get("worst", 1) <= ROUNDING, outcomes[case]
    assert outcomes[case].get("structure", True)


def test_a_block_is_three_convolutions_and_nothing_else(outcomes):
    counts = outcomes["block"]["counts"]
    assert (counts["convolutions"], counts["folded"], counts["relus"], counts["sums"]) == (3, 3, 2, 1)
    assert {step.split()[0] for step in counts["steps"]} <= {"convolution", "reorder", "copy", "result"}


def test_a_value_that_others_read_is_not_folded_away(outcomes):
    assert outcomes["read twice"]["counts"]["folded"] == 0
    assert outcomes["read twice"]["counts"]["convolutions"] == 2


def test_a_norm_behind_a_relu_stays_where_it_is(outcomes):
    counts = outcomes["norm after relu"]["counts"]
    assert (counts["convolutions"], counts["scaled"], counts["folded"], counts["pools"]) == (2, 2, 0, 2)


def test_the_engine_does_all_geometries(outcomes):
    counts = outcomes["geometries"]["counts"]
    assert (counts["convolutions"], counts["products"], counts["pools"]) == (4, 1, 3)


def test_layers_of_jittor_are_known(outcomes):
    counts = outcomes["stock"]["counts"]
    assert (counts["convolutions"], counts["folded"], counts["sums"], counts["pools"], counts["products"]) == (
        2,
        1,
        1,
        1,
        1,
    )


def test_graph_convolutions_are_merged_unless_something_else_is_inside(outcomes):
    assert [outcomes[case]["counts"]["graphs"] for case in ("graphs", "graphs of five", "graphs with a spy")] == [
        1,
        1,
        0,
    ]


def test_zeros_around_become_padding_unless_a_pool_would_see_them(outcomes):
    counts = outcomes["inception"]["counts"]
    assert (counts["convolutions"], counts["pools"]) == (4, 2)
    assert sum(step.startswith("concat") for step in counts["steps"]) == 1


def test_a_hook_is_part_of_the_model(outcomes):
    assert outcomes["hooked"]["counts"]["convolutions"] == 3


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("looks", "looks at values (item) at "),
        ("branches", "looks at values (__bool__) at "),
        ("draws", "draws random numbers (rand) at "),
        ("counts", "changes its own attributes"),
        ("writes", "changes a tensor in place"),
        ("training", "training mode (Dropout)"),
        ("exact", "differs from the model's by "),
    ],
)
def test_what_cannot_be_kept_the_same_is_refused(outcomes, case, said):
    assert outcomes[case].get("error") == "CannotOptimize", outcomes[case]
    assert said in outcomes[case]["reason"]
    if said.endswith(" at "):
        assert "optimize_models.py:" in outcomes[case]["reason"]


@pytest.mark.parametrize(
    "case",
    [
        *("weight changed", "statistics changed", "weight replaced", "module replaced", "hook added", "mode changed"),
        "global changed",
    ],
)
def test_a_model_that_has_changed_is_noticed(outcomes, case):
    assert outcomes[case].get("error") == "ModelChanged", outcomes[case]
    assert "call it again" in outcomes[case]["reason"]


def test_new_shapes_that_cannot_be_recorded_run_the_model_and_say_so(outcomes):
    assert outcomes["fallback"]["worst"] == 0
    assert len(outcomes["fallback"]["said"]) == 1


def test_released_weights_are_held_once(outcomes):
    assert outcomes["released"]["left"] < 0.1 * outcomes["released"]["before"]
    assert outcomes["released"]["still"] == outcomes["released"]["left"]


def test_other_types_than_float32_are_left_to_jittor(outcomes):
    assert outcomes["doubles"]["worst"] < 1e-12 and outcomes["doubles"]["counts"]["convolutions"] == 0


def test_jittor_is_as_it_was(outcomes):
    assert outcomes["untouched"]["same"]


def test_new_shapes_are_run_by_the_engine(outcomes):
    assert outcomes["other shapes"]["kept"] == 6


def test_processors_without_the_fastest_instructions_compute_the_same(tmp_path, outcomes):
    older = run_cases(tmp_path, {"DNNL_MAX_CPU_ISA": "AVX2"})
    steps = {step for found in older.values() for step in found.get("counts", {}).get("steps", [])}
    assert not [step for step in steps if "avx512" in step]
    assert max(found.get("worst", 0) for found in older.values()) <= ROUNDING
    assert {case: found.get("error") for case, found in older.items()} == {
        case: found.get("error") for case, found in outcomes.items()
    }
