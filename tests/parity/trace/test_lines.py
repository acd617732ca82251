"""What lines write, and the line at which two programs part."""

from __future__ import annotations

import importlib.util
import textwrap
from pathlib import Path
from typing import Any

import numpy as np

from parity.trace.lines import LineRecorder
from parity.trace.parting import Seen, part
from parity.trace.result import Place


def recorded(tmp_path: Path, name: str, text: str) -> list[Seen]:
    """The events of ``forward(x)`` of a program."""
    path = tmp_path / f"{name}.py"
    path.write_text(textwrap.dedent(text))
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    lines = LineRecorder(lambda value: isinstance(value, np.ndarray), lambda array: array.copy())
    with lines.watching():
        module.forward(np.arange(6.0).reshape(2, 3))
    return [Seen(event.function, event.name, event.at, event.value) for event in lines.events]


def line(place: Place | None) -> str:
    assert place is not None
    return place.text


RIGHT = """
    def scaled(v):
        out = v * 2
        return out

    def forward(x):
        h = x + 1
        h[0] = 7
        for step in range(2):
            h = h * (step + 1)
        y = scaled(
            h - 1
        )
        return y.sum(1)
"""


def test_assignments_writes_loops_functions_and_the_result_are_seen(tmp_path: Path) -> None:
    events = recorded(tmp_path, "right", RIGHT)
    names = [(event.function, event.name) for event in events]
    assert names.count(("forward", "h")) == 4 and ("forward", "step") in names
    assert ("scaled", "out") in names and names[-1] == ("forward", "return")
    values = [event.value for event in events if event.name == "h"]
    assert values[0][0].tolist() == [1, 2, 3] and values[1][0].tolist() == [7, 7, 7]
    y = next(event for event in events if event.name == "y")
    assert y.at.text == "y = scaled("  # a statement of several lines goes by its first


def parting_of(tmp_path: Path, change: tuple[str, str]) -> Any:
    assert RIGHT.count(change[0]) == 1
    wrong = RIGHT.replace(*change)
    # A file of its own each time: the text of a line is read once.
    return part(recorded(tmp_path, "right", RIGHT), recorded(tmp_path, f"wrong{abs(hash(change))}", wrong))


def test_equal_programs_do_not_part(tmp_path: Path) -> None:
    assert parting_of(tmp_path, ("x + 1", "1 + x")) is None


def test_the_first_line_that_differs_is_found(tmp_path: Path) -> None:
    for old, new in (
        ("h = x + 1", "h = x + 1.5"),
        ("h[0] = 7", "h[1] = 7"),
        ("h = h * (step + 1)", "h = h * (step + 2)"),
        ("out = v * 2", "out = v * 3"),
        ("return y.sum(1)", "return y.mean(1)"),
    ):
        parting = parting_of(tmp_path, (old, new))
        assert (line(parting.torch), line(parting.jittor)) == (old, new)


def test_lines_cut_otherwise_and_other_names_do_not_mislead(tmp_path: Path) -> None:
    port = """
        def forward(x):
            a = x + 1
            a[0] = 7
            for k in range(2):
                a = a * (k + 1)
            b = a - 1
            b = b * 3
            return b.sum(1)
    """
    parting = part(recorded(tmp_path, "right", RIGHT), recorded(tmp_path, "port", port))
    assert parting is not None and line(parting.jittor) == "b = b * 3"
