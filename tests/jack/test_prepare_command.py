"""``jack prepare``: making and checking data sets of the four methods."""

import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner

from jack.cli import main
from jack.datasets.annotation import read_annotation
from jack.datasets.emotion_gait import EmotionGait
from jack.datasets.gait_features import affective_features, movement
from jack.datasets.prepare_tsl300 import middle_points, prepare_tsl300, read_segments
from jack.datasets.synthetic.emotion_gait import MANNERS, walk
from jack.datasets.tsl300 import TSL300
from jack.errors import DatasetError
from jack.media.tslnet_features import video_log_mel
from tests.jack.inference_files import made_clip


def prepare(*words):
    """Exit code, standard output and standard error."""
    done = CliRunner().invoke(main, ["prepare", *map(str, words)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def videos(tmp_path):
    """Three videos in each of two class folders."""
    source = tmp_path / "videos"
    for label in ("Joy", "Anger"):
        (source / label).mkdir(parents=True)
        for name in "abc":
            made_clip(source / label / f"{name}{label}.mp4", frames=20)
    return source


@pytest.mark.parametrize("method", ["vaanet", "tslnet", "bpmgcn"])
def test_synthetic(method, tmp_path):
    words = ["--synthetic", method, tmp_path / "data", "--training", 1, "--validation", 1, "--seed", 3]
    code, said, _ = prepare(*words)
    assert code == 0 and "all" in said
    code, _, error = prepare(*words)
    assert code == 2 and "is there already" in error


def test_class_folders_become_a_data_set(videos, tmp_path):
    data = tmp_path / "data"
    code, said, _ = prepare("cten", data, "--source", videos, "--labels", "ekman6", "--workers", 0)
    assert code == 0
    content = read_annotation(data / "annotation.json")
    # The order is Ekman-6's, in whatever case the folders are; a class without videos keeps its number.
    assert content.labels == ("Anger", "disgust", "fear", "Joy", "sadness", "surprise")
    assert len(content.subset("training")) == 4 and len(content.subset("validation")) == 2
    assert {video.target for video in content.videos} == {0, 3}
    assert (data / "img" / "Joy" / "aJoy" / "000020.jpg").is_file() and (data / "mp3" / "Joy" / "aJoy.mp3").is_file()
    lines = [line.split() for line in said.splitlines()]
    assert ["Joy", "2", "1", "3", "3"] in lines and ["fear", "0", "0", "0", "0"] in lines

    code, _, error = prepare("cten", data, "--source", videos)
    assert code == 2 and "--force" in error
    assert prepare("cten", data, "--read", "--workers", 0)[0] == 0


def test_lists_decide_classes_and_split(videos, tmp_path):
    (tmp_path / "classes.txt").write_text("1 Joy\n2 Anger\n")
    (tmp_path / "train.txt").write_text("Joy/aJoy\nAnger/bAnger 2\nJoy/lost\n")
    (tmp_path / "test.txt").write_text("Joy/bJoy\n")
    words = ["vaanet", tmp_path / "data", "--source", videos, "--classes", tmp_path / "classes.txt", "--workers", 0]
    code, said, _ = prepare(*words, "--train-list", tmp_path / "train.txt", "--validation-list", tmp_path / "test.txt")
    assert code == 1 and "Joy/lost: is in the list, but not in" in said
    content = read_annotation(tmp_path / "data" / "annotation.json")
    assert content.labels == ("Joy", "Anger")
    assert [video.name for video in content.subset("training")] == ["aJoy", "bAnger"]
    assert [video.name for video in content.subset("validation")] == ["bJoy"]


def test_what_cannot_be_prepared_is_told_and_left_out(videos, tmp_path):
    broken = videos / "Joy" / "cJoy.mp4"
    broken.write_bytes(broken.read_bytes()[:2000])
    made_clip(videos / "Anger" / "short.mp4", frames=9)
    code, said, _ = prepare("vaanet", tmp_path / "data", "--source", videos, "--workers", 0)
    assert code == 1 and "cJoy.mp4" in said and "short.mp4: 9 frames are fewer than 16" in said
    names = {video.name for video in read_annotation(tmp_path / "data" / "annotation.json").videos}
    assert names == {"aJoy", "bJoy", "aAnger", "bAnger", "cAnger"}


def test_a_check_names_what_is_missing_or_damaged(videos, tmp_path):
    data = tmp_path / "data"
    prepare("vaanet", data, "--source", videos, "--workers", 0)
    (data / "mp3" / "Joy" / "aJoy.mp3").unlink()
    frame = data / "img" / "Anger" / "bAnger" / "000007.jpg"
    frame.write_bytes(frame.read_bytes()[:300])
    code, said, _ = prepare("vaanet", data)
    assert code == 1 and "aJoy.mp3: no such sound file" in said and "000007.jpg" not in said
    code, said, _ = prepare("vaanet", data, "--read", "--workers", 0)
    assert code == 1 and "2 of 6 videos cannot be used" in said and "000007.jpg: damaged picture" in said
    code, _, error = prepare("vaanet", tmp_path / "nothing")
    assert code == 2 and "annotation.json" in error


def test_an_option_without_use_is_refused(tmp_path, videos):
    for words, said in [
        (["vaanet", tmp_path, "--share", "0.5"], "it goes with --source"),
        (["--synthetic", "vaanet", tmp_path / "a", "--read"], "--read is not used"),
        (["bpmgcn", tmp_path, "--i3d", "x"], "--i3d is not used"),
        (["vaanet", tmp_path / "a", "--source", videos, "--labels", "Joy,Joy"], "must differ"),
        (["vaanet", tmp_path / "a", "--source", videos, "--labels", "Joy,Fear"], "'Anger' is none of the classes"),
        (["vaanet", tmp_path / "a", "--source", videos, "--train-list", "x"], "go together"),
        (["vaanet", tmp_path / "a", "--source", tmp_path / "absent"], "absent: no such folder"),
        (["tslnet", tmp_path / "a", "--source", videos], "--i3d rgb_imagenet.pt"),
        (["bpmgcn", tmp_path / "a", "--source", videos], "no recordings"),
    ]:
        code, _, error = prepare(*words)
        assert code == 2 and said in error and len(error.strip().splitlines()) == 1, error
    assert not (tmp_path / "a").exists()


def test_walks_become_a_data_set(tmp_path):
    draw = np.random.default_rng(0)
    recordings = {}
    for label in ("happy", "Sad", "angry", "neutral"):  # folders in any case
        (tmp_path / "walks" / label).mkdir(parents=True)
        for number in range(4):
            one = walk(MANNERS[label.capitalize()], draw)[..., 0].transpose(1, 2, 0).astype(np.float32)
            recordings[f"{label.capitalize()}/{number}"] = one
            np.save(tmp_path / "walks" / label / f"{number}.npy", one)
    long = np.repeat(recordings["Happy/0"], 5, axis=0)  # 240 frames, of which every fifth is taken
    np.save(tmp_path / "walks" / "happy" / "0.npy", long)
    code, said, _ = prepare("bpmgcn", tmp_path / "data", "--source", tmp_path / "walks", "--share", "0.25")
    assert code == 0 and ["all", "4", "12", "16", "16"] in [line.split() for line in said.splitlines()]
    for split in ("train", "test"):
        data = EmotionGait(tmp_path / "data", split)
        for index, name in enumerate(data.names):
            assert np.array_equal(data.joint[index, :, :, :, 0].transpose(1, 2, 0), recordings[name]), name
            assert ("Happy", "Sad", "Angry", "Neutral")[data.label[index]] == name.split("/")[0]
        assert np.array_equal(data.movement, movement(np.asarray(data.joint)))
        assert np.allclose(data.feature, affective_features(np.asarray(data.joint)))
    code, _, error = prepare("bpmgcn", tmp_path / "data", "--source", tmp_path / "walks")
    assert code == 2 and "is already there" in error


def test_a_check_of_walks_finds_what_is_no_number(tmp_path):
    prepare("--synthetic", "bpmgcn", tmp_path / "data", "--training", 1, "--validation", 1)
    joints = np.load(tmp_path / "data" / "train_joint.npy")
    joints[2, 0, 3] = np.nan
    np.save(tmp_path / "data" / "train_joint.npy", joints)
    assert prepare("bpmgcn", tmp_path / "data")[0] == 0
    code, said, _ = prepare("bpmgcn", tmp_path / "data", "--read")
    assert code == 1 and "train_joint.npy: clip 2 (angry_0003) holds what is no number" in said


def extract(video):
    """In place of I3D: a vector of ones for each 16 frames."""
    return np.ones((3, 1024), dtype=np.float32)


@pytest.fixture
def sentiments(tmp_path):
    source = tmp_path / "source"
    for split, names in {"train": ("10_b", "2_a"), "test": ("3_c",)}.items():
        (source / split).mkdir(parents=True)
        for name in names:
            made_clip(source / split / f"{name}.mp4", frames=48)
    (source / "gt").mkdir()
    (source / "gt" / "2_a.txt").write_text("0.2,0.9,p\n1.0,1.5,0\n")
    (source / "gt" / "10_b.txt").write_text("0,1,1\n")
    (source / "gt" / "3_c.txt").write_text("0.25,1.75,n\n")
    return source


def test_videos_become_a_data_set_of_sentiments(sentiments, tmp_path):
    root = tmp_path / "data"
    assert prepare_tsl300(sentiments, root, extract) == []
    train, test = TSL300(root, "train"), TSL300(root, "test")
    assert train.names == ["2_a", "10_b"] and train.fps == {"2_a": 25.0, "10_b": 25.0, "3_c": 25.0}
    assert [(point.video, point.class_index, point.frame) for point in train.points] == [
        ("2_a", 1, (5 + 22) // 2),
        ("2_a", 0, (25 + 37) // 2),
        ("10_b", 1, 12),
    ]
    gt = json.loads((root / "gt.json").read_text())["database"]
    assert gt["3_c"] == {"subset": "test", "annotations": [{"segment": ["0.25", "1.75"], "label": "n"}]}
    assert gt["2_a"] == {"subset": "train", "annotations": []}
    mel = np.load(root / "features" / "train" / "logmfcc" / "2_a.npy")
    assert np.array_equal(mel, video_log_mel(sentiments / "train" / "2_a.mp4"))
    assert test[0].label.tolist() == [1, 0] and test[0].rgb.shape == (3, 1024)
    code, said, _ = prepare("tslnet", root, "--read")
    assert code == 0 and "train: points 1 n, 2 p" in said and "test: segments 1 n, 0 p" in said


def test_features_that_are_there_are_not_made_again(sentiments, tmp_path):
    prepare_tsl300(sentiments, tmp_path / "data", extract)
    made = []

    def count(video):
        made.append(video.stem)
        return extract(video)

    (tmp_path / "data" / "features" / "test" / "rgb" / "3_c.npy").unlink()
    assert prepare_tsl300(sentiments, tmp_path / "data", count) == []
    assert made == ["3_c"]


def test_lists_of_another_data_set_are_not_replaced(sentiments, tmp_path):
    prepare("--synthetic", "tslnet", tmp_path / "data", "--training", 1, "--validation", 1)
    before = (tmp_path / "data" / "gt.json").read_bytes()
    with pytest.raises(DatasetError, match="split_train.txt: lists 1_synthetic, which is not in"):
        prepare_tsl300(sentiments, tmp_path / "data", extract)
    assert (tmp_path / "data" / "gt.json").read_bytes() == before


def test_points_of_annotators_are_taken_over(sentiments, tmp_path):
    (sentiments / "points").mkdir()
    row = "p,1,10,20,2_a,15"
    text = "class,class_index,start_frame,stop_frame,video_id,point\n" + row + "\nn,0,1,3,10_b,2\n"
    (sentiments / "points" / "point_anno_0.txt").write_text(text)
    (sentiments / "gt" / "2_a.txt").unlink()  # not needed then
    prepare_tsl300(sentiments, tmp_path / "data", extract)
    assert (tmp_path / "data" / "point_gaussian" / "train" / "point_anno_0.txt").read_text() == text


def test_damaged_videos_and_texts_of_sentiments(sentiments, tmp_path):
    video = sentiments / "train" / "10_b.mp4"
    shutil.copy(video, tmp_path / "whole.mp4")
    video.write_bytes(video.read_bytes()[:3000])
    problems = prepare_tsl300(sentiments, tmp_path / "data", extract)
    assert len(problems) == 1 and "10_b.mp4" in problems[0]
    assert TSL300(tmp_path / "data", "train").names == ["2_a"]
    for text in ("1,2", "2,1,p", "a,b,p", "0,1,x", "0,1,p,more"):
        (sentiments / "gt" / "3_c.txt").write_text(text)
        with pytest.raises(DatasetError, match="3_c.txt, line 1"):
            read_segments(sentiments / "gt" / "3_c.txt")
    assert middle_points("a", [(0.0, 2.0, "n")], 30.0) == ["n,0,0,60,a,30"]


def test_a_check_of_sentiments_names_the_file(tmp_path):
    root = tmp_path / "data"
    prepare("--synthetic", "tslnet", root, "--training", 3, "--validation", 2)
    (root / "features" / "train" / "rgb" / "1_synthetic.npy").unlink()
    np.save(root / "features" / "train" / "logmfcc" / "2_synthetic.npy", np.zeros((100, 59), np.float32))
    rates = json.loads((root / "fps_dict.json").read_text())
    del rates["4_synthetic"]
    (root / "fps_dict.json").write_text(json.dumps(rates))
    code, said, _ = prepare("tslnet", root)
    assert code == 1 and "3 of 5 videos cannot be used" in said
    for words in ("1_synthetic.npy", "2_synthetic.npy holds float32", "fps_dict.json: no frame rate of 4_synthetic"):
        assert words in said
