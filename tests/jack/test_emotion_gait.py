"""The gait data set: its files, items, batches, features and splits."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jack.datasets.emotion_gait import ARRAYS, TRAINING, Augmentation, Batches, EmotionGait
from jack.datasets.gait_augmentation import Draws
from jack.datasets.gait_features import NUM_FEATURES, affective_features, clip_frames, movement
from jack.datasets.gait_files import read_array, read_labels, read_pickle
from jack.datasets.gait_split import split_files, split_indices
from jack.errors import DatasetError
from jack.golden.recipes import bpmgcn_inputs


def write(root: Path, split: str, clips: int, seed: int = 0) -> dict:
    arrays = bpmgcn_inputs(seed, clips)
    for name in ("joint", "movement", "feature"):
        np.save(root / f"{split}_{ARRAYS[name]}", arrays[name])
    names = [f"{split}{index}" for index in range(clips)]
    (root / f"{split}_label.pkl").write_bytes(pickle.dumps((names, arrays["label"].tolist())))
    return arrays


@pytest.fixture
def root(tmp_path):
    write(tmp_path, "train", 10)
    write(tmp_path, "test", 5, seed=1)
    return tmp_path


class Harmful:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("kind", ["command", "eval", "list of harm", "array of harm"])
def test_a_pickle_cannot_run_code(tmp_path, protocol, kind):
    import os

    goal = tmp_path / "harmed"
    harm = Harmful(os.system, f"touch {goal}") if kind != "eval" else Harmful(eval, f"open({str(goal)!r}, 'w')")
    content = {"list of harm": (["a"], [harm]), "array of harm": (["a"], np.array([harm], dtype=object))}
    path = tmp_path / "train_label.pkl"
    path.write_bytes(pickle.dumps(content.get(kind, harm), protocol))
    with pytest.raises(DatasetError, match=r"train_label\.pkl is no pickle of lists.*it names"):
        read_labels(path)
    if kind == "array of harm":
        np.save(tmp_path / "labels.npy", content[kind][1], allow_pickle=True)
        with pytest.raises(DatasetError, match="it names"):
            read_labels(tmp_path / "labels.npy")
    assert not goal.exists()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_pickles_are_read(tmp_path, protocol):
    path = tmp_path / "label.pkl"
    for labels in ([2, 0, 3], np.array([2, 0, 3]), [np.int64(2), np.int64(0), np.int64(3)], (2.0, 0.0, 3.0)):
        for names in (["a", "b", "c"], np.array(["a", "b", "c"]), (b"a", b"b", b"c")):
            path.write_bytes(pickle.dumps((names, labels), protocol))
            assert read_labels(path)[0] == ["a", "b", "c"]
            assert read_labels(path)[1].tolist() == [2, 0, 3]
    path.write_bytes(pickle.dumps((["a"], [[0, 1, 1, 0]]), protocol))
    assert read_labels(path)[1].tolist() == [[0, 1, 1, 0]]


def test_pickles_of_python_2_are_read(tmp_path):
    path = tmp_path / "label.pkl"
    # (["caf\xe9"], [1, 2]) by Python 2, whose texts are bytes; then an array of its NumPy.
    path.write_bytes(b"\x80\x02]q\x00U\x04caf\xe9q\x01a]q\x02K\x01a\x86q\x03.")
    assert read_labels(path)[0] == ["café"] and read_labels(path)[1].tolist() == [1]
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(I2\ntcnumpy\ndtype\n"
    array += b"(S'i4'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\nS'\\x01\\x00\\x00\\x00\\x80\\x00\\x00\\x00'\ntb."
    path.write_bytes(array)
    assert read_pickle(path).tolist() == [1, 128]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no pickle"),
        (pickle.dumps((["a"], [1]))[:-4], "is no pickle"),
        (pickle.dumps([1, 2, 3]), "must hold a pair"),
        (pickle.dumps((3, [1])), "names of the clips are a int"),
        (pickle.dumps((["a", "b"], [1])), r"2 names and labels of shape \(1,\) do not fit"),
        (pickle.dumps((["a"], ["angry"])), "labels are whole numbers"),
        (pickle.dumps((["a"], [0.5])), "labels are whole numbers"),
        (pickle.dumps((["a", "b"], [[1], [1, 2]])), "not alike in length"),
    ],
)
def test_labels_that_are_none_are_told_by_the_file(tmp_path, content, message):
    path = tmp_path / "label.pkl"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=message) as caught:
        read_labels(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_arrays_that_are_none_are_told_by_the_file(tmp_path):
    with pytest.raises(DatasetError, match=r"cannot read .*none\.npy: No such file"):
        read_array(tmp_path / "none.npy")
    (tmp_path / "text.npy").write_text("hello")
    with pytest.raises(DatasetError, match=r"text\.npy is no \.npy file"):
        read_array(tmp_path / "text.npy")
    np.save(tmp_path / "cut.npy", np.zeros(100))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "cut.npy").read_bytes()[:300])
    with pytest.raises(DatasetError, match=r"cut\.npy"):
        read_array(tmp_path / "cut.npy")


def test_a_batch(root):
    data = EmotionGait(root, "train")
    wanted = bpmgcn_inputs(0, 10)
    batch = data.batch([3, 1], Draws(0))
    assert len(data) == 10 and data.names[3] == "train3"
    for name in ("joint", "movement", "feature", "label"):
        np.testing.assert_array_equal(batch[name], wanted[name][[3, 1]])
        assert batch[name].dtype == wanted[name].dtype
    assert batch["index"].tolist() == [3, 1]


def test_labels_in_an_npy_have_no_names_and_debug_takes_the_first_hundred(tmp_path):
    arrays = write(tmp_path, "train", 104)
    path = tmp_path / "labels.npy"
    np.save(path, arrays["label"])
    data = EmotionGait(tmp_path, "train", debug=True, paths={"label": path})
    assert len(data) == len(data.joint) == len(data.feature) == 100 and data.names is None
    assert EmotionGait(tmp_path, "train", debug=True).names[-1] == "train99"
    with pytest.raises(ValueError, match="not of labels"):
        EmotionGait(tmp_path, "train", paths={"labels": path})


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("joint", lambda a: a[:, :2], r"train_joint\.npy has the shape \(10, 2, 48, 16, 1\), expected N x 3"),
        ("movement", lambda a: a[..., 0], r"train_movement\.npy has the shape \(10, 8, 48, 16\), expected N x 8"),
        ("movement", lambda a: a[:7], r"train_movement\.npy has 7 entries, but .*train_joint\.npy has 10"),
        ("movement", lambda a: a[:, :, :40], r"train_movement\.npy has 40 frames, but .*train_joint\.npy has 48"),
        ("feature", lambda a: a[:9], r"train_affective\.npy has 9 entries"),
        ("feature", lambda a: a.reshape(10, 48, 31), r"train_affective\.npy has the shape \(10, 48, 31\)"),
        ("joint", lambda a: a.astype(int), r"train_joint\.npy holds int64, expected floats"),
    ],
)
def test_arrays_that_do_not_fit_are_told(root, name, change, message):
    path = root / f"train_{ARRAYS[name]}"
    np.save(path, change(np.load(path)))
    with pytest.raises(DatasetError, match=message):
        EmotionGait(root, "train")


def test_labels_that_do_not_fit_are_told(root):
    names = [str(index) for index in range(10)]
    for labels, message in (
        ([0] * 9 + [4], r"label 4 of clip 9 is not in 0\.\.3"),
        ([[0, 1, 2, 0]] * 10, r"label \[0, 1, 2, 0\] of clip 0 is not in 0\.\.1"),
        ([[0, 1]] * 10, "marks 2 classes, expected 4"),
    ):
        (root / "train_label.pkl").write_bytes(pickle.dumps((names, labels)))
        with pytest.raises(DatasetError, match=message):
            EmotionGait(root, "train")
    (root / "train_label.pkl").write_bytes(pickle.dumps((names[:3], [0, 1, 2])))
    with pytest.raises(DatasetError, match=r"train_label\.pkl has 3 entries"):
        EmotionGait(root, "train")
    with pytest.raises(DatasetError, match=r"cannot read .*val_joint\.npy"):
        EmotionGait(root, "val")


def test_normalization_takes_the_statistics_that_it_is_given(root):
    train = EmotionGait(root, "train", normalization=True)
    batch = train.batch(range(10), Draws(0))
    np.testing.assert_allclose(batch["joint"].mean(axis=0), 0, atol=1e-5)
    raw = np.load(root / "train_movement.npy")
    wanted = (np.load(root / "test_movement.npy") - raw.mean(axis=0)) / (raw.std(axis=0) + 1e-6)
    test = EmotionGait(root, "test", normalization=True, statistics=train.statistics)
    np.testing.assert_allclose(test.batch(range(5), Draws(0))["movement"], wanted, rtol=1e-3, atol=1e-3)


def test_a_test_sees_every_clip_and_training_may_drop_the_last_batch(root):
    data = EmotionGait(root, "train")
    seen = [batch["index"].tolist() for batch in Batches(data, 4).epoch(0)]
    assert seen == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    shuffled = Batches(data, 4, seed=1, shuffle=True, drop_last=True)
    first, second = shuffled.indices(0), shuffled.indices(1)
    assert len(shuffled) == len(first) == 2 and first != second and first == shuffled.indices(0)
    assert len({index for part in first for index in part}) == 8
    with pytest.raises(DatasetError, match="10 clips make no whole batch of 11"):
        Batches(data, 11, drop_last=True)


def test_augmentation_depends_on_seed_epoch_and_clip_alone(root):
    data = EmotionGait(root, "train", TRAINING)

    def epoch(number, seed=0, **options):
        batches = Batches(data, seed=seed, **{"batch_size": 4, **options}).epoch(number)
        parts = list(batches)
        order = np.argsort(np.concatenate([part["index"] for part in parts]))
        return np.concatenate([part["joint"] for part in parts])[order]

    first = epoch(0)
    np.testing.assert_array_equal(first, epoch(0, batch_size=3, shuffle=True))
    assert not np.array_equal(first, epoch(1)) and not np.array_equal(first, epoch(0, seed=1))
    repeating = {"seeding": "authors", "workers": 2}
    np.testing.assert_array_equal(epoch(0, **repeating), epoch(7, seed=9, **repeating))
    draws = [Draws(0), Draws(1)]
    wanted = [data.batch(part, draws[n % 2])["joint"] for n, part in enumerate(([0, 1, 2, 3], [4, 5, 6, 7], [8, 9]))]
    np.testing.assert_array_equal(epoch(0, **repeating), np.concatenate(wanted))


def test_the_files_stay_as_they_are(root):
    before = {path: path.read_bytes() for path in root.iterdir()}
    list(Batches(EmotionGait(root, "train", Augmentation(random_move=True)), 4).epoch(0))
    assert {path: path.read_bytes() for path in root.iterdir()} == before


def test_features_of_a_known_pose():
    joint = np.zeros((1, 3, 2, 16, 1))
    place = {0: (0, 0, 0), 1: (0, 1, 0), 2: (0, 2, 0), 3: (0, 3, 0), 4: (1, 2, 0), 5: (1, 1, 0), 6: (1, 0, 0)}
    for number, position in place.items():
        joint[0, :, 0, number, 0] = position  # the second frame is the padding of a short clip
    features = affective_features(joint).reshape(2, NUM_FEATURES)
    assert np.isfinite(features).all() and not features[1].any()
    angles, distances, areas = features[0, :14], features[0, 14:23], features[0, 23:]
    assert angles[4] == pytest.approx(np.pi)  # head, neck, spine: straight
    assert angles[8] == pytest.approx(np.pi / 2)  # neck, right shoulder, elbow
    assert angles[9] == pytest.approx(np.pi)  # shoulder, elbow, hand
    assert angles[13] == pytest.approx(0)  # head above the root
    assert angles[0] == pytest.approx(np.pi / 2)  # the left shoulder lies in the root
    assert distances[:3] == pytest.approx([1, 2, np.sqrt(2)])
    assert distances[3] == 0
    assert areas[4] == pytest.approx(1)  # both shoulders and the neck: (0, 0), (0, 2), (1, 2)


def test_movement_begins_with_zeros():
    joint = np.random.default_rng(0).standard_normal((2, 3, 5, 16, 1))
    found = movement(joint)
    assert found.shape == (2, 8, 5, 16, 1) and not found[:, :, 0].any()
    np.testing.assert_allclose(found[:, :3, 1:], joint[:, :, 1:] - joint[:, :, :-1])
    np.testing.assert_allclose(found[:, 4:7, 1], found[:, :3, 1])
    np.testing.assert_allclose(found[:, 4:7, 2:], joint[:, :, 2:] - 2 * joint[:, :, 1:-1] + joint[:, :, :-2])
    np.testing.assert_allclose(found[:, 7], np.linalg.norm(found[:, 4:7], axis=1))


@pytest.mark.parametrize(("frames", "last"), [(240, 235), (75, 47), (48, 47), (27, 26)])
def test_recordings_become_clips_of_48_frames(frames, last):
    found = clip_frames(np.arange(1, frames + 1)[:, None, None] * np.ones((1, 16, 3)))
    assert found.shape == (48, 16, 3)
    assert found[min(frames, 48) - 1, 0, 0] == last + 1 and not found[frames:].any()


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=60),
    st.lists(st.floats(0.01, 1), min_size=1, max_size=4),
    st.integers(0, 1000),
    st.booleans(),
)
def test_a_split_deals_each_clip_at_most_once(labels, weights, seed, stratified):
    ratios = [weight / sum(weights) for weight in weights]
    array = np.array(labels)
    parts = split_indices(array, ratios, seed, stratified)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(labels)))
    again = split_indices(array, ratios, seed, stratified)
    assert all(np.array_equal(x, y) for x, y in zip(parts, again))
    if stratified:
        for part, ratio in zip(parts, ratios):
            for value in set(labels):
                share = (array[part] == value).sum() - ratio * (array == value).sum()
                assert abs(share) <= 1 + 1e-9


def test_shares_that_are_none_are_refused():
    for ratios in ([], [0.7, 0.7], [-0.1, 0.5]):
        with pytest.raises(ValueError, match="shares"):
            split_indices(np.zeros(4), ratios, 0)
    assert len(split_indices(np.zeros(10), [0.5], 0)[0]) == 5


def test_files_are_split_anew(root, tmp_path):
    goal = tmp_path / "new"
    counts = split_files(root, goal, {"train": 0.6, "val": 0.2, "test": 0.2}, seed=3)
    assert sum(counts.values()) == 15 and min(counts.values()) >= 2
    sources = {name: EmotionGait(root, name) for name in ("train", "test")}
    places = {name: (data, n) for data in sources.values() for n, name in enumerate(data.names)}
    seen = []
    for split, count in counts.items():
        data = EmotionGait(goal, split)
        assert len(data) == count
        for n, name in enumerate(data.names):
            source, place = places[name]
            np.testing.assert_array_equal(data.joint[n], source.joint[place])
            np.testing.assert_array_equal(data.feature[n], source.feature[place])
            assert data.label[n] == source.label[place]
        seen += data.names
    assert sorted(seen) == sorted(places)
    assert not [path for path in goal.iterdir() if path.name.startswith(".")]
    with pytest.raises(DatasetError, match="already there"):
        split_files(root, goal, {"train": 1.0}, seed=3)
