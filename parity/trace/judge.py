"""Compare what both sides of a trace stored: a verdict on every call of a module."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

from parity.arrays import Array
from parity.figures import figures
from parity.state.match import Pair
from parity.tolerances import GRADIENT_FLOOR, TABLE, Tolerance
from parity.trace import job as names
from parity.trace import result
from parity.trace.result import Comparison, Half, Node, Place, StateRow

WHOLE, OWN = TABLE["model"], TABLE["module"]
TURNED = "the same values with the axes"


class Evidence:
    """What both sides stored.

    Args:
        torch, jittor: their reports (``torch.json``, ``jittor.json``).
        theirs, ours: their arrays.
    """

    def __init__(
        self, torch: dict[str, Any], jittor: dict[str, Any], theirs: Mapping[str, Array], ours: Mapping[str, Array]
    ) -> None:
        self.torch = torch
        self.jittor = jittor
        self.theirs = theirs
        self.ours = ours
        self.groups: dict[tuple[str, int], list[str]] = {}
        for stored in theirs:
            group, number, name = stored.split("/", 2)
            self.groups.setdefault((group, int(number)), []).append(name)

    def compare(
        self, group: str, number: int, tolerance: Tolerance, floor: float = 0.0, what: str = ""
    ) -> list[Comparison]:
        """All tensors of a group of a call that Jittor computed; see :func:`comparison`."""
        found = []
        for name in self.groups.get((group, number), []):
            stored = names.key(group, number, name)
            if stored in self.ours:
                found.append(comparison(what + name, self.ours[stored], self.theirs[stored], tolerance, floor))
        return found

    def largest(self, group: str, number: int) -> float:
        """The largest magnitude in a group of Torch's arrays."""
        arrays = (self.theirs[names.key(group, number, name)] for name in self.groups.get((group, number), []))
        return max((float(abs(array).max()) for array in arrays if array.size), default=0.0)


def comparison(name: str, ours: Array, reference: Array, tolerance: Tolerance, floor: float = 0.0) -> Comparison:
    """Figures of one tensor; an absolute difference up to ``floor`` is nothing, whatever the scale."""
    if reference.dtype.kind in "iub" and ours.dtype.kind in "iub":
        ours = ours.astype(reference.dtype)  # Jittor has its own mind about widths, and gives 0 and 1 for truth
        tolerance = Tolerance()
    found = figures(ours, reference, tolerance)
    if found.problem.startswith("shape") and (axes := turned(ours, reference, tolerance)):
        found = replace(found, problem=f"{found.problem}: {TURNED} {axes}")
    share = found.max_abs / found.largest if found.largest else (0.0 if not found.max_abs else float("inf"))
    ok = found.ok or (not found.problem and found.max_abs <= floor)
    shown = (known(found.max_abs), known(share), known(found.max_ulp), known(found.cosine), known(found.outside))
    return Comparison(name, tuple(reference.shape), *shown, tolerance.relative, ok, found.problem)


def turned(ours: Array, reference: Array, tolerance: Tolerance) -> tuple[int, ...]:
    """The order of axes in which ours holds the same values; () if there is none, or nothing to tell it by."""
    if sorted(ours.shape) != sorted(reference.shape) or not 2 <= ours.ndim <= 5 or ours.size < 4:
        return ()
    for axes in permutations(range(ours.ndim)):
        if tuple(ours.shape[i] for i in axes) == reference.shape:
            if figures(ours.transpose(axes), reference, tolerance).ok:
                return axes
    return ()


def known(value: float) -> float | None:
    """None for what is no number."""
    return None if value != value or value in (float("inf"), float("-inf")) else float(value)


def half(told: Mapping[str, Any]) -> Half:
    """A module as its side described it."""
    made, code = (None if told[name] is None else Place(**told[name]) for name in ("made", "code"))
    return Half(told["path"], told["type"], made, code)


def nodes_of(evidence: Evidence) -> list[Node]:
    """Every call of Torch's with all comparisons and a verdict."""
    theirs = {told["path"]: half(told) for told in evidence.torch["tree"]}
    ours = {told["torch"]: half(told) for told in evidence.jittor["tree"] if told["torch"] is not None}
    reached = {told["twin"]: told for told in evidence.jittor["calls"] if told["twin"] is not None}
    found = []
    for told in evidence.torch["calls"]:
        number = told["number"]
        node = Node(number, told["parent"], told["depth"], told["index"], theirs[told["path"]], ours.get(told["path"]))
        node.inputs = evidence.compare(names.INPUT, number, WHOLE.value, what="argument ")
        node.outputs = evidence.compare(names.OUTPUT, number, WHOLE.value)
        floor = GRADIENT_FLOOR * max(evidence.largest(names.GRADIENT, 0), evidence.largest(names.GRADIENT, number))
        node.gradients = evidence.compare(names.GRADIENT, number, WHOLE.gradient, floor, "gradient of ")
        node.own_outputs = evidence.compare(names.OWN, number, OWN.value)
        floor = GRADIENT_FLOOR * evidence.largest(names.OWN_GRADIENT, number)
        node.own_gradients = evidence.compare(names.OWN_GRADIENT, number, OWN.gradient, floor, "gradient of ")
        node.own_gradients += buffers(evidence, number)
        twin = reached.get(number)
        if twin is not None:
            for name, text in told["plain"].items():
                if twin["plain"].get(name, text) != text:
                    node.notes.append(f"{label(name)} is {text} in Torch, {twin['plain'][name]} in Jittor")
        node.notes += [text for key, text in evidence.jittor["problems"].items() if key.startswith(f"shape/{number}/")]
        failure = failure_of(evidence, number)
        if failure:
            node.notes.append(failure)
        found.append(node)
    reshaped(found)
    for node in found:
        node.verdict = verdict(node, node.number in reached, bool(failure_of(evidence, node.number)))
    return found


