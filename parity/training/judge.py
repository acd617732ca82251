"""Compare what two runs of a training wrote: step by step, and within a step in the order in which things happen."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from parity.arrays import Array, load_arrays
from parity.training.result import LoopReport, LoopStep, Measure, Split
from parity.training.run import read_log, step_of
from parity.training.sketch import apart, length, sketch

# A gradient or update that is so small a share of the whole is measured against that share of the whole: of a true
# zero rounding leaves something whose own size says nothing.
SHARE = 1e-3
ROUNDING = 2.5e-7  # of float32: what a parameter loses of an update, as a share of the parameter
SAME_RATE = 1e-6


class Sides:
    """The files of both runs.

    Args:
        torch, jittor: their folders.
    """

    def __init__(self, torch: Path, jittor: Path) -> None:
        self.folders = (torch, jittor)
        self.logs = tuple(read_log(folder / "steps.jsonl") for folder in self.folders)
        self.start = tuple(
            {f"state/{n}": sketch(a, n) for n, a in load_arrays(folder / "start.npz").items()}
            if (folder / "start.npz").is_file()
            else {}
            for folder in self.folders
        )
        told = torch / "model.json"
        self.model: dict[str, Any] = json.loads(told.read_text(encoding="utf-8")) if told.is_file() else {}

    def state(self, side: int, step: int) -> dict[str, Array]:
        """Sketches of the state after a step; 0 is the start."""
        if not step:
            return dict(self.start[side])
        return load_arrays(self.folders[side] / f"step-{step}.npz")

    @property
    def common(self) -> int:
        """How many steps both took."""
        return min(len(log) for log in self.logs)


def compare_steps(report: LoopReport, sides: Sides) -> None:
    """Fill in the steps and where the runs part."""
    previous: Measure | None = None
    for number in range(1, sides.common + 1):
        arrays = (sides.state(0, number), sides.state(1, number))
        entries = sides.logs[0][number - 1], sides.logs[1][number - 1]
        measures = list(_measures(report, sides, entries, arrays))
        rates = tuple([rate for event in entry["optimizer"] for rate in event["rates"]] for entry in entries)
        norms = tuple({n: v for event in e["optimizer"] for n, v in event["norms"].items()} for e in entries)
        step = LoopStep(
            entries[0]["figures"], entries[1]["figures"], (rates[0], rates[1]), (norms[0], norms[1]), measures
        )
        report.steps.append(step)
        beyond = next((measure for measure in measures if not measure.ok), None)
        if beyond is not None and report.split is None:
            report.split = Split(number, beyond, previous)
        previous = max(measures, key=lambda measure: measure.relative / measure.bound)


def _measures(
    report: LoopReport,
    sides: Sides,
    entries: tuple[dict[str, Any], dict[str, Any]],
    after: tuple[dict[str, Array], dict[str, Array]],
) -> Iterable[Measure]:
    one, other = entries
    if one["batch"] is not None and other["batch"] is not None:
        gap = 0.0 if one["batch"] == other["batch"] else math.inf
        yield Measure("batch", f"{one['batch']} items in Torch, {other['batch']} in Jittor", gap, 1.0)
    if one["figures"] or other["figures"]:
        step = step_of(one["figures"], other["figures"])
        yield Measure("figure", step.worst, step.relative, report.bounds.loss)
    counts = len(one["optimizer"]), len(other["optimizer"])
    gap = 0.0 if counts[0] == counts[1] else math.inf
    yield Measure("steps", f"{counts[0]} in Torch, {counts[1]} in Jittor", gap, 1.0)
    for at, (theirs, ours) in enumerate(zip(one["optimizer"], other["optimizer"])):
        found = _gradients(f"gradient/{at}/", theirs["norms"], ours["norms"], after)
        yield _worst("gradient", {n: r for n, r in found.items() if n in sides.model["parameters"]}, report.gradients)
        yield _rates(theirs["rates"], ours["rates"])
    yield _worst("update", _updates(sides, after), report.gradients)
    yield _worst("buffer", _buffers(sides, after), report.bounds.loss)


def _buffers(sides: Sides, arrays: tuple[dict[str, Array], dict[str, Array]]) -> dict[str, float]:
    """Relative distance of each buffer.

    What rounding makes of entries whose gradient is nothing passes into running means (of a bias before a batch
    normalisation), so that much is allowed.
    """
    slack = 0.0
    for name in sides.model["parameters"]:
        pairs = [(side.get(f"state/{name}"), side.get(f"way/{name}")) for side in arrays]
        if any(array is None for pair in pairs for array in pair):
            continue
        whole, kept = (apart(pairs[1][i], pairs[0][i]) for i in range(2))  # type: ignore[arg-type]
        slack += max(whole**2 - kept**2, 0.0)
    found = {}
    for key, theirs in arrays[0].items():
        name = key.removeprefix("state/")
        if key.startswith("state/") and name not in sides.model["parameters"] and key in arrays[1]:
            found[name] = max(apart(arrays[1][key], theirs) - math.sqrt(slack), 0.0) / (length(theirs) or 1.0)
    return found


def _gradients(
    prefix: str, theirs: Mapping[str, float], ours: Mapping[str, float], arrays: tuple[Any, Any]
) -> dict[str, float]:
    """Relative distance of each gradient; a gradient that one side lacks is zero there."""
    whole = math.sqrt(sum(norm**2 for norm in theirs.values()))
    found = {}
    for name in [*theirs, *(n for n in ours if n not in theirs)]:
        norm, key = theirs.get(name, 0.0), prefix + name
        if key in arrays[0] and key in arrays[1]:
            gap = apart(arrays[1][key], arrays[0][key])
        else:
            gap = max(norm, ours.get(name, 0.0))
        scale = max(norm, SHARE * whole)
        found[name] = gap / scale if scale else (math.inf if gap else 0.0)
    return found


def _rates(theirs: list[float], ours: list[float]) -> Measure:
    if len(theirs) != len(ours):
        return Measure("rate", f"{len(theirs)} groups in Torch, {len(ours)} in Jittor", math.inf, SAME_RATE)
    gaps = [abs(a - b) / (abs(a) or 1.0) for a, b in zip(theirs, ours)]
    worst = max(range(len(gaps)), key=lambda i: gaps[i])
    name = f"{theirs[worst]:.6g} in Torch, {ours[worst]:.6g} in Jittor" if gaps[worst] else "learning rate"
    return Measure("rate", name, gaps[worst], SAME_RATE)


def _updates(sides: Sides, arrays: tuple[Any, Any]) -> dict[str, float]:
    """Relative distance of what a step did to each parameter, without entries whose gradient is only rounding."""
    moves = {}
    for name in sides.model["parameters"]:
        theirs, ours = (side.get(f"update/{name}") for side in arrays)
        if theirs is not None and ours is not None:
            moves[name] = (theirs, ours, length(arrays[0][f"state/{name}"]))
    whole = math.sqrt(sum(length(theirs) ** 2 for theirs, _, _ in moves.values()))
    found = {}
    for name, (theirs, ours, size) in moves.items():
        gap = max(apart(ours, theirs) - ROUNDING * size, 0.0)
        scale = max(length(theirs), SHARE * whole)
        found[name] = gap / scale if scale else (math.inf if gap else 0.0)
    return found


def _worst(stage: str, found: Mapping[str, float], bound: float) -> Measure:
    if not found:
        return Measure(stage, "", 0.0, bound)
    name = max(found, key=lambda key: found[key])
    beyond = sum(relative > bound for relative in found.values())
    return Measure(stage, name, found[name], bound, max(beyond - 1, 0))


def compare_ends(report: LoopReport, sides: Sides) -> None:
    """Fill in how far the parameters are apart after the last common step."""
    if not sides.common:
        return
    ends = sides.state(0, sides.common), sides.state(1, sides.common)
    rows = []
    for name in sides.model["trained"]:
        key = f"way/{name}"
        if key in ends[0] and key in ends[1]:
            rows.append((name, apart(ends[1][key], ends[0][key]), length(ends[0][key])))
    way = math.sqrt(sum(row[2] ** 2 for row in rows))
    gap = math.sqrt(sum(row[1] ** 2 for row in rows))
    report.drift = gap / way if way else math.inf if gap else 0.0
    report.furthest = sorted(rows, key=lambda row: -row[1])[:5]


def find_problems(report: LoopReport, sides: Sides, told: dict[str, Any]) -> None:
    """What differs beside the figures: weights, what is trained, how many steps, draws.

    Args:
        told: what the Jittor side wrote at its end; empty if it did not come to it.
    """
    parameters = set(sides.model.get("parameters", ()))
    for pair in told.get("pairs", ()):
        name = pair["torch"] or pair["jittor"]
        if pair["how"] == "shape":
            report.problems.append(f"{name} has shape {pair['shape']} in Torch, {pair['other']} in Jittor")
        elif pair["how"] == "only torch":
            text = f"{name} is only in Torch"
            (report.problems if name in parameters else report.notes).append(text)
        elif pair["how"] == "only jittor":
            report.notes.append(f"{name} is only in Jittor; it keeps the values that the program gave it")
    renamed = [f"{p['torch']} is {p['jittor']}" for p in told.get("pairs", ()) if p["how"] == "renamed"]
    if renamed:
        more = f" and {len(renamed) - 4} more" if len(renamed) > 4 else ""
        report.notes.append(f"weights with other names, matched by shape and order: {', '.join(renamed[:4])}{more}")
    _trained(report, sides)
    draws = told.get("problems", [])
    if other := _lengths(report, sides):
        report.problems.append(other)
        if draws:
            draws = [
                f"{len(draws)} differences between the random draws, which may follow from that; such as: {draws[0]}"
            ]
    report.problems += draws
    report.notes += told.get("notes", [])


def _trained(report: LoopReport, sides: Sides) -> None:
    """Tensors that only one side trains."""
    if not sides.common:
        return
    taught = [
        {name for entry in log[: sides.common] for event in entry["optimizer"] for name in event["trained"]}
        for log in sides.logs
    ]
    if not any(entry["optimizer"] for log in sides.logs for entry in log):
        report.notes.append("no optimizer of either framework took a step: gradients were not compared")
        return
    ends = sides.state(1, sides.common)
    for name in sorted(taught[1] - taught[0]):
        key = f"state/{name}"
        moved = length(ends[key] - sides.start[1][key]) if key in ends and key in sides.start[1] else math.nan
        if moved == 0:
            continue
        shown = name.removeprefix("jittor:")
        frozen = name in sides.model["parameters"]
        what = "frozen there" if frozen else "only in Jittor" if name.startswith("jittor:") else "a buffer there"
        report.problems.append(
            f"Jittor trains {shown}, which Torch does not ({what}): it moved by {moved:.2g}; in Jittor every Var that "
            "is an attribute of a module is a parameter until stop_grad() is called on it"
        )
    for name in sorted(taught[0] - taught[1]):
        report.problems.append(f"Torch trains {name}, Jittor does not")


def _lengths(report: LoopReport, sides: Sides) -> str:
    """Whether one side takes more steps; often that is the last batch of an epoch, which is smaller."""
    counts = [len(log) for log in sides.logs]
    report.taken = dict(zip(("torch", "jittor"), counts))
    if counts[0] == counts[1] or (report.problems and not all(counts)):
        return ""
    longer, shorter = (0, 1) if counts[0] > counts[1] else (1, 0)
    sizes = [[entry["batch"] for entry in log] for log in sides.logs]
    text = f"Torch takes {counts[0]} steps, Jittor {counts[1]}"
    if any(size is None for log in sizes for size in log):
        return text
    usual = max(sizes[longer])
    if [size for size in sizes[longer] if size == usual] == sizes[shorter]:
        rest = next(size for size in sizes[longer] if size != usual)
        name = ("Torch", "Jittor")[shorter]
        text += f": {name} drops the last batch, which has {rest} items where the others have {usual}"
    return text
