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

# By hand, with other names, and with two traps: a biased deviation and a trained constant.
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
    assert "First divergence" in page.read_text()


def test_an_operator_that_does_not_compile_is_found_with_its_line(tmp_path: Path) -> None:
    """Jittor writes a fill value of 0.5 wrongly into its C++ code; what comes after it is judged all the same."""
    head = "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    head += "        self.first = nn.Linear(4, 6)\n        self.last = nn.Linear(8, 3)\n\n"
    torch = "    def forward(self, x):\n        x = self.first(x)\n        x = F.pad(x, (1, 1), value=0.5)\n"
    jittor = torch.replace("forward", "execute").replace("F.pad", "nn.pad")
    end = "        return self.last(x)\n"
    (tmp_path / "net.py").write_text(f"from torch import nn\nimport torch.nn.functional as F\n\n\n{head}{torch}{end}")
    (tmp_path / "port.py").write_text(f"from jittor import nn\n\n\n{head}{jittor}{end}")
    report = tmp_path / "trace.json"
    arguments = ["trace", f"{tmp_path}/net.py:Net", "--jittor", f"{tmp_path}/port.py:Net", "--input", "5x4"]
    result = CliRunner().invoke(main, [*arguments, "--json", str(report)])
    assert result.exit_code == 1, result.output
    trace = Trace.read(report)
    (first,) = trace.findings
    assert first.kind == "crash" and first.path == "" and "cannot compute" in first.message
    assert first.jittor is not None and first.jittor.text == "x = nn.pad(x, (1, 1), value=0.5)"
    assert {node.torch.path: node.verdict for node in trace.nodes} == {"": "failed", "first": "equal", "last": "equal"}


def test_a_plain_function_under_another_name(tmp_path: Path) -> None:
    """A loss by hand, operator by operator: the line, though the port's function is called otherwise."""
    (tmp_path / "loss.py").write_text(
        "import torch\n\n\ndef focal(p, target, gamma=2.0):\n    weight = (1 - p).abs() ** gamma\n"
        "    gap = (p - target) ** 2\n    return (weight * gap).mean()\n"
    )
    (tmp_path / "port.py").write_text(
        "import jittor as jt\n\n\ndef focal_loss(p, target, gamma=2.0):\n    weight = (1 - p).abs() ** gamma\n"
        "    gap = (p - target).abs()\n    return (weight * gap).mean()\n"
    )
    report = tmp_path / "trace.json"
    inputs = ["--args", "gamma=1.5", "--input", "5x4", "--input", "5x4:float32:0-1"]
    arguments = ["--jittor", f"{tmp_path}/port.py:focal_loss", *inputs, "--unfused", "--json", str(report)]
    result = CliRunner().invoke(main, ["trace", f"{tmp_path}/loss.py:focal", *arguments])
    assert result.exit_code == 1, result.output
    (finding,) = Trace.read(report).findings
    assert finding.jittor is not None and finding.jittor.text == "gap = (p - target).abs()"


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
    (files / "port.py").write_text("import os, signal\nprint('on my way')\nos.kill(os.getpid(), signal.SIGKILL)\n")
    arguments = ["trace", f"{files}/net.py:Net", "--jittor", f"{files}/port.py:Net", "--input", "5x4"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1 and "the Jittor side killed by SIGKILL" in result.output
    assert "on my way" in result.output
