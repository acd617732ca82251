"""``jack-parity trace`` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from parity.cli import main
from parity.trace.result import Trace

TORCH = """
import torch
from torch import nn
import torch.nn.functional as F


class Gate(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc = nn.Linear(width, width)
        self.drop = nn.Dropout(0.5)
        self.register_buffer("scale", torch.full((width,), 0.5))

    def forward(self, x):
        gate = torch.sigmoid(self.fc(self.drop(x)))
        spread = x.std(1, keepdim=True)
        return x * gate * self.scale + spread


class Net(nn.Module):
    def __init__(self, width=6):
        super().__init__()
        self.first = nn.Linear(4, width)
        self.gates = nn.Sequential(Gate(width), nn.ReLU())
        self.last = nn.Linear(width, 3)

    def forward(self, x):
        return self.last(self.gates(self.first(x)))
"""

# By hand, with other names, and with three traps: a biased deviation, a trained constant, an operator that Jittor
# compiles wrongly.
PORT = """
import jittor as jt
from jittor import nn


class Gate(nn.Module):
    def __init__(self, width):
        self.linear = nn.Linear(width, width)
        self.drop = nn.Dropout(0.5)
        self.scale = jt.ones(width) * 0.5

    def execute(self, x):
        gate = jt.sigmoid(self.linear(self.drop(x)))
        spread = x.var(1, keepdims=True).sqrt()
        return x * gate * self.scale + spread


class Net(nn.Module):
    def __init__(self, width=6):
        self.first = nn.Linear(4, width)
        self.gates = nn.Sequential(Gate(width), nn.ReLU())
        self.head = nn.Linear(width, 3)

    def execute(self, x):
        return self.head(self.gates(self.first(x)))
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "net.py").write_text(TORCH)
    (tmp_path / "port.py").write_text(PORT)
    return tmp_path


def test_a_port_in_training_mode(files: Path) -> None:
    """Dropout masks are the same on both sides, so that what is left is the port's own: both lines and the constant."""
    report, page = files / "trace.json", files / "trace.html"
    arguments = ["trace", f"{files}/net.py:Net", "--jittor", f"{files}/port.py:Net", "--input", "5x4", "--train"]
    result = CliRunner().invoke(main, [*arguments, "--json", str(report), "--html", str(page)])
    assert result.exit_code == 1, result.output
    assert "first divergence" in result.output
    trace = Trace.read(report)
    first, trained = trace.findings
    assert first.kind == "forward" and first.path == "gates.0"
    assert first.torch is not None and first.torch.text == "spread = x.std(1, keepdim=True)"
    assert first.jittor is not None and first.jittor.text == "spread = x.var(1, keepdims=True).sqrt()"
    assert trained.kind == "training" and trained.path == "gates.0.scale"
    assert trained.jittor is not None and trained.jittor.text == "self.scale = jt.ones(width) * 0.5"
    verdicts = {node.torch.path: node.verdict for node in trace.nodes}
    assert verdicts["gates.0.drop"] != "wrong" and verdicts["last"] == "carried"
    assert {row.torch: row.jittor for row in trace.state}["gates.0.fc.weight"] == "gates.0.linear.weight"
    assert json.loads(report.read_text())["ok"] is False
    assert "spread = x.var" in page.read_text()


def test_an_operator_that_does_not_compile_is_found_with_its_line(files: Path) -> None:
    """What comes after it is judged all the same."""
    for name, old, new in (
        ("net.py", "gate = torch", "x = F.pad(x, (1, 1), value=0.5)[:, 1:-1]\n        gate = torch"),
        ("port.py", "gate = jt", "x = nn.pad(x, (1, 1), value=0.5)[:, 1:-1]\n        gate = jt"),
    ):
        path = files / name
        path.write_text(path.read_text().replace(old, new).replace("x.var(1, keepdims=True).sqrt()", "x[:, :1]"))
    (files / "net.py").write_text((files / "net.py").read_text().replace("x.std(1, keepdim=True)", "x[:, :1]"))
    report = files / "trace.json"
    arguments = ["trace", f"{files}/net.py:Net", "--jittor", f"{files}/port.py:Net", "--input", "5x4"]
    result = CliRunner().invoke(main, [*arguments, "--json", str(report)])
    assert result.exit_code == 1, result.output
    trace = Trace.read(report)
    first = trace.findings[0]
    assert first.kind == "crash" and first.path == "gates.0" and "cannot compute" in first.message
    assert first.jittor is not None and first.jittor.text.startswith("x = nn.pad(")
    assert {node.torch.path: node.verdict for node in trace.nodes}["last"] == "equal"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.py:Net", "--input", "5x4"], "missing.py: no such file"),
        (["net.py", "--input", "5x4"], "expected PATH.py:NAME"),
        (["net.py:Net"], "at least one --input"),
        (["net.py:Net", "--input", "5xx4"], "expected SHAPE"),
        (["net.py:Net", "--input", "5x4", "--jittor", "gone.py:Net"], "gone.py: no such file"),
        (["net.py:Net", "--input", "5x4", "--args", "width="], "--args"),
        (["net.py:Net", "--input", "5x4", "--json", "no/folder/trace.json"], "no such folder"),
    ],
)
def test_a_wrong_command_line_is_one_line(
    files: Path, arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(files)
    result = CliRunner().invoke(main, ["trace", *arguments])
    assert result.exit_code == 2 and said in result.output and len(result.output.strip().splitlines()) == 1


def test_a_side_that_ends_is_told_with_its_log(files: Path) -> None:
    (files / "port.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    arguments = ["trace", f"{files}/net.py:Net", "--jittor", f"{files}/port.py:Net", "--input", "5x4"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1 and "the Jittor side killed by SIGSEGV" in result.output
    assert "port.py" in result.output  # where it was
