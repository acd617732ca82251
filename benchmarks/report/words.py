"""How figures are written, the same in every report."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.harness.result import Result
from benchmarks.harness.statistics import Ratio
from benchmarks.methods import get_subject

LABELS = {"torch": "Torch", "compile": "torch.compile", "jittor": "Jittor", "optimized": "Jittor optimized"}
PHASES = {
    "inference": "inference",
    "forward": "forward (training)",
    "backward": "forward + backward",
    "step": "training step",
    "data": "data loading",
    "answer": "video to answer",
}
NOTHING = "-"


def milliseconds(seconds: float) -> str:
    """Three digits: ``0.412``, ``38.2``, ``5230``."""
    value = seconds * 1e3
    if value >= 1000:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 100 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def mebibytes(size: int | None) -> str:
    """Whole MiB."""
    return NOTHING if not size else f"{size / 2**20:.0f}"


def ratio(value: Ratio | None) -> str:
    """A ratio with its interval: ``1.12 (1.08-1.15)``."""
    return NOTHING if value is None else f"{value.value:.2f} ({value.low:.2f}-{value.high:.2f})"


def size(result: Result) -> str:
    """``1 video x 200 segments``; of an answer what it starts from."""
    subject = get_subject(result.method)
    if result.phase == "answer":
        return f"{result.length} s of video" if result.length else "1 walk"
    batch = f"{result.batch} {subject.batch_unit[:-1] if result.batch == 1 else subject.batch_unit}"
    return batch if result.phase == "data" else f"{batch} x {result.length} {subject.length_unit}"


def title(method: str) -> str:
    """As in its paper."""
    return get_subject(method).title


def stack_name(stack: dict[str, str], device: str) -> str:
    """A name for files: ``cpu-torch2.13.0-jittor1.3.11``."""
    parts = [f"{name}{stack[name].partition('+')[0]}" for name in ("torch", "jittor") if name in stack]
    return "-".join([device, *parts])


def ordered(results: Iterable[Result]) -> list[Result]:
    """By method, phase and size, in the order of the reports."""
    from benchmarks.harness.cells import PHASES as order
    from benchmarks.methods import names

    methods, phases = list(names()), list(order)
    return sorted(
        results, key=lambda each: (methods.index(each.method), phases.index(each.phase), each.batch, each.length)
    )
