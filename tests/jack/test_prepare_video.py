"""Preparing data sets of the video emotion layout from video files."""

import json
import os

import numpy as np
import pytest
from PIL import Image

from jack.datasets.annotation import read_annotation
from jack.datasets.annotation_making import (
    annotation_from_lists,
    annotation_from_videos,
    read_classes,
    read_list,
    write_annotation,
)
from jack.datasets.clips import ClipShape
from jack.datasets.prepare_video import check_dataset, extract_sound, find_videos, prepare_videos
from jack.datasets.video_emotion import CENTER, LogMel, VideoEmotion
from jack.errors import DatasetError
from jack.media.audio import read_sound


def write_video(path, frames=20, channels=2, rate=44100):
    """A dark video of ten frames a second that gets brighter; a tone in ``channels`` channels, 0 for no sound."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    layout = {0: "", 1: "mono", 2: "stereo", 6: "5.1"}[channels]
    with av.open(str(path), "w", format={".mkv": "matroska", ".avi": "avi"}[path.suffix.lower()]) as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 24, "yuv420p"
        voice = container.add_stream("pcm_s16le", rate=rate, layout=layout) if channels else None
        for number in range(frames):
            pixels = np.full((24, 32, 3), 5 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
        if voice:
            tone = (8000 * np.sin(np.arange(rate) * 0.05)).astype(np.int16).repeat(channels)[None]
            block = av.AudioFrame.from_ndarray(tone, format="s16", layout=layout)
            block.sample_rate, block.pts = rate, 0
            container.mux(voice.encode(block))
            container.mux(voice.encode())


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "videos"
    write_video(folder / "joy" / "a.mkv")
    write_video(folder / "joy" / "b.c.AVI", channels=1)
    write_video(folder / "fear" / "a.mkv", channels=6)
    (folder / "fear" / "notes.txt").write_text("no video")
    return folder


def test_from_videos_to_items(source, tmp_path):
    img, mp3, annotation = tmp_path / "img", tmp_path / "mp3", tmp_path / "a.json"
    outcomes = list(prepare_videos(source, img, mp3, height=48, workers=1))
    assert [(o.video, o.frames, o.problem) for o in outcomes] == [
        ("fear/a", 20, ""),
        ("joy/a", 20, ""),
        ("joy/b.c", 20, ""),
    ]
    assert sorted(os.listdir(img / "joy" / "b.c")) == [f"{n:06d}.jpg" for n in range(1, 21)] + ["n_frames"]
    assert Image.open(img / "joy" / "a" / "000020.jpg").size == (64, 48)
    assert (img / "joy" / "a" / "n_frames").read_text() == "20\n"
    assert sorted(p.name for p in mp3.glob("*/*")) == ["a.mp3", "a.wav", "b.c.mp3"]  # six channels are no MP3
    heard = read_sound(mp3 / "joy" / "a.mp3")
    assert heard.samples.shape == (2, 44100) and abs(np.abs(heard.samples).max() - 8000 / 32768) < 0.05

    write_annotation(annotation, annotation_from_videos(list(find_videos(source)), 0.5))
    assert check_dataset(annotation, img, mp3, read=True, workers=1).ok
    assert check_dataset(annotation, source, None, read=True).ok  # the files themselves will do
    training = VideoEmotion(annotation, img, mp3, "training", ClipShape(2, 4, 16), LogMel(1), CENTER)
    assert {training.read(i).label for i in range(len(training))} == {0, 1}


def test_what_is_there_stays_and_what_is_half_there_is_told(source, tmp_path):
    img, mp3 = tmp_path / "img", tmp_path / "mp3"
    list(prepare_videos(source, img, mp3))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert not any(outcome.problem for outcome in prepare_videos(source, img, mp3))
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == before
    (img / "joy" / "a" / "000020.jpg").unlink()
    failed = [outcome for outcome in prepare_videos(source, img, mp3) if outcome.failed]
    assert [outcome.video for outcome in failed] == ["joy/a"] and "remove it" in failed[0].problem


def test_a_video_that_fails_leaves_nothing_and_the_others_go_on(source, tmp_path):
    img, mp3 = tmp_path / "img", tmp_path / "mp3"
    write_video(source / "joy" / "mute.mkv", channels=0)
    write_video(source / "joy" / "short.mkv", frames=15)
    whole = (source / "joy" / "a.mkv").read_bytes()
    (source / "joy" / "cut.mkv").write_bytes(whole[: len(whole) // 3])
    (source / "fear" / "text.mp4").write_text("no video")
    outcomes = {outcome.video: outcome for outcome in prepare_videos(source, img, mp3)}
    assert [name for name, o in outcomes.items() if o.failed] == ["fear/text", "joy/cut", "joy/mute"]
    assert "no sound track" in outcomes["joy/mute"].problem and "text.mp4" in outcomes["fear/text"].problem
    assert not (img / "joy" / "cut").exists() and not list(tmp_path.rglob("*.partial"))
    assert outcomes["joy/short"].frames == 15 and "fewer than 16" in outcomes["joy/short"].problem
    assert (img / "joy" / "short" / "n_frames").read_text() == "0\n"
    assert (img / "joy" / "a" / "n_frames").is_file()


def test_where_nothing_can_be_written(source, tmp_path):
    (tmp_path / "img").write_text("a file")
    outcomes = list(prepare_videos(source, tmp_path / "img", tmp_path / "mp3"))
    assert all(o.failed and "img" in o.problem and "cannot be written" in o.problem for o in outcomes)
    with pytest.raises(DatasetError, match=r"img/a\.mp3: cannot be written"):
        extract_sound(source / "joy" / "a.mkv", tmp_path / "img" / "a")
    with pytest.raises(DatasetError, match=r"img/a\.json: cannot be written"):
        write_annotation(tmp_path / "img" / "a.json", {})


def test_a_full_disk_is_told_and_leaves_the_old_file(source, tmp_path):
    write_annotation(tmp_path / "a.json", {"labels": []})
    for name in (".a.json.partial", ".a.mp3.partial"):
        (tmp_path / name).symlink_to("/dev/full")
    with pytest.raises(DatasetError, match=r"a\.json: cannot be written: .*No space left"):
        write_annotation(tmp_path / "a.json", {"labels": ["joy"]})
    assert json.loads((tmp_path / "a.json").read_text()) == {"labels": []}
    with pytest.raises(DatasetError, match=r"a\.mp3: cannot be written"):
        extract_sound(source / "joy" / "a.mkv", tmp_path / "a")
    assert not (tmp_path / "a.mp3").exists()


def test_folders_of_videos_that_do_not_fit(source, tmp_path):
    with pytest.raises(DatasetError, match="no such folder"):
        find_videos(tmp_path / "missing")
    with pytest.raises(DatasetError, match="no videos Label/id"):
        find_videos(source / "joy")
    (source / "joy" / "a.mp4").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"a\.mp4: a\.mkv in the same folder has the same id"):
        find_videos(source)


def test_an_annotation_from_lists(tmp_path):
    files = {name: tmp_path / name for name in ("classes", "training", "validation")}
    files["classes"].write_text("1 Anger\n2 Joy\n\n")
    files["training"].write_text("Anger/3 1\nJoy/4 2\n")
    files["validation"].write_text("Joy/5\n")
    labels, training, validation = read_classes(files["classes"]), *map(read_list, list(files.values())[1:])
    write_annotation(tmp_path / "a.json", annotation_from_lists(labels, training, validation))
    content = json.loads((tmp_path / "a.json").read_text())
    assert list(content["database"]) == ["3", "4", "5"]
    videos = read_annotation(tmp_path / "a.json").videos
    assert [(v.name, v.label, v.target, v.subset) for v in videos] == [
        ("3", "Anger", 0, "training"),
        ("4", "Joy", 1, "training"),
        ("5", "Joy", 1, "validation"),
    ]
    collided = annotation_from_lists(labels, training, [("Joy", "3")])
    assert list(collided["database"]) == ["Anger/3", "Joy/4", "Joy/3"]
    write_annotation(tmp_path / "a.json", collided)
    assert len(read_annotation(tmp_path / "a.json").videos) == 3
    with pytest.raises(DatasetError, match="Joy/4 is in both subsets"):
        annotation_from_lists(labels, training, [("Joy", "4")])
    with pytest.raises(DatasetError, match="Fear/4: the classes are Anger, Joy"):
        annotation_from_lists(labels, training, [("Fear", "4")])


@pytest.mark.parametrize("text", ["Anger\n", "1 Anger\n1 Joy\n", "1 Anger\n3 Joy\n", "2 Anger\n", "", "x Anger\n"])
def test_lists_of_classes_that_do_not_fit(tmp_path, text):
    (tmp_path / "classes").write_text(text)
    with pytest.raises(DatasetError, match="classes"):
        read_classes(tmp_path / "classes")


@pytest.mark.parametrize("text", ["3\n", "Joy/\n", "/3\n", "a/Joy/3\n", "Joy/3 1 2\n", "Joy/3\nJoy/4\nJoy/3\n"])
def test_lists_of_videos_that_do_not_fit(tmp_path, text):
    (tmp_path / "list").write_text(text)
    with pytest.raises(DatasetError, match=f"list, line {len(text.splitlines())}"):
        read_list(tmp_path / "list")


def test_a_share_of_every_class_is_for_validation():
    videos = [(label, str(i)) for label in ("joy", "fear") for i in range(9)]
    content = annotation_from_videos(videos, 1 / 3, seed=1)
    assert content["labels"] == ["fear", "joy"] and list(content["database"])[0].count("/") == 1
    held = [key for key, entry in content["database"].items() if entry["subset"] == "validation"]
    assert sorted(key.split("/")[0] for key in held) == ["fear"] * 3 + ["joy"] * 3
    again = annotation_from_videos(videos[::-1], 1 / 3, seed=1)["database"]
    assert {k for k, v in again.items() if v["subset"] == "validation"} == set(held)
    with pytest.raises(ValueError, match="between 0 and 1"):
        annotation_from_videos(videos, 1.5)
    with pytest.raises(DatasetError, match="no videos"):
        annotation_from_videos([])


def test_a_summary_counts_and_names(video_folders):
    annotation, img, mp3 = video_folders(["joy/a", "fear/b", "joy/c", "fear/d"], validation=["joy/c"])
    (mp3 / "joy" / "a.mp3").unlink()
    (img / "joy" / "c" / "000003.jpg").write_bytes(b"no picture")
    (img / "fear" / "d" / "000006.jpg").unlink()
    summary = check_dataset(annotation, img, mp3)
    named = [os.path.basename(line.split(":")[0]) for line in summary.problems]
    assert named == ["a.mp3", "000006.jpg"]
    assert not summary.ok and summary.usable == {"joy": 1, "fear": 1}
    assert len(check_dataset(annotation, img, mp3, read=True).problems) == 3
    lines = summary.table().splitlines()
    assert lines[0].split() == ["label", "training", "validation", "all", "usable"]
    assert [line.split() for line in lines[2:5]] == [
        ["fear", "2", "0", "2", "1"],
        ["joy", "1", "1", "2", "1"],
        ["all", "3", "1", "4", "2"],
    ]
    assert "2 of 4 videos cannot be used:" in lines
