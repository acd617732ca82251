"""Draws recorded in Torch and replayed in Jittor: converted programs, ports by hand, and what is said of differences."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from parity.arrays import Array, load_arrays
from parity.isolation import run_python
from parity.randomness.matching import Matcher, Request
from parity.randomness.meanings import compares_below
from parity.randomness.tape import OUTSIDE, Draw, Tape, load_tape

PROGRAM = """
import torch
import torch.nn.functional as F
from torch import nn


class DropPath(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        keep = x.new_empty((x.shape[0], 1)).bernoulli_(1 - self.p)
        return x * keep / (1 - self.p)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout(0.3)
        self.drop1 = nn.Dropout1d(0.4)
        self.drop2 = nn.Dropout2d(0.4)
        self.drop3 = nn.Dropout3d(0.4)
        self.alpha = nn.AlphaDropout(0.4)
        self.path = DropPath(0.5)
        self.slope = nn.RReLU()
        self.lstm = nn.LSTM(4, 4, num_layers=2, dropout=0.5, batch_first=True)
        self.attention = nn.MultiheadAttention(4, 2, dropout=0.4, batch_first=True)

    def forward(self, x):
        found = {"drop": self.drop(x), "again": self.drop(x), "function": F.dropout(x, 0.2, self.training)}
        found["drop1"] = self.drop1(x.view(2, 4, 4))
        found["drop2"] = self.drop2(x.view(2, 4, 2, 2))
        found["drop3"] = self.drop3(x.view(2, 4, 2, 2, 1))
        found["alpha"], found["path"], found["slope"] = self.alpha(x), self.path(x), self.slope(x)
        rows = x.view(2, 4, 4)
        found["lstm"] = self.lstm(rows)[0]
        found["attention"] = self.attention(rows, rows, rows)[0]
        found["sdpa"] = F.scaled_dot_product_attention(rows, rows, rows, dropout_p=0.3)
        return found


def sample(weights):
    found = {"rand": torch.rand(2, 3), "randn": torch.randn(3), "uniform": torch.empty(2, 3).uniform_(-2, 3)}
    found["normal_"] = torch.empty(4).normal_(2.0, 0.5)
    found["normal"] = torch.normal(weights, 0.5)
    found["like"] = torch.rand_like(weights) + torch.randn_like(weights)
    found["randint"] = torch.randint(2, 9, (2, 5))
    found["randperm"] = torch.randperm(7)
    found["bernoulli"] = torch.bernoulli(weights / 5)
    found["bernoulli_"] = torch.empty(3, 2).bernoulli_(0.4)
    found["few"] = torch.multinomial(weights, 3)
    found["many"] = torch.multinomial(weights, 6, replacement=True)
    found["gumbel"] = F.gumbel_softmax(weights, tau=0.7)
    found["categories"] = torch.distributions.Categorical(weights).sample((2,))
    found["coins"] = torch.distributions.Bernoulli(weights / 5).sample()
    found["gauss"] = torch.distributions.Normal(weights, 0.3).rsample()
    return found
"""

WORKER = """
import importlib.util, json, sys
from pathlib import Path
import numpy as np
from parity.arrays import load_arrays, save_arrays
from parity.backends import get_backend
from parity.randomness import record, replay

framework, file, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
backend = get_backend(framework)
backend.seed(0 if framework == "torch" else 1)
sys.path.insert(0, str(file.parent))
spec = importlib.util.spec_from_file_location("program", file)
program = importlib.util.module_from_spec(spec)
spec.loader.exec_module(program)
model = program.Net()
model.train()
draw = np.random.default_rng(3)
x = backend.tensor(draw.standard_normal((8, 4)).astype(np.float32))
weights = backend.tensor(np.array([[1, 2, 3, 4, 0.5], [2, 2, 0.1, 4, 1]], dtype=np.float32))
if framework == "torch":
    with record(model) as tape:
        found = model(x)
        sampled = program.sample(weights) if hasattr(program, "sample") else {}
    tape.save(out / "draws.npz")
    save_arrays(out / "start.npz", backend.state(model))
else:
    backend.load_weights(model, load_arrays(out / "start.npz"))
    with replay(model, out / "draws.npz") as player:
        found = model(x)
        sampled = program.sample(weights) if hasattr(program, "sample") else {}
        first = {name: backend.numpy(value) for name, value in found.items()}
        with player.repeating("drop", 1) if hasattr(model, "drop") else player.repeating("", 0):
            repeated = {"repeated": (getattr(model, "drop", None) or model)(x)}
    (out / "told.json").write_text(json.dumps({"problems": player.problems(), "notes": player.notes()}))
    if "again" in found:
        sampled.update(repeated)
save_arrays(out / f"{framework}.npz", {name: backend.numpy(value) for name, value in {**found, **sampled}.items()})
"""


def run_both(torch: str, jittor: str | None, out: Path) -> tuple[dict[str, Array], dict[str, Array], dict[str, Any]]:
    """Results of both programs, and what the player told; without a Jittor program, the Torch one is converted."""
    source, goal = out / "source", out / "converted"
    source.mkdir()
    (source / "net.py").write_text(torch)
    if jittor is None:
        done = subprocess.run(
            [sys.executable, "-m", "converter.cli", str(source), "-o", str(goal)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout
    else:
        goal.mkdir()
        (goal / "net.py").write_text(jittor)
    (out / "draws_worker.py").write_text(WORKER)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(out))
        for framework, folder in (("torch", source), ("jittor", goal)):
            arguments = [framework, str(folder / "net.py"), str(out)]
            outcome = run_python("draws_worker", arguments, out / f"{framework}.log", 900)
            assert outcome.ok, outcome.tail(60)
    told = json.loads((out / "told.json").read_text())
    return load_arrays(out / "torch.npz"), load_arrays(out / "jittor.npz"), told


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Array], dict[str, Array], dict[str, Any]]:
    return run_both(PROGRAM, None, tmp_path_factory.mktemp("converted"))


def test_every_draw_of_a_converted_program_is_torchs(
    converted: tuple[dict[str, Array], dict[str, Array], dict[str, Any]],
) -> None:
    torch, jittor, told = converted
    assert told == {"problems": [], "notes": []}
    assert len(torch) == 28
    for name, expected in torch.items():
        assert np.allclose(jittor[name], expected, 1e-5, 1e-5), (name, jittor[name], expected)


def test_the_draws_really_differ_without_replay_and_a_call_can_be_repeated(
    converted: tuple[dict[str, Array], dict[str, Array], dict[str, Any]],
) -> None:
    torch, jittor, _ = converted
    assert not np.allclose(torch["drop"], torch["again"])
    assert np.array_equal(jittor["repeated"], jittor["again"])
