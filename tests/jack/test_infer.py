"""``jack infer``: what is said about one video equals the evaluation of a data set that holds it, on real clips too."""

import json
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from jack import fonts
from jack.checkpoints import load_into, save_checkpoint
from jack.cli import main
from jack.datasets.batches import Batches
from jack.datasets.clips import ClipShape
from jack.datasets.gait_making import read_recording
from jack.datasets.labels import VIDEO_EMOTION_8
from jack.datasets.video_emotion import CENTER, LogMel, Mfcc, VideoEmotion
from jack.golden.recipes import fill_weights
from jack.methods.registry import METHODS
from jack.methods.torch.i3d import I3D
from tests.jack.inference_files import SMALL, made_clip, real_clip, words_of, write_weights
from tests.jack.test_video_files import write

VIDEO_METHODS = ("vaanet", "cten")


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    """Files of small models by method, written when they are asked for."""
    folder = tmp_path_factory.mktemp("weights")

    class Files(dict):
        def __missing__(self, method):
            self[method] = write_weights(method, folder)
            return self[method]

    return Files()


@pytest.fixture
def infer(weights, tmp_path):
    """Run the command; returns exit code, what was printed, and the JSON that was written."""

    def run(method, *words, checkpoint=None):
        output = tmp_path / "results"
        arguments = ["infer", method, *map(str, words), "--checkpoint", str(checkpoint or weights[method])]
        done = CliRunner().invoke(
            main, [*arguments, *words_of(method), "--framework", "torch", "--output", str(output)]
        )
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        written = list(output.glob("*.json")) if output.is_dir() else []
        if done.exit_code:
            assert len(done.stderr.strip().splitlines()) == 1 and not written
            return done.exit_code, done.stderr, None
        with Image.open(written[0].with_suffix(".png")) as picture:
            assert picture.format == "PNG" and np.asarray(picture.convert("L")).std() > 5
        return done.exit_code, done.stdout, json.loads(written[0].read_text())

    return run


def evaluated(method, clip, folder, weights):
    """Probabilities by the code of training and evaluation, from a data set that holds the clip."""
    from jack.methods.torch import cten_training, vaanet_training
    from jack.methods.torch.video_losses import make_criterion

    (folder / "img" / "Joy").mkdir(parents=True)
    (folder / "img" / "Joy" / "clip.mp4").symlink_to(clip)
    entry = {"subset": "validation", "annotations": {"label": "Joy"}}
    content = {"labels": list(VIDEO_EMOTION_8), "database": {"clip": entry}}
    (folder / "annotation.json").write_text(json.dumps(content))
    options = SMALL[method]
    features = Mfcc() if method == "vaanet" else LogMel(options["audio_n_segments"])
    shape = ClipShape(options["seq_len"], options["snippet_duration"], options["sample_size"])
    data = VideoEmotion(folder / "annotation.json", folder / "img", None, "validation", shape, features, CENTER)
    model = METHODS[method].build("torch", **options).eval()
    load_into(model, weights[method])
    with Batches(data, 1) as batches:
        batch = next(iter(batches.epoch(0)))
        arrays, criterion = batch.arrays(), make_criterion("ce")
        if method == "vaanet":
            _, logits = vaanet_training.validation_step(model, criterion, arrays)
        else:
            _, logits = cten_training.validation_step(model, criterion, arrays, batches.erased_reader(batch))
    shares = np.exp(logits[0].astype(np.float64) - logits[0].max())
    return dict(zip(VIDEO_EMOTION_8, shares / shares.sum()))


@pytest.mark.parametrize("method", VIDEO_METHODS)
def test_one_video_is_judged_as_in_an_evaluation(method, infer, weights, tmp_path):
    code, printed, found = infer(method, real_clip())
    assert code == 0
    wanted = evaluated(method, real_clip(), tmp_path / "data", weights)
    assert found["probabilities"] == pytest.approx(wanted, abs=1e-5)
    assert found["emotion"] == max(wanted, key=wanted.get) and found["emotion"] in printed.splitlines()[2]
    assert found["seconds"] == pytest.approx(5.28) and found["fps"] == 25
    assert len(found["snippets"]) == 2 and found["snippets"][1]["segment"] == pytest.approx([3.88, 4.04], abs=0.1)
    assert found["method"] == method and found["framework"] == "torch"
    if method == "cten":  # what the first of its two passes alone had said
        assert set(found["first_pass"]) == set(wanted) and found["first_pass"] != found["probabilities"]


@pytest.mark.parametrize(
    "method, kind",
    [
        ("vaanet", {"channels": 1}),
        ("vaanet", {"loud": 0.0}),
        ("vaanet", {"size": (98, 162)}),
        ("vaanet", {"size": (322, 50)}),
        ("vaanet", {"frames": 16, "rate": 10}),
        ("cten", {"channels": 2}),
        ("cten", {"loud": 0.0, "frames": 16}),
    ],
    ids=str,
)
def test_clips_of_many_kinds(method, kind, infer, tmp_path):
    code, _, found = infer(method, made_clip(tmp_path / "a b.mp4", **kind))
    assert code == 0
    assert sum(found["probabilities"].values()) == pytest.approx(1)
    assert all(np.isfinite(row["attention"]) for row in found["snippets"])


