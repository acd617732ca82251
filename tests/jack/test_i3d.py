"""I3D: padding, and the recorded figures of the public Torch port."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jack.golden import i3d_network
from jack.golden.i3d import OUTPUT
from jack.methods.torch import i3d
from parity.backends import get_backend
from parity.golden.run import run_suite
from parity.golden.suite import available
from parity.golden.table import as_text

DATA = Path(__file__).parents[1] / "golden"


@given(st.integers(1, 60), st.integers(1, 8), st.integers(1, 4))
def test_padding_gives_as_many_outputs_as_strides_fit(size, kernel, stride):
    before, after = i3d.same_padding(size, kernel, stride)
    assert after - before in (0, 1)
    if before + after or kernel <= stride:
        assert (size + before + after - kernel) // stride + 1 == -(-size // stride)


def difference_of_the_long_clip():
    """Ours from the recorded features of 43 frames, where the padding in time is uneven."""
    name = "gain0.7/long43_features"
    found = i3d_network.long_clip(DATA, get_backend("torch"))[name]
    return np.abs(found - i3d_network.Golden.read(DATA).arrays[name]).max()


def test_torch_agrees_where_the_padding_is_uneven():
    assert difference_of_the_long_clip() <= OUTPUT.absolute


def test_padding_on_the_wrong_side_is_seen(monkeypatch):
    """It moves the logits of 16 frames by 3e-6 only."""
    right = i3d.same_padding
    monkeypatch.setattr(i3d, "same_padding", lambda *sizes: right(*sizes)[::-1])
    assert difference_of_the_long_clip() > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("framework", ["torch", "jittor"])
def test_all_recorded_figures(framework, tmp_path):
    report = run_suite(available()["i3d"], DATA, [framework], tmp_path, 1800)
    assert report.ok, as_text(report, True)
