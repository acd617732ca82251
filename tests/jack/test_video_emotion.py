"""The data set of VAANet and CTEN, beyond the golden figures."""

import json
import random
from dataclasses import replace

import numpy as np
import pytest

from jack.datasets.annotation import read_annotation
from jack.datasets.batches import Batches
from jack.datasets.clips import ClipShape, erased_clips, read_clips
from jack.datasets.video_emotion import CENTER, EVALUATION, RANDOM, TRAINING, LogMel, Mfcc, VideoEmotion
from jack.errors import DatasetError
from jack.media.frames import read_count, read_frame

SHAPE = ClipShape(2, 2, 8)


def dataset(paths, sampling=CENTER, subset="training", **options):
    return VideoEmotion(*paths, subset, SHAPE, LogMel(1), sampling, **options)


def same(one, other):
    return (
        one.names == other.names
        and np.array_equal(one.visual, other.visual)
        and np.array_equal(one.audio, other.audio)
        and np.array_equal(one.label, other.label)
    )


def test_an_item_and_its_frames_in_order(video_folders):
    paths = video_folders(["joy/a", "fear/b"])
    item = dataset(paths).read(0)
    assert (item.name, item.label, item.folder, item.n_frames) == ("a", 1, paths[1] / "joy" / "a", 6)
    assert item.visual.shape == (2, 3, 2, 8, 8) and item.audio.shape == (100, 128)
    # Frame n is grey 10 n; of 2 segments of 3 frames the snippets start at their first.
    shown = item.visual.astype(int)
    assert np.abs(shown[:, :, :, 4, 4] - np.array([[10, 20], [40, 50]])[:, None]).max() <= 2
    assert np.array_equal(dataset(paths).read(1).label, 0)


def test_mfcc_is_vaanet_s_input(video_folders):
    item = VideoEmotion(*video_folders(["joy/a"]), "training", SHAPE, Mfcc(), CENTER).read(0)
    assert item.audio.shape == (4096, 32) and item.audio.dtype == np.float32


def test_evaluation_in_the_middle_is_the_same_every_time_and_the_authors_is_drawn(video_folders):
    paths = video_folders(["joy/a"], frames=60, width=33, seconds=2.5)
    middle, drawn = dataset(paths, EVALUATION["center"]), dataset(paths, EVALUATION["random"])
    assert np.array_equal(middle.read(0).visual, middle.read(0, random.Random(3)).visual)
    items = [drawn.read(0, random.Random(seed)) for seed in range(4)]
    assert len({item.visual.tobytes() for item in items}) > 2 and len({item.audio.tobytes() for item in items}) == 4
    assert np.array_equal(drawn.read(0, random.Random(3)).visual, items[3].visual)
    with pytest.raises(ValueError, match="a generator is needed"):
        drawn.read(0)


def test_what_an_item_draws_and_in_which_order(video_folders):
    paths = video_folders(["joy/a"], frames=60, seconds=2.5)
    for sampling in (TRAINING, RANDOM, replace(TRAINING, sound=False)):
        draw, reference = random.Random(8), random.Random(8)
        dataset(paths, sampling).read(0, draw)
        for _ in range(SHAPE.segments):
            reference.randint(0, 30 - 2 - 1)
        if sampling.sound:
            reference.random()
        reference.randint(0, 4)
        if sampling.view == "train":
            reference.random()
            if reference.randint(0, 2):
                reference.random()
        assert draw.getstate() == reference.getstate()


def test_videos_of_two_classes_may_share_an_id(video_folders):
    paths = video_folders(["joy/a", "fear/a"])
    found = dataset(paths)
    assert [(s.video.label, s.video.name, s.video.target) for s in found.sources] == [("joy", "a", 1), ("fear", "a", 0)]
    assert found.sources[1].folder == paths[1] / "fear" / "a"


