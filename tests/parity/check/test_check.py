"""Both processes together, with a hand-written Jittor side: the judgement must not depend on the converter."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from parity.check import run as running
from parity.check.run import BUILDER, Check, Outcome, SideFailed, add_builder, copy_files
from parity.check.spec import make_inputs, parse_target

TORCH = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, width, p=0.0):
        super().__init__()
        self.table = nn.Embedding(7, width)
        self.fc = nn.Linear(width, 3)
        self.unused = nn.Linear(2, 2)
        self.drop = nn.Dropout(p)

    def forward(self, index, x, scale=None):
        hidden = torch.tanh(self.table(index)).sum(1) * x
        return {"scores": self.drop(self.fc(hidden)) * scale, "pair": (hidden.mean(), 3)}
"""

# As a converter could have written it.  (Jittor's own eval() would stop the gradients.)
JITTOR = """
import jittor as jt
from jittor import nn

class Net(nn.Module):
    def __init__(self, width, p=0.0):
        super().__init__()
        self.table = nn.Embedding(7, width)
        self.fc = nn.Linear(width, 3)
        self.unused = nn.Linear(2, 2)

    def eval(self):
        self.is_train = False

    def execute(self, index, x, scale=None):
        hidden = jt.tanh(self.table(index)).sum(1) * x
        return {"scores": self.fc(hidden) * scale, "pair": (hidden.mean(), 3)}
"""

INPUTS = ("2x4:int64:0-7", "2x5", "scale=2x1:float32:1-2")


def check(
    folder: Path, monkeypatch: pytest.MonkeyPatch, jittor: str, arguments: str = "width=5", train: bool = False
) -> Outcome:
    """Run the check of TORCH against the given Jittor text."""

    def convert(task: Check, source: Path, goal: Path) -> list[str]:
        assert f"def {BUILDER}():" in (source / "net.py").read_text()
        goal.mkdir()
        (goal / "net.py").write_text(f"{textwrap.dedent(jittor)}\ndef {BUILDER}():\n    return Net({arguments})\n")
        return []

    monkeypatch.setattr(running, "convert", convert)
    (folder / "net.py").write_text(TORCH)
    exchange = folder / "exchange"
    exchange.mkdir()
    positional, keywords = make_inputs(INPUTS, 0)
    return running.run(
        Check(parse_target(f"{folder}/net.py:Net"), arguments, positional, keywords, exchange, train=train)
    )


def test_equal_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = check(tmp_path, monkeypatch, JITTOR)
    assert outcome.faults == []
    assert outcome.holds, [row for row in outcome.rows if not row.holds]
    names = {(row.group, row.name) for row in outcome.rows}
    assert {("output", "output['scores']"), ("output", "output['pair'][0]")} <= names
    gradients = {name for group, name in names if group == "gradient"}
    # index inputs have no gradient; the layer that is not used has one of zeros
    assert gradients == {
        "table.weight",
        "fc.weight",
        "fc.bias",
        "unused.weight",
        "unused.bias",
        "input 1",
        "input scale",
    }
    largest = max(row.relative for row in outcome.rows if row.group == "output")
    assert 0 <= largest < 1e-5


def test_each_kind_of_difference_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = JITTOR.replace("nn.Linear(2, 2)", "nn.Linear(2, 3)").replace("jt.tanh", "jt.sin")
    wrong = wrong.replace(", 3)}", ", 4)}").replace("self.fc(hidden)", "self.fc(hidden.stop_grad())")
    outcome = check(tmp_path, monkeypatch, wrong, "width=5, p=0.5", train=True)
    assert not outcome.holds
    told = " / ".join(outcome.faults)
    assert "Torch drops (p=0.5) at drop in shape (2, 3), Jittor does not" in told
    assert "unused.weight" in told and "output['pair'][1]: 3 in Torch, 4 in Jittor" in told
    bad = {row.name for row in outcome.rows if not row.holds}
    assert {"output['scores']", "output['pair'][0]", "table.weight"} <= bad


def test_error_on_the_torch_side_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SideFailed) as failure:
        check(tmp_path, monkeypatch, JITTOR, "height=5")
    assert failure.value.side == "Torch"
    assert "height" in failure.value.tail()[-1]


def test_sources_are_copied_with_their_packages(tmp_path: Path) -> None:
    for name in ("lib/__init__.py", "lib/models/__init__.py", "lib/models/net.py", "lib/util.py", "lib/other.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"# {name}\n")
    target = parse_target(f"{tmp_path}/lib/models/net.py:Net")
    goal = tmp_path / "copy"
    copy_files([tmp_path / "lib/util.py", tmp_path / "lib/models/__init__.py", target.path], tmp_path, goal)
    add_builder(goal / "lib/models/net.py", BUILDER, "Net", "3")
    assert {str(p.relative_to(goal)) for p in goal.rglob("*.py")} == {
        "lib/__init__.py",
        "lib/models/__init__.py",
        "lib/models/net.py",
        "lib/util.py",
    }
    assert (goal / "lib/__init__.py").read_text() == ""  # it was not needed, but makes the folder a package
    assert (goal / "lib/models/__init__.py").read_text() == "# lib/models/__init__.py\n"
    assert f"def {BUILDER}():\n    return Net(3\n    )" in (goal / "lib/models/net.py").read_text()
    assert BUILDER not in (tmp_path / "lib/models/net.py").read_text()
