"""The reports say what was measured, losses as plainly as wins."""

from __future__ import annotations

import csv
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from benchmarks.cli import main
from benchmarks.harness.result import SideResult
from benchmarks.report import page, release
from benchmarks.report.comparison import compared
from benchmarks.report.files import write_all
from benchmarks.report.html import page as html_page
from benchmarks.report.svg import apart, log_ticks, round_step
from benchmarks.report.terminal import table
from benchmarks.report.words import milliseconds, stack_name
from tests.benchmarks.results import MACHINE, report, result, side

TIMES = [1.0, 1.01, 0.99, 1.0, 1.02, 0.98, 1.0, 1.0]
TORCH = side(TIMES)


def scaled(factor: float, early: float = 1.0) -> SideResult:
    """A side that takes so many times as long as Torch."""
    return side([factor * time for time in TIMES], early)


LOSS = result({"torch": TORCH, "jittor": scaled(2.0, early=0.01), "compile": side([], problem="no compiler <here>")})
WIN = result({"torch": TORCH, "jittor": scaled(0.5)}, phase="step")
GROWN = [result({"torch": TORCH, "jittor": scaled(n)}, batch=n, axis="batch", method="tslnet") for n in (1, 2, 8)]
ALL = report(LOSS, WIN, *GROWN)


def test_the_terminal_shows_wins_losses_reasons_and_the_trap() -> None:
    text = table(ALL, show_trap=True)
    assert "0.50 (" in text and "2.00 (" in text and "no compiler <here>" in text
    assert "20.00" in text  # of 2000 ms
    assert "not waited for" not in table(ALL)
    noisy = table(report(result({"torch": TORCH}, others=0.5)))
    assert "~1000" in noisy and "50% of the CPUs" in noisy


def test_files_of_a_run(tmp_path: Path) -> None:
    written = write_all(tmp_path, ALL, html=True)
    assert [path.name for path in written] == ["results.json", "cpu-torch2.1.0-jittor1.3.11.0.csv", "report.html"]
    with written[1].open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == sum(len(each.sides) for each in ALL.results)
    jittor = next(row for row in rows if row["method"] == "bpmgcn" and row["side"] == "jittor")
    assert float(jittor["ratio"]) == pytest.approx(0.5) and float(jittor["median_s"]) == pytest.approx(2.0)
    assert [row["problem"] for row in rows if row["side"] == "compile"] == ["no compiler <here>"]


def test_the_page_is_whole_and_loads_nothing() -> None:
    text = html_page(ALL)
    assert "http:" not in text and "https:" not in text
    assert "no compiler &lt;here&gt;" in text and "slower than Torch" in text
    pictures = [part.partition("</svg>")[0] for part in text.split("<svg")[1:]]
    assert len(pictures) == 2 + 2  # ratios, memory; time and memory of the growing row
    for picture in pictures:
        ElementTree.fromstring(f"<svg{picture}</svg>")


def test_a_regression_is_told() -> None:
    now = report(result({"torch": TORCH, "jittor": scaled(2.4)}), WIN)
    found = compared(ALL, now)
    assert [(change.result.phase, change.verdict) for change in found.changes] == [
        ("inference", "slower"), ("step", "same")
    ]  # fmt: skip
    assert found.slower and "SLOWER" in found.text and "-17%" in found.text
    assert not compared(ALL, ALL).slower
    faster_machine = report(result({"torch": side([0.1 * t for t in TIMES]), "jittor": scaled(0.2)}))
    assert not compared(ALL, faster_machine).slower  # both became faster
    assert "Nothing to compare" in compared(report(), ALL).text


def test_the_committed_page_is_current() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.page(), f"run: {page.WRITE}"


def test_the_page_of_some_results(tmp_path: Path) -> None:
    write_all(tmp_path, ALL, html=False)
    step = result({"torch": TORCH, "jittor": scaled(0.8)}, method="tslnet", phase="step", batch=1, length=64)
    forward = result({"torch": TORCH, "jittor": scaled(1.5, early=0.001)}, method="tslnet", batch=1, length=64)
    scores = {name: {"mAP": 0.1, "pAP": 0.2, "nAP": 0.0, "F2": 0.25} for name in ("torch", "jittor")}
    made = release.Release(dict(MACHINE), forward, step, scores, "of some weights")
    release.write(tmp_path / "release-tslnet.json", made)
    assert release.read(tmp_path / "release-tslnet.json") == made
    text = page.page(tmp_path)
    assert "| BPM-GCN | inference | 4 walks x 48 frames | Torch |" in " ".join(text.split())
    assert "0.50 (0." in text and "no compiler <here>" in text
    line = next(line for line in text.splitlines() if line.startswith("| forward, s"))
    assert [cell.strip() for cell in line.split("|")[1:6]] == ["forward, s", "0.324", "0.068", "1.0000", "1.5000"]
    assert "0.0015" in text  # what a clock that does not wait shows


def test_figures_and_axes() -> None:
    assert [milliseconds(value) for value in (0.000412, 0.0382, 0.5, 5.23)] == ["0.412", "38.20", "500.0", "5230"]
    assert stack_name({"torch": "2.1.0+cu118", "jittor": "1.3"}, "cuda") == "cuda-torch2.1.0-jittor1.3"
    assert round_step(0.03) == 0.05 and round_step(20) == pytest.approx(20)
    assert len(log_ticks(900, 1100)) >= 3 and log_ticks(1, 1000) == [1, 10, 100, 1000]
    moved = [y for y, _, _ in apart([(10, "a", ""), (12, "b", ""), (50, "c", "")], 15, 60)]
    assert moved == [10, 25, 50]


@pytest.mark.parametrize(
    "words",
    [
        ["nowhere"],
        ["--phases", "inference,guess"],
        ["--frameworks", "tensorflow"],
        ["--batch", "0"],
        ["--length", "x"],
        ["--compare", "nowhere.json"],
        ["--frameworks", "optimized", "--phases", "step"],
    ],
)
def test_wrong_usage_is_2(words: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["methods", *words, "--out", str(tmp_path / "out")])
    assert done.exit_code == 2 and done.stderr.strip() and "Traceback" not in done.stderr
    assert not (tmp_path / "out" / "results.json").exists()