def test_a_turned_clip_of_a_varying_rate(infer, tmp_path):
    times = [*range(0, 20, 2), *range(20, 60), *range(60, 100, 4)]
    code, _, found = infer("vaanet", write(tmp_path / "turned.mp4", times=times, turn=90, sound=True))
    assert code == 0
    # 60 pictures, of which the last begins after 9.6 s.
    assert found["fps"] == pytest.approx(59 / 9.6, rel=0.02) and found["seconds"] == pytest.approx(9.8, rel=0.03)


@pytest.mark.parametrize("method", VIDEO_METHODS)
def test_what_cannot_be_judged_is_said_in_a_line(method, infer, tmp_path):
    short = made_clip(tmp_path / "short.mp4", frames=15)
    mute = made_clip(tmp_path / "mute.mp4", channels=0)
    whole = real_clip().read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    hole = bytearray(whole)
    hole[50_000:900_000] = bytes(850_000)
    (tmp_path / "hole.mp4").write_bytes(hole)
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "empty.mp4").touch()
    for name, words in {
        short.name: "15 frames are fewer than 16",
        mute.name: "no sound track",
        "cut.mp4": "",
        "hole.mp4": "",
        "text.mp4": "cannot decode",
        "empty.mp4": "",
        "absent.mp4": "No such file",
    }.items():
        code, said, _ = infer(method, tmp_path / name)
        assert code == 2 and name in said and words in said, said
    code, said, _ = infer(method, real_clip("bikes.mp4"))
    assert code == 2 and "bikes.mp4: no sound track" in said


def test_names_of_the_emotions(infer, tmp_path):
    clip = made_clip(tmp_path / "clip.mp4")
    _, _, found = infer("vaanet", clip, "--labels", "a,b,c,d,e,f,g,h")
    assert list(found["probabilities"]) == list("abcdefgh")
    for labels in ("a,b", "a,a,c,d,e,f,g,h"):
        (tmp_path / "results" / "clip.vaanet.json").unlink(missing_ok=True)
        code, said, _ = infer("vaanet", clip, "--labels", labels)
        assert code == 2 and "8 emotions" in said


def test_weights_of_another_model_are_named(infer, weights, tmp_path):
    clip = made_clip(tmp_path / "clip.mp4")
    code, said, _ = infer("vaanet", clip, checkpoint=weights["bpmgcn"])
    assert code == 2 and "bpmgcn.safetensors" in said
    code, said, _ = infer("vaanet", clip, "--n-classes", "6")
    assert code == 2 and "--n-classes 8" in said
    code, said, _ = infer("vaanet", clip, checkpoint=tmp_path / "absent.pth")
    assert code == 2 and "absent.pth" in said


def walk(frames=60):
    from jack.datasets.synthetic.emotion_gait import MANNERS, walk

    one = walk(MANNERS["Sad"], np.random.default_rng(0))[..., 0].transpose(1, 2, 0).astype(np.float32)
    return np.concatenate([one, one])[:frames]


def test_a_walk_in_any_form_is_read_alike(tmp_path):
    joints = walk()
    forms = {
        "frames.npy": joints,
        "flat.npy": joints.reshape(60, 48),
        "channels.npy": joints.transpose(2, 0, 1),
        "person.npy": joints.transpose(2, 0, 1)[..., None],
        "one.npy": joints.transpose(2, 0, 1)[None, ..., None],
    }
    for name, array in forms.items():
        np.save(tmp_path / name, array)
    np.savetxt(tmp_path / "table.csv", joints.reshape(60, 48), delimiter=",", fmt="%.9g")
    np.save(tmp_path / "set.npy", np.stack([np.zeros((3, 60, 16, 1)), joints.transpose(2, 0, 1)[..., None]]))
    for name in [*forms, "table.csv"]:
        assert np.array_equal(read_recording(tmp_path / name), joints), name
    assert np.array_equal(read_recording(tmp_path / "set.npy", 1), joints)


def test_a_walk_is_judged_as_in_an_evaluation(infer, weights, tmp_path):
    import torch

    from jack.datasets.emotion_gait import Draws, EmotionGait
    from jack.datasets.synthetic import Sizes, write_synthetic
    from jack.methods.torch.bpmgcn_training import scores

    write_synthetic("bpmgcn", tmp_path / "data", Sizes(1, 1))
    batch = EmotionGait(tmp_path / "data", "test").batch([2], Draws(0))
    model = METHODS["bpmgcn"].build("torch", **SMALL["bpmgcn"]).eval()
    load_into(model, weights["bpmgcn"])
    with torch.no_grad():
        wanted = scores(model, batch["joint"], batch["movement"])
    shares = torch.softmax(torch.from_numpy(wanted).double(), dim=1)[0].tolist()
    _, _, found = infer("bpmgcn", tmp_path / "data" / "test_joint.npy", "--index", "2")
    assert list(found["probabilities"].values()) == pytest.approx(shares, abs=1e-6)
    assert found["input"].endswith("test_joint.npy[2]") and found["frames"] == 48


