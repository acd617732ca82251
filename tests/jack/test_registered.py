"""Every registered method at several sizes, Torch against Jittor; every golden suite at the sizes recorded in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from jack.methods.registry import METHODS
from parity import assert_parity
from parity.golden.cases import Case, golden_cases
from parity.golden.suite import available

PROJECT = Path(__file__).resolve().parents[2]
DATA = PROJECT / "tests" / "golden"


@dataclass(frozen=True)
class Size:
    """A method at one size.

    Attributes:
        method: its name.
        options: arguments of the constructor.
        inputs: of ``forward``.
    """

    method: str
    options: str
    inputs: tuple[str, ...]

    def __str__(self) -> str:
        return "-".join((self.method, *self.inputs))


BLOCKS = "backbone_layers=(1, 1, 1, 1), audio_layers=(1, 1, 1, 1)"
SIZES = [
    Size("bpmgcn", "frames=16, width=8", ("2x3x16x16x1", "2x8x16x16x1")),
    Size("bpmgcn", "num_class=7, frames=24, width=8, num_constraints=5", ("1x3x24x16x1", "1x8x24x16x1")),
    Size("tslnet", "dropout=0.0", ("1x24x1024", "1x24x32x60", "1x2:float32:0-1")),
    Size("tslnet", "dropout=0.0, num_classes=4, r_act=4", ("1x41x1024", "1x41x32x60", "1x4:float32:0-1")),
    Size(
        "vaanet",
        f"seq_len=2, snippet_duration=8, sample_size=64, audio_n_segments=2, audio_frames=128, {BLOCKS}",
        ("2x2x3x8x64x64:float32:0-255", "2x128x32"),
    ),
    Size(
        "vaanet",
        f"n_classes=5, seq_len=3, snippet_duration=8, sample_size=48, audio_n_segments=4, audio_frames=128, {BLOCKS}",
        ("1x3x3x8x48x48:float32:0-255", "1x128x32"),
    ),
    Size(
        "cten",
        f"seq_len=2, snippet_duration=8, sample_size=64, audio_n_segments=2, dropout=0.0, {BLOCKS}",
        ("2x2x3x8x64x64:float32:0-255", "2x200x128"),
    ),
    Size(
        "cten",
        f"n_classes=5, seq_len=3, snippet_duration=8, sample_size=48, audio_n_segments=3, dropout=0.0, {BLOCKS}",
        ("1x3x3x8x48x48:float32:0-255", "1x300x128"),
    ),
]


def test_every_method_has_sizes() -> None:
    assert {name: sum(size.method == name for size in SIZES) >= 2 for name in METHODS} == dict.fromkeys(METHODS, True)


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_both_frameworks_compute_the_same(size: Size) -> None:
    """Outputs and the gradients of all weights and inputs; the Jittor side is the converted file as it lies there."""
    method = METHODS[size.method]
    files = (PROJECT / "jack" / "methods" / framework / f"{method.module}.py" for framework in ("torch", "jittor"))
    torch, jittor = (f"{file}:{method.class_name}" for file in files)
    assert_parity(torch, jittor=jittor, args=size.options, inputs=size.inputs, jumps=True, timeout=3600)


def test_every_golden_suite_is_found() -> None:
    found = {(case.suite.name, case.side) for case in golden_cases(DATA)}
    assert {(name, side) for name in available() for side in ("torch", "jittor")} <= found


@pytest.mark.slow
@pytest.mark.parametrize("case", golden_cases(DATA), ids=str)
def test_golden(case: Case, tmp_path: Path) -> None:
    case.assert_agrees(tmp_path)
