"""Arrays in files."""

import numpy as np
import pytest

from parity.arrays import load_arrays, save_arrays


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
