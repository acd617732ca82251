"""Draws recorded in Torch and replayed in Jittor: converted programs, ports by hand, what is said of differences."""

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


TORCH_NET = """
import torch
from torch import nn
import torch.nn.functional as F


class Keep(nn.Module):
    def forward(self, x):
        return x * x.new_empty((x.shape[0], 1)).bernoulli_(0.75) / 0.75


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second, self.third = nn.Dropout(0.3), nn.Dropout(0.5), nn.Dropout(0.25)
        self.keep = Keep()

    def forward(self, x):
        found = {"first": self.first(x), "second": self.second(x), "keep": self.keep(x), "path": self.keep(x)}
        found["third"] = self.third(x)
        return found
"""

GOOD_PORT = """
import jittor as jt
from jittor import nn


class Survive(nn.Module):
    def execute(self, x):
        return x * (jt.rand((x.shape[0], 1)) < 0.75).float32() / 0.75


class Net(nn.Module):
    def __init__(self):
        self.one, self.two, self.survive, self.path = nn.Dropout(0.3), nn.Dropout(0.5), Survive(), nn.DropPath(0.25)

    def execute(self, x):
        found = {"first": self.one(x), "second": self.two(x), "keep": self.survive(x), "path": self.path(x)}
        found["third"] = nn.dropout(x, 0.25, is_train=True)
        return found
"""

BAD_PORT = """
import jittor as jt
from jittor import nn


class Net(nn.Module):
    def __init__(self):
        self.second, self.third = nn.Dropout(0.4), nn.Dropout(0.25)

    def execute(self, x):
        found = {"first": nn.dropout(x, 0.3), "second": self.second(x), "keep": x + 0 * jt.randn((2, 2)).sum()}
        found["third"] = jt.concat([self.third(x[:4]), x[4:]])
        return found
"""


def test_a_port_that_names_its_modules_otherwise_gets_the_same_draws(tmp_path: Path) -> None:
    torch, jittor, told = run_both(TORCH_NET, GOOD_PORT, tmp_path)
    for name, expected in torch.items():
        assert np.allclose(jittor[name], expected, 1e-5, 1e-5), (name, jittor[name], expected)
    assert told["problems"] == []
    moved, compared = told["notes"]
    assert moved.startswith("draws were matched by kind, shape and order") and "first is one" in moved
    assert compared.startswith("at keep Torch draws zeros and ones")
    assert "Jittor draws uniform numbers (net.py:8)" in compared


def test_what_a_port_forgot_or_changed_is_said(tmp_path: Path) -> None:
    torch, jittor, told = run_both(TORCH_NET, BAD_PORT, tmp_path)
    assert np.allclose(jittor["second"] != 0, torch["second"] != 0)  # the same mask, scaled otherwise
    assert sorted(told["problems"]) == [
        "Jittor draws normal numbers at the model's own code in shape (2, 2), Torch does not",
        "Torch draws zeros and ones (probability of a 1: 0.75) at keep in shape (8, 1), Jittor does not (2 times)",
        "Torch drops (p=0.25) at third in shape (8, 4), Jittor in shape (4, 4)",
        "Torch drops (p=0.3) at first in shape (8, 4), Jittor does not",
        "Torch drops (p=0.5) at second, Jittor drops (p=0.4)",
    ]


def draw(path: str, kind: str = "bernoulli", shape: tuple[int, ...] = (4,), **more: Any) -> Draw:
    return Draw(path, kind, 0, "dropout", shape, values=np.arange(np.prod(shape)).reshape(shape), **more)


def test_a_forgotten_dropout_does_not_shift_the_masks_of_the_others() -> None:
    draws = [draw(f"blocks.{i}.drop", drops=True, limits={"p": 0.9}) for i in range(3)]
    matcher = Matcher(Tape({}, draws))
    matcher.knows(["blocks.0", "blocks.1", "blocks.2", "blocks.0.drop", "blocks.1.drop", "blocks.2.drop"])
    for number in (0, 2):
        assert matcher.next(Request(f"blocks.{number}.drop", "bernoulli", "dropout", (4,))) is draws[number]
    assert matcher.problems() == ["Torch drops (p=0.1) at blocks.1.drop in shape (4,), Jittor does not"]


