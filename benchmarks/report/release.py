"""The table of JACK's first public release for TSL-Net, with what was really measured."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tabulate import tabulate

from benchmarks.harness.result import Result
from benchmarks.harness.store import StoreError
from benchmarks.report import words
from jack.files import replacing

SIDES = ("torch", "jittor")
SCORES = ("mAP", "pAP", "nAP", "F2")

# What the release says of Torch and of Jittor, on a GPU and the whole TSL-300.
CLAIMED: dict[str, tuple[str, str]] = {
    "forward, s": ("0.324", "0.068"),
    "memory, MB": ("11319", "16132"),
    "iteration, s": ("1.162", "0.981"),
    "mAP": ("0.1985", "-"),
    "pAP": ("0.2106", "-"),
    "nAP": ("0.1865", "-"),
    "F2": ("0.3369", "0.3577"),
}


@dataclass(frozen=True)
class Release:
    """What the command ``jack-bench release`` measured.

    Attributes:
        machine: see :func:`benchmarks.harness.machine.describe`.
        forward: the cell of inference.
        iteration: the cell of the training step.
        scores: of the same weights in both frameworks, by side and name, 0..1.
        trained: in words, what the weights are.
    """

    machine: dict[str, Any]
    forward: Result
    iteration: Result
    scores: dict[str, dict[str, float]]
    trained: str


def write(path: Path, found: Release) -> None:
    """Write it as JSON."""
    with replacing(path) as partial:
        partial.write_text(json.dumps(asdict(found), allow_nan=False), encoding="utf-8")


def read(path: Path) -> Release:
    """Read it again.

    Raises:
        StoreError: if the file holds something else.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        cells = {name: Result.from_dict(told[name]) for name in ("forward", "iteration")}
        return Release(told["machine"], **cells, scores=told["scores"], trained=told["trained"])
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path}: no result of jack-bench release ({error!r})") from error


def table(found: Release, tablefmt: str = "simple") -> str:
    """Both sides: what the release says, and what was measured."""
    rows = []
    for name, (torch, jittor) in CLAIMED.items():
        rows.append([name, torch, jittor, *(_measured(found, name, side) for side in SIDES), _ratio(found, name)])
    waiting = [_early(found, side) for side in SIDES]
    rows.insert(1, ["forward without waiting, s", "-", "-", *waiting, "-"])
    head = ["", "release: Torch", "release: Jittor", "measured: Torch", "measured: Jittor", "Torch / Jittor"]
    return tabulate(rows, head, tablefmt=tablefmt, disable_numparse=True, colalign=("left", *("right",) * 5))


def _measured(found: Release, name: str, side: str) -> str:
    if name in SCORES:
        return f"{found.scores[side][name]:.4f}"
    cell = found.forward if name.startswith("forward") else found.iteration
    if side not in cell.sides or not cell.sides[side].timed:
        return words.NOTHING
    if name.startswith("memory"):
        return f"{(cell.sides[side].gpu or cell.sides[side].peak) / 1e6:.0f}"
    return f"{cell.summary(side).median:.4f}"


def _ratio(found: Release, name: str) -> str:
    if name in SCORES or name.startswith("memory"):
        return words.NOTHING
    cell = found.forward if name.startswith("forward") else found.iteration
    return words.ratio(cell.ratio("jittor"))


def _early(found: Release, side: str) -> str:
    one = found.forward.sides[side]
    return f"{sorted(one.returned)[len(one.returned) // 2]:.4f}" if one.timed else words.NOTHING


def markdown(found: Release) -> list[str]:
    """The section of the page."""
    machine = found.machine
    where = f"{machine['processor']}, {machine['cpus']} CPUs, {machine['device']}, {found.forward.threads} threads"
    return [
        "## The first release's table for TSL-Net\n",
        "The release says that a forward pass takes 0.324 s in Torch and 0.068 s in Jittor. Its clock does not wait for"
        " Jittor, leaves out steps of 2 s and more, and sums other work on either side. The columns of the release are"
        " of a GPU and of the whole TSL-300; only the measured ones can be compared with each other. Measured here:\n",
        f"- machine: {where};",
        f"- forward: {words.size(found.forward)}, evaluation; iteration: {words.size(found.iteration)}, the whole step"
        " (the release's iteration is 16 videos of any length);",
        f"- memory: {'GPU' if machine['device'] == 'cuda' else 'resident'}, at its most during these iterations;",
        f"- scores: {found.trained}, means over the thresholds. The release numbers the classes as they appear in the"
        " ground truth, so that its pAP is probably what nAP should be, and the other way round; its Jittor program"
        " looks for intervals with other thresholds than its Torch program.\n",
        table(found, "pipe") + "\n",
        *(f"- noisy: {text}" for cell in (found.forward, found.iteration) for text in cell.doubts()),
    ]