@pytest.mark.parametrize("frames", [1, 250])
def test_walks_of_any_length(infer, tmp_path, frames):
    np.save(tmp_path / "walk.npy", np.resize(walk(48), (frames, 16, 3)))
    code, _, found = infer("bpmgcn", tmp_path / "walk.npy")
    assert code == 0 and found["frames"] == frames


def test_what_is_no_walk_is_said_in_a_line(infer, tmp_path):
    np.save(tmp_path / "shape.npy", np.zeros((10, 17, 3)))
    np.save(tmp_path / "nan.npy", np.full((10, 16, 3), np.nan))
    np.save(tmp_path / "none.npy", np.zeros((0, 16, 3)))
    np.save(tmp_path / "many.npy", np.zeros((5, 3, 48, 16, 1)))
    np.save(tmp_path / "texts.npy", np.array([["a"] * 48]))
    (tmp_path / "rows.csv").write_text("1,2,3\n4,5\n")
    (tmp_path / "words.csv").write_text("a,b\n")
    (tmp_path / "broken.npy").write_bytes(b"\x93NUMPY")
    for name, words in {
        "shape.npy": "frames x 16 x 3",
        "nan.npy": "frame 0",
        "none.npy": "no frames",
        "many.npy": "0 to 4 (--index)",
        "texts.npy": "numbers",
        "rows.csv": "line 2",
        "words.csv": "line 1",
        "broken.npy": "",
        "absent.npy": "No such file",
    }.items():
        code, said, _ = infer("bpmgcn", tmp_path / name)
        assert code == 2 and name in said and words in said, said
    code, said, _ = infer("bpmgcn", tmp_path / "many.npy", "--index", "5")
    assert code == 2 and "many.npy" in said


def test_json_alone_on_standard_output(weights, tmp_path):
    np.save(tmp_path / "walk.npy", walk())
    words = ["infer", "bpmgcn", str(tmp_path / "walk.npy"), "--checkpoint", str(weights["bpmgcn"]), "--json"]
    done = CliRunner().invoke(
        main, [*words, *words_of("bpmgcn"), "--framework", "torch", "--output", str(tmp_path / "out")]
    )
    assert json.loads(done.stdout)["emotion"] in ("Happy", "Sad", "Angry", "Neutral")


def test_a_folder_that_cannot_be_written_is_said(weights, tmp_path):
    (tmp_path / "file").touch()
    np.save(tmp_path / "walk.npy", walk())
    words = ["infer", "bpmgcn", str(tmp_path / "walk.npy"), "--checkpoint", str(weights["bpmgcn"])]
    done = CliRunner().invoke(
        main, [*words, *words_of("bpmgcn"), "--framework", "torch", "--output", str(tmp_path / "file" / "out")]
    )
    assert done.exit_code == 2 and "cannot be written" in done.stderr


def test_no_weights_is_said(tmp_path):
    done = CliRunner().invoke(main, ["infer", "vaanet", str(made_clip(tmp_path / "a.mp4")), "--framework", "torch"])
    assert done.exit_code == 2 and "--checkpoint" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("method", ["vaanet", "cten", "tslnet", "bpmgcn"])
def test_both_frameworks_say_the_same(method, tmp_path):
    """On a real clip, from the command line to the JSON; for TSL-Net through I3D as well."""
    checkpoint = write_weights(method, tmp_path)
    source, more = real_clip(), []
    if method == "tslnet":
        shapes = {name: list(value.shape) for name, value in I3D().state_dict().items()}
        save_checkpoint(fill_weights(shapes), tmp_path / "i3d.safetensors")
        more = ["--i3d", tmp_path / "i3d.safetensors"]
    if method == "bpmgcn":
        source = tmp_path / "walk.npy"
        np.save(source, walk())
    found = {}
    for framework in ("torch", "jittor"):
        words = ["infer", method, source, "--checkpoint", checkpoint, *words_of(method), *more]
        words += ["--framework", framework, "--json", "--output", tmp_path / framework]
        done = subprocess.run(
            [sys.executable, "-m", "jack.cli", *map(str, words)], capture_output=True, text=True, timeout=1800
        )
        assert done.returncode == 0, done.stderr
        found[framework] = json.loads(done.stdout)
    if method == "tslnet":
        assert found["jittor"]["video_scores"] == pytest.approx(found["torch"]["video_scores"], abs=1e-4)
        rows, others = (found[framework]["results"]["bigbuckbunny"] for framework in ("jittor", "torch"))
        assert [row["label"] for row in rows] == [row["label"] for row in others]
    else:
        assert found["jittor"]["probabilities"] == pytest.approx(found["torch"]["probabilities"], abs=1e-4)


def test_fonts_with_more_letters_are_used_where_they_are_installed():
    assert fonts.families(["Arial", "DejaVu Sans"]) == ["DejaVu Sans"]
    assert fonts.families(["WenQuanYi Micro Hei", "Noto Sans CJK SC"]) == [
        *("DejaVu Sans", "Noto Sans CJK SC", "WenQuanYi Micro Hei"),
    ]
