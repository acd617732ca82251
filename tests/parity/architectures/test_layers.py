"""``jack-parity models --layers``: classes get arguments by the names of their parameters."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from parity.cli import main

LAYERS = """
import torch
from torch import nn


class Gate(nn.Module):
    def __init__(self, channels, reduction=4):
        super().__init__()
        self.squeeze = nn.Linear(channels, channels // reduction)
        self.excite = nn.Linear(channels // reduction, channels)

    def forward(self, x):
        assert x.ndim == 4
        scale = self.excite(torch.relu(self.squeeze(x.mean((2, 3)))))
        return x * torch.sigmoid(scale)[:, :, None, None]


class Tokens(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm = nn.LayerNorm(dim)

    def forward(self, x):
        assert x.ndim == 3
        return self.norm(x)


class Odd(nn.Module):
    def __init__(self, nothing_known_of_this):
        super().__init__()

    def forward(self, x):
        return x


class Shouts(nn.Module):
    def forward(self, x):
        raise ValueError("never")


class Config:
    width = 3
"""


def test_classes_of_layers(tmp_path: Path) -> None:
    (tmp_path / "layers").mkdir()
    (tmp_path / "layers" / "gates.py").write_text(LAYERS)
    results, page = tmp_path / "results.json", tmp_path / "page.md"
    command = ["models", str(tmp_path / "layers"), "--layers", "--results", str(results), "--page", str(page)]
    done = CliRunner().invoke(main, [*command, "--mode", "eval"])
    assert done.exit_code == 0, done.output
    told = {
        key.partition(":")[2]: answers["eval"] for key, answers in json.loads(results.read_text())["models"].items()
    }
    assert told.keys() == {"Gate", "Tokens", "Odd", "Shouts"}
    assert told["Gate"]["answer"] == told["Tokens"]["answer"] == "equal"
    assert told["Gate"]["arguments"] == "channels=32" and told["Gate"]["inputs"] == ["2x32x8x8"]
    assert told["Tokens"]["inputs"] == ["2x64x32"]
    assert told["Odd"]["answer"] == "not run" and "nothing_known_of_this" in told["Odd"]["reason"]
    assert told["Shouts"]["answer"] == "not run" and "never" in told["Shouts"]["reason"]
    assert "| `Gate` | gates.py |" in page.read_text()
