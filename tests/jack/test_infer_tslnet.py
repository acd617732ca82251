"""TSL-Net on videos: the features that it reads, and the intervals that ``jack infer`` finds."""

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from jack.checkpoints import save_checkpoint
from jack.cli import main
from jack.datasets.tsl300 import mel_segments
from jack.errors import DatasetError
from jack.frameworks import get_framework
from jack.golden.recipes import fill_weights
from jack.inference import i3d, tslnet
from jack.inference.i3d import I3DFeatures
from jack.media.audio import Sound, read_sound
from jack.media.tslnet_features import frame_rate, i3d_clips, i3d_frame, log_mel, mel_rate, video_log_mel
from jack.methods.torch.i3d import I3D
from jack.methods.torch.tslnet import TSLNet
from jack.metrics.localization import localize, result_json
from tests.jack.inference_files import made_clip, real_clip


@pytest.fixture(scope="module")
def i3d_weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("i3d") / "rgb_imagenet.safetensors"
    shapes = {name: list(value.shape) for name, value in I3D().state_dict().items()}
    save_checkpoint(fill_weights(shapes), path)
    return path


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return TSLNet().eval()


@pytest.fixture
def infer(model, monkeypatch, tmp_path):
    """Run the command with a model of random weights (366 MB are not written for this)."""
    monkeypatch.setattr(tslnet, "trained_model", lambda options: (get_framework("torch"), model))

    def run(*words):
        output = tmp_path / "results"
        arguments = ["infer", "tslnet", *map(str, words), "--framework", "torch", "--checkpoint", "model.pkl"]
        done = CliRunner().invoke(main, [*arguments, "--output", str(output)])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done, sorted(output.glob("*")) if output.is_dir() else []

    return run


@pytest.mark.parametrize("fps, rate", [(25, 51228), (29.97, 61413), (30, 61474), (23.976, 49130), (24, 49179)])
def test_the_sampling_rate_follows_the_frame_rate(fps, rate):
    assert mel_rate(fps) == rate


def test_32_columns_of_the_spectrogram_are_16_frames():
    rng = np.random.default_rng(0)
    for fps in (20, 25, 30):
        sound = Sound(rng.standard_normal((2, 44100 * 8)).astype(np.float32) * 0.1, 44100)
        mel = log_mel(sound, fps)
        assert mel.shape[1] == 60 and len(mel) == pytest.approx(2.001 * 8 * fps, abs=1.5)
        assert mel.max() - mel.min() <= 80.0001


def test_the_spectrogram_is_librosas():
    import librosa

    sound = read_sound(real_clip())
    rate = mel_rate(25)
    mono = librosa.resample(sound.samples.mean(axis=0), orig_sr=sound.rate, target_sr=rate)
    power = librosa.feature.melspectrogram(y=mono, sr=rate, n_fft=2048, hop_length=1024, n_mels=60)
    assert np.abs(log_mel(sound, 25) - librosa.power_to_db(power).T).max() < 1e-3


@pytest.mark.parametrize("size", [(320, 240), (240, 320), (100, 400), (226, 226), (225, 227), (640, 224)])
def test_a_frame_is_enlarged_to_226_and_cut_to_224(size):
    ramp = np.linspace(0, 255, size[0])[None, :, None] * np.ones((size[1], 1, 3))
    found = i3d_frame(Image.fromarray(ramp.astype(np.uint8)))
    assert found.shape == (224, 224, 3)
    scale = max(1.0, 226 / min(size))
    middle = found[112, 111:113].mean()
    assert middle == pytest.approx(127, abs=2)  # the centre stays the centre
    slope = (float(found[112, 200, 0]) - float(found[112, 20, 0])) / 180
    assert slope == pytest.approx(255 / (size[0] * scale), rel=0.03)


def test_clips_follow_one_another_and_the_last_ends_in_zeros(tmp_path):
    clips = list(i3d_clips(made_clip(tmp_path / "a.mp4", frames=37)))
    assert len(clips) == 3 and clips[0].shape == (3, 16, 224, 224) and clips[0].dtype == np.float32
    assert (clips[2][:, 5:] == 0).all() and (clips[2][:, :5].std(axis=(2, 3)) > 0.1).all()
    assert all(-1 <= clip.min() and clip.max() <= 1 for clip in clips)


def test_features_are_those_of_the_network(i3d_weights, monkeypatch, tmp_path):
    monkeypatch.setattr(i3d, "CLIPS", 2)
    clip = made_clip(tmp_path / "a.mp4", frames=40)
    told = []
    found = I3DFeatures(get_framework("torch"), i3d_weights)(clip, lambda done, of: told.append((done, of)))
    network = I3D().eval()
    network.load_state_dict(
        {name: torch.from_numpy(array) for name, array in fill_weights(_shapes(network)).items()}, strict=False
    )
    with torch.no_grad():
        wanted = network.features(torch.from_numpy(np.stack(list(i3d_clips(clip))[1:])))[..., 0]
    assert found.shape == (3, 1024) and told == [(32, 40), (40, 40)]
    assert np.abs(found[1:] - wanted.numpy()).max() < 1e-5


