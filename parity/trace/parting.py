"""The line at which two programs part, from the values that their lines made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from parity.arrays import Array
from parity.tolerances import TABLE
from parity.trace import store
from parity.trace.judge import comparison
from parity.trace.result import Comparison, Place

OWN = TABLE["module"]


@dataclass(frozen=True)
class Seen:
    """A value that a line made; see :class:`parity.trace.lines.Event`."""

    function: str
    name: str
    at: Place
    value: Array


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


def part(torch: Sequence[Seen], jittor: Sequence[Seen]) -> Parting | None:
    """The first line whose value is another one; None if all that can be compared agree.

    Values of the same name are compared, in the order in which the lines ran.  A difference counts only if the other
    program has the value nowhere near: a line may be split in two there, or two may be one.  Where the names tell
    nothing (a port with its own names), the line after the last value that both have is it.
    """
    pairs = aligned(torch, jittor)
    for one, other in pairs:
        found = near(torch[one], jittor[other])
        if not found.ok and not anywhere(torch[one], jittor) and not anywhere_of(jittor[other], torch):
            return Parting(torch[one].at, jittor[other].at, torch[one].name, found)
    if pairs and len(pairs) * 2 >= len(torch):
        return None
    last, there = -1, -1
    for index, event in enumerate(torch):
        at = next((i for i, o in enumerate(jittor) if i > there and near(event, o).ok), None)
        if at is not None and event.value.size > 1:
            last, there = index, at
    if last + 1 < len(torch) and there + 1 < len(jittor):
        one_event, other_event = torch[last + 1], jittor[there + 1]
        return Parting(one_event.at, other_event.at, one_event.name, near(one_event, other_event))
    return None


def aligned(torch: Sequence[Seen], jittor: Sequence[Seen]) -> list[tuple[int, int]]:
    """Indices of events of the same name in the same function, in order on both sides."""
    one = [(event.function, event.name) for event in torch]
    other = [(event.function, event.name) for event in jittor]
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return [(block.a + i, block.b + i) for block in blocks for i in range(block.size)]


def near(one: Seen, other: Seen) -> Comparison:
    """Figures of a value on both sides."""
    return comparison(one.name, other.value, one.value, OWN.value)


def anywhere(event: Seen, others: Sequence[Seen]) -> bool:
    """Whether another program has this value too, under whatever name; a single number proves nothing."""
    same = [other for other in others if other.value.shape == event.value.shape and event.value.size > 1]
    return any(near(event, other).ok for other in same)


def anywhere_of(event: Seen, others: Sequence[Seen]) -> bool:
    """The same, where the event is Jittor's."""
    same = [other for other in others if other.value.shape == event.value.shape and event.value.size > 1]
    return any(near(other, event).ok for other in same)


def partings(torch: Mapping[int, Sequence[Seen]], jittor: Mapping[int, Sequence[Seen]]) -> dict[int, Parting]:
    """For each call, where it parts."""
    found = {number: part(events, jittor.get(number, [])) for number, events in torch.items()}
    return {number: parting for number, parting in found.items() if parting is not None}
