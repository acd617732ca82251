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
    maybe: tuple[int, int] | None = None
    for one, other in aligned(torch, jittor):
        if not near(torch[one], jittor[other]).ok:
            if not anywhere(torch[one], jittor[other + 1 :]) and not anywhere_of(jittor[other], torch[one + 1 :]):
                return earlier(torch, jittor, one, other)
            maybe = maybe or (one, other)
    at = (last(torch, shown), last(jittor, shown))
    if min(at) >= 0 and not near(torch[at[0]], jittor[at[1]]).ok:
        return earlier(torch, jittor, *at)
    return None if maybe is None else earlier(torch, jittor, *maybe)


def last(events: Sequence[Seen], shown: str) -> int:
    """Index of the last event of a result (``output``) or of what is handed on; -1 if there is none."""
    name = shown.replace("output", "return", 1) if shown.startswith("output") else shown
    return max((i for i, event in enumerate(events) if (event.function, event.name) == ("forward", name)), default=-1)


def earlier(torch: Sequence[Seen], jittor: Sequence[Seen], one: int, other: int) -> Parting:
    """Two values that differ, or what comes right after the last value before them that both programs have."""
    before = [i for i in range(other) if jittor[i].value.size > 1]
    common = max((i for i in before if anywhere_of(jittor[i], torch)), default=-1)
    start = next((i for i in before if i > common), other)
    if start == other:
        return Parting(torch[one].at, jittor[other].at, torch[one].name, near(torch[one], jittor[other]))
    before = [i for i in range(one) if torch[i].value.size > 1]
    common = max((i for i in before if anywhere(torch[i], jittor)), default=-1)
    there = next((i for i in before if i > common), one)
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


def anywhere(event: Seen, others: Sequence[Seen]) -> bool:
    """Whether these of another program have this value too, under whatever name; a single number proves nothing."""
    same = [other for other in others if other.value.shape == event.value.shape and event.value.size > 1]
    return any(near(event, other).ok for other in same)


def anywhere_of(event: Seen, others: Sequence[Seen]) -> bool:
    """The same, where the event is Jittor's."""
    same = [other for other in others if other.value.shape == event.value.shape and event.value.size > 1]
    return any(near(other, event).ok for other in same)


def partings(
    torch: Mapping[int, Sequence[Seen]], jittor: Mapping[int, Sequence[Seen]], shown: Mapping[int, str]
) -> dict[int, Parting]:
    """For each call, where it parts; see :func:`part`."""
    found = {number: part(events, jittor.get(number, []), shown.get(number, "")) for number, events in torch.items()}
    return {number: parting for number, parting in found.items() if parting is not None}
