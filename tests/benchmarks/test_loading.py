"""jack-bench loading: samples read alone, and the wait for them in a training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from benchmarks.cli import main
from tests.jack.training_data import gait_options, video_options, write_gait, write_videos


def loading(method: str, options: dict[str, object], *words: str) -> Result:
    """`jack-bench loading METHOD`."""
    given = list(words)
    for name, value in options.items():
        given += [f"--{name}", " ".join(map(str, value)) if isinstance(value, tuple) else str(value)]
    return CliRunner().invoke(main, ["loading", method, *given])


def test_walks_are_read_by_each_number_of_workers(tmp_path: Path) -> None:
    write_gait(tmp_path / "data")
    work = tmp_path / "run"
    options = gait_options(tmp_path / "data", work, batch_size=8)  # three batches in an epoch, eight are wanted
    result = loading("bpmgcn", options, "--workers", "0,1", "--batches", "6", "--warm-up", "2", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["method"] == "bpmgcn" and told["cpus"] >= 1 and told["framework"].startswith("torch ")
    assert [row["workers"] for row in told["rows"]] == [0, 1]
    for row in told["rows"]:
        assert [step["step"] for step in row["steps"]] == list(range(3, 9))
        assert all(0 <= step["waited"] <= step["seconds"] for step in row["steps"])
        sums = [sum(step[name] for step in row["steps"]) for name in ("waited", "seconds")]
        assert row["waited"] == pytest.approx(sums[0] / sums[1])
        assert row["frames"] == pytest.approx(48 * row["samples"])
    alone, helped = told["rows"]
    # Not which of them is longer: that a worker process must start first drowns in the noise of a busy machine.
    assert alone["start"] > 0 and helped["start"] > 0
    assert not work.exists()


def test_videos_are_read_and_the_table_names_the_machine(tmp_path: Path) -> None:
    write_videos(tmp_path, training=4, validation=1)
    options = video_options("vaanet", tmp_path, "run", batch_size=2)
    result = loading("vaanet", options, "--workers", "0", "--batches", "2", "--warm-up", "1")
    assert result.exit_code == 0, result.output
    rows = [line.split() for line in result.stdout.splitlines()]
    assert rows[0][:1] == ["workers"] and rows[2][0] == "0"
    samples, frames = map(float, rows[2][2:4])
    assert frames == pytest.approx(4 * samples, rel=0.1)  # two snippets of two frames; rounded
    assert "CPUs" in result.stdout and "load" in result.stdout
    assert not (tmp_path / "results").exists()


def test_what_cannot_be_measured_is_one_line(tmp_path: Path) -> None:
    result = loading("bpmgcn", {"data-path": tmp_path / "nowhere", "framework": "torch"})
    lines = [line for line in result.stderr.splitlines() if not line.endswith("...")]
    assert result.exit_code == 2 and len(lines) == 1 and "nowhere" in lines[0]
    assert lines[0].startswith("jack-bench: ")
    result = loading("bpmgcn", {"workers": "0,two"})
    assert result.exit_code == 2 and "such as 0,1,2" in result.stderr


def test_a_training_that_fails_is_told(tmp_path: Path) -> None:
    write_gait(tmp_path / "data")
    options = gait_options(tmp_path / "data", tmp_path / "run", base_lr=1e30)
    result = loading("bpmgcn", options, "--workers", "0", "--batches", "4", "--warm-up", "0")
    assert result.exit_code == 1 and "jack-bench: the training failed: " in result.stderr
    assert "the loss is" in result.stderr.splitlines()[-1]
