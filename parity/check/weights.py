"""Torch's weights in the Jittor model: which is which, and what the program does to their gradients.

A converted model has Torch's names.  A port that was written by hand may have others, and the habits of stock Jittor:
every Var that is an attribute counts as a parameter, ``eval()`` stops the gradients of all of them, and dropout is off
until ``train()``.  What matters of that to the user is told in notes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from parity.arrays import Array
from parity.state.match import match

SHOWN = 4


@dataclass
class Carried:
    """What became of Torch's weights.

    Attributes:
        names: Jittor's name for each of Torch's weights that has a counterpart of its shape.
        sources: the Vars that gradients are asked of, by Torch's names.
        missing, added: names that one side lacks.
        misfits: the shapes of those that differ, by Torch's name.
        notes: sentences for the user on what does not by itself make a difference.
    """

    names: dict[str, str]
    sources: dict[str, Any]
    missing: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    misfits: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def carry_converted(model: Any, weights: Mapping[str, Array]) -> Carried:
    """Copy the weights into a converted model, whose mode is set."""
    import jittor as jt

    state = dict(model.state_dict())
    carried = Carried({}, dict(model.named_parameters()))
    carried.missing = sorted(weights.keys() - state.keys())
    carried.added = sorted(state.keys() - weights.keys())
    for name, array in weights.items():
        if name not in state:
            continue
        var = state[name]
        if tuple(var.shape) != (array.shape or (1,)):
            carried.misfits[name] = _shapes(array.shape, var.shape)
            continue
        carried.names[name] = name
        # By kind: a running count may be int64 in one and int32 in the other.
        var.assign(jt.array(array.reshape(var.shape), dtype=str(array.dtype)))
    return carried


def carry_port(
    model: Any, weights: Mapping[str, Array], trained: Collection[str], buffers: Collection[str], train: bool
) -> Carried:
    """Copy the weights into a port, and set its mode as its program would.

    Args:
        model: just built.
        weights: of the Torch side, parameters and buffers by name.
        trained: Torch's names of what has a gradient there.
        buffers: Torch's names of what is no parameter.
        train: training mode instead of evaluation mode.
    """
    state = dict(model.state_dict())
    pairs = match({n: a.shape for n, a in weights.items()}, {n: tuple(v.shape) for n, v in state.items()})
    names = {pair.torch: pair.jittor for pair in pairs if pair.usable}
    carried = Carried(names, {})
    carried.misfits = {p.torch: _shapes(p.shape, p.other or ()) for p in pairs if p.how == "shape"}
    only_torch = [pair.torch for pair in pairs if pair.how == "only torch"]
    carried.missing = [name for name in only_torch if name not in buffers]
    if held := [name for name in only_torch if name in buffers]:
        carried.notes.append(f"buffers that the port does not have: {_some(held)}")
    if renamed := [f"{pair.torch} is {pair.jittor}" for pair in pairs if pair.how == "renamed"]:
        carried.notes.append(f"weights with other names, matched by shape and order: {_some(renamed)}")
    if own := [pair.jittor for pair in pairs if pair.how == "only jittor"]:
        carried.notes.append(
            f"only in Jittor, with the values that the port gave them (every Var that is an attribute counts): "
            f"{_some(own)}"
        )
    stopped = {name for name, var in state.items() if var.is_stop_grad()}
    loose = [ours for name, ours in names.items() if name not in trained and ours not in stopped]
    loose = [ours for ours in loose if str(state[ours].dtype).startswith("float")]
    if loose and trained:
        carried.notes.append(
            f"an optimizer made of parameters() would train what Torch does not: {_some(loose)}; call stop_grad() on it"
        )
    _copy(state, names, weights, stopped)
    _ = model.train() if train else model.eval()
    _gradients(carried, state, [name for name in names if name in trained], stopped)
    return carried


def _copy(state: Mapping[str, Any], names: Mapping[str, str], weights: Mapping[str, Array], stopped: set[str]) -> None:
    import jittor as jt

    for name, ours in names.items():
        var = state[ours]
        # In the port's own width; assign() also takes over whether the new value's gradient is stopped.
        var.assign(jt.array(np.ascontiguousarray(weights[name]).reshape(var.shape), dtype=str(var.dtype)))
        _ = var.stop_grad() if ours in stopped else var.start_grad()


def _gradients(carried: Carried, state: Mapping[str, Any], wanted: list[str], stopped: set[str]) -> None:
    """Undo what ``eval()`` did to gradients, and tell it; what the port itself stops stays so."""
    carried.sources = {name: state[carried.names[name]] for name in wanted if carried.names[name] not in stopped}
    lost = [var for var in carried.sources.values() if var.is_stop_grad()]
    for var in lost:
        var.start_grad()
    if lost:
        carried.notes.append(
            f"eval() stops the gradients of {len(lost)} of {len(wanted)} parameters, as Jittor's own does: in "
            "evaluation mode gradients are missing in Jittor until train() is called on the same model; they were "
            "started again for this comparison"
        )
    if frozen := [name for name in wanted if carried.names[name] in stopped]:
        carried.notes.append(f"the port stops the gradients of {_some(frozen)}, which Torch trains")


def _shapes(theirs: tuple[int, ...], ours: Any) -> str:
    return f"{tuple(theirs)} in Torch, {tuple(ours)} in Jittor"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
