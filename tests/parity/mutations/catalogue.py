"""What is planted: a mutation is one change of a Jittor program's text, with what a trace must say about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONVERTED, PORT = "converted", "port"


@dataclass(frozen=True)
class Program:
    """A Torch program of ``programs/``; its ``build()`` makes the model.

    Attributes:
        inputs: as on the command line of ``jack-parity trace``.
        port: name of the model's class in the file of ``ports/``; "" if there is no port.
    """

    inputs: tuple[str, ...]
    port: str = ""


PROGRAMS = {
    "resnet": Program(("3x3x16x16",), "Net"),
    "transformer": Program(("3x5:int64:0-11", "3:int64:0-3"), "Classifier"),
    "lstm": Program(("3x5x5",), "Model"),
    "clips": Program(("2x2x4x9x9", "2x1x20")),
    "graph": Program(("3x6x3",), "GaitNet"),
    "unet": Program(("2x1x10x10",), "Segmenter"),
}


@dataclass(frozen=True)
class Mutation:
    """A planted error.

    Attributes:
        name: what is wrong, in words.
        before: text of the Jittor program, which occurs there once.
        after: what takes its place.
        module: the path, in Torch, of the module at fault; of a weight, its name.
        kind: of the finding, see :class:`parity.trace.result.Finding`.
        at: text of the line that the finding must name: the first whose value is another one, or where the module is
            made; "" for the first line that is new; None where no line is (a backward pass, a result that only lacks
            something).
        train: training mode.
        default: part of the suite that always runs.
    """

    name: str
    before: str
    after: str
    module: str
    kind: str = "forward"
    at: str | None = ""
    train: bool = False
    default: bool = False


@dataclass(frozen=True)
class Planted:
    """Mutations of one Jittor program.

    Attributes:
        program: key of :data:`PROGRAMS`.
        version: ``converted`` or ``port``.
        mutations: all of them.
    """

    program: str
    version: str
    mutations: list[Mutation] = field(default_factory=list)


def mutated(text: str, mutation: Mutation) -> str:
    """The program with the error in it.

    Raises:
        ValueError: if the text that is to be replaced does not occur exactly once.
    """
    count = text.count(mutation.before)
    if count != 1:
        raise ValueError(f"{mutation.name}: {mutation.before!r} occurs {count} times, not once")
    return text.replace(mutation.before, mutation.after)


def line_of(before: str, after: str, mutation: Mutation) -> int | None:
    """Number of the line that a finding must name.

    Args:
        before, after: the whole program without and with the error.

    Raises:
        ValueError: if the text of the line does not occur exactly once.
    """
    if mutation.at is None:
        return None
    new = after.splitlines()
    if mutation.at:
        found = [number for number, line in enumerate(new, 1) if mutation.at in line]
        if len(found) != 1:
            raise ValueError(f"{mutation.name}: {mutation.at!r} is in {len(found)} lines, not in one")
        return found[0]
    old = before.splitlines()
    return next(n for n, line in enumerate(new, 1) if n > len(old) or line != old[n - 1])
