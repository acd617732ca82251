"""``jack-parity models``: a folder of models, as a user types it, and the pages of torchvision's and timm's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from parity.architectures.builders import find_builders, read_settings, setting_of
from parity.architectures.page import as_page
from parity.architectures.run import read_results
from parity.architectures.worker import Worker
from parity.check.job import Job, load, save
from parity.check.spec import SpecError, make_inputs
from parity.cli import main

PROJECT = Path(__file__).resolve().parents[3]
TABLES = PROJECT / "parity" / "architectures"
PAGES = {"torchvision": "architectures.md", "timm": "timm-models.md", "timm_layers": "timm-layers.md"}

ZOO = """
import os
import sys

import torch
from torch import nn

__all__ = ["Net", "good", "crooked", "reported", "broken", "deadly"]


class Net(nn.Module):
    def __init__(self, width, fault=""):
        super().__init__()
        self.layer = nn.Linear(6, width)
        self.norm = nn.BatchNorm1d(width)
        self.drop = nn.Dropout(0.5)
        self.scale = nn.Parameter(torch.ones(width) * 1e-6)
        self.register_buffer("seen", torch.zeros(width), persistent=False)
        self.fault = fault

    def forward(self, x):
        h = x + self.scale * self.drop(self.norm(self.layer(x)))
        if self.training:
            self.seen.add_(x.mean(0).detach())
        if "jittor" in sys.modules:
            if self.fault == "crooked":
                h = h + self.scale
            if self.fault == "reported":
                h = torch.hub.list("a/repository")
            if self.fault == "deadly":
                os.abort()
        elif self.fault == "broken":
            raise ValueError("no such thing in Torch")
        return h, x.shape[1:]


def good(width=6):
    return Net(width)


def crooked():
    return Net(6, "crooked")


def reported():
    return Net(6, "reported")


def broken():
    return Net(6, "broken")


def deadly():
    return Net(6, "deadly")


def helper():
    return 1
"""


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    (tmp_path / "zoo").mkdir()
    (tmp_path / "zoo" / "nets.py").write_text(ZOO)
    return tmp_path / "zoo"


def test_a_folder_of_models(zoo: Path, tmp_path: Path) -> None:
    """Every kind of answer; a crash is a row; what was answered is not run again."""
    results, page = tmp_path / "results.json", tmp_path / "page.md"
    command = ["models", str(zoo), "--results", str(results), "--page", str(page), "--input", "4x6"]
    first = CliRunner().invoke(main, command)
    assert first.exit_code == 1, first.output
    told = json.loads(results.read_text())["models"]
    answers = {key: {mode: answer["answer"] for mode, answer in both.items()} for key, both in told.items()}
    for mode in ("eval", "train"):
        assert {key.partition(":")[2]: both[mode] for key, both in answers.items()} == {
            "good": "equal",
            "crooked": "differs",  # by a millionth, were the scale not drawn anew
            "reported": "needs you",
            "broken": "not run",
            "deadly": "cannot run",
        }
    good = told["nets.py:good"]
    assert good["eval"]["parameters"] == 6 * 6 + 6 + 6 + 6 + 6
    assert good["eval"]["gradients equal"] == good["eval"]["gradients"] == 6
    assert good["train"]["buffers equal"] == good["train"]["buffers"] == 3  # one of them is not saved
    assert "torch.hub was not converted" in told["nets.py:reported"]["eval"]["reason"]
    assert "SIGABRT" in told["nets.py:deadly"]["eval"]["reason"]
    assert "no such thing in Torch" in told["nets.py:broken"]["eval"]["reason"]
    assert "| `good` | nets.py |" in page.read_text()

    again = CliRunner().invoke(main, [*command, "--only", "good|reported"])
    assert "equal" not in again.output and "needs you" not in again.output, again.output


def test_which_functions_are_models(zoo: Path) -> None:
    (zoo / "registered.py").write_text("@register_model()\ndef small():\n    pass\n\n\ndef tool():\n    pass\n")
    (zoo / "nothing.py").write_text("def f():\n    pass\n")
    names = [builder.name for builder in find_builders(zoo)]
    assert names == ["good", "crooked", "reported", "broken", "deadly", "small"]
    (zoo / "nothing.py").write_text("def f(:\n")
    with pytest.raises(SpecError, match=r"nothing\.py"):
        find_builders(zoo)


def test_settings(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('[[model]]\nmatch = "a/*"\nargs = "3"\ninput = "1x2"\n[[model]]\nmatch = "*"\nskip = "no"\n')
    settings, words = read_settings(file)
    assert words == {}
    assert setting_of("a/b.py:net", settings, ("9",)).inputs == ("1x2",)
    assert setting_of("b.py:net", settings, ("9",)).inputs == ("9",)
    assert setting_of("b.py:net", settings, ("9",)).skip == "no"
    file.write_text('[[model]]\nmatch = "a"\narguments = "3"\n')
    with pytest.raises(SpecError, match="arguments"):
        read_settings(file)


def test_noise_finds_the_jump_of_a_rectifier(tmp_path: Path) -> None:
    """An input of zero before a ReLU: rounding alone decides about its gradient; of the others it does not."""
    (tmp_path / "edge.py").write_text(
        "import torch\nfrom torch import nn\n\n\nclass Edge(nn.Module):\n    def forward(self, x):\n"
        "        return torch.relu(x - x.detach().double().mean().float().mul(0).add(1.0))\n"
    )
    positional, _ = make_inputs(("3",), 0)
    positional[0] = (positional[0] * 0 + [1.0, 5.0, -5.0]).astype("float32")
    save(tmp_path / "inputs.npz", {"positional": {"0": positional[0]}, "keywords": {}})
    job = Job(str(tmp_path), str(tmp_path), str(tmp_path / "edge.py"), "edge", "Edge", "", 0, False, noise=12)
    job.write(tmp_path / "job.json")
    worker = Worker("torch", tmp_path, tmp_path / "log")
    try:
        answer = worker.ask({"job": str(tmp_path / "job.json")}, 120)
    finally:
        worker.close()
    assert "error" not in answer, answer
    gradient = abs(load(tmp_path / "torch.npz")["projections"]["output"])
    noise = load(tmp_path / "noise.npz")["gradients"]["input 0"]
    assert noise == gradient[0]


def test_a_worker_that_hangs_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import time\n\ntime.sleep(1000)\n")
    (tmp_path / "quick.py").write_text("")
    worker = Worker("torch", tmp_path, tmp_path / "log")
    try:
        assert "no end after 2 s" in worker.ask({"modules": ["slow"]}, 2)["error"]
        assert worker.ask({"modules": ["quick"]}, 120)["files"] == [str(tmp_path / "quick.py")]
    finally:
        worker.close()


@pytest.mark.parametrize("table", PAGES)
def test_a_page_is_what_its_results_say(table: str) -> None:
    page = (PROJECT / "docs" / PAGES[table]).read_text(encoding="utf-8")
    assert page == as_page(read_results(TABLES / f"{table}.json"))


@pytest.mark.parametrize("table", PAGES)
def test_every_pattern_matches_a_model(table: str) -> None:
    settings, _ = read_settings(TABLES / f"{table}.toml")
    keys = read_results(TABLES / f"{table}.json")["models"]
    chosen = {setting_of(key, settings, ()).match for key in keys}
    assert {setting.match for setting in settings} <= chosen
