"""The recorded pipelines of VAANet and CTEN."""

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from jack.datasets.sampling import snippets
from jack.golden.video_emotion_host import host_sections, recorded_pipeline
from parity.arrays import load_arrays, save_arrays
from parity.figures import figures
from parity.golden.suite import GoldenError

DATA = Path(__file__).parents[1] / "golden"


def failures(method, data):
    """Names of entries that are not near enough; every entry must be computed, and nothing else."""
    computed = {}
    for section in host_sections(method).values():
        computed.update(section(data))
    recorded = recorded_pipeline(method, data)
    assert set(computed) == set(recorded.entries) and not any(e.framework for e in recorded.entries.values())
    entries = recorded.entries.items()
    return {name for name, entry in entries if not figures(computed[name], entry.value, entry.tolerance).ok}


@pytest.mark.parametrize("method", ["vaanet", "cten"])
def test_everything_recorded_is_reproduced(method):
    assert failures(method, DATA) == set()
    entries = recorded_pipeline(method, DATA).entries
    assert set(load_arrays(DATA / f"{method}_pipeline.npz")) < set(entries)


def test_seeds_and_sizes_are_read_from_the_folder(tmp_path):
    """Figures under other names are computed by their names; old figures under them do not agree."""
    for name in ("cten_pipeline.npz", "cten_pipeline.json"):
        shutil.copy(DATA / name, tmp_path)
    arrays = load_arrays(DATA / "cten_pipeline.npz")
    choices = json.loads((DATA / "cten_pipeline.json").read_text())
    arrays["tsn_random_seed5_n90_s3_t7"] = snippets(range(1, 91), 3, 7, random.Random(5))
    arrays["tsn_random_seed6_n90_s3_t7"] = arrays["tsn_random_seed5_n90_s3_t7"]
    arrays["spatial_aug_seed11"] = arrays["spatial_aug_seed3"]
    choices["spatial_aug_seed11"] = choices["spatial_aug_seed3"]
    arrays["batch_augment_seed2_visual_mean"] = arrays.pop("batch_augment_seed1_visual_mean")
    save_arrays(tmp_path / "cten_pipeline.npz", arrays)
    (tmp_path / "cten_pipeline.json").write_text(json.dumps(choices))
    found = failures("cten", tmp_path)
    assert {"tsn_random_seed6_n90_s3_t7", "spatial_aug_seed11", "batch_augment_seed2_visual_mean"} <= found
    assert all("seed6" in name or "seed11" in name or "seed2" in name for name in found)


def test_a_folder_of_another_format_is_refused(tmp_path):
    with pytest.raises(GoldenError, match="no recorded pipeline of vaanet"):
        recorded_pipeline("vaanet", tmp_path)
    save_arrays(tmp_path / "vaanet_pipeline.npz", {"tsn_center_n5_s1_t1": np.array([[3]])})
    (tmp_path / "vaanet_pipeline.json").write_text("{}")
    with pytest.raises(GoldenError, match="item_"):
        recorded_pipeline("vaanet", tmp_path)