def failure_of(evidence: Evidence, number: int) -> str:
    """What went wrong when a call's own code was repeated; "" if nothing did."""
    problems: dict[str, str] = evidence.jittor["problems"]
    start = f"value/{names.key(names.OWN, number, '')}"
    return problems.get(f"own/{number}") or next((text for key, text in problems.items() if key.startswith(start)), "")


def reshaped(nodes: Sequence[Node]) -> None:
    """What a program hands on in another shape is no error if the module that gets it makes the same of it.

    Then the programs are only built differently there, and nothing is held against the other shape.
    """
    for node in nodes:
        if unfed(node):  # it got its tensors with other axes, so it gives them back so
            for rows in (node.outputs, node.own_outputs):
                rows[:] = [
                    replace(r, ok=True) if TURNED in r.problem and not r.name.startswith("to ") else r for r in rows
                ]
    for node in nodes:
        given = [row for row in node.own_outputs if row.problem.startswith("shape") and row.name.startswith("to ")]
        inner = called_by(nodes, node) if given else {}
        for row in given:
            receiver = inner.get(re.sub(r"argument .*$", "argument ", row.name))
            if receiver is None:
                continue
            alone = [r for r in receiver.own_outputs if not r.name.startswith("to ")]
            same = TURNED in row.problem and bool(alone) and all(r.ok for r in alone)
            if same or (receiver.outputs and all(after.ok for after in receiver.outputs)):
                node.own_outputs.remove(row)
                node.notes.append(f"{row.name}: {row.problem}, of which the module makes the same")


def called_by(nodes: Sequence[Node], node: Node) -> dict[str, Node]:
    """The calls directly inside a call, by what they are given: ``to PATH (call N), argument``."""
    counts: dict[str, int] = {}
    found = {}
    for inner in nodes[node.number + 1 :]:
        if inner.depth <= node.depth:
            break
        if inner.parent == node.number:
            count = counts.get(inner.torch.path, 0)
            counts[inner.torch.path] = count + 1
            found[names.handed(inner.torch.path, count, "")] = inner
    return found


def buffers(evidence: Evidence, number: int) -> list[Comparison]:
    """Buffers that a call's own code left behind: how they changed is compared, else their start hides it."""
    found = []
    for name in evidence.groups.get((names.OWN_BUFFER, number), []):
        stored, start = names.key(names.OWN_BUFFER, number, name), names.key(names.WEIGHT, 0, name)
        if stored not in evidence.ours or start not in evidence.theirs:
            continue
        before, theirs, ours = evidence.theirs[start], evidence.theirs[stored], evidence.ours[stored]
        if before.dtype.kind == "f" and ours.shape == theirs.shape == before.shape:
            floor = 1e-6 * float(abs(before).max(initial=0.0))  # what rounding leaves
            found.append(comparison(f"buffer {name}", ours - before, theirs - before, OWN.value, floor))
        else:
            found.append(comparison(f"buffer {name}", ours, theirs, OWN.value))
    return found


def label(name: str) -> str:
    """``argument 1`` or ``output``."""
    return name if name.startswith("output") else f"argument {name}"


def verdict(node: Node, reached: bool, failed: bool) -> str:
    """See the constants of :mod:`parity.trace.result`."""
    if not reached:
        return result.UNPAIRED
    if failed:
        return result.FAILED
    if any(not row.ok for row in own(node)):
        return result.WRONG
    if any(not row.ok for row in [*node.inputs, *node.outputs]):
        return result.CARRIED
    if any(not row.ok for row in node.gradients):
        return result.BACKWARD
    return result.EQUAL


def own(node: Node) -> list[Comparison]:
    """What tells whether a module's own code is right; no gradients where a tensor has another shape."""
    return list(node.own_outputs) if apart(node) or unfed(node) else node.own_outputs + node.own_gradients


def apart(node: Node) -> bool:
    """Whether the programs hand on tensors of different shapes, or give them back."""
    return any("of which the module makes the same" in note for note in node.notes)


def unfed(node: Node) -> bool:
    """Whether the module could not be given all of Torch's tensors, because its own have other shapes."""
    return any("has the shape" in note for note in node.notes)


def state_of(evidence: Evidence) -> list[StateRow]:
    """The matched parameters and buffers, and what an optimizer would train on each side."""
    theirs, ours = set(evidence.torch["trained"]), set(evidence.jittor["trained"])
    rows = []
    for told in evidence.jittor["state"]:
        pair = Pair(**{**told, "shape": tuple(told["shape"]), "other": told["other"] and tuple(told["other"])})
        trained = (pair.torch in theirs, pair.jittor in ours)
        rows.append(StateRow(pair.torch, pair.jittor, pair.how, pair.shape, trained))
    return rows


def timeline(nodes: Sequence[Node]) -> tuple[dict[int, int], dict[int, int]]:
    """When each call began and ended, in steps."""
    begin: dict[int, int] = {}
    end: dict[int, int] = {}
    open_calls: list[Node] = []
    now = 0
    for node in nodes:
        while open_calls and open_calls[-1].depth >= node.depth:
            end[open_calls.pop().number] = now
            now += 1
        begin[node.number] = now
        now += 1
        open_calls.append(node)
    while open_calls:
        end[open_calls.pop().number] = now
        now += 1
    return begin, end