def test_ids_without_a_class_other_suffixes_and_dots(video_folders):
    paths = video_folders(["joy/v1.2"])
    annotation = json.loads(paths[0].read_text())
    annotation["database"] = {"v1.2": annotation["database"]["joy/v1.2"]}
    paths[0].write_text(json.dumps(annotation))
    sound = paths[2] / "joy" / "v1.2.mp3"
    sound.rename(sound.with_name("v1.2.wav"))
    assert dataset(paths).sources[0].sound.name == "v1.2.wav"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.pop("labels"), "'labels' and 'database'"),
        (lambda a: a.update(labels="joy"), "list of class names"),
        (lambda a: a.update(labels=["joy", "fear", "joy"]), "'joy' is listed more than once"),
        (lambda a: a.update(database=[1]), "must be an object"),
        (lambda a: a["database"].update({"x": {"subset": "training"}}), "'x' lacks"),
        (lambda a: a["database"].update({"x": {"subset": "training", "annotations": "joy"}}), "'x' lacks"),
        (lambda a: a["database"]["joy/a"]["annotations"].update(label="anger"), "'anger' is none of the labels"),
        (lambda a: a["database"]["joy/a"]["annotations"].update(label="fear"), "labelled 'fear'"),
        (lambda a: a["database"].update({"a": a["database"]["joy/a"]}), "'a' of class 'joy' is listed more than once"),
        (lambda a: a["database"].update({"joy/..": a["database"]["joy/a"]}), "names no video"),
    ],
)
def test_annotations_that_do_not_fit(video_folders, change, message):
    path = video_folders(["joy/a"])[0]
    annotation = json.loads(path.read_text())
    change(annotation)
    path.write_text(json.dumps(annotation))
    with pytest.raises(DatasetError, match=message) as caught:
        read_annotation(path)
    assert str(caught.value).startswith(str(path))


def test_annotations_that_cannot_be_read(tmp_path, video_folders):
    path = tmp_path / "a.json"
    for content in (b'{"labels": [', b"\xff\xfe\x00", b"[" * 100_000, b"3"):
        path.write_bytes(content)
        with pytest.raises(DatasetError, match="a.json"):
            read_annotation(path)
    path.write_text('{"labels": ["joy"], "database": {"7": 1, "7": 2}}')
    with pytest.raises(DatasetError, match="'7' occurs twice; write Label/id"):
        read_annotation(path)
    path.unlink()
    with pytest.raises(DatasetError, match="cannot read the annotation"):
        read_annotation(path)
    with pytest.raises(DatasetError, match=r"no videos of the subset 'validation'; .* training \(1\)"):
        dataset(video_folders(["joy/a"]), subset="validation")


def test_missing_media_are_named_and_can_be_left_out(video_folders):
    paths = video_folders(["joy/a", "fear/b", "joy/c", "fear/d"])
    (paths[2] / "joy" / "a.mp3").unlink()
    (paths[1] / "fear" / "b" / "n_frames").unlink()
    (paths[1] / "joy" / "c" / "n_frames").write_text("0")
    with pytest.raises(DatasetError, match=r"joy/a\.mp3: no such sound file .*and 1 more videos"):
        dataset(paths)
    found = dataset(paths, skip_missing=True)
    assert [source.video.name for source in found.sources] == ["d"]
    assert len(found.skipped) == 3 and any("joy/c: 0 frames" in line for line in found.skipped)
    (paths[1] / "fear" / "d" / "n_frames").write_text("0")
    with pytest.raises(DatasetError, match="no video of the subset 'training' can be used"):
        dataset(paths, skip_missing=True)


@pytest.mark.parametrize("content", ["many", "nan", "inf", "", "\x00"])
def test_a_number_of_frames_that_is_none(tmp_path, content):
    (tmp_path / "n_frames").write_text(content)
    with pytest.raises(DatasetError, match="n_frames: not a number"):
        read_count(tmp_path)


