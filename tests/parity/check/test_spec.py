"""The command line of ``jack-parity check``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from parity.check.command import check
from parity.check.spec import SpecError, check_arguments, make_inputs, parse_target


def test_file_outside_of_a_package(tmp_path: Path) -> None:
    (tmp_path / "net.py").touch()
    found = parse_target(f"{tmp_path}/net.py:Net.Inner")
    assert (found.root, found.module, found.name) == (tmp_path, "net", "Net.Inner")


def test_file_in_a_package_is_imported_from_above_it(tmp_path: Path) -> None:
    folder = tmp_path / "lib" / "models"
    folder.mkdir(parents=True)
    for file in (tmp_path / "lib" / "__init__.py", folder / "__init__.py", folder / "net.py"):
        file.touch()
    found = parse_target(f"{folder}/net.py:Net")
    assert (found.root, found.module) == (tmp_path, "lib.models.net")
    assert parse_target(f"{folder}/__init__.py:Net").module == "lib.models"
    assert parse_target(f"{folder}/net.py:Net", folder).module == "net"


@pytest.mark.parametrize("text", ["net.py", "net.py:", "net:Net", "net.py:not a name", "missing.py:Net"])
def test_bad_targets(text: str) -> None:
    with pytest.raises(SpecError):
        parse_target(text)


def test_inputs_in_order_and_by_keyword() -> None:
    positional, keywords = make_inputs(("2x3", "5:int64:0-100", "mask=2x5:bool", "4:float64:-1-1", "3:uint8"), 1)
    assert [(a.shape, str(a.dtype)) for a in positional] == [
        ((2, 3), "float32"),
        ((5,), "int64"),
        ((4,), "float64"),
        ((3,), "uint8"),
    ]
    assert keywords["mask"].shape == (2, 5) and keywords["mask"].dtype == bool
    assert positional[1].min() >= 0 and positional[1].max() < 100
    assert abs(positional[2].astype(float)).max() <= 1
    again, _ = make_inputs(("2x3",), 1)
    assert np.array_equal(again[0], positional[0])
    assert not np.array_equal(make_inputs(("2x3",), 2)[0][0], positional[0])


def test_inputs_from_files(tmp_path: Path) -> None:
    file = tmp_path / "batch.npz"
    np.savez(file, x=np.zeros((2, 3), "float32"), y=np.arange(4))
    positional, _ = make_inputs((str(file),), 0)
    assert [a.shape for a in positional] == [(2, 3), (4,)]
    positional, keywords = make_inputs((f"{file}:y", f"x={file}:x"), 0)
    assert positional[0].shape == (4,) and keywords["x"].shape == (2, 3)


@pytest.mark.parametrize(
    "text", ["2y3", "2x3:complex64", "2x3:int64:9-1", "2x3:int64:a-b", "missing.npz", "2x3:float32:1", "x=", "2x-3"]
)
def test_bad_inputs(text: str) -> None:
    with pytest.raises(SpecError):
        make_inputs((text,), 0)


def test_no_input_is_an_error() -> None:
    with pytest.raises(SpecError, match="--input"):
        make_inputs((), 0)


@pytest.mark.parametrize("text", ["", "3", "[1, 2], name='x'", "*(1, 2)", "Block, layers=[2, 2]  # why"])
def test_arguments(text: str) -> None:
    assert check_arguments(text) == text


@pytest.mark.parametrize("text", ["3)", "a b", "x=", ") + f(", "1; 2"])
def test_bad_arguments(text: str) -> None:
    with pytest.raises(SpecError):
        check_arguments(text)


def test_wrong_usage_is_2_and_one_line(tmp_path: Path) -> None:
    (tmp_path / "net.py").touch()
    target = f"{tmp_path}/net.py:Net"
    for arguments in ([f"{tmp_path}/no.py:Net", "--input", "2"], [target], [target, "--input", "2", "--args", "("]):
        result = CliRunner().invoke(check, arguments)
        assert result.exit_code == 2
        assert len(result.output.strip().splitlines()) == 1
    result = CliRunner().invoke(check, [target, "--input", "2", "--keep", str(tmp_path)])
    assert result.exit_code == 2 and "not an empty folder" in result.output
