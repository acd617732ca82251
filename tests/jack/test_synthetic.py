"""Invented data sets: published layouts, drawn from a seed, whole or not there."""

import hashlib
import signal
import subprocess
import sys

import numpy as np
import pytest

from jack.datasets.annotation import read_annotation
from jack.datasets.check_emotion_gait import check_emotion_gait
from jack.datasets.check_tsl300 import check_tsl300
from jack.datasets.clips import ClipShape
from jack.datasets.emotion_gait import EmotionGait
from jack.datasets.labels import VIDEO_EMOTION_8
from jack.datasets.prepare_video import check_dataset
from jack.datasets.synthetic import METHODS, Sizes, write_synthetic
from jack.datasets.tsl300 import TSL300
from jack.datasets.video_emotion import CENTER, LogMel, Mfcc, VideoEmotion
from jack.errors import DatasetError
from jack.media.video import timeline
from jack.methods.torch.video_losses import EMOTIONS

SMALL = Sizes(2, 1)
FEW = {"vaanet": Sizes(1, 1), "tslnet": SMALL, "bpmgcn": SMALL}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """One small data set of each layout, by method."""
    root = tmp_path_factory.mktemp("synthetic")
    for method, sizes in FEW.items():
        write_synthetic(method, root / method, sizes)
    return root


def digest(folder):
    found = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        found.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return found.hexdigest()


def nearest_mean(train, train_labels, test):
    """Labels by the nearest mean of a class: the least that a model can learn."""
    classes = np.unique(train_labels)
    means = np.stack([train[train_labels == label].mean(axis=0) for label in classes])
    return classes[((test[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)]


def test_the_videos_are_of_the_published_layout(folders):
    root = folders / "vaanet"
    content = read_annotation(root / "annotation.json")
    assert content.labels == VIDEO_EMOTION_8 == EMOTIONS
    assert len(content.subset("training")) == 8 and len(content.subset("validation")) == 8
    assert check_dataset(root / "annotation.json", root / "img", root / "mp3", read=True).ok
    assert (root / "img" / "Joy" / "5" / "000001.jpg").is_file() and (root / "mp3" / "Joy" / "5.mp3").is_file()
    assert timeline(root / "videos" / "Joy" / "5.mp4").count == int((root / "img/Joy/5/n_frames").read_text())


@pytest.mark.parametrize("sense", ["pictures", "mfcc", "log-mel"])
def test_pictures_and_sound_tell_the_emotions_apart(folders, sense):
    root = folders / "vaanet"
    features = Mfcc() if sense == "mfcc" else LogMel(1)

    def read(subset):
        data = VideoEmotion(
            root / "annotation.json", root / "img", root / "mp3", subset, ClipShape(1, 2, 16), features, CENTER
        )
        items = [data.read(index) for index in range(len(data))]
        vectors = [item.visual.mean(axis=(0, 2, 3, 4)) if sense == "pictures" else item.audio.mean(0) for item in items]
        return np.stack(vectors), np.array([item.label for item in items])

    (train, labels), (test, wanted) = read("training"), read("validation")
    assert (nearest_mean(train, labels, test) == wanted).mean() >= 0.75


def test_the_sentiments_are_of_the_published_layout(folders):
    root = folders / "tslnet"
    assert check_tsl300(root, read=True).ok
    train, test = TSL300(root, "train"), TSL300(root, "test")
    assert len(train) == 2 and len(test) == 1
    item = train[0]
    marked = item.point_anno.max(axis=1) > 0
    assert marked.sum() == 3 and item.label.tolist() == [1, 1]
    # An annotated segment stands out of the video in both modalities.
    assert item.rgb[marked].mean() > 1.5 * item.rgb.mean(axis=1).min()
    assert item.mel[marked].mean() > item.mel.mean(axis=(1, 2)).min() + 0.05


def test_the_walks_tell_the_emotions_apart(tmp_path):
    write_synthetic("bpmgcn", tmp_path / "walks", Sizes(6, 4))
    assert check_emotion_gait(tmp_path / "walks", read=True).ok
    train, test = (EmotionGait(tmp_path / "walks", split) for split in ("train", "test"))
    assert train.joint.shape == (24, 3, 48, 16, 1) and train.movement.shape == (24, 8, 48, 16, 1)

    def means(data):  # of 31 features over the frames
        vectors = data.feature.reshape(len(data), 48, 31)
        return np.concatenate([vectors.mean(axis=1), vectors.std(axis=1)], axis=1)

    assert (nearest_mean(means(train), train.label, means(test)) == test.label).mean() >= 0.9
    bones = np.linalg.norm(train.joint[:, :, :, 11, 0] - train.joint[:, :, :, 10, 0], axis=1)  # right thigh
    assert bones.std(axis=1).max() < 0.03 < bones.mean()


@pytest.mark.parametrize("method", list(FEW))
def test_a_seed_gives_the_same_files_and_another_one_others(folders, method, tmp_path):
    write_synthetic(method, tmp_path / "again", FEW[method])
    write_synthetic(method, tmp_path / "other", FEW[method], seed=1)
    assert digest(tmp_path / "again") == digest(folders / method) != digest(tmp_path / "other")


KILLED = """
import os, signal, sys
from pathlib import Path
from jack.datasets.synthetic import Sizes, write_synthetic
write_synthetic("vaanet", Path(sys.argv[1]), Sizes(1, 1), tell=lambda done, of: os.kill(os.getpid(), signal.SIGKILL))
"""


def test_a_run_that_is_killed_leaves_no_data_set(tmp_path):
    goal = tmp_path / "data"
    done = subprocess.run([sys.executable, "-c", KILLED, str(goal)])
    assert done.returncode == -signal.SIGKILL
    assert not goal.exists() and [path.name for path in tmp_path.iterdir()] == [".data.partial"]
    write_synthetic("bpmgcn", goal, Sizes(1, 1))  # what was left is not in the way, and not in the result
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert not (goal / "videos").exists()


def test_an_error_leaves_nothing(tmp_path):
    def tell(done, of):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_synthetic("tslnet", tmp_path / "data", SMALL, tell=tell)
    assert not list(tmp_path.iterdir())


def test_nothing_is_replaced(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine").touch()
    with pytest.raises(DatasetError, match="is there already"):
        write_synthetic("bpmgcn", tmp_path / "data", SMALL)
    assert (tmp_path / "data" / "mine").exists()


def test_the_progress_ends_at_its_end(tmp_path):
    told = []
    write_synthetic("bpmgcn", tmp_path / "data", SMALL, tell=lambda done, of: told.append((done, of)))
    assert told == [(number, 12) for number in range(1, 13)]


def test_there_is_one_for_each_method():
    from jack.methods.registry import METHODS as REGISTERED

    assert set(METHODS) == set(REGISTERED)
