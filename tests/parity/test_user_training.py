"""jack-parity train on programs of users: converted, beside ports with flaws, whole loops; what parted first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from parity.arrays import Array, save_arrays
from parity.check.spec import SpecError
from parity.cli import main
from parity.training.judge import Sides, compare_ends, compare_steps, find_problems
from parity.training.loop_table import as_text
from parity.training.program import Training, jittor_text, torch_text
from parity.training.result import LoopReport
from parity.training.sketch import apart, length, sketch
from parity.training.spec import Call, make_batches, parse_call, stock_loss
from parity.training.trainee import Bounds
from parity.training.watch import Watcher

NET = """
import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self, width=8, p=0.2):
        super().__init__()
        self.fc = nn.Linear(6, width)
        self.bn = nn.BatchNorm1d(width)
        self.drop = nn.Dropout(p)
        self.register_buffer("scale", torch.ones(width))
        self.out = nn.Linear(width, 3)

    def forward(self, x):
        return self.out(self.drop(F.relu(self.bn(self.fc(x)))) * self.scale)
"""

PORT = """
import jittor as jt
from jittor import nn


class Net(nn.Module):
    def __init__(self, width=8, p=0.2):
        self.hidden = nn.Linear(6, width)
        self.bn = nn.BatchNorm(width)
        self.scale = jt.ones((width,))
        self.out = nn.Linear(width, 3)

    def execute(self, x):
        return self.out(nn.dropout(nn.relu(self.bn(self.hidden(x))), 0.2) * self.scale)
"""

LOOP = """
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.drop, self.last = nn.Linear(5, 8), nn.Dropout(0.3), nn.Linear(8, 1)

    def forward(self, x):
        return self.last(self.drop(torch.tanh(self.first(x))))


def run(epochs):
    x = torch.randn(18, 5)
    loader = DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), batch_size=4, shuffle=True)
    model = Net()
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    yield model
    for epoch in range(epochs):
        for inputs, wanted in loader:
            loss = nn.functional.mse_loss(model(inputs + 0.1 * torch.randn_like(inputs)), wanted)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            yield {"loss": loss.item()}
"""

DROPPED = """
import jittor as jt
from jittor import nn
from jittor.dataset import Dataset


class Data(Dataset):
    def __init__(self):
        super().__init__()
        self.x = jt.randn(18, 5).numpy()
        self.set_attrs(total_len=18, batch_size=4, shuffle=True, drop_last=True)

    def __getitem__(self, i):
        return self.x[i], self.x[i].sum(keepdims=True)


class Net(nn.Module):
    def __init__(self):
        self.first, self.drop, self.last = nn.Linear(5, 8), nn.Dropout(0.3), nn.Linear(8, 1)

    def execute(self, x):
        return self.last(self.drop(jt.tanh(self.first(x))))


def run(epochs):
    data, model = Data(), Net()
    model.train()
    optimizer = jt.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    yield model
    for epoch in range(epochs):
        for inputs, wanted in data:
            loss = nn.mse_loss(model(inputs + 0.1 * jt.randn_like(inputs)), wanted)
            optimizer.backward(loss)
            optimizer.clip_grad_norm(1.0)
            optimizer.step()
            yield loss
"""

DATA = ["--input", "8x6", "--target", "8:int64:0-3", "--loss", "cross_entropy"]


def train(*arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit status and the report."""
    result = CliRunner().invoke(main, ["train", "--output-format", "json", *arguments])
    assert result.exit_code in (0, 1), result.output
    return result.exit_code, json.loads(result.stdout)