def _shapes(network):
    return {name: list(value.shape) for name, value in network.state_dict().items()}


def assert_alike(intervals, others):
    assert intervals
    for row, other in zip(intervals, others, strict=True):
        assert row["label"] == other["label"] and row["segment"] == pytest.approx(other["segment"], abs=1e-3)
        assert row["score"] == pytest.approx(other["score"], abs=1e-4)


def test_the_intervals_of_a_video(infer, model, i3d_weights, tmp_path):
    clip = made_clip(tmp_path / "clip.mp4", frames=40, rate=20)
    done, files = infer(clip, "--i3d", i3d_weights)
    assert done.exit_code == 0 and [path.name for path in files] == ["clip.tslnet.json", "clip.tslnet.png"]
    found = json.loads(files[0].read_text())

    rgb = I3DFeatures(get_framework("torch"), i3d_weights)(clip)
    mel = video_log_mel(clip)
    segments = min(len(rgb), len(mel) // 32)
    with torch.no_grad():
        inputs = (torch.from_numpy(array[None]) for array in (rgb[:segments], mel_segments(mel, segments)))
        score, activation, _ = (value.numpy() for value in model(*inputs))
    wanted = result_json({"clip": localize(score[0], activation[0], 20.0)})
    assert_alike(found["results"]["clip"], wanted["results"]["clip"])
    assert found["version"] == wanted["version"] and found["fps"] == 20
    assert found["video_scores"]["negative"] == pytest.approx(float(score[0, 0]), abs=1e-5)

    # The same from features that were made before.
    np.save(tmp_path / "rgb.npy", rgb)
    np.save(tmp_path / "mel.npy", mel)
    words = ["--rgb-path", tmp_path / "rgb.npy", "--mfcc_path", tmp_path / "mel.npy", "--fps", "20"]
    done, files = infer(*words)
    assert done.exit_code == 0
    again = json.loads((files[0].parent / "rgb.tslnet.json").read_text())
    assert_alike(again["results"]["rgb"], found["results"]["clip"])


def test_what_cannot_be_judged_is_said_in_a_line(infer, i3d_weights, tmp_path):
    whole = real_clip().read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 3])
    np.save(tmp_path / "rgb.npy", np.zeros((4, 1024), np.float32))
    np.save(tmp_path / "mel.npy", np.zeros((20, 60), np.float32))
    np.save(tmp_path / "wide.npy", np.zeros((4, 1000), np.float32))
    np.save(tmp_path / "long.npy", np.zeros((4001, 1024), np.float32))
    np.save(tmp_path / "longmel.npy", np.zeros((4001 * 32, 60), np.float32))
    rgb, mel = tmp_path / "rgb.npy", tmp_path / "mel.npy"
    for words, said in [
        ([made_clip(tmp_path / "short.mp4", frames=10), "--i3d", i3d_weights], "short.mp4: sound for 21 columns"),
        ([made_clip(tmp_path / "mute.mp4", channels=0), "--i3d", i3d_weights], "mute.mp4: no sound track"),
        ([tmp_path / "cut.mp4", "--i3d", i3d_weights], "cut.mp4"),
        ([tmp_path / "absent.mp4", "--i3d", i3d_weights], "absent.mp4"),
        ([real_clip()], "--i3d rgb_imagenet.pt"),
        ([real_clip(), "--i3d", rgb], "rgb.npy"),
        ([], "--rgb-path"),
        (["--rgb-path", rgb, "--mfcc-path", mel], "--fps"),
        (["--rgb-path", rgb, "--mfcc-path", mel, "--fps", "0"], "--fps"),
        (["--rgb-path", rgb, "--mfcc-path", mel, "--fps", "25"], "make no segment"),
        (["--rgb-path", tmp_path / "wide.npy", "--mfcc-path", mel, "--fps", "25"], "wide.npy"),
        (
            ["--rgb-path", tmp_path / "long.npy", "--mfcc-path", tmp_path / "longmel.npy", "--fps", "25"],
            "at most 4000",
        ),
    ]:
        done, files = infer(*words)
        assert done.exit_code == 2 and not files, words
        assert said in done.stderr and len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_the_shortest_video_is_one_segment(infer, i3d_weights, tmp_path):
    done, files = infer(made_clip(tmp_path / "one.mp4", frames=16), "--i3d", i3d_weights)
    assert done.exit_code == 0
    assert json.loads(files[0].read_text())["seconds"] == pytest.approx(0.64)


def test_the_frame_rate_of_a_real_clip():
    assert frame_rate(real_clip()) == 25.0
    with pytest.raises(DatasetError, match="bikes.mp4: no sound track"):
        video_log_mel(real_clip("bikes.mp4"))
