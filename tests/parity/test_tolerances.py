"""The table of tolerances and its page."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity import pages
from parity.tolerances import EXACT, FLOAT64, TABLE, Tolerance, row

FLOATS = ("float32", "float64", "float16", "bfloat16", "complex64", "complex128")


def test_the_page_is_current() -> None:
    assert pages.main(["--check"]) == 0, "run: python -m parity.pages"


def test_a_page_that_is_not_current_is_told_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    page.write_text("old")
    assert pages.main(["--check"], page) == 1
    assert page.read_text() == "old" and "python -m parity.pages" in capsys.readouterr().err
    assert pages.main([], page) == 0 and pages.main(["--check"], page) == 0


def test_every_row_has_a_reason_and_a_line_on_the_page() -> None:
    text = pages.tolerances()
    for name, entry in TABLE.items():
        assert entry.reason and f"\n| {name} | " in text


@pytest.mark.parametrize("name", sorted(TABLE))
def test_wider_numbers_are_never_held_to_less(name: str) -> None:
    """double <= single <= half, and gradients like values."""
    for gradient in (False, True):
        limits = [row(name).limit(dtype, gradient) for dtype in ("float64", "float32", "float16")]
        allowed = [limit.allowed(1.0, 1.0) for limit in limits]
        assert allowed == sorted(allowed)


def test_what_does_not_round_must_be_equal() -> None:
    assert {row(name).limit(dtype) for name in TABLE for dtype in ("int64", "uint8", "bool", "<U3")} == {EXACT}
    assert {row("exact").limit(dtype) for dtype in FLOATS} == {EXACT}


def test_float64_does_not_get_the_limits_of_float32() -> None:
    assert row("linalg").limit("float64") == row("conv").limit("complex128", gradient=True) == FLOAT64
    assert row("host").limit("float64") == Tolerance(1e-12, 1e-12)
    assert row("model").limit("float64") == Tolerance(0.0, 1e-9, of_largest=True)
    assert row("moments").limit("float64") == Tolerance(0.1, 0.1)  # statistics of samples


def test_an_unknown_row_is_told_with_those_that_there_are() -> None:
    with pytest.raises(KeyError, match="'convolution' is no row.*conv, "):
        row("convolution")
