"""What a side of a trace tells the parent, in plain values and files; the same in both frameworks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from parity.arrays import Array
from parity.trace import store
from parity.trace.lines import LineRecorder
from parity.trace.recorder import Call


def inside(name: str, paths: set[str]) -> bool:
    """Whether a tensor belongs to one of these modules or to a module in it."""
    parts = name.split(".")
    return any(".".join(parts[:size]) in paths for size in range(1, len(parts)))


def as_plain(value: Any) -> Any:
    """A dataclass as a dictionary, None as it is."""
    return None if value is None else asdict(value)


def told_of(call: Call) -> dict[str, Any]:
    """What the parent needs to know of a call."""
    return {
        "number": call.number,
        "path": call.path,
        "index": call.index,
        "parent": call.parent,
        "depth": call.depth,
        "site": as_plain(call.site),
        "inputs": {name: list(value.shape) for name, value in call.inputs.items()},
        "outputs": {name: list(value.shape) for name, value in call.outputs.items()},
        "plain": call.plain,
    }


def save_lines(stem: Path, recorded: dict[int, LineRecorder], array: Callable[[Any], Array]) -> None:
    """Store the events of some calls in ``<stem>_lines.json`` and their values in ``<stem>_lines.npz``."""
    values = {f"{n}/{i}": array(event.value) for n, kept in recorded.items() for i, event in enumerate(kept.events)}
    store.save(stem.with_name(stem.name + "_lines.npz"), values)
    events = {number: [event.told() for event in kept.events] for number, kept in recorded.items()}
    stem.with_name(stem.name + "_lines.json").write_text(json.dumps(events), encoding="utf-8")


def shared(tensors: Iterable[tuple[str, Any]]) -> list[list[str]]:
    """Names that stand for the same tensor, for each tensor that has several."""
    groups: dict[int, list[str]] = {}
    for name, tensor in tensors:
        groups.setdefault(id(tensor), []).append(name)
    return [group for group in groups.values() if len(group) > 1]
