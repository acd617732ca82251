"""`jack train` and `jack test` on tiny data sets, in Torch; other tests compare the frameworks."""

import json
import pickle
import signal
import time

import numpy as np
import pytest
from click.testing import CliRunner
from threadpoolctl import threadpool_limits

from jack.checkpoints import load_checkpoint, save_checkpoint
from jack.cli import main
from jack.datasets.batches import Batches
from jack.datasets.video_emotion import TRAINING
from jack.errors import DatasetError
from jack.options import OPTIONS
from jack.testing.run import run_test
from jack.testing.video_emotion import open_videos
from jack.training.run import run_train
from tests.jack.training_data import (
    LoadedModules,
    gait_options,
    lines_of,
    records,
    sentiment_options,
    video_options,
    write_gait,
    write_sentiments,
    write_videos,
)


@pytest.fixture(scope="module")
def gait(tmp_path_factory):
    root = tmp_path_factory.mktemp("gait")
    write_gait(root)
    return root


@pytest.fixture(scope="module")
def trained(gait, tmp_path_factory):
    """A finished run of BPM-GCN: its folder."""
    work = tmp_path_factory.mktemp("trained")
    assert run_train(OPTIONS["bpmgcn"](**gait_options(gait, work))) == 0
    return work


def command(name, method, options):
    """`jack NAME METHOD` with options: exit code, standard output, standard error."""
    words = []
    for key, value in options.items():
        text = " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        words += [f"--{key}", text]
    result = CliRunner().invoke(main, [name, method, *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def refused(name, method, options):
    """The one line of a command that ends with exit code 2."""
    code, _, line = command(name, method, options)
    assert code == 2 and len(line.strip().splitlines()) == 1, line
    return line


def test_a_run_writes_what_it_says(trained):
    steps, evaluations = records(trained / "log.jsonl"), records(trained / "log.jsonl", "evaluation")
    # 24 clips of 4 classes: one of each class is held out (0.9 * 6 rounds to 5), 20 make 5 batches of 4.
    assert [step["step"] for step in steps] == list(range(1, 11)) and {step["lr"] for step in steps} == {0.001}
    assert all({"loss", "loss_1m", "loss_1p", "loss_2", "acc"} <= step.keys() for step in steps)
    assert [(e["step"], e["epoch"]) for e in evaluations] == [(5, 1), (10, 2)]
    mean = np.mean([step["loss"] for step in steps[:5]])
    assert evaluations[0]["train_loss"] == pytest.approx(mean, rel=1e-12)
    report = json.loads((trained / "report.json").read_text())
    assert report["selected_on"] == "validation" and "4 clips of the training part" in report["selection"]
    assert report["best"] == max(e["val_accuracy"] for e in evaluations) and report["framework"] == "torch"
    assert {path.name for path in (trained / "checkpoints").iterdir()} == {
        "best.safetensors",
        "last.safetensors",
        "state.safetensors",
    }


def test_the_time_of_each_step_and_of_the_wait_in_it(trained):
    times = lines_of(trained / "timing.jsonl")
    assert [time["step"] for time in times] == list(range(1, 11))
    # Without workers every sample is read while the step waits.
    assert all(0 < time["waited"] < time["seconds"] for time in times)


def test_only_reading_is_waiting():
    class Slow(LoadedModules):
        def read(self, index, draw):
            time.sleep(0.05)
            return []

    batches = Batches(Slow(), 1)
    for _ in batches.epoch(0):
        time.sleep(0.5)  # what a step does is none
    assert 0.1 <= batches.waited < 0.5


def test_curves_for_tensorboard(trained):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    curves = EventAccumulator(str(trained / "tensorboard"))
    curves.Reload()
    losses = [(event.step, event.value) for event in curves.Scalars("train/step/loss")]
    logged = [(step["step"], np.float32(step["loss"])) for step in records(trained / "log.jsonl")]
    assert losses == logged and [event.step for event in curves.Scalars("val/accuracy")] == [5, 10]


def test_without_tensorboard_one_line_says_so(gait, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "tensorboard.compat.proto.event_pb2", None)
    assert run_train(OPTIONS["bpmgcn"](**gait_options(gait, tmp_path, max_steps=1))) == 0
    assert "no TensorBoard log: pip install" in capsys.readouterr().out


def test_a_run_is_not_overwritten_and_not_resumed_as_another(gait, trained, tmp_path):
    options = gait_options(gait, trained)
    assert "a run is there already; --resume goes on with it" in refused("train", "bpmgcn", options)
    result = CliRunner().invoke(main, ["train", "bpmgcn", "--work-dir", str(tmp_path / "new"), "--resume"])
    assert (
        result.exit_code == 2 and "new/checkpoints/state.safetensors: no such file, so there is no run" in result.stderr
    )


def test_resume_refuses_another_run_s_options(gait, trained):
    result = CliRunner().invoke(
        main,
        ["train", "bpmgcn", "--data-path", str(gait), "--work-dir", str(trained), "--width", "8", "--resume"],
    )
    assert result.exit_code == 2 and "--base-lr was 0.001 when the run began and is 0.075 now" in result.stderr


def test_resume_refuses_other_samples_but_not_another_place(gait, tmp_path):
    first = gait_options(gait, tmp_path / "run", max_steps=2)
    assert run_train(OPTIONS["bpmgcn"](**first)) == 0
    (tmp_path / "run").rename(tmp_path / "moved")
    moved = {**first, "work_dir": str(tmp_path / "moved"), "max_steps": 3}
    assert run_train(OPTIONS["bpmgcn"](**moved), resume=True) == 0
    write_gait(tmp_path / "more", train=28)
    with pytest.raises(DatasetError, match="other training samples than the 24 that are there now"):
        run_train(OPTIONS["bpmgcn"](**{**moved, "data_path": str(tmp_path / "more")}), resume=True)


def test_samples_do_not_depend_on_workers_and_seeds_do_matter(gait, trained, tmp_path):
    losses = [[step["loss"] for step in records(trained / "log.jsonl")][:3]]
    for name, more in (("workers", {"num_workers": 2}), ("seed", {"seed": 5})):
        options = gait_options(gait, tmp_path / name, max_steps=3, select_on="validation", **more)
        assert run_train(OPTIONS["bpmgcn"](**options)) == 0
        losses.append([step["loss"] for step in records(tmp_path / name / "log.jsonl")])
    assert losses[0] == losses[1] != losses[2]


def test_a_worker_hears_the_same_sound_to_the_last_bit(tmp_path, monkeypatch):
    write_videos(tmp_path, training=2, validation=1)
    options = OPTIONS["vaanet"](**video_options("vaanet", tmp_path, "run"))
    dataset = open_videos(options, "training", TRAINING)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # as --threads 1 leaves it to the workers; this process has its own
    found = []
    with threadpool_limits(limits=2, user_api="blas"):
        for workers in (0, 1):
            with Batches(dataset, 4, workers=workers) as batches:
                found.append(next(batches.epoch(0)))
    assert np.array_equal(found[0].audio, found[1].audio) and np.array_equal(found[0].visual, found[1].visual)


def test_selection_on_the_test_set_is_said(gait, tmp_path, capsys):
    options = gait_options(gait, tmp_path, max_steps=1, select_on="test")
    assert run_train(OPTIONS["bpmgcn"](**options)) == 0
    out = capsys.readouterr().out
    assert "chosen on the test set, as the authors do" in out and "24 clips, 6 batches of 4" in out  # nothing held out
    assert json.loads((tmp_path / "report.json").read_text())["selected_on"] == "test"


def test_a_loss_that_is_no_number_ends_the_run_and_keeps_its_batch(gait, tmp_path):
    options = gait_options(gait, tmp_path, base_lr=1e30)
    line = refused("train", "bpmgcn", options)
    assert "the loss is nan" in line or "the loss is inf" in line
    with np.load(tmp_path / "bad_batch.npz") as kept:
        assert kept["joint"].shape == (4, 3, 48, 16, 1) and kept["names"].shape == (4,)


def test_every_sample_is_tested(gait, trained, capsys):
    options = {"data_path": str(gait), "work_dir": str(trained), "width": 8, "framework": "torch", "threads": 1}
    options.update(test_batch_size=4, checkpoint=str(trained / "checkpoints/best.safetensors"))
    assert run_test(OPTIONS["bpmgcn"](**options)) == 0
    assert "10 samples evaluated, 0 left out" in capsys.readouterr().out
    report = json.loads((trained / "test.json").read_text())
    assert report["total"] == 10 and np.sum(report["confusion"]) == 10
    predictions = json.loads((trained / "predictions.json").read_text())
    assert [entry["name"] for entry in predictions] == [f"test{number}" for number in range(10)]
    right = sum(entry["true"] == entry["predicted"] for entry in predictions)
    assert report["accuracy"] == right / 10
    assert (trained / "confusion.png").read_bytes().startswith(b"\x89PNG")
    # The state of a run, and other batch sizes, give the same figures.
    state = {**options, "checkpoint": str(trained / "checkpoints/state.safetensors"), "test_batch_size": 3}
    last = {**options, "checkpoint": str(trained / "checkpoints/last.safetensors")}
    figures = []
    for given in (state, last):
        assert run_test(OPTIONS["bpmgcn"](**given), str(trained / "other")) == 0
        figures.append(json.loads((trained / "other" / "test.json").read_text()))
    assert figures[0]["confusion"] == figures[1]["confusion"]
    assert figures[0]["loss"] == pytest.approx(figures[1]["loss"], rel=1e-5)


def test_weights_of_other_classes_are_named(gait, trained):
    options = {"data_path": str(gait), "width": 8, "framework": "torch", "num_class": 6}
    options["checkpoint"] = str(trained / "checkpoints/best.safetensors")
    line = refused("test", "bpmgcn", options)
    assert "best.safetensors: the weights are of a model with num_class 4 and not 6; give --num-class 4" in line
    assert "--checkpoint FILE is missing" in refused("test", "bpmgcn", {"framework": "torch"})


def test_weights_that_have_diverged_are_named(gait, trained, tmp_path):
    weights = load_checkpoint(trained / "checkpoints" / "best.safetensors").weights
    weights["fc1_classifier_p.bias"] = np.full(4, np.nan, dtype=np.float32)
    save_checkpoint(weights, tmp_path / "nan.safetensors")
    options = {
        "data_path": str(gait),
        "width": 8,
        "framework": "torch",
        "checkpoint": str(tmp_path / "nan.safetensors"),
    }
    assert "no numbers: its weights have diverged" in refused("test", "bpmgcn", options)


@pytest.mark.parametrize(
    "damage, line",
    [
        (lambda root: (root / "train_joint.npy").unlink(), "train_joint.npy: No such file"),
        (lambda root: (root / "train_label.pkl").write_bytes(b"x"), "train_label.pkl is no pickle"),
        (lambda root: write_labels(root, 9), "train_label.pkl: label 9"),
        (lambda root: (root / "train_movement.npy").write_bytes(b""), "train_movement.npy is no .npy file"),
        (lambda root: spoil_clip(root), "train_affective.npy: clip 5 (train5) holds what is no number"),
    ],
)
def test_files_that_are_missing_or_damaged(tmp_path, damage, line):
    write_gait(tmp_path / "data", train=8)
    damage(tmp_path / "data")
    assert line in refused("train", "bpmgcn", gait_options(tmp_path / "data", tmp_path / "run"))


def test_a_clip_of_no_numbers_can_be_left_out(tmp_path):
    write_gait(tmp_path / "data", train=24, test=4)
    spoil_clip(tmp_path / "data")
    options = gait_options(tmp_path / "data", tmp_path / "run", num_epoch=1, skip_bad=True, select_on="none")
    assert run_train(OPTIONS["bpmgcn"](**options)) == 0
    report = json.loads((tmp_path / "run/report.json").read_text())
    assert "clip 5" in json.dumps(report)


def spoil_clip(root):
    features = np.load(root / "train_affective.npy")
    features[5, 7] = np.nan
    np.save(root / "train_affective.npy", features)


def write_labels(root, highest):
    with (root / "train_label.pkl").open("wb") as file:
        pickle.dump(([str(number) for number in range(8)], [0, 1, 2, 3, 0, 1, 2, highest]), file, protocol=2)


def test_a_signal_is_answered_after_the_step(gait, tmp_path, capsys):
    from jack.training.tasks.bpmgcn import BPMGCNTask

    original, calls = BPMGCNTask.step, []

    def step(self, *given):
        calls.append(1)
        if len(calls) == 2:
            signal.raise_signal(signal.SIGINT)
        return original(self, *given)

    before = signal.getsignal(signal.SIGINT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BPMGCNTask, "step", step)
        options = OPTIONS["bpmgcn"](**gait_options(gait, tmp_path))
        assert run_train(options, again="jack train ... --resume") == 130
    assert "stopped after step 2" in (out := capsys.readouterr().out) and "go on with: jack train ... --resume" in out
    assert signal.getsignal(signal.SIGINT) is before
    assert len(records(tmp_path / "log.jsonl")) == 2


@pytest.mark.parametrize("method", ["vaanet", "cten"])
def test_videos_are_trained_and_tested_and_bad_ones_named(method, tmp_path, capsys):
    write_videos(tmp_path)
    for broken in (tmp_path / "img" / "joy" / "v1").glob("*.jpg"):
        broken.write_bytes(broken.read_bytes()[:60])
    options = video_options(method, tmp_path, "run", max_steps=2)
    assert "joy/v1/0000" in refused("train", method, options)
    options = video_options(method, tmp_path, "skipping", max_steps=2, skip_bad=True)
    assert command("train", method, options)[0] == 0
    run = tmp_path / "results" / "skipping"
    report = json.loads((run / "report.json").read_text())
    assert report["step"] == 2 and all("joy/v1/0000" in line for line in report["skipped"])
    assert report["skipped"]
    test = {name: options[name] for name in options if name not in ("max_steps", "validation_share", "n_epochs")}
    test.update(checkpoint=str(run / "checkpoints/last.safetensors"), batch_size=3)
    assert command("test", method, test)[0] == 0
    found = json.loads((run / "test.json").read_text())
    assert found["total"] == 4 and set(found["recall"]) == {"fear", "joy"}
    six = {**test, "n_classes": 6}
    assert "a model with n_classes 2 and not 6; give --n-classes 2" in refused("test", method, six)


def test_annotations_that_do_not_fit(tmp_path):
    write_videos(tmp_path, training=2, validation=1)
    options = video_options("vaanet", tmp_path, "run")
    assert "2 classes (fear, joy), but --n-classes is 8: give --n-classes 2" in refused(
        "train", "vaanet", {**options, "n_classes": 8}
    )
    missing = tmp_path / "mp3" / "joy" / "v0.mp3"
    missing.rename(tmp_path / "elsewhere.mp3")
    assert "joy/v0.mp3: no such sound file" in refused("train", "vaanet", options)
    nowhere = {**options, "root_path": str(tmp_path / "nowhere")}
    assert "nowhere/annotation.json: cannot read the annotation" in refused("train", "vaanet", nowhere)
    eight = {**options, "loss_func": "pcce_ve8"}
    assert "--loss-func pcce_ve8" in refused("train", "vaanet", eight)


def test_sentiments_that_do_not_fit(tmp_path):
    write_sentiments(tmp_path / "data")
    options = sentiment_options(tmp_path / "data", tmp_path / "run", select_on="validation", validation_share=0.34)
    line = refused("train", "tslnet", options)
    assert "gt.json: no annotated segment of the videos that the best model is chosen on" in line
    (tmp_path / "data" / "features" / "train" / "rgb" / "1_a_1.npy").unlink()
    assert "features/train/rgb/1_a_1.npy: no such file" in refused("train", "tslnet", options)
