"""I3D: padding, and the recorded figures of the public Torch port."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jack.golden import i3d_network
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


def test_torch_agrees_with_the_recorded_figures(tmp_path):
    report = run_suite(available()["i3d"], DATA, ["torch"], tmp_path, 600)
    assert report.ok, as_text(report, True)


def test_the_uneven_padding_in_time_is_seen(monkeypatch):
    """Zeros on the wrong side move logits by 3e-6 only; the features of 43 frames by more than any tolerance."""
    right = i3d.same_padding
    monkeypatch.setattr(i3d, "same_padding", lambda *sizes: right(*sizes)[::-1])
    name = "gain0.7/long43_features"
    found = i3d_network.long_clip(DATA, get_backend("torch"))[name]
    stored = i3d_network.Golden.read(DATA).arrays[name]
    assert np.abs(found - stored).max() > 1e-4


@pytest.mark.slow
def test_jittor_agrees_with_the_recorded_figures(tmp_path):
    report = run_suite(available()["i3d"], DATA, ["jittor"], tmp_path, 1800)
    assert report.ok, as_text(report, True)