def test_a_converted_training_with_dropout_and_a_schedule_agrees(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(NET)
    how = ["--optimizer", "SGD(lr=0.1, momentum=0.9)", "--scheduler", "StepLR(step_size=3)", "--steps", "6"]
    status, report = train(f"{tmp_path}/net.py:Net", "--args", "width=4 + 4", *DATA, *how)
    assert status == 0 and report["ok"], report
    losses = [step["torch"]["loss"] for step in report["steps"]]
    assert len(set(losses)) == 6  # another batch in each step
    assert [step["rates"][1] for step in report["steps"]] == [[0.1]] * 3 + [[pytest.approx(0.01)]] * 3
    assert set(report["steps"][0]["norms"][1]) == {f"{m}.{n}" for m in ("fc", "bn", "out") for n in ("weight", "bias")}
    assert report["worst"] < 1e-5 and report["drift"] < 1e-5


def test_a_port_that_trains_a_buffer_and_does_not_drop(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(NET)
    (tmp_path / "port.py").write_text(PORT)
    how = ["--jittor", f"{tmp_path}/port.py:Net", "--optimizer", "SGD(lr=0.1)", "--steps", "3"]
    status, report = train(f"{tmp_path}/net.py:Net", *DATA, *how)
    assert status == 1
    assert report["sentence"].startswith("they part at step 1: the forward pass")
    told = "\n".join(report["problems"])
    assert "Jittor trains scale, which Torch does not (a buffer there)" in told
    assert "Torch drops (p=0.2) at drop in shape (8, 8), Jittor does not (3 times)" in told
    assert any("fc.weight is hidden.weight" in note for note in report["notes"])


def test_a_whole_loop_is_converted_with_its_data_order_and_noise(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(LOOP)
    status, report = train("--loop", f"{tmp_path}/train.py:run", "--args", "epochs=2")
    assert status == 0, report
    assert report["taken"] == {"torch": 10, "jittor": 10} and report["worst"] < 1e-5


def test_a_dropped_last_batch_is_named(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(LOOP)
    (tmp_path / "port.py").write_text(DROPPED)
    arguments = ["--loop", f"{tmp_path}/train.py:run", "--args", "epochs=1", "--jittor", f"{tmp_path}/port.py:run"]
    status, report = train(*arguments)
    assert status == 1
    wanted = "Torch takes 5 steps, Jittor 4: Jittor drops the last batch, which has 2 items where the others have 4"
    assert wanted in report["problems"]
    assert report["split"] is None and report["worst"] < 1e-3  # the steps that both took agree


def test_a_side_that_fails_is_reported_with_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(NET)
    (tmp_path / "port.py").write_text(PORT.replace("self.bn(", "self.norm("))
    how = ["--jittor", f"{tmp_path}/port.py:Net", "--steps", "2"]
    status, report = train(f"{tmp_path}/net.py:Net", *DATA, *how)
    assert status == 1 and report["taken"] == {"torch": 2, "jittor": 0}
    assert report["problems"][0].startswith("Jittor: ended with status 1") and "norm" in report["problems"][0]


def test_torch_that_fails_leaves_nothing_to_compare(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(NET)
    status, report = train(f"{tmp_path}/net.py:Net", "--args", "width='wide'", *DATA, "--steps", "2")
    assert status == 1 and report["taken"] == {"torch": 0}
    assert report["problems"][0].startswith("Torch: ended with status 1") and "TypeError" in report["problems"][0]


class Written:
    """The files of two runs, without any framework."""

    def __init__(self, folder: Path) -> None:
        self.folders = (folder / "torch", folder / "jittor")
        start = {"w": np.ones(4), "b": np.ones(2), "mean": np.zeros(2)}
        for side in self.folders:
            side.mkdir()
            save_arrays(side / "start.npz", start)
        told = {"trained": ["w", "b"], "parameters": ["w", "b"]}
        (self.folders[0] / "model.json").write_text(json.dumps(told))
        self.state = [{k: a.copy() for k, a in start.items()} for _ in range(2)]
        self.steps = 0
        self.left_out = 0.0  # of Jittor's b: what an optimizer made of a gradient that is only rounding

    def step(self, jittor: Mapping[str, Any] | None = None, batch: int = 4) -> None:
        """One step; ``jittor`` says what is different there."""
        self.steps += 1
        for side, folder in enumerate(self.folders):
            other = (jittor or {}) if side else {}
            gradients = {"w": np.full(4, 2.0), "b": np.full(2, 1.0)}
            gradients = {n: g * other.get("gradient", 1.0) for n, g in gradients.items()}
            moves = {n: -0.1 * other.get("update", 1.0) * g for n, g in gradients.items()}
            self.state[side].update({n: self.state[side][n] + move for n, move in moves.items()})
            self.state[side]["mean"] = self.state[side]["mean"] + other.get("mean", 0.5)
            self.state[side]["b"] = self.state[side]["b"] + other.get("left out", 0.0)
            arrays: dict[str, Array] = {f"gradient/0/{n}": g for n, g in gradients.items()}
            arrays |= {f"state/{n}": a for n, a in self.state[side].items()}
            arrays |= {f"update/{n}": move for n, move in moves.items()}
            self.left_out += other.get("left out", 0.0)
            arrays |= {
                f"way/{n}": self.state[side][n] - 1.0 - (self.left_out if side and n == "b" else 0) for n in moves
            }
            save_arrays(folder / f"step-{self.steps}.npz", arrays)
            norms = {n: length(g) for n, g in gradients.items()}
            event = {"rates": [other.get("rate", 0.1)], "norms": norms, "trained": ["w", "b"]}
            entry = {"figures": {"loss": other.get("loss", 1.0)}, "optimizer": [event], "seconds": 0.1}
            entry["batch"] = other.get("batch", batch)
            with (folder / "steps.jsonl").open("a") as log:
                log.write(json.dumps(entry) + "\n")

    def report(self) -> LoopReport:
        """Both compared."""
        report = LoopReport("m", Bounds(), 1e-2, 0)
        sides = Sides(*self.folders)
        find_problems(report, sides, {})
        compare_steps(report, sides)
        compare_ends(report, sides)
        return report


@pytest.mark.parametrize(
    ("difference", "stage", "words"),
    [
        ({"loss": 1.1, "gradient": 1.2}, "figure", "the forward pass, the loss function or the data: loss differs by"),
        ({"gradient": 1.2}, "gradient", "a gradient does not: the backward pass: w (and of 1 more) differs by 2.0e-01"),
        ({"rate": 0.2, "update": 2.0}, "rate", "the schedule: 0.1 in Torch, 0.2 in Jittor"),
        ({"update": 1.1}, "update", "an update does not: the optimizer: w (and of 1 more) differs by 1.0e-01"),
        ({"mean": 0.6}, "buffer", "a buffer is updated otherwise: mean differs by"),
        ({"batch": 3, "loss": 2.0}, "batch", "the batches differ: 4 items in Torch, 3 in Jittor"),
    ],
)
def test_what_parts_first_is_named(tmp_path: Path, difference: dict[str, float], stage: str, words: str) -> None:
    runs = Written(tmp_path)
    for number in range(3):
        runs.step(difference if number == 1 else None)
    report = runs.report()
    assert report.split is not None and (report.split.step, report.split.measure.stage) == (2, stage)
    assert words in report.split.sentence() and not report.ok
    assert report.split.sentence() in as_text(report)


def test_runs_that_agree(tmp_path: Path) -> None:
    runs = Written(tmp_path)
    runs.step()
    runs.step()
    report = runs.report()
    assert report.ok and report.drift == 0 and report.taken == {"torch": 2, "jittor": 2}
    assert "m: agrees: 2 steps" in as_text(report)


class Numpy:
    """As much of a backend as a watcher needs."""

    name = "torch"

    def numpy(self, tensor: Array) -> Array:
        return tensor


def test_entries_whose_gradient_is_only_rounding_are_left_out() -> None:
    watcher = Watcher(Numpy())  # type: ignore[arg-type]
    weight, bias, unused = np.ones(3), np.ones(4), np.ones(2)
    watcher.follow({"weight": weight, "bias": bias, "unused": unused})
    gradients = [np.array([1.0, 0.5, 2.0]), np.array([1e-9, 0.3, -1e-8, 0.0]), np.zeros(2)]
    watcher._note([[(p, g, True) for p, g in zip((weight, bias, unused), gradients)]], [0.1])
    assert list(watcher.small) == ["bias"] and watcher.small["bias"].tolist() == [True, False, True, True]
    (event,) = watcher.take()
    assert event.trained == ["weight", "bias", "unused"] and event.norms["unused"] == 0 and watcher.take() == []


def test_a_running_mean_may_follow_a_bias_whose_gradient_is_only_rounding(tmp_path: Path) -> None:
    runs = Written(tmp_path)
    runs.step({"left out": 0.1, "mean": 0.51})
    assert runs.report().ok
    runs.step({"mean": 0.9})
    report = runs.report()
    assert report.split is not None and (report.split.step, report.split.measure.name) == (2, "mean")


def test_distances_of_sketches_are_those_of_the_arrays() -> None:
    draw = np.random.default_rng(0)
    one, other = draw.standard_normal((2, 300, 400))
    other = one + 1e-3 * other
    assert apart(sketch(one, "w"), sketch(other, "w")) == pytest.approx(length(one - other), rel=0.2)
    assert apart(sketch(one, "w"), sketch(one, "w")) == 0
    short = draw.standard_normal((2, 3))
    assert np.array_equal(sketch(short, "w"), short.reshape(-1))
    assert apart(np.array([np.nan]), np.array([np.nan])) == 0 and apart(np.array([np.nan]), np.array([1.0])) == np.inf


def test_batches_are_drawn_anew_or_taken_in_rows_from_a_file(tmp_path: Path) -> None:
    drawn = make_batches(["2x3", "mask=2:bool"], ["2:int64:0-5"], 3, None, 0)
    assert list(drawn[0]) == ["input_0", "input_mask", "target_0"]
    assert not np.array_equal(drawn[0]["input_0"], drawn[1]["input_0"])
    np.savez(tmp_path / "data.npz", x=np.arange(5.0), y=np.arange(5))
    stored = make_batches([f"{tmp_path}/data.npz:x"], [f"{tmp_path}/data.npz:y"], 4, 2, 0)
    assert [batch["input_0"].tolist() for batch in stored] == [[0, 1], [2, 3], [4], [0, 1]]
    assert all(np.array_equal(batch["input_0"], batch["target_0"]) for batch in stored)
    with pytest.raises(SpecError, match="either files or shapes"):
        make_batches(["2x3", f"{tmp_path}/data.npz"], [], 1, None, 0)


def test_the_written_trainings() -> None:
    training = Training("Net", "3", Call("cross_entropy", "label_smoothing=0.1"), Call("SGD", "lr=0.1"), None)
    text = torch_text(training, ["input_0", "input_mask", "target_0"], "net")
    assert "model(input_0, mask=input_mask), target_0, label_smoothing=0.1)" in text
    assert "torch.optim.SGD(model.parameters(), lr=0.1)" in text and "scheduler" not in text
    told = Training("Net", "", stock_loss(Call("cross_entropy")), Call("Adam", "lr=0.1"), Call("ReduceLROnPlateau"))
    text = jittor_text(told, ["input_0", "target_0"], "net")
    assert "jittor.nn.cross_entropy_loss(model(input_0), target_0)" in text
    assert "jittor.lr_scheduler.ReduceLROnPlateau(optimizer)" in text and "scheduler.step(loss.item())" in text
    assert parse_call("Adam", "--optimizer") == Call("Adam")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["net.py:Net", "--input", "2x6"], "--loss is missing"),
        (["net.py", *DATA], "expected PATH.py:NAME"),
        (["net.py:Other", *DATA], "net.py has no Other"),
        (["net.py:Net", *DATA, "--optimizer", "SDG(lr=0.1)"], "--optimizer: torch.optim has no SDG"),
        (["net.py:Net", *DATA[:4], "--loss", "crossentropy"], "--loss: torch.nn.functional has no crossentropy"),
        (["net.py:Net", *DATA, "--optimizer", "SGD(lr=)"], "no list of arguments"),
        (["net.py:Net", *DATA, "--optimizer", "1"], "expected NAME or NAME(ARGUMENTS)"),
        (["net.py:Net", *DATA, "--jittor-loss", "mse"], "of which port?"),
        (["net.py:Net", *DATA[:4], "--loss", "net.py:Net", "--jittor", "net.py:Net"], "--jittor-loss PORT.py:FUNCTION"),
        (["net.py:Net", *DATA, "--method", "cten"], "either a file or methods"),
        (["--loop", "net.py:Net", "--loss", "mse"], "its own model, data, loss and optimizer"),
    ],
)
def test_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str) -> None:
    (tmp_path / "net.py").write_text(NET)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["train", *arguments])
    assert result.exit_code == 2 and message in result.output, result.output


