"""What is measured: a cell is one phase of one method at one size, done by several sides in turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

SIDES = {
    "torch": "Torch, eager: the reference of every ratio",
    "compile": "Torch with torch.compile",
    "jittor": "the converted method in Jittor",
    "optimized": "the same after `jack optimize` (inference only)",
}
REFERENCE = "torch"
JITTOR_SIDES = ("jittor", "optimized")

PHASES = {
    "inference": "the network in evaluation, tensors to tensors",
    "forward": "the network in training and its loss",
    "backward": "forward, and the gradients",
    "step": "the method's whole training step: arrays to tensors, forward, backward, optimizer",
    "data": "one batch read from files and made tensors, by one process",
    "answer": "from a video (BPM-GCN: a recorded walk) to the outputs: decode, features, network",
}
TRAINING_PHASES = ("forward", "backward", "step")
MODEL_PHASES = ("inference", *TRAINING_PHASES)


class PlanError(ValueError):
    """The request cannot be measured; one line for the user."""


@dataclass(frozen=True)
class Cell:
    """One comparison.

    Attributes:
        method, phase: names.
        batch: samples at once.
        length: of each sample, in the method's own unit; seconds of video in the phase ``answer``.
        sides: who takes turns, the reference first.
        axis: "headline", or what grows along the row that the cell belongs to: "batch" or "length".
    """

    method: str
    phase: str
    batch: int
    length: int
    sides: tuple[str, ...]
    axis: str = "headline"

    @property
    def key(self) -> str:
        """A name that fits a file."""
        return f"{self.method}-{self.phase}-b{self.batch}-l{self.length}"


@dataclass(frozen=True)
class Sizes:
    """The sizes of a method's cells.

    Attributes:
        batch, length: of the headline cells in inference; ``trained`` of those in training.
        batches, lengths: along which inference grows, the other size as in ``growing``.
        growing: the batch that lengths grow at, and the length that batches grow at.
        trained: batch and length of a training step.
        trained_batches, trained_lengths: along which the training step grows.
        seconds: of the video that an answer starts from; also the row along which the answer grows.
    """

    batch: int
    length: int
    trained: tuple[int, int]
    growing: tuple[int, int] = (1, 1)
    batches: tuple[int, ...] = ()
    lengths: tuple[int, ...] = ()
    trained_batches: tuple[int, ...] = ()
    trained_lengths: tuple[int, ...] = ()
    seconds: tuple[int, ...] = (0,)


# Real sizes; what a CPU of two cores does within the time that a whole run may take.
FULL: Mapping[str, Sizes] = {
    "tslnet": Sizes(1, 200, (1, 200), (1, 40), (1, 4, 16, 32), (40, 100, 200, 600), (1, 4), (40, 200, 600), (4, 8)),
    "bpmgcn": Sizes(32, 48, (32, 48), (1, 48), (1, 2, 4, 8, 16, 32), (), (2, 8, 32)),
    "vaanet": Sizes(1, 12, (1, 12), (1, 2), (1, 4, 16), (2, 6, 12), (1, 4), (2, 12), (4, 16)),
    "cten": Sizes(1, 16, (1, 16), (1, 2), (1, 4, 16), (2, 6, 16), (1, 4), (2, 16), (4,)),
}
QUICK: Mapping[str, Sizes] = {
    "tslnet": Sizes(1, 40, (1, 40), seconds=(2,)),
    "bpmgcn": Sizes(8, 48, (8, 48)),
    "vaanet": Sizes(1, 2, (1, 2), seconds=(2,)),
    "cten": Sizes(1, 2, (1, 2), seconds=(2,)),
}


@dataclass(frozen=True)
class Request:
    """What a run was asked for; empty means: as planned."""

    methods: Sequence[str]
    phases: Sequence[str] = ()
    sides: Sequence[str] = ()
    batches: Sequence[int] = ()
    lengths: Sequence[int] = ()
    quick: bool = False


def plan(request: Request) -> list[Cell]:
    """The cells of a run: headline cells first, so that an interrupted run has what matters most.

    Raises:
        PlanError: for what cannot be measured.
    """
    sizes = QUICK if request.quick else FULL
    phases = tuple(request.phases) or (("inference", "step") if request.quick else tuple(PHASES))
    found: dict[str, Cell] = {}
    for method in request.methods:
        for phase in phases:
            for cell in _headline(method, phase, sizes[method], request):
                found.setdefault(cell.key, cell)
    if not request.batches and not request.lengths:
        for method in request.methods:
            for cell in _growing(method, phases, sizes[method], request):
                found.setdefault(cell.key, cell)
    found = {key: cell for key, cell in found.items() if cell.sides}
    if not found:
        raise PlanError("nothing to measure: no phase fits the frameworks that were asked for")
    return list(found.values())


def _headline(method: str, phase: str, sizes: Sizes, request: Request) -> Iterator[Cell]:
    batch, length = sizes.trained if phase in (*TRAINING_PHASES, "data") else (sizes.batch, sizes.length)
    if phase == "answer":
        batch, length = 1, sizes.seconds[0]
    if phase == "data":
        length = sizes.length
    planned = ("torch", "jittor") if request.quick or phase in ("forward", "backward") else tuple(SIDES)
    sides = sides_of(phase, request.sides or planned)
    asked = len(request.batches) > 1 or len(request.lengths) > 1
    axis = "batch" if len(request.batches) > 1 else "length" if asked else "headline"
    for b in request.batches or (batch,):
        for n in request.lengths or (length,):
            yield Cell(method, phase, b, n, sides, axis)


def _growing(method: str, phases: Sequence[str], sizes: Sizes, request: Request) -> Iterator[Cell]:
    batch, length = sizes.growing
    sides = tuple(request.sides) or ("torch", "jittor")
    rows = {
        "inference": (sizes.batches, sizes.lengths),
        "step": (sizes.trained_batches, sizes.trained_lengths),
        "answer": ((), sizes.seconds if len(sizes.seconds) > 1 else ()),
    }
    for phase in (phase for phase in rows if phase in phases):
        base = Cell(method, phase, batch, length, sides_of(phase, sides))
        grown, longer = rows[phase]
        for b in grown:
            yield replace(base, batch=b, axis="batch")
        for n in longer:
            yield replace(base, length=n, axis="length")


def sides_of(phase: str, sides: Sequence[str]) -> tuple[str, ...]:
    """Those that can do a phase, in the order of :data:`SIDES`."""
    able = [side for side in SIDES if side in sides]
    if phase != "inference" and "optimized" in able:
        able.remove("optimized")
    if phase in ("data", "answer") and "compile" in able:
        able.remove("compile")
    return tuple(able)
