"""Every method through `jack train`, `--resume` after kill -9, and `jack test`, in both frameworks."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from jack.datasets.batches import Batches
from tests.jack.training_data import (
    LoadedModules,
    gait_options,
    records,
    sentiment_options,
    video_options,
    write_gait,
    write_sentiments,
    write_videos,
)

PROJECT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(PROJECT)}


def command(name, method, options, *more):
    words = [sys.executable, "-m", "jack.cli", name, method, *more]
    for key, value in options.items():
        words += [f"--{key}", *([str(v) for v in value] if isinstance(value, tuple) else [str(value)])]
    return words


def run(words):
    done = subprocess.run(words, cwd=PROJECT, env=ENVIRONMENT, capture_output=True, text=True, timeout=3000)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def prepared(method, root):
    """A data set, and a function that gives the options of a run and the folder of its files."""
    if method == "bpmgcn":
        write_gait(root)
        return lambda name, **more: (gait_options(root, root / name, **more), root / name)
    if method == "tslnet":
        write_sentiments(root)
        return lambda name, **more: (sentiment_options(root, root / name, **more), root / name)
    write_videos(root)
    return lambda name, **more: (video_options(method, root, name, **more), root / "results" / name)


def loss_of_steps(folder):
    return [record["loss"] for record in records(folder / "log.jsonl")]


@pytest.mark.slow
@pytest.mark.parametrize("framework", ["torch", "jittor"])
@pytest.mark.parametrize("method", ["vaanet", "cten", "tslnet", "bpmgcn"])
def test_a_method_is_trained_killed_resumed_and_tested(method, framework, tmp_path):
    options_of = prepared(method, tmp_path)
    options, whole = options_of("whole", framework=framework)
    run(command("train", method, options))
    options, cut = options_of("cut", framework=framework, save_every=1, num_workers=1)
    process = subprocess.Popen(command("train", method, options), cwd=PROJECT, env=ENVIRONMENT)
    while not (cut / "log.jsonl").exists() or len(loss_of_steps(cut)) < 2:
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()
    run(command("train", method, options, "--resume"))
    assert loss_of_steps(cut) == loss_of_steps(whole)
    first, second = (load_file(folder / "checkpoints" / "last.safetensors") for folder in (whole, cut))
    assert all(first[name].tobytes() == second[name].tobytes() for name in first)
    training = ("save_every", "max_steps", "validation_share", "select_on", "n_epochs", "num_epoch", "base_lr", "lr")
    training += ("batch_size",) if method in ("bpmgcn", "tslnet") else ()
    training += ("model_path", "log_path")
    test = {name: value for name, value in options.items() if name not in training}
    text = run(command("test", method, {**test, "checkpoint": cut / "checkpoints" / "last.safetensors"}))
    assert ("average mAP" in text) == (method == "tslnet") and "samples evaluated, 0 left out" in text


def launcher(framework):
    """The words before a command that start it twice."""
    if framework == "torch":
        return [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--no-python"]
    return [str(Path(sys.executable).parent / "mpirun"), "--allow-run-as-root", "--oversubscribe", "-n", "2"]


@pytest.mark.slow
@pytest.mark.parametrize("framework", ["torch", "jittor"])
@pytest.mark.parametrize("method", ["bpmgcn", "vaanet"])
def test_two_processes_train_as_one(method, framework, tmp_path):
    options_of = prepared(method, tmp_path)
    more = {"max_steps": 3, "dl": "yes"} if method == "vaanet" else {"max_steps": 6}
    more["framework"] = framework
    options, alone = options_of("alone", **more)
    run(command("train", method, options))
    options, together = options_of("together", **more)
    run([*launcher(framework), *command("train", method, options)])
    one, two = loss_of_steps(alone), loss_of_steps(together)
    assert len(one) == len(two) == more["max_steps"]
    np.testing.assert_allclose(two, one, rtol=1e-3)  # sums in another order, and steps that carry it on
    np.testing.assert_allclose(two[0], one[0], rtol=1e-5)


def test_workers_hold_neither_framework():
    import torch  # noqa: F401 - in this process there is one

    with Batches(LoadedModules(), 2, workers=1) as batches:
        assert [found for batch in batches.epoch(0) for found in batch] == [[], []]
