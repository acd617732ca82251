"""The line at which two programs part, from the values that their lines made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from parity.arrays import Array
from parity.tolerances import TABLE
from parity.trace import store
from parity.trace.judge import TURNED, comparison
from parity.trace.result import Comparison, Place

OWN = TABLE["module"]


@dataclass(frozen=True)
class Seen:
    """A value that a line made; see :class:`parity.trace.lines.Event`."""

    function: str
    name: str
    at: Place
    value: Array

    @cached_property
    def length(self) -> float:
        """As a vector, whatever the order of its axes."""
        with np.errstate(over="ignore", invalid="ignore"):
            return float(np.sqrt(np.square(self.value.astype(np.float64)).sum()))


@dataclass(frozen=True)
class Parting:
    """Where two programs part.

    Attributes:
        torch, jittor: the lines; None where one has no counterpart.
        name: what the line computes.
        comparison: the figures.
    """

    torch: Place | None
    jittor: Place | None
    name: str
    comparison: Comparison | None


def read(folder: Path, side: str) -> dict[int, list[Seen]]:
    """What a side stored in the second round, by number of Torch's call."""
    told: dict[str, list[dict[str, Any]]] = json.loads((folder / f"{side}_lines.json").read_text(encoding="utf-8"))
    arrays = store.Stored(folder / f"{side}_lines.npz")
    return {
        int(number): [
            Seen(event["function"], event["name"], Place(**event["at"]), arrays[f"{number}/{index}"])
            for index, event in enumerate(events)
        ]
        for number, events in told.items()
    }


def part(torch: Sequence[Seen], jittor: Sequence[Seen], shown: str = "") -> Parting | None:
    """The first line whose value is another one; None if all that can be compared agree.

    Values of the same name are compared, in the order in which the lines ran.  A difference counts if neither program
    comes to the other's value later: a line may be split in two there, or two may be one.  Where names tell nothing
    (a port with its own), it is the line after the last value that both have; and a value that differs though it comes
    up later, for something else, is better than no line.

    Args:
        torch, jittor: what the lines of both made.
        shown: name of the result, or of what is handed to a module, that is known to differ.
    """
    certain: list[tuple[int, int]] = []
    maybe: list[tuple[int, int]] = []
    for one, other in aligned(torch, jittor):
        if not agree(torch[one], jittor[other]):
            later = anywhere(torch[one], jittor[other + 1 :]) or anywhere_of(jittor[other], torch[one + 1 :])
            lost = np.isfinite(torch[one].length) and not np.isfinite(jittor[other].length)
            (maybe if later and not lost else certain).append((one, other))
    at = (last(torch, shown), last(jittor, shown))
    if min(at) >= 0 and not agree(torch[at[0]], jittor[at[1]]):
        certain.append(at)
    if certain:
        first = min(certain, key=lambda pair: pair[1])
        if first == at:
            first = min([*maybe, at], key=lambda pair: pair[1])
        return earlier(torch, jittor, *first)
    return earlier(torch, jittor, *maybe[0]) if maybe else None


def last(events: Sequence[Seen], shown: str) -> int:
    """Index of the last event of a result (``output``) or of what is handed on; -1 if there is none."""
    name = shown.replace("output", "return", 1) if shown.startswith("output") else shown
    return max((i for i, event in enumerate(events) if (event.function, event.name) == ("forward", name)), default=-1)


def earlier(torch: Sequence[Seen], jittor: Sequence[Seen], one: int, other: int) -> Parting:
    """Two values that differ, or a pair before them that feeds them.

    That is the first value of Jittor's that Torch has not, of the shape of one of Torch's that Jittor has not.  Without
    such a pair it is what comes right after the last value that both have.
    """
    ours = [i for i in range(other) if jittor[i].value.size > 1 and jittor[i].at != jittor[other].at]
    theirs = [i for i in range(one) if torch[i].value.size > 1 and torch[i].at != torch[one].at]
    strange = [i for i in ours if not anywhere_of(jittor[i], torch)]
    missed = [i for i in theirs if not anywhere(torch[i], jittor)]
    for i in strange:
        pairs = [k for k in missed if torch[k].value.shape == jittor[i].value.shape]
        if pairs:
            so_far = [jittor[m] for m in ours if m < i]
            common = max((k for k in theirs if k not in missed and anywhere(torch[k], so_far)), default=-1)
            pair = next((k for k in pairs if k > common), pairs[0])
            return Parting(torch[pair].at, jittor[i].at, torch[pair].name, near(torch[pair], jittor[i]))
    common = max((i for i in ours if i not in strange), default=-1)
    start = next((i for i in ours if i > common), other)
    common = max((i for i in theirs if i not in missed), default=-1)
    there = one if start == other else next((i for i in theirs if i > common), one)
    return Parting(torch[there].at, jittor[start].at, torch[there].name, near(torch[there], jittor[start]))


def aligned(torch: Sequence[Seen], jittor: Sequence[Seen]) -> list[tuple[int, int]]:
    """Indices of events of the same name in the same function, in order on both sides."""
    one = [(event.function, event.name) for event in torch]
    other = [(event.function, event.name) for event in jittor]
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return [(block.a + i, block.b + i) for block in blocks for i in range(block.size)]


def near(one: Seen, other: Seen) -> Comparison:
    """Figures of a value on both sides."""
    return comparison(one.name, other.value, one.value, OWN.value)


def agree(one: Seen, other: Seen) -> bool:
    """Whether both values are the same, perhaps with their axes in another order."""
    found = near(one, other)
    return found.ok or TURNED in found.problem


def anywhere(event: Seen, others: Sequence[Seen]) -> bool:
    """Whether these of Jittor have a value of Torch too, under whatever name; a single number proves nothing."""
    return event.value.size > 1 and any(agree(event, other) for other in others if alike(event, other))


def anywhere_of(event: Seen, others: Sequence[Seen]) -> bool:
    """The same, where the event is Jittor's and the others are Torch's."""
    return event.value.size > 1 and any(agree(other, event) for other in others if alike(event, other))


def alike(one: Seen, other: Seen) -> bool:
    """Whether they have the same axes, in whatever order, and may hold the same values: quick to tell."""
    if sorted(one.value.shape) != sorted(other.value.shape):
        return False
    apart, longer = abs(one.length - other.length), max(one.length, other.length)
    # No entry may be further apart than this share of the largest, which is no longer than the vector.
    return not apart > 2 * OWN.value.relative * np.sqrt(one.value.size) * longer


def partings(
    torch: Mapping[int, Sequence[Seen]], jittor: Mapping[int, Sequence[Seen]], shown: Mapping[int, str]
) -> dict[int, Parting]:
    """For each call, where it parts; see :func:`part`."""
    found = {number: part(events, jittor.get(number, []), shown.get(number, "")) for number, events in torch.items()}
    return {number: parting for number, parting in found.items() if parting is not None}
