"""What is kept of a measurement: every time, not only its summary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.harness.cells import REFERENCE
from benchmarks.harness.statistics import Ratio, Summary, ratio, summary

NOISY_OTHERS = 0.05
NOISY_SPREAD = 0.15


@dataclass(frozen=True)
class SideResult:
    """One side of a cell; times in seconds, memory in bytes.

    Attributes:
        problem: why it was not timed; empty if it was.
        version: of the framework.
        import_seconds, build_seconds: until the framework was imported, and until the model was built.
        first: the first step, with everything that is compiled, loaded or allocated once.
        steps: timed steps, waited for.
        returned: the same steps until the call returned: what a clock shows that does not wait.
        cpu: processor time of the same steps, of all threads.
        base, built: memory after the import, and with the model.
        whole: peak from the start of the process to the end of the warming up, compiling included.
        peak: of the timed steps alone.
        gpu: memory on the GPU at its most, as NVML tells it; None without.
        equality: how the first step compares with Torch's, see :func:`benchmarks.harness.equality.judge`.
    """

    problem: str = ""
    version: str = ""
    import_seconds: float = 0.0
    build_seconds: float = 0.0
    first: float = 0.0
    steps: list[float] = field(default_factory=list)
    returned: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    base: int = 0
    built: int = 0
    whole: int = 0
    peak: int = 0
    gpu: int | None = None
    equality: dict[str, Any] = field(default_factory=dict)

    @property
    def timed(self) -> bool:
        """Whether there are times."""
        return bool(self.steps) and not self.problem


@dataclass(frozen=True)
class Noise:
    """What else happened.

    Attributes:
        load: mean number of processes that wanted a CPU in the minute before, and in the last minute of, the timing.
        others: share of all CPUs that went to other processes meanwhile; None if it is not known.
        seconds: that the timing took.
        cpus: of the machine.
    """

    load: tuple[float, float]
    others: float | None
    seconds: float
    cpus: int


@dataclass(frozen=True)
class Result:
    """A measured cell; the first fields are those of :class:`benchmarks.harness.cells.Cell`."""

    method: str
    phase: str
    batch: int
    length: int
    sides: dict[str, SideResult]
    axis: str
    device: str
    threads: int
    measured: str
    fingerprint: str
    protocol: Mapping[str, float]
    noise: Noise

    @property
    def key(self) -> str:
        """As the cell's."""
        return f"{self.method}-{self.phase}-b{self.batch}-l{self.length}"

    def summary(self, side: str) -> Summary:
        """Of a side that was timed."""
        return summary(self.sides[side].steps)

    def ratio(self, side: str) -> Ratio | None:
        """Torch's time divided by this side's; None without either."""
        reference, other = self.sides.get(REFERENCE), self.sides.get(side)
        if reference is None or other is None or not (reference.timed and other.timed):
            return None
        return ratio(reference.steps, other.steps)

    def doubts(self) -> list[str]:
        """Why these times may not be repeatable; empty if nothing says so."""
        found = []
        if self.noise.others is None:
            found.append("a process ended while others were timed")
        elif self.noise.others > NOISY_OTHERS:
            found.append(f"other processes took {self.noise.others:.0%} of the CPUs")
        for name, each in self.sides.items():
            if each.timed and self.summary(name).spread > NOISY_SPREAD:
                found.append(f"{name}: quartiles lie {self.summary(name).spread:.0%} of the median apart")
        return found

    def as_dict(self) -> dict[str, Any]:
        """Made of plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Result:
        """The same again.

        Raises:
            KeyError, TypeError: if this is no such result.
        """
        sides = {name: SideResult(**each) for name, each in told["sides"].items()}
        noise = {**told["noise"], "load": tuple(told["noise"]["load"])}
        return cls(**{**told, "sides": sides, "noise": Noise(**noise)})
