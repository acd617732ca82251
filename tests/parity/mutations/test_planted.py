"""Every planted error is found, in the right module and line, and programs without an error give no finding."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parity.mutations.catalogue import CONVERTED, HERE, PORT, Mutation, line_of, mutated
from tests.parity.mutations.laboratory import Laboratory
from tests.parity.mutations.planted import PLANTED
from tests.parity.mutations.table import MEASURED, PAGE, every, page, unmutated


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    made = Laboratory(tmp_path_factory.mktemp("planted"))
    yield made
    made.close()


def cases() -> list[object]:
    return [
        pytest.param(*case, id="-".join([*case[:2], case[2].name]), marks=[] if case[2].default else pytest.mark.slow)
        for case in every()
    ]


@pytest.mark.parametrize("program,version,train", unmutated())
def test_a_program_without_an_error_gives_no_finding(
    laboratory: Laboratory, program: str, version: str, train: bool
) -> None:
    trace = laboratory.trace(program, version, train)
    assert [finding.message for finding in laboratory.unexpected(program, version, trace)] == []
    assert len(trace.nodes) > 5
    reached = [node for node in trace.nodes if node.own_outputs]
    assert reached[0].torch.path == "" and (version == PORT or len(reached) == len(trace.nodes))


@pytest.mark.parametrize("program,version,mutation", cases())
def test_a_planted_error_is_found(laboratory: Laboratory, program: str, version: str, mutation: Mutation) -> None:
    verdict = laboratory.judge(program, version, mutation)
    assert verdict.ok, f"{verdict}, expected {mutation.kind} in {mutation.module!r}"


def test_every_error_can_be_planted(laboratory: Laboratory) -> None:
    for planted in PLANTED:
        text = laboratory.source(planted.program, planted.version).read_text(encoding="utf-8")
        names = [mutation.name for mutation in planted.mutations]
        assert len(set(names)) == len(names)
        for mutation in planted.mutations:
            after = mutated(text, mutation)
            compile(after, mutation.name, "exec")
            assert line_of(text, after, mutation) != 0


def test_the_command_names_module_and_line(laboratory: Laboratory, tmp_path: Path) -> None:
    """As a user runs it: processes of its own, operators fused."""
    text = laboratory.source("graph", CONVERTED).read_text(encoding="utf-8")
    wrong = text.replace("adjacency > 0", "adjacency >= 0")
    (tmp_path / "graph.py").write_text(wrong, encoding="utf-8")
    helpers = laboratory.source("graph", CONVERTED).with_name("jittor_helpers.py")
    (tmp_path / helpers.name).write_bytes(helpers.read_bytes())
    line = next(number for number, text in enumerate(wrong.splitlines(), 1) if "adjacency >= 0" in text)
    command = [sys.executable, "-m", "parity.cli", "trace", f"{HERE}/programs/graph.py:build"]
    command += ["--jittor", "graph.py:build", "--input", "3x6x3"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert found.returncode == 1, found.stdout + found.stderr
    assert "attention (GraphAttention) gives something else on the same inputs" in found.stdout
    assert f"graph.py:{line}  edges = jh.where(adjacency >= 0" in found.stdout


def test_the_page_tells_what_was_measured() -> None:
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))
    kept = [(row["program"], row["version"], row["name"]) for row in measured["rows"]]
    planted = [(program, version, mutation.name) for program, version, mutation in every()]
    assert kept == planted, "run: python -m tests.parity.mutations.table --record"
    text = PAGE.read_text(encoding="utf-8")
    assert page(text, measured) == text, "run: python -m tests.parity.mutations.table --record"
