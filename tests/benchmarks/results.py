"""Invented results, without any measuring."""

from __future__ import annotations

from benchmarks.harness.result import Noise, Result, SideResult
from benchmarks.harness.store import Report

MACHINE = {
    "processor": "invented",
    "cpus": 2,
    "memory": 2**34,
    "system": "Linux",
    "device": "cpu",
    "stack": {"python": "3.11", "torch": "2.1.0+cpu", "jittor": "1.3.11.0"},
}


def side(times: list[float], early: float = 1.0, problem: str = "") -> SideResult:
    """A side with these times, which returns after a share ``early`` of them."""
    told = {"equal": True, "worst": "output.0", "difference": 1e-6, "tolerance": "1e-04 of max", "compared": 1}
    return SideResult(
        problem, "1", 1.0, 1.0, 5.0, times, [early * t for t in times], times, 2**28, 2**29, 2**30, 2**30, None, told
    )


def result(
    sides: dict[str, SideResult],
    method: str = "bpmgcn",
    phase: str = "inference",
    batch: int = 4,
    length: int = 48,
    axis: str = "headline",
    others: float | None = 0.0,
) -> Result:
    """A measured cell."""
    noise = Noise((0.1, 1.0), others, 10.0, 2)
    protocol = {"warm_up": 10, "warm_seconds": 10.0, "rounds": 30, "seconds": 20.0}
    return Result(
        method, phase, batch, length, sides, axis, "cpu", 2, "2026-01-01T00:00:00+00:00", "mark", protocol, noise
    )


def report(*results: Result) -> Report:
    """A report of these."""
    return Report(dict(MACHINE), list(results))
