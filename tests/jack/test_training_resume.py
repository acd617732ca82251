"""A run that is killed at any moment and resumed goes on bit for bit as if nothing had happened."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from tests.jack.training_data import records

PROJECT = Path(__file__).resolve().parents[2]


def toy(framework, folder, *arguments):
    command = [sys.executable, "-m", "tests.jack.toy_training", framework, str(folder), *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=600)


def same_arrays(one, other):
    first, second = load_file(one), load_file(other)
    return first.keys() == second.keys() and all(first[name].tobytes() == second[name].tobytes() for name in first)


ENDS = {
    # The third save is that of the fourth step: the first epoch's evaluation has saved nothing yet.
    "torch": [["step:3"], ["evaluation:1"], ["save:3", "--workers", "1"], ["step:2:TERM"]],
    "jittor": [["step:8", "--workers", "1"]],
}


@pytest.mark.parametrize("framework", ["torch", "jittor"])
def test_a_killed_run_ends_as_the_uninterrupted_one(framework, tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    done = toy(framework, whole)
    assert done.returncode == 0, done.stderr
    assert len(records(whole / "log.jsonl")) == 15 and len(records(whole / "log.jsonl", "evaluation")) == 3
    resume = []
    for end in ENDS[framework]:
        done = toy(framework, cut, *resume, "--end", *end)
        stopped = end[0].endswith(("INT", "TERM"))
        assert done.returncode == (130 if stopped else -signal.SIGKILL), done.stderr
        assert ("go on with: the same command" in done.stdout) == stopped
        resume = ["--resume"]
    done = toy(framework, cut, "--resume")
    assert done.returncode == 0 and "goes on after step" in done.stdout, done.stderr
    assert (cut / "log.jsonl").read_bytes() == (whole / "log.jsonl").read_bytes()
    for name in ("state", "best", "last"):
        assert same_arrays(cut / f"checkpoints/{name}.safetensors", whole / f"checkpoints/{name}.safetensors")
    assert not list((cut / "checkpoints").glob(".*"))  # what a killed run had half written
    # The losses are not all alike, and dropout drew: else equality would say nothing.
    assert len({record["loss"] for record in records(cut / "log.jsonl")}) == 15


@pytest.mark.slow
def test_a_state_of_one_framework_goes_on_in_the_other(tmp_path):
    stopped = toy("jittor", tmp_path, "--end", "step:7:INT")
    assert stopped.returncode == 130, stopped.stderr
    before = records(tmp_path / "log.jsonl")
    done = toy("torch", tmp_path, "--resume")
    assert done.returncode == 0, done.stderr
    assert "the run was begun in jittor" in done.stdout
    assert len(before) == 7 and records(tmp_path / "log.jsonl")[:7] == before
    assert len(records(tmp_path / "log.jsonl")) == 15


def test_a_disk_that_takes_no_more_leaves_the_last_state(tmp_path):
    limited = (
        "import resource, runpy, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        f"sys.argv = ['toy', 'torch', {str(tmp_path)!r}]\n"
        "runpy.run_module('tests.jack.toy_training', run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", limited], cwd=PROJECT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 2
    line = done.stderr.strip().splitlines()[-1]
    assert line.startswith(f"jack: {tmp_path}/checkpoints/state.safetensors: cannot be written: File too large")
    assert not list((tmp_path / "checkpoints").iterdir())
