import numpy as np
import pytest

from parity.arrays import load_arrays, save_arrays
from parity.compare import Tolerance, compare


def test_the_largest_differences_are_reported():
    found = compare(np.array([1.0, 2.0, 0.5]), np.array([1.0, 2.5, 0.0]), Tolerance(0.1))
    assert not found.ok
    assert found.max_abs == 0.5
    assert found.max_rel == pytest.approx(0.2)


def test_a_tolerance_may_be_relative_to_each_entry_or_to_the_largest():
    ours, reference = np.array([100.0, 1.01]), np.array([100.0, 1.0])
    assert not compare(ours, reference, Tolerance(relative=1e-3)).ok
    assert compare(ours, reference, Tolerance(relative=1e-3, of_largest=True)).ok
    assert compare(ours, reference, Tolerance(absolute=0.005, relative=0.006)).ok


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_equals_only_itself(value):
    assert compare(np.array([value]), np.array([value])).ok
    assert not compare(np.array([1.0]), np.array([value]), Tolerance(1e9, 1e9)).ok
    assert not compare(np.array([value]), np.array([1.0]), Tolerance(1e9, 1e9)).ok


def test_one_nan_among_equal_entries_fails():
    found = compare(np.array([1.0, np.nan, 3.0]), np.array([1.0, 2.0, 3.0]), Tolerance(1.0))
    assert not found.ok and "flat index 1" in found.note


def test_shapes_dtypes_and_texts():
    assert compare(np.float32(3).reshape(1), np.array(3.0, dtype=np.float32)).ok  # Jittor has no scalars
    assert not compare(np.zeros((2, 1)), np.zeros((1, 2)), Tolerance(1.0)).ok
    assert not compare(np.array([1]), np.array([1.0]), Tolerance(1.0)).ok
    assert compare(np.array([1], dtype=np.int32), np.array([1], dtype=np.int64)).ok
    assert compare(np.array(["a", "b"]), np.array(["a", "b"])).ok
    assert not compare(np.array(["a", "b"]), np.array(["a", "c"])).ok
    assert not compare(np.array(["1"]), np.array([1])).ok
    assert compare(np.zeros(0), np.zeros(0)).ok


def test_arrays_survive_the_file(tmp_path):
    arrays = {"a/b.weight": np.arange(6, dtype=np.int64).reshape(2, 3), "file": np.array("text"), "s": np.float32(2)}
    save_arrays(tmp_path / "x.npz", arrays)
    found = load_arrays(tmp_path / "x.npz")
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == np.asarray(array).dtype and np.array_equal(found[name], array)


def test_a_broken_file_is_a_value_error(tmp_path):
    (tmp_path / "x.npz").write_bytes(b"no zip at all")
    with pytest.raises(ValueError):
        load_arrays(tmp_path / "x.npz")
