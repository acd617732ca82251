"""The speed of the converter is measured, and a floor holds on any machine: the ratio to LibCST's own work."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.cli import main
from benchmarks.converter_speed import default_folders, measure


def test_every_row_is_measured_and_the_ratio_holds() -> None:
    rows = measure([default_folders()[1]])
    assert all(row.lines > 0 and row.seconds > 0 for row in rows)
    libcst, checked = rows[0], rows[1]
    # Names, kinds, rules, splicing and the second pass over the output cost at most four LibCST round trips.
    assert checked.speed > libcst.speed / 5
    assert rows[-1].speed > rows[-2].speed  # the cache is used


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_a_folder_that_cannot_be_measured(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = CliRunner().invoke(main, ["convert", str(tmp_path / name)])
    assert result.exit_code == 2
    assert "jack-bench: " in result.output and name in result.output
