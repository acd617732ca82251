"""Whole programs as people write them give the same results in both frameworks, or the converter says what is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.converter.program_corpus import PROGRAMS, Outcome, judge

# A few of many kinds by default; all with -m slow (some minutes of compiling).
FEW = (
    "autograd_penalty",
    "byte_arithmetic",
    "byte_images",
    "contrastive",
    "einops_patches",
    "gradient_reversal",
    "masked_labels",
    "mlp_training",
    "packed_lstm",
    "policy_distributions",
    "scalar_losses",
)
# What is not plainly equal.  This list may only shrink.
NOT_EQUAL = {
    "dtype_conversions": "differently typed",
    "ema_mixup": "reported",
    "gnn": "reported",
    "grad_cam": "reported",
    "gru_seq2seq": "reported",
    "hooks": "reported",
    "inplace_views": "reported",
    "masks_and_gather": "differently typed",
    "numpy_interop": "reported",
    "rope_complex": "reported",
}
NAMES = sorted(path.stem for path in PROGRAMS.glob("*.py"))


def _judged(names: tuple[str, ...], folder: Path) -> dict[str, Outcome]:
    return {outcome.name: outcome for outcome in judge([PROGRAMS / f"{name}.py" for name in names], folder)}


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    return _judged(FEW, tmp_path_factory.mktemp("programs"))


@pytest.fixture(scope="session")
def every(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    return _judged(tuple(NAMES), tmp_path_factory.mktemp("programs"))


@pytest.mark.parametrize("name", FEW)
def test_program(name: str, few: dict[str, Outcome]) -> None:
    assert few[name].answer == NOT_EQUAL.get(name, "equal"), "\n".join(few[name].notes)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_program(name: str, every: dict[str, Outcome]) -> None:
    assert every[name].answer == NOT_EQUAL.get(name, "equal"), "\n".join(every[name].notes)


def test_exceptions_are_programs() -> None:
    assert set(NOT_EQUAL) <= set(NAMES)
