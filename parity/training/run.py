"""Run a training in both frameworks and find the step at which they part."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parity.arrays import load_arrays
from parity.isolation import run_python
from parity.training.trainee import Bounds, Trainee
from parity.training.worker import distance

NOISE_THREADS = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Step:
    """What one step gave in each framework.

    Attributes:
        torch: its figures by name.
        jittor: the same figures.
        worst: name of the figure that differs most, relative to Torch's.
        relative: that difference.
    """

    torch: dict[str, float]
    jittor: dict[str, float]
    worst: str
    relative: float


@dataclass(frozen=True)
class Parting:
    """The first step beyond the bound.

    Attributes:
        step: counted from 1.
        figure: the figure that differs most there.
        tensor: the parameter whose way from the start differs most at the step before, relative to the way itself.
        relative: that difference.
    """

    step: int
    figure: str
    tensor: str
    relative: float


@dataclass
class Report:
    """Two runs compared.

    Attributes:
        method: its name.
        size: what is smaller than in the paper.
        bounds: how near the runs must stay.
        steps: one entry a step that both took.
        wanted: how many steps were asked for.
        noise: largest relative difference, step by step, of a second Torch run with one thread: what rounding
            alone does to this training.  Empty if that run was not made.
        drift: distance of the final parameters as a share of the way; not a number if a run did not end.
        noise_drift: the same between the two Torch runs.
        furthest: parameters with the largest distances at the end: name, distance, way.
        parting: where they part, if they do.
        problems: runs that crashed, with the end of their logs.
        seconds: median time of a step, by framework.
    """

    method: str
    size: str
    bounds: Bounds
    wanted: int
    steps: list[Step] = field(default_factory=list)
    noise: list[float] = field(default_factory=list)
    drift: float = math.nan
    noise_drift: float = math.nan
    furthest: list[tuple[str, float, float]] = field(default_factory=list)
    parting: Parting | None = None
    problems: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def worst(self) -> float:
        """Largest relative difference of any figure at any step."""
        return max((step.relative for step in self.steps), default=math.inf)

    @property
    def ok(self) -> bool:
        """Whether both took all steps and stayed within the bounds."""
        complete = not self.problems and len(self.steps) == self.wanted
        return complete and self.parting is None and self.drift <= self.bounds.drift


def run_training(
    trainee: Trainee, seed: int, steps: int, work: Path, timeout: float, noise: bool = False, loss: float | None = None
) -> Report:
    """Train in both frameworks, one process each, from the weights that Torch's run begins with.

    Args:
        trainee: the training.
        seed: of the weights and of the batches.
        steps: how many optimizer steps.
        work: an empty folder for logs and arrays.
        timeout: seconds for each process.
        noise: also run Torch a second time with one thread, to see what rounding alone does.
        loss: bound of the figures in place of the trainee's own.
    """
    bounds = trainee.bounds if loss is None else Bounds(loss, trainee.bounds.drift)
    report = Report(trainee.name, trainee.size, bounds, steps)
    runs = {"torch": {}, "jittor": {}, "torch-1-thread": NOISE_THREADS} if noise else {"torch": {}, "jittor": {}}
    logs: dict[str, list[dict[str, Any]]] = {}
    for name, environment in runs.items():
        out = work / name
        out.mkdir()
        arguments = [trainee.name, name.partition("-")[0], str(seed), str(steps), str(out)]
        arguments += [] if name == "torch" else [str(work / "torch" / "start.npz")]
        outcome = run_python("parity.training.worker", arguments, out / "log.txt", timeout, environment)
        logs[name] = read_log(out / "steps.jsonl")
        if not outcome.ok:
            report.problems.append(f"{name}: {outcome.reason}; the end of its output:\n{outcome.tail()}")
            break
        times = sorted(entry["seconds"] for entry in logs[name])
        report.seconds[name] = times[len(times) // 2] if times else math.nan
    compare_logs(report, logs.get("torch", []), logs.get("jittor", []))
    if not report.problems:
        report.drift, report.furthest = compare_ends(work / "torch", work / "jittor")
        if noise:
            again = logs["torch-1-thread"]
            report.noise = [step_of(a["figures"], b["figures"]).relative for a, b in zip(logs["torch"], again)]
            report.noise_drift, _ = compare_ends(work / "torch", work / "torch-1-thread")
    return report


def read_log(path: Path) -> list[dict[str, Any]]:
    """The steps that a run took; none if it never came to one."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def compare_logs(report: Report, torch: list[dict[str, Any]], jittor: list[dict[str, Any]]) -> None:
    """Fill in the steps and the parting."""
    for number, (one, other) in enumerate(zip(torch, jittor), start=1):
        step = step_of(one["figures"], other["figures"])
        report.steps.append(step)
        if report.parting is None and not step.relative <= report.bounds.loss:
            tensor, relative = "", 0.0
            if number > 1:
                tensor, relative = furthest_move(torch[number - 2]["moves"], jittor[number - 2]["moves"])
            report.parting = Parting(number, step.worst, tensor, relative)


def step_of(torch: dict[str, float], jittor: dict[str, float]) -> Step:
    """The figure that differs most; a figure that one side lacks, or that is no number, differs infinitely.

    A term that is small beside the loss is measured by the loss: near its zero its own size says nothing.
    """
    least = abs(torch.get("loss", 0.0))
    differences = {name: relative_difference(jittor.get(name, math.nan), value, least) for name, value in torch.items()}
    differences.update({name: math.inf for name in jittor if name not in torch})
    worst = max(differences, key=lambda name: differences[name])
    return Step(torch, jittor, worst, differences[worst])


def relative_difference(ours: float, reference: float, least: float = 0.0) -> float:
    """|ours - reference| / max(|reference|, least); equal values, infinities included, differ by 0."""
    if ours == reference or (math.isnan(ours) and math.isnan(reference)):
        return 0.0
    gap, size = abs(ours - reference), max(abs(reference), least)
    return gap / size if math.isfinite(gap) and math.isfinite(size) and size else math.inf


def furthest_move(torch: dict[str, float], jittor: dict[str, float]) -> tuple[str, float]:
    """The parameter whose way from the start differs most in length, weighed by its share of the whole way."""
    whole = math.sqrt(sum(way**2 for way in torch.values())) or 1.0
    gaps = {name: abs(jittor.get(name, math.inf) - way) / whole for name, way in torch.items()}
    name = max(gaps, key=lambda key: gaps[key])
    return name, gaps[name]


def compare_ends(torch: Path, jittor: Path) -> tuple[float, list[tuple[str, float, float]]]:
    """Distance of the trained parameters as a share of the way that Torch's went, and the furthest of them."""
    start, end, other = (load_arrays(path) for path in (torch / "start.npz", torch / "end.npz", jittor / "end.npz"))
    names = json.loads((torch / "trained.json").read_text(encoding="utf-8"))
    rows = [(name, distance(other[name], end[name]), distance(end[name], start[name])) for name in names]
    way = math.sqrt(sum(row[2] ** 2 for row in rows))
    apart = math.sqrt(sum(row[1] ** 2 for row in rows))
    rows.sort(key=lambda row: -row[1])
    return (apart / way if way else math.inf if apart else 0.0), rows[:5]
