"""jack-bench: measured, not estimated; wrong use is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.cli import main, table
from benchmarks.timing import Timing

TORCH = """
from torch import nn

class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc = nn.Linear(width, 3)

    def forward(self, x):
        return self.fc(x)
"""


@pytest.fixture
def models(tmp_path: Path) -> tuple[str, str]:
    """A Torch file and, in another folder, its Jittor form."""
    (tmp_path / "net.py").write_text(TORCH)
    (tmp_path / "out").mkdir()
    jittor = TORCH.replace("from torch", "from jittor").replace("def forward", "def execute")
    (tmp_path / "out" / "net.py").write_text(jittor)
    return f"{tmp_path}/net.py:Net", f"{tmp_path}/out/net.py"


def test_both_are_timed(models: tuple[str, str]) -> None:
    command = ["run", models[0], "--jittor", models[1], "--args", "width=5", "--input", "4x5"]
    result = CliRunner().invoke(main, [*command, "--warm-up", "2", "--rounds", "5", "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.output)
    assert list(told) == ["torch", "jittor"]
    for timing in told.values():
        assert len(timing["steps"]) == 5 and min(timing["steps"]) > 0
        assert timing["first"] > 0 and timing["peak"] > 10 * 2**20
        assert all(early <= late for early, late in zip(timing["returned"], timing["steps"], strict=True))


def test_failing_side_is_named(models: tuple[str, str]) -> None:
    command = ["run", models[0], "--jittor", models[1], "--args", "height=5", "--input", "4x5"]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 1 and "torch failed" in result.output and "height" in result.output


@pytest.mark.parametrize("arguments", [["no.py:Net", "--input", "2"], ["{}", "--input", "2xx3"], ["{}"]])
def test_wrong_usage_is_2(models: tuple[str, str], arguments: list[str]) -> None:
    filled = [argument.format(models[0]) for argument in arguments]
    result = CliRunner().invoke(main, ["run", *filled, "--jittor", models[1]])
    assert result.exit_code == 2 and result.output.startswith("jack-bench: ")


def test_table_names_the_trap() -> None:
    torch = Timing("2", 0.5, [0.010, 0.011, 0.012, 0.2], [0.010] * 4, 2**30)
    jittor = Timing("1", 9.0, [0.020, 0.021, 0.024, 0.022], [0.001] * 4, 2**30)
    text = table({"torch": torch, "jittor": jittor})
    assert "11.50" in text and "1.87x" in text and "9000" in text  # no slow step is dropped
    assert "not synchronised" in text and "1.00" in text
