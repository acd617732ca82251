"""What came of comparing a user's training, as plain values."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from parity.training.trainee import Bounds

# In the order in which they happen in a step: the first that differs is the cause of the rest.
STAGES = {
    "batch": "the batches differ",
    "figure": "the forward pass, the loss function or the data",
    "steps": "the optimizers take different numbers of steps",
    "gradient": "the figures agree, a gradient does not: the backward pass",
    "rate": "the learning rates differ: the schedule",
    "update": "figures and gradients agree, an update does not: the optimizer",
    "buffer": "a buffer is updated otherwise",
}

TOLD = ("batch", "steps", "rate")  # the name of such a measure says it all


@dataclass(frozen=True)
class Measure:
    """How far both sides are apart in one respect.

    Attributes:
        stage: a key of :data:`STAGES`.
        name: the figure or tensor that differs most.
        relative: by how much, as a share of what Torch has.
        bound: what is allowed.
        others: how many more are beyond the bound.
    """

    stage: str
    name: str
    relative: float
    bound: float
    others: int = 0

    @property
    def ok(self) -> bool:
        """Within the bound."""
        return self.relative <= self.bound


@dataclass(frozen=True)
class LoopStep:
    """One step on both sides.

    Attributes:
        torch, jittor: the figures.
        rates: learning rates of Torch's optimizers, and of Jittor's.
        norms: length of the gradient of each parameter in Torch, and in Jittor.
        measures: the comparisons, in the order of :data:`STAGES`.
    """

    torch: dict[str, float]
    jittor: dict[str, float]
    rates: tuple[list[float], list[float]]
    norms: tuple[dict[str, float], dict[str, float]]
    measures: list[Measure]

    def measure(self, stage: str) -> Measure | None:
        """The comparison of a stage."""
        return next((m for m in self.measures if m.stage == stage), None)


@dataclass(frozen=True)
class Split:
    """Where the runs part.

    Attributes:
        step: counted from 1.
        measure: what is first beyond its bound there.
        before: of the step before, what came nearest to its bound.
    """

    step: int
    measure: Measure
    before: Measure | None

    def sentence(self) -> str:
        """The finding in words."""
        measure = self.measure
        if measure.stage in TOLD:
            return f"they part at step {self.step}: {STAGES[measure.stage]}: {measure.name}"
        more = f" (and of {measure.others} more)" if measure.others else ""
        by = f" by {measure.relative:.1e}" if math.isfinite(measure.relative) else ""
        text = f"they part at step {self.step}: {STAGES[measure.stage]}: {measure.name}{more} differs{by}"
        if self.before is not None and self.before.relative > 0.1 * self.before.bound:
            text += (
                f"; at the step before, {self.before.name} ({self.before.stage}) was {self.before.relative:.1e} apart"
            )
        return text


@dataclass
class LoopReport:
    """Two runs of a user's training.

    Attributes:
        title: what was trained.
        bounds: how near the runs must stay; ``gradients`` holds for gradients and updates.
        gradients: see there.
        wanted: steps that were asked for; 0 for as many as the loop takes.
        steps: one entry a step that both took.
        taken: how many each side took.
        split: where they part, if they do.
        drift: distance of the trained parameters at the end, as a share of the way that Torch's went.
        furthest: parameters with the largest distances at the end: name, distance, way.
        problems: sentences on what else differs, and the end of the log of a side that failed.
        notes: sentences on what does not by itself make a difference.
        left: what the converter left, each ``FILE:LINE CODE MESSAGE``.
        noise: largest relative difference of the figures of a second Torch run with one thread, step by step.
        noise_split: where that run parts from the first.
        noise_drift: its drift.
        seconds: median time of a step, by framework.
    """

    title: str
    bounds: Bounds
    gradients: float
    wanted: int
    steps: list[LoopStep] = field(default_factory=list)
    taken: dict[str, int] = field(default_factory=dict)
    split: Split | None = None
    drift: float = math.nan
    furthest: list[tuple[str, float, float]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    noise: list[float] = field(default_factory=list)
    noise_split: Split | None = None
    noise_drift: float = math.nan
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def worst(self) -> float:
        """Largest relative difference of any figure at any step."""
        found = [measure.relative for step in self.steps if (measure := step.measure("figure"))]
        return max(found, default=math.inf)

    @property
    def undecided(self) -> bool:
        """Whether rounding alone makes Torch part from itself, no later than Jittor."""
        return bool(self.split and self.noise_split and self.noise_split.step <= self.split.step)

    @property
    def ok(self) -> bool:
        """Whether both took the same steps and stayed within the bounds."""
        return bool(self.steps) and not self.problems and self.split is None and self.drift <= self.bounds.drift