def test_damaged_pictures_are_named(video_folders):
    folder = video_folders(["joy/a"])[1] / "joy" / "a"
    whole = (folder / "000001.jpg").read_bytes()
    damages = [whole[: len(whole) // 2], b"", b"no picture", whole[:2] + b"\x00" * 100]
    for number, content in enumerate(damages, start=1):
        (folder / f"{number:06d}.jpg").write_bytes(content)
        with pytest.raises(DatasetError, match=f"{number:06d}.jpg: damaged picture") as caught:
            read_frame(folder, number)
        assert "\n" not in str(caught.value)
    with pytest.raises(DatasetError, match="000007.jpg: no such frame"):
        read_frame(folder, 7)


def test_every_video_is_in_one_batch_of_an_epoch(video_folders):
    paths = video_folders()
    with Batches(dataset(paths), 2) as batches:
        found = list(batches.epoch(0))
        assert [batch.names for batch in found] == [("a", "a"), ("c", "d"), ("e",)] and len(batches) == 3
        assert found[0].arrays()["visual"].dtype == found[0].audio.dtype == np.float32
        assert found[0].visual.shape == (2, 2, 3, 2, 8, 8) and found[0].label.tolist() == [1, 0]
        assert found[0].n_frames.tolist() == [6, 6] and found[0].folders[1] == paths[1] / "fear" / "a"
    with Batches(dataset(paths), 2, shuffle=True, drop_last=True, seed=1) as batches:
        orders = [batches.indices(epoch) for epoch in range(4)]
        assert [len(order) for order in orders] == [2] * 4 and len({str(order) for order in orders}) > 1
    with pytest.raises(DatasetError, match="no whole batch of 6"):
        Batches(dataset(paths), 6, drop_last=True)


def test_processes_that_train_together_share_each_batch(video_folders):
    training = dataset(video_folders(frames=30, width=40), TRAINING)
    options = {"seed": 2, "shuffle": True, "drop_last": True}
    whole = list(Batches(training, 4, **options).epoch(1))
    parts = [list(Batches(training, 4, rank=rank, ranks=2, **options).epoch(1)) for rank in (0, 1)]
    assert len(whole) == len(parts[0]) == len(parts[1]) == 1
    assert np.array_equal(np.concatenate([part[0].visual for part in parts]), whole[0].visual)
    assert parts[0][0].names + parts[1][0].names == whole[0].names
    for size, unequal in ((3, options), (4, {**options, "drop_last": False})):
        with pytest.raises(ValueError, match="2 processes cannot share"):
            Batches(training, size, rank=0, ranks=2, **unequal)


def test_workers_and_the_place_to_start_from_change_nothing(video_folders):
    training = dataset(video_folders(frames=30, width=40), TRAINING)
    alone = Batches(training, 2, seed=4, shuffle=True)
    expected = list(alone.epoch(3))
    keep = np.array([[True, False], [False, False]])
    clips = erased_clips(expected[0].folders, expected[0].n_frames, keep, SHAPE, random.Random(0))
    with Batches(training, 2, seed=4, shuffle=True, workers=2, ahead=1) as batches:
        for first in (0, 2):
            found = list(batches.epoch(3, first))
            assert len(found) == 3 - first and all(map(same, found, expected[first:]))
        assert not all(map(same, batches.epoch(2), expected))
        batches.shuffle = False
        assert not any(map(same, batches.epoch(2), list(batches.epoch(3))))
        assert np.array_equal(batches.erased_reader(expected[0], random.Random(0))(keep), read_clips(clips))
    assert all(map(same, alone.epoch(3, 1), expected[1:]))


def test_a_damaged_video_stops_the_epoch_unless_it_may_be_left_out(video_folders):
    paths = video_folders()
    damaged = paths[1] / "joy" / "c" / "000002.jpg"
    damaged.write_bytes(b"no picture")
    for workers in (0, 1):
        with Batches(dataset(paths), 2, workers=workers) as batches, pytest.raises(DatasetError, match="joy/c/000002"):
            list(batches.epoch(0))
    told = []
    found = list(Batches(dataset(paths), 2, on_bad=told.append).epoch(0))
    assert [batch.names for batch in found] == [("a", "a"), ("d",), ("e",)]
    assert [str(error).startswith(str(damaged)) for error in told] == [True]


def test_sound_that_is_too_short_is_named(video_folders):
    with pytest.raises(DatasetError, match=r"joy/a\.mp3: sound of 0\.0100 s is shorter"):
        dataset(video_folders(["joy/a"], seconds=0.01)).read(0)
