"""The data set, beyond the golden figures."""

import random

import numpy as np
import pytest

from jack.datasets.tsl300 import (
    TSL300,
    DatasetError,
    Point,
    mix_points,
    natural_key,
    perturbed_indices,
    points_text,
    read_features,
    read_points,
    split_points,
    uniform_indices,
)
from jack.golden.recipes import write_tsl300


@pytest.fixture
def root(tmp_path):
    write_tsl300(tmp_path, 0)
    return tmp_path


def listing(root):
    return sorted((str(path), path.stat().st_mtime_ns) for path in root.rglob("*"))


def test_nothing_is_written_into_the_data_set(root):
    before = listing(root)
    assert len([*TSL300(root, "train"), *TSL300(root, "test")]) == 4
    assert listing(root) == before


def test_an_item(root):
    item = TSL300(root, "train")[1]
    assert item.name == "10_b_2" and item.index == 1
    segments = item.num_segments
    assert item.rgb.shape == (segments, 1024) and item.mel.shape == (segments, 32, 60)
    assert item.rgb.dtype == item.mel.dtype == item.point_anno.dtype == np.float32
    assert item.label_distribution.sum() == pytest.approx(1)
    assert set(item.arrays()) == {"rgb", "mel", "label", "label_distribution", "point_anno"}


def test_the_test_split_takes_labels_from_the_ground_truth_and_needs_no_points(root):
    for path in (root / "point_gaussian" / "train").iterdir():
        path.unlink()
    item = TSL300(root, "test")[0]
    assert item.label.tolist() == [0, 1] and item.label_distribution.tolist() == [0, 0]
    with pytest.raises(DatasetError, match="no file of points"):
        TSL300(root, "train")


def test_the_shipped_points_are_used_unless_a_mix_is_asked_for(root):
    points = TSL300(root, "train").points
    shipped = root / "point_gaussian" / "point_labels.csv"
    shipped.write_text(points_text(points[:1]))
    assert TSL300(root, "train").points == points[:1]
    assert TSL300(root, "train", point_labels="mix").points == points
    shipped.unlink()
    with pytest.raises(DatasetError, match="point_labels.csv"):
        TSL300(root, "train", point_labels="shipped")


def test_a_point_behind_the_last_segment_counts_for_it_and_a_later_one_replaces():
    points = [Point("v", 0, 5, ""), Point("v", 1, 9, ""), Point("v", 0, 1000, "")]
    label, distribution, anno = split_points(points, 3)
    assert np.allclose(anno, [[0.1, 0.9], [0, 0], [0.9, 0.1]])
    assert label.tolist() == [1, 1] and distribution == pytest.approx([2 / 3, 1 / 3])


def test_the_mix_follows_python_s_generator_in_natural_order():
    annotators = [[Point(v, i % 2, 10 * i, f"{i} {v}") for v in ("10_a", "9_b", "1_c")] for i in range(3)]
    mixed = mix_points(annotators, random.Random(123))
    draw = random.Random(123)
    chosen = [(draw.randint(0, 2) + draw.randint(0, 0)) % 3 for _ in range(3)]
    assert [p.text for p in mixed] == [f"{i} {v}" for i, v in zip(chosen, ("1_c", "9_b", "10_a"))]
    assert sorted(["10_a_2", "9_x", "10_a_10", "b"], key=natural_key) == ["9_x", "10_a_2", "10_a_10", "b"]


def test_sampling(root):
    item = TSL300(root, "train", num_segments=7, sampling="uniform")[0]
    whole = TSL300(root, "train")[0]
    chosen = uniform_indices(whole.num_segments, 7)
    assert np.array_equal(item.rgb, whole.rgb[chosen]) and np.array_equal(item.point_anno, whole.point_anno[chosen])
    once, again = (TSL300(root, "train", num_segments=7, seed=3)[0].rgb for _ in range(2))
    assert np.array_equal(once, again) and once.shape == (7, 1024)


@pytest.mark.parametrize(("length", "count"), [(23, 7), (4, 7), (1, 3), (7, 7), (100, 1)])
def test_perturbed_segments_are_in_order_and_in_range(length, count):
    for seed in range(20):
        chosen = perturbed_indices(length, count, np.random.RandomState(seed))
        assert len(chosen) == count and (np.diff(chosen) >= 0).all()
        assert 0 <= chosen[0] and chosen[-1] < length


@pytest.mark.parametrize(
    "option", [{"modal": "rgb"}, {"modal": "logmfcc"}, {"sampling": "all"}, {"point_labels": "best"}, {"split": "val"}]
)
def test_unknown_options_are_refused(root, option):
    with pytest.raises(ValueError, match=str(next(iter(option.values())))):
        TSL300(root, **{"split": "train", **option})


def test_broken_files_are_named(root):
    points = root / "point_gaussian" / "train" / "point_anno_0.txt"
    text = points.read_text()
    points.write_text(text.replace(",0,", ",zero,", 1))
    with pytest.raises(DatasetError, match="point_anno_0.txt, line"):
        TSL300(root, "train")
    points.write_text("a,b\n")
    with pytest.raises(DatasetError, match="the first line must be"):
        read_points(points)
    points.write_text(text)
    features = root / "features" / "train" / "rgb" / "1_a_1.npy"
    features.write_bytes(b"")
    with pytest.raises(DatasetError, match="1_a_1.npy"):
        TSL300(root, "train")[0]
    np.save(features, np.zeros((0, 1024), dtype=np.float32))
    with pytest.raises(DatasetError, match="make no segment"):
        TSL300(root, "train")[0]
    (root / "gt.json").write_text("{")
    with pytest.raises(DatasetError, match="gt.json is no JSON"):
        TSL300(root, "train")
    (root / "gt.json").unlink()
    with pytest.raises(DatasetError, match="gt.json"):
        TSL300(root, "train")


def test_a_header_that_python_cannot_take_apart_is_a_damaged_file(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.zeros((4, 60), dtype=np.float32))
    content = bytearray(path.read_bytes())
    content[10] = 1  # found by Hypothesis: numpy lets the tokenizer's error through
    path.write_bytes(content)
    with pytest.raises(DatasetError, match="cannot read .*a.npy"):
        read_features(path, 60)
