"""Whatever is wrong with a data set: one line that names the file, never a traceback, never a sample made of less."""

import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from jack.cli import main
from jack.datasets.check_emotion_gait import check_emotion_gait
from jack.datasets.check_tsl300 import check_tsl300
from jack.datasets.gait_making import read_recording
from jack.datasets.prepare_tsl300 import read_segments
from jack.datasets.readable import hold_out
from jack.datasets.synthetic import Sizes, write_synthetic
from jack.datasets.tsl300 import TSL300, read_annotations, read_features, read_points, read_rates
from jack.errors import DatasetError
from jack.media.frames import read_frame
from jack.media.video import iterate_frames
from tests.jack.inference_files import real_clip, words_of
from tests.jack.test_damaged_media import DAMAGES, damage

QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)

KEYS = st.sampled_from(["database", "annotations", "segment", "label", "subset", "a"])
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-5, 5) | st.sampled_from(["", "n", "p", "1.5", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["database", "annotations", "segment", "label", "subset", "a"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """One data set of TSL-300's and one of Emotion-Gait's layout."""
    root = tmp_path_factory.mktemp("whole")
    write_synthetic("tslnet", root / "tslnet", Sizes(2, 1))
    write_synthetic("bpmgcn", root / "bpmgcn", Sizes(1, 1))
    return root


def one_line(action, name):
    """Run a reader: it may succeed, or raise one line with the file's name; whether it succeeded."""
    try:
        action()
    except DatasetError as error:
        assert name in str(error) and "\n" not in str(error), str(error)
        return False
    return True


def read_sentiments(root):
    assert check_tsl300(root, read=True).table()
    for split in ("train", "test"):
        for item in TSL300(root, split):
            assert np.isfinite(item.rgb).all() and np.isfinite(item.mel).all()
            assert len(item.rgb) == len(item.mel) == len(item.point_anno) > 0


SENTIMENT_FILES = (
    *("gt.json", "fps_dict.json", "split_train.txt", "split_test.txt", "point_gaussian/point_labels.csv"),
    *("features/train/rgb/1_synthetic.npy", "features/test/logmfcc/3_synthetic.npy"),
)


@pytest.mark.parametrize("file", SENTIMENT_FILES)
@QUIET
@given(damages=DAMAGES)
def test_damaged_files_of_sentiments(whole, tmp_path, file, damages):
    root = tmp_path / "data"
    if not root.exists():
        shutil.copytree(whole / "tslnet", root)
    content = (whole / "tslnet" / file).read_bytes()
    (root / file).write_bytes(damage(content, *damages))
    # A name that was damaged in a list or a dictionary is missed elsewhere: the line names that place, in the folder.
    one_line(lambda: read_sentiments(root), str(root))


@pytest.mark.parametrize("file", ["train_joint.npy", "train_movement.npy", "train_affective.npy", "train_label.pkl"])
@QUIET
@given(damages=DAMAGES)
def test_damaged_files_of_walks(whole, tmp_path, file, damages):
    root = tmp_path / "data"
    if not root.exists():
        shutil.copytree(whole / "bpmgcn", root)
    (root / file).write_bytes(damage((whole / "bpmgcn" / file).read_bytes(), *damages))
    one_line(lambda: check_emotion_gait(root, read=True), str(root))


@pytest.mark.parametrize("read, name", [(read_annotations, "gt.json"), (read_rates, "fps_dict.json")])
@QUIET
@given(content=JSON)
def test_any_json_in_place_of_an_annotation(tmp_path, read, name, content):
    (tmp_path / name).write_text(json.dumps(content))
    one_line(lambda: read(tmp_path / name), name)


@pytest.mark.parametrize("read, suffix", [(read_points, "csv"), (read_segments, "txt"), (read_recording, "csv")])
@QUIET
@given(text=st.text(alphabet=" 0123456789.,-npxe\n\té", max_size=60))
def test_any_text_in_place_of_a_table(tmp_path, read, suffix, text):
    path = tmp_path / f"table.{suffix}"
    path.write_text(text)
    one_line(lambda: read(path), path.name)


@QUIET
@given(shape=st.lists(st.integers(0, 20), max_size=5), kind=st.sampled_from(["<f4", "<f8", "<i4", "<U3", "<c8", "?"]))
def test_any_array_in_place_of_features_or_a_walk(tmp_path, shape, kind):
    path = tmp_path / "array.npy"
    np.save(path, np.zeros(shape, dtype=kind))
    if one_line(lambda: read_features(path, 16), path.name):
        assert len(shape) == 2 and shape[1] == 16 and kind in ("<f4", "<f8")
    if one_line(lambda: read_recording(path), path.name):
        assert read_recording(path).shape[1:] == (16, 3)


@QUIET
@given(share=st.floats(0, 0.95), quality=st.sampled_from([30, 95]))
def test_a_picture_that_is_cut_off_is_never_a_frame(tmp_path, share, quality):
    path = tmp_path / "000001.jpg"
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(path, quality=quality)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    assert not one_line(lambda: read_frame(tmp_path, 1), "000001.jpg")


@settings(QUIET, max_examples=12)
@given(share=st.floats(0, 0.9))
def test_a_video_that_is_cut_off_is_never_a_shorter_video(tmp_path, share):
    path = tmp_path / "cut.mp4"
    content = real_clip().read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert not one_line(lambda: list(iterate_frames(path, 24)), "cut.mp4")


@pytest.mark.parametrize("method", ["vaanet", "cten", "tslnet", "bpmgcn"])
def test_empty_folders(method, tmp_path):
    """Every command that reads a data set: one line, exit code 2."""
    empty = str(tmp_path / "empty")
    (tmp_path / "empty").mkdir()
    paths = {"tslnet": ["--data-path", empty], "bpmgcn": ["--data-path", empty]}.get(method, ["--root-path", empty])
    for words in (
        ["prepare", method, empty],
        ["prepare", method, str(tmp_path / "goal"), "--source", empty, *(["--i3d", "x"] if method == "tslnet" else [])],
        ["train", method, *paths, *words_of(method), "--framework", "torch"],
        ["test", method, *paths, *words_of(method), "--framework", "torch", "--checkpoint", empty + "/model.pth"],
        ["infer", method, empty, "--framework", "torch", "--checkpoint", empty + "/model.pth"],
    ):
        done = CliRunner().invoke(main, words)
        assert isinstance(done.exception, SystemExit), (words, done.exception)
        assert done.exit_code == 2 and len(done.stderr.strip().splitlines()) == 1, (words, done.stderr)
        assert empty in done.stderr or words[0] == "infer", (words, done.stderr)


def test_names_of_missing_files(whole, tmp_path):
    root = tmp_path / "data"
    shutil.copytree(whole / "tslnet", root)
    (root / "split_test.txt").write_text("3_synthetic\nlost\n")
    with pytest.raises(DatasetError, match="lost.npy"):
        list(TSL300(root, "test"))
    (root / "split_test.txt").write_text("3_synthetic\n")
    (root / "gt.json").write_text('{"database": {}}')
    with pytest.raises(DatasetError, match="gt.json: no entry of 3_synthetic"):
        list(TSL300(root, "test"))


@given(
    labels=st.lists(st.integers(0, 4), min_size=2, max_size=60),
    share=st.floats(0.05, 0.6),
    seed=st.integers(0, 5),
)
def test_each_class_of_two_samples_is_in_training_and_validation(labels, share, seed):
    held = np.array(labels)
    pairs = {value for value in labels if labels.count(value) > 1}
    if not pairs:
        return
    training, validation = hold_out(len(labels), share, seed, held)
    assert sorted(training + validation) == list(range(len(labels)))
    assert pairs <= set(held[validation].tolist())
    assert pairs <= set(held[training].tolist())
