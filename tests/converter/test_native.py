"""The operators in C++ that converted programs get: values and gradients, first and second, are Torch's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.converter import native_cases

ROOT = Path(__file__).resolve().parents[2]
RELATIVE = 3e-6  # of the largest value of a tensor: two libraries add in different orders, in single precision


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("native")
    found = {}
    for side in ("torch", "jittor"):
        command = [sys.executable, "-m", "tests.converter.native_cases", side, str(folder / f"{side}.npz")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1200)
        assert done.returncode == 0, done.stderr[-3000:]
        with np.load(folder / f"{side}.npz") as arrays:
            found[side] = dict(arrays)
    return found


CASES = [
    *(f"conv {name}" for name in native_cases.CONVOLUTIONS),
    *(f"transposed {name}" for name in native_cases.TRANSPOSED),
    *("only weights", "frozen", "only input"),
    *(f"pool {name}" for name in native_cases.POOLS),
    *(f"norm {name}" for name in native_cases.NORMS),
    *(f"flat {name}" for name in native_cases.FLAT),
    *(f"product {name}" for name in native_cases.PRODUCTS),
    *(f"update {name}" for name in native_cases.UPDATES),
    *("relu", "divided product"),
    *(f"divided {name}" for name in native_cases.DIVIDED),
    *("norm, only weights", "norm, frozen, training", "norm, frozen, evaluation"),
]


@pytest.mark.parametrize("case", CASES)
def test_equal_to_torch(case: str, both: dict[str, dict[str, Any]]) -> None:
    names = [n for n in both["torch"] if n.rpartition(":")[0] in (case, f"{case}, twice")]
    assert names
    for name in names:
        wanted, found = both["torch"][name], both["jittor"][name]
        assert wanted.shape == found.shape, name
        assert np.abs(wanted).max() > 0 or name.startswith("norm"), f"{name}: nothing to compare"
        difference = np.abs(wanted - found).max() / max(np.abs(wanted).max(), 1e-30)
        assert difference <= RELATIVE, f"{name}: {difference:.2e}"


def test_they_are_used(both: dict[str, dict[str, Any]]) -> None:
    """Else all of the above would only prove Jittor's own operators."""
    every = {"native_batch_norm", "native_matmul", "native_max_pool", "native_relu", "native_update"}
    assert set(both["jittor"]["native"].tolist()) == every | {"onednn_convolution"}


def test_what_is_not_a_number_stays_so(both: dict[str, dict[str, Any]]) -> None:
    for side in both.values():
        np.testing.assert_array_equal(side["relu, not numbers: 0"], [np.nan, np.inf, 0, 0])


def test_a_large_mean_leaves_the_outputs_centred(both: dict[str, dict[str, Any]]) -> None:
    """Torch is no judge here: it rounds the product of mean and scale, which is worse."""
    assert np.abs(both["jittor"]["centre"]).max() < 1e-5


def test_what_they_are_not_made_for_is_left_to_jittor_and_said_once(both: dict[str, dict[str, Any]]) -> None:
    import torch

    random = np.random.RandomState(5)
    x, w = (torch.from_numpy(random.standard_normal(s)) for s in ((1, 2, 3, 4, 4), (3, 2, 2, 2, 2)))
    assert both["jittor"]["double"].dtype == np.float64
    np.testing.assert_allclose(both["jittor"]["double"], torch.nn.functional.conv3d(x, w).numpy(), rtol=1e-12)
    assert both["jittor"]["broken"].all()
    said = both["jittor"]["said"].tolist()
    assert len(said) == 2
    assert "float64" in said[0]
    assert "broken cannot be compiled" in said[1]
