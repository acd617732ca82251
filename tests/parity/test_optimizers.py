"""jack-parity optimizers: conversions that agree, Jittor's own classes that do not, what is refused."""

from __future__ import annotations

import ast
import json
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from parity.cli import main
from parity.optimizers.program import Entry, entry_at, gradients, source
from parity.optimizers.run import DIFFERS, EQUAL, FAILED, REFUSED, Row
from parity.optimizers.table import as_json, as_text, holds
from parity.tolerances import Tolerance


def survey(*arguments: str) -> tuple[int, dict[tuple[str, str], Any]]:
    """Exit status and the rows of a run by class and arguments."""
    result = CliRunner().invoke(main, ["optimizers", "--output-format", "json", *arguments])
    assert result.exit_code in (0, 1), result.output
    told = json.loads(result.stdout)
    assert told["ok"] is (result.exit_code == 0)
    return result.exit_code, {(row["entry"]["name"], row["entry"]["arguments"]): row for row in told["rows"]}


def test_conversions_agree_and_what_is_refused_is_listed() -> None:
    status, rows = survey("--only", "^(SGD|LBFGS|StepLR|OneCycleLR)$", "--steps", "4")
    assert status == 0
    verdicts = {name: {row["verdict"] for (n, _), row in rows.items() if n == name} for name, _ in rows}
    assert verdicts == {"SGD": {EQUAL}, "LBFGS": {REFUSED}, "StepLR": {EQUAL}, "OneCycleLR": {EQUAL}}
    assert "no helper for LBFGS" in rows["LBFGS", ""]["note"]
    momentum = rows["SGD", "lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.1"]
    assert len(momentum["differences"]) == 4 and max(momentum["differences"]) < 1e-6


def test_jittors_own_classes_show_their_traps() -> None:
    status, rows = survey("--stock", "--only", "^(SGD|StepLR|ASGD)$", "--steps", "4")
    assert status == 1
    assert rows["ASGD", ""]["verdict"] == "not in Jittor"
    assert rows["SGD", "lr=0.1"]["verdict"] == EQUAL and rows["StepLR", "step_size=3, gamma=0.5"]["verdict"] == EQUAL
    every = rows["StepLR", "step_size=1, gamma=0.9"]  # one step late
    assert (every["verdict"], every["first"]) == (DIFFERS, 2)
    # Weight decay also moves the parameter that has no gradient yet, and dampening holds from the first step on.
    assert rows["SGD", "lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.1"]["first"] == 1
    loud = rows["SGD", "lr=0.1, momentum=0.5, maximize=True"]
    assert loud["verdict"] == FAILED and "unexpected keyword argument 'maximize'" in loud["note"]


def test_the_generated_file_names_every_entry() -> None:
    entries = [Entry("SGD", "GROUPS, lr=0.1", False), Entry("Adam", "", False), Entry("ReduceLROnPlateau", "", True)]
    text = source(entries)
    lines = entry_at(text)
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef):
            number = int(node.name.removeprefix("entry_"))
            assert lines[node.lineno] == lines[node.end_lineno or 0] == number
    assert "optim.SGD([{'params': [w], 'lr': 0.5}" in text and "optim.Adam([w, v, u])" in text
    assert "scheduler.step(value)" in text


def test_one_parameter_has_no_gradient_at_first() -> None:
    found = gradients(0, 4)
    assert [row[2] is None for row in found] == [True, True, False, False]
    assert not np.array_equal(found[0][0], found[1][0])  # type: ignore[arg-type]


def test_the_report_says_from_which_step_on() -> None:
    tolerance = Tolerance(1e-5)
    rows = [
        Row(Entry("A", "lr=1", False), EQUAL, tolerance, [0.0, 1e-7]),
        Row(Entry("B", "", False), DIFFERS, tolerance, [0.0, 0.5], 2),
        Row(Entry("C", "", True), REFUSED, tolerance, note="JC102 no equal"),
    ]
    text = as_text(rows, stock=False)
    assert "from step 2 on" in text and "B()" in text and "A(lr=1)" not in text
    assert "A(lr=1)" in as_text(rows, stock=False, everything=True)
    assert text.endswith(
        "3 optimizers and schedules of Torch, each against its conversion: equal 1, differs 1, refused 1"
    )
    assert not holds(rows) and holds([rows[0], rows[2]])
    assert json.loads(json.dumps(as_json(rows, False)))["rows"][2]["worst"] is None


@pytest.mark.parametrize(("only", "message"), [("(", "is no regular expression"), ("^Nothing$", "finds no class")])
def test_wrong_usage(only: str, message: str) -> None:
    result = CliRunner().invoke(main, ["optimizers", "--only", only])
    assert result.exit_code == 2 and message in result.output


@pytest.mark.slow
def test_every_optimizer_and_schedule() -> None:
    status, rows = survey()
    assert status == 0 and len(rows) > 45
    assert {name for (name, _), row in rows.items() if row["verdict"] == REFUSED} == {
        "ASGD",
        "Adafactor",
        "LBFGS",
        "Muon",
        "Rprop",
        "SparseAdam",
    }