def test_renamed_modules_are_matched_by_probability_before_order() -> None:
    one, two = draw("a", limits={"p": 0.9}), draw("b", limits={"p": 0.5})
    matcher = Matcher(Tape({}, [one, two]))
    matcher.knows(["x", "y"])
    assert matcher.next(Request("y", "bernoulli", "dropout", (4,), limits={"p": 0.5})) is two
    assert matcher.next(Request("x", "bernoulli", "dropout", (4,), limits={"p": 0.9})) is one
    assert matcher.problems() == []
    assert matcher.notes() == [
        "draws were matched by kind, shape and order, because the modules differ: b is y; a is x"
    ]


def test_draws_can_be_given_again_without_being_held_against_the_program() -> None:
    draws = [draw("m"), draw("m"), draw("m")]
    matcher = Matcher(Tape({}, draws))
    request = Request("m", "bernoulli", "dropout", (4,))
    assert [matcher.next(request) for _ in range(3)] == draws
    with matcher.again(1):
        assert [matcher.next(request) for _ in range(3)] == [*draws[1:], None]
    assert matcher.problems() == []


def test_a_tape_comes_back_from_its_file(tmp_path: Path) -> None:
    tape = Tape({"": "Net"}, [draw(OUTSIDE, "integers", (2, 3), limits={"low": 0, "high": 6}, place="a.py:3")])
    tape.save(tmp_path / "tape.npz")
    back = load_tape(tmp_path / "tape.npz")
    assert back.modules == tape.modules and back.draws[0].limits == {"low": 0, "high": 6}
    assert np.array_equal(back.draws[0].values, tape.draws[0].values)  # type: ignore[arg-type]
    assert back.draws[0].where() == "outside of the model (a.py:3)"
    assert back.draws[0].what() == "draws whole numbers from 0 up to, not including, 6"


@pytest.mark.parametrize(
    ("line", "below"),
    [
        ("mask = (jt.rand(shape) < keep).float()", True),
        ("if p >= jt.rand([1]):", True),
        ("mask = jt.rand(shape) > p", False),
        ("mask = (keep + jt.rand(shape)).floor()", False),
        ("mask = (jt.rand(shape)", False),
    ],
)
def test_the_line_says_whether_small_numbers_keep(line: str, below: bool) -> None:
    assert compares_below(line) is below


RECORDING = """
import json, sys
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
from parity.randomness import record

model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5)).train()
x = torch.randn(3, 4, requires_grad=True)
loader = torch.utils.data.DataLoader(torch.arange(6), batch_size=2, shuffle=True)


def inference():
    with torch.inference_mode():
        model(x)


told = {}
for name, run in {
    "inference": inference,
    "checkpoint": lambda: checkpoint(model, x, use_reentrant=False).sum().backward(),
    "construction": lambda: nn.Linear(3, 3),
    "loader": lambda: list(loader),
    "unknown": lambda: torch.poisson(torch.ones(3)),
}.items():
    with record(model) as tape:
        run()
    told[name] = [[d.path, d.kind, d.name, d.what()] for d in tape.tape.draws]
json.dump(told, open(sys.argv[1], "w"))
"""


def test_what_torch_draws_by_itself_is_not_the_programs(tmp_path: Path) -> None:
    (tmp_path / "recording.py").write_text(RECORDING)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(tmp_path))
        outcome = run_python("recording", [str(tmp_path / "told.json")], tmp_path / "log", 300)
    assert outcome.ok, outcome.tail()
    assert json.loads((tmp_path / "told.json").read_text()) == {
        "inference": [["1", "bernoulli", "dropout", "drops (p=0.5)"]],
        "checkpoint": [["1", "bernoulli", "dropout", "drops (p=0.5)"]],  # not again in the backward pass
        "construction": [],
        "loader": [[OUTSIDE, "permutation", "randperm", "draws a random order"]],  # neither seeds nor unused orders
        "unknown": [[OUTSIDE, "poisson", "poisson", "draws poisson numbers"]],
    }