CNN = """
import torch
from torch import nn


class DropPath(nn.Module):
    def forward(self, x):
        if not self.training:
            return x
        return x * torch.empty([x.shape[0], 1, 1, 1]).bernoulli_(0.7).div_(0.7)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.body = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout2d(0.2))
        self.path = DropPath()
        self.attention = nn.MultiheadAttention(8, 2, dropout=0.1, batch_first=True)
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        x = self.stem(x)
        x = (x + self.path(self.body(x))).flatten(2).transpose(1, 2)
        return self.head((x + self.attention(x, x, x)[0]).mean(1))
"""


@pytest.mark.slow
def test_noise_that_adam_makes_steps_of_is_no_finding(tmp_path: Path) -> None:
    """The convolution's bias before the batch norm and the bias of the keys have gradients of rounding only."""
    (tmp_path / "net.py").write_text(CNN)
    data = ["--input", "8x3x12x12", "--target", "8:int64:0-5", "--loss", "cross_entropy(label_smoothing=0.1)"]
    how = ["--optimizer", "AdamW(lr=0.01)", "--scheduler", "CosineAnnealingLR(T_max=10)", "--steps", "15", "--noise"]
    status, report = train(f"{tmp_path}/net.py:Net", *data, *how)
    assert status == 0 and report["worst"] < 1e-5 and report["noise_split"] is None, report
