"""Our recipes for weights and inputs are those that lie beside the golden figures."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

from jack.golden import recipes

DATA = Path(__file__).parents[1] / "golden"


def beside(name):
    spec = spec_from_file_location(f"golden_{name}", DATA / f"{name}.py")
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("salt", "gain"), [(0, 1.0), (5, 0.5)])
def test_weights(salt, gain):
    shapes = {
        "a.0.weight": [4, 3, 2],
        "a.0.bias": [4],
        "n.weight": [4],
        "n.running_mean": [4],
        "n.running_var": [4],
        "n.num_batches_tracked": [],
        "g.PA": [3, 4, 4],
        "scale": [2, 2],
    }
    wanted = beside("fill").fill(shapes, salt, gain)
    found = recipes.fill_weights(shapes, salt, gain)
    assert list(found) == list(wanted)
    for name in wanted:
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name], wanted[name])


@pytest.mark.parametrize(("seed", "clips", "classes"), [(0, 4, 4), (3, 2, 5)])
def test_gaits(seed, clips, classes):
    wanted = beside("inputs").bpmgcn(seed, clips, outputs=48 * 7, classes=classes)
    found = recipes.bpmgcn_inputs(seed, clips, 7, classes)
    for name, array in zip(("joint", "movement", "feature", "label"), wanted):
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_inputs():
    for ours, theirs in zip(recipes.tslnet_inputs(3, 5), beside("inputs").tslnet(3, 5)):
        np.testing.assert_array_equal(ours[None], theirs)


@pytest.mark.parametrize(("method", "passes", "positions"), [("vaanet", 1, 4), ("cten", 3, 1)])
def test_videos(method, passes, positions):
    config = {"seed": 7, "B": 2, "S": 3, "T": 2, "H": 20, "nseg": 3, "alen": 12, "abins": 5}
    wanted = beside("inputs").video_audio(method, 7, 2, 3, 2, 20, 12, 5)
    found = recipes.video_audio_inputs(method, config)
    assert len(found.videos) == len(found.head_features) == passes
    assert found.head_features[0].shape == (6, 2048, 1, positions, positions)
    for name in ("videos", "head_features", "audio", "target", "clips"):
        ours, theirs = getattr(found, name), wanted[name]
        for x, y in zip(ours, theirs) if isinstance(theirs, list) else [(ours, theirs)]:
            assert x.dtype == y.dtype
            np.testing.assert_array_equal(x, y)
    np.testing.assert_array_equal(found.sums(), wanted["sums"])


def test_data_set(tmp_path):
    (tmp_path / "theirs").mkdir()
    beside("tslnet_dataset").write(tmp_path / "theirs", 4)
    recipes.write_tsl300(tmp_path / "ours", 4)
    files = [p.relative_to(tmp_path / "theirs") for p in (tmp_path / "theirs").rglob("*") if p.is_file()]
    assert len(files) == 13
    for path in files:
        assert (tmp_path / "ours" / path).read_bytes() == (tmp_path / "theirs" / path).read_bytes(), path
