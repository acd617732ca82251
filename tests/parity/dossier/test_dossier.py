"""jack-parity dossier: from the command line to the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from parity.cli import main
from tests.parity.dossier.test_parts import trained
from tests.parity.report.pages import browser, check_structure, in_browser
from tests.parity.report.sample import sample

NET = '''"""A small <net> & its parts."""
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, width=3):
        super().__init__()
        self.fc = nn.Linear(4, width)

    def forward(self, x):
        return torch.relu(self.fc(x))
'''


def run(*words: object) -> Result:
    """The command, in this process."""
    return CliRunner().invoke(main, ["dossier", *map(str, words)])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two files with Torch, one of them not wholly convertible, and one without."""
    folder = tmp_path / "my <project>"
    (folder / "parts").mkdir(parents=True)
    (folder / "net.py").write_text(NET)
    (folder / "parts" / "left.py").write_text("import torch\n\nx = torch.fx.symbolic_trace('<b>&')\n")
    (folder / "plain.py").write_text("print('nothing to see')\n")
    return folder


def test_a_page_with_everything(project: Path, tmp_path: Path) -> None:
    files = {
        "trace": sample("findings", tmp_path).as_json(),
        "train": [trained(), trained(bad=True)],
        "bench": {"torch": {"version": "2.13", "steps": [0.01]}, "jittor": {"steps": [0.02]}},
        "check": {
            "models": {"net.py:Net": {"eval": {"answer": "equal", "output": 1e-6, "outputs": 2, "outputs equal": 2}}}
        },
    }
    options: list[object] = []
    for name, value in files.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(value))
        options += [f"--{name}", tmp_path / f"{name}.json"]
    output = tmp_path / "dossier.html"
    result = run(project, *options, "-o", output)
    assert result.exit_code == 1, result.output
    assert (
        result.output.splitlines()[-1]
        == f"{output}: Not the same: 2 comparisons found a difference or did not come to an end."
    )
    source = output.read_text()
    page = check_structure(source)
    for text in (
        "my <project>",
        "2 of 3 files have to do with Torch",
        "parts/left.py:3",
        "torch.fx.symbolic_trace",
        "1 other file has nothing to do with Torch.",
        "First divergence at net.py:14 in Torch and net_jittor.py:14 in Jittor",
        "They part at step 4, in loss",
        "<vaanet>",
        "20.00 ms",
        "2 of 2",
        "jack-parity trace net.py:Net --args",
    ):
        assert text in page.text, text
    assert page.tags.keys().isdisjoint({"project", "net", "vaanet", "b<"})
    assert len(page.data) == 7, "two plots and a tree of the trace, two plots of each training"
    assert str(tmp_path) not in source.replace(f"{tmp_path}/my", "").partition("How to repeat it</h2>")[0]
    if browser() is None:
        return
    code = """
    told.scroll = document.documentElement.scrollWidth - innerWidth;
    const folded = document.querySelector('details.file:not([open])');
    document.querySelector(`a[href="#${folded.id}"]`).click();
    told.unfolded = folded.open;
    document.querySelector('a[data-jump]').click();
    told.jumped = document.activeElement.querySelector('.name').textContent;
    const canvas = [...document.querySelectorAll('.canvas')].pop();
    canvas.dispatchEvent(new KeyboardEvent('keydown', {key: 'End'}));
    told.hover = document.getElementById('hover').textContent;
    """
    for size in ("1400,900", "500,900"):
        told = in_browser(source, code, tmp_path, size)
        assert told["errors"] == [] and told["scroll"] <= 0
        assert told["unfolded"] and told["jumped"] == "gate" and "step 5" in told["hover"]


def test_without_evidence_it_says_so(project: Path, tmp_path: Path) -> None:
    output = tmp_path / "dossier.html"
    result = run(project / "net.py", "-o", output)
    assert result.exit_code == 0, result.output
    page = check_structure(output.read_text())
    assert "Converted completely; nothing has been compared yet." in page.text
    for option in ("--model PATH.py:NAME --input SHAPE", "--check FILE.json", "--train FILE.json", "--bench FILE.json"):
        assert option in page.text
    assert "No trace ran 1 of 1 module class: Net." in page.text


def test_a_model_is_traced_on_the_way(project: Path, tmp_path: Path) -> None:
    """Runs both frameworks."""
    output = tmp_path / "dossier.html"
    target = f"{project / 'net.py'}:Net"
    result = run(project / "net.py", "--model", target, "--args", "width=2", "--input", "2x4", "-o", output)
    assert result.exit_code == 0, result.output
    page = check_structure(output.read_text())
    assert "every module was run in both frameworks, and everything compared agrees" in page.text
    assert "net.py:Net(width=2)" in page.text and "2 module calls" in page.text
    assert "--args width=2 --input 2x4" in page.text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing.py", "-o", "x.html"], "nothing.py: no such file or folder"),
        (["net.py", "-o", "no/where.html"], "-o no/where.html: its folder does not exist"),
        (["net.py", "-o", "parts"], "-o parts: is a folder"),
        (["net.py", "-o", "net.py"], "-o net.py: would replace the project"),
        (["net.py", "-o", "x.html", "--trace", "net.py"], "--trace net.py: no JSON"),
        (["net.py", "-o", "x.html", "--bench", "missing.json"], "--bench missing.json: No such file"),
        (["net.py", "-o", "x.html", "--input", "2x3"], "--input 2x3: stands before --model"),
        (
            ["net.py", "-o", "x.html", "--model", "net.py:Net"],
            "--model net.py:Net: give the model at least one --input",
        ),
        (
            ["net.py", "-o", "x.html", "--model", "net.py", "--input", "2"],
            "--model net.py: net.py: expected PATH.py:NAME",
        ),
        (["empty", "-o", "x.html"], "jack-convert: empty: no Python files in this folder"),
    ],
)
def test_bad_input_is_told_in_a_line(
    words: list[str], message: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "empty").mkdir()
    monkeypatch.chdir(project)
    before = sorted(project.rglob("*"))
    result = run(*words)
    assert result.exit_code == 2, result.output
    lines = [line for line in result.output.splitlines() if not line.startswith("jack-convert: empty")]
    assert lines[-1].startswith("jack-parity: ") and message in lines[-1] and len(lines) == 1
    assert sorted(project.rglob("*")) == before, "nothing was written"


def test_a_file_that_cannot_be_processed_is_on_the_page(project: Path, tmp_path: Path) -> None:
    (project / "broken.py").write_text("import torch\nx = (\n")
    output = tmp_path / "dossier.html"
    output.write_text("an older page")
    result = run(project, "-o", output)
    assert result.exit_code == 1, result.output
    page = check_structure(output.read_text())
    assert "1 file could not be processed" in page.text and "✗ could not be processed" in page.text
    assert [path.name for path in tmp_path.iterdir() if "dossier" in path.name] == ["dossier.html"]
