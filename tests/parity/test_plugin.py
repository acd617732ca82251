"""The pytest plugin, as a user's project sees it: sessions of pytest in processes of their own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "pytest.md"


def run_pytest(folder: Path, *arguments: str) -> tuple[int, str]:
    """Exit status and output of a session in a folder that knows nothing of ours but what is installed."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900)
    return done.returncode, done.stdout + done.stderr


def examples() -> dict[str, str]:
    """Files on the page, by the name in their first line."""
    blocks = re.findall(r"```python\n(# (\w+\.py)\n.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return {name: text for text, name in blocks}


def test_the_example_of_the_page(tmp_path: Path) -> None:
    """A conversion, a port with weights of other names, a plain function and arrays; table and report."""
    files = examples()
    assert set(files) == {"test_net.py", "net.py", "port.py"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    status, output = run_pytest(tmp_path, "--parity", "--parity-report", "report.json", "-v")
    assert status == 0, output
    told = json.loads((tmp_path / "report.json").read_text())
    rows = told["comparisons"]
    assert told["ok"] and [row["used"] for row in rows] == sorted((row["used"] for row in rows), reverse=True)
    names = {(row["test"].rpartition("::")[2], row["name"]) for row in rows}
    weights = {f"gradient {layer}.{part}" for layer in ("hidden", "head") for part in ("weight", "bias")}
    for test in ("test_conversion", "test_port"):
        assert {(test, name) for name in {*weights, "output", "gradient input 0"}} <= names
    assert {("test_loss", "output"), ("test_loss", "gradient input 1"), ("test_arrays", "as conv")} <= names
    port = next(row for row in rows if row["test"].endswith("test_port"))
    assert port["place"] == "net.py:6" and port["tolerance"].endswith("of max") and port["max_ulp"] >= 0
    table = output[output.index("= parity =") :]
    assert table.count("net.py:Net and port.py:Net") == 7  # a row for each array, and the note
    assert "hidden.weight is first.weight" in table and f"{len(rows)} of {len(rows)} comparisons" in table


ARRAYS = """
import numpy as np
import pytest
from parity import assert_close

def test_good():
    assert_close(np.float32([1, 2]), np.float32([1, 2.00001]), op_class="conv", name="good")

def test_bad():
    assert_close(np.float32([1, 2.5]), np.float32([1, 2]), name="bad one")

def test_shape():
    assert_close(np.zeros((2, 1)), np.zeros(2), name="shaped")

def test_gradient():
    difference = np.float32([1.00015]), np.float32([1])
    assert_close(*difference, op_class="conv", gradient=True)
    with pytest.raises(AssertionError):
        assert_close(*difference, op_class="conv")

def test_whole_numbers():
    assert_close(np.array([2**40]), np.array([2**40 + 1]), name="whole")
"""


def test_failures_say_the_figure_and_show_no_code_of_ours(tmp_path: Path) -> None:
    (tmp_path / "test_arrays.py").write_text(ARRAYS)
    status, output = run_pytest(tmp_path, "--parity", "--parity-report", "r.json")
    assert status == 1 and "3 failed, 2 passed" in output
    assert "bad one differs: max abs 0.5, relative 0.25, tolerance 1e-05 + 1e-05 rel" in output
    assert "2.5, expected 2.0 at [1]" in output
    assert "shaped differs: shape (2,) expected, (2, 1) given" in output
    assert "whole differs: max abs 1, " in output and "tolerance exact" in output
    assert "parity/assertions.py:" not in output  # no frame of ours in a traceback
    told = json.loads((tmp_path / "r.json").read_text())
    assert not told["ok"]
    order = [(row["subject"], row["name"]) for row in told["comparisons"]]
    assert set(order[:2]) == {("shaped", "as default"), ("whole", "as default")}  # no figure, or nothing allowed
    assert order[2:] == [
        ("bad one", "as default"),
        ("array", "as conv"),
        ("array", "as conv gradient"),
        ("good", "as conv"),
    ]
    lines = output[output.index("= parity =") :].splitlines()[3:9]
    assert [line.split()[0] for line in lines] == [subject.split()[0] for subject, _ in order]
    assert "2 of 6 comparisons within their tolerance" in output


def test_the_summary_comes_from_all_processes_of_xdist(tmp_path: Path) -> None:
    (tmp_path / "test_arrays.py").write_text(ARRAYS)
    status, output = run_pytest(tmp_path, "--parity", "-n", "1", "-k", "good or bad")
    assert status == 1 and "1 of 2 comparisons within their tolerance" in output


def test_without_the_option_pytest_does_not_pay(tmp_path: Path) -> None:
    """Neither a framework nor numpy is imported at the start, with the option too; nor is anything printed."""
    (tmp_path / "test_nothing.py").write_text(
        "import sys\n\ndef test_nothing():\n"
        "    heavy = {'numpy', 'torch', 'jittor', 'parity.assertions', 'tabulate'} & set(sys.modules)\n"
        "    assert 'parity.pytest_plugin' in sys.modules and not heavy, heavy\n"
    )
    for options in ([], ["--parity"]):
        status, output = run_pytest(tmp_path, *options)
        assert status == 0, output
        assert ("nothing was compared" in output) == bool(options)


def test_a_report_that_cannot_be_written_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
    status, output = run_pytest(tmp_path, "--parity-report", "no/such/report.json")
    assert status == pytest.ExitCode.USAGE_ERROR and "no such folder" in output
