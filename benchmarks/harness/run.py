"""Measure one cell: its sides take turns, step by step, after they have shown that they compute the same."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from benchmarks.harness import equality
from benchmarks.harness.cells import MODEL_PHASES, REFERENCE, TRAINING_PHASES, Cell
from benchmarks.harness.machine import others_share, read_clocks
from benchmarks.harness.result import Noise, Result, SideResult
from benchmarks.harness.sides import Side, SideFailed, side
from benchmarks.methods import get_subject

Say = Callable[[str], None]
NUDGED = 24  # draws of rounding, where gradients differ; as many as `jack-parity check` takes


@dataclass(frozen=True)
class Protocol:
    """How long is measured.

    Attributes:
        warm_up: rounds that do not count; fewer, but at least one, once ``warm_seconds`` are over.
        warm_seconds: for each side.
        rounds: that count, at least, unless ``seconds`` for each side are over before; then at least ``fewest``.
        seconds: see ``rounds``.
        fewest: see ``rounds``.
        least_seconds: fast steps are repeated for so long (for each side), up to ``most`` rounds.
        most: see ``least_seconds``.
        pause: seconds between two steps, in which waiting threads of the last one fall asleep.
        limit: seconds that a single answer may take, compiling included.
    """

    warm_up: int = 10
    warm_seconds: float = 5.0
    rounds: int = 30
    seconds: float = 20.0
    fewest: int = 5
    least_seconds: float = 2.0
    most: int = 200
    pause: float = 0.005
    limit: float = 600.0

    def of(self, cell: Cell) -> Protocol:
        """The same, but half as long for slow steps in cells that are there to show how cost grows, and for files."""
        if cell.axis == "headline" and cell.phase in MODEL_PHASES:
            return self
        return replace(self, seconds=self.seconds / 2, warm_seconds=self.warm_seconds / 2)


QUICK = Protocol(warm_up=5, warm_seconds=4.0, seconds=6.0, least_seconds=1.0, most=100, limit=300.0)


def measure(
    cell: Cell, protocol: Protocol, device: str, threads: int, data: Path, fingerprint: str, say: Say
) -> Result:
    """Measure a cell.

    A side that fails, or that computes something else than Torch, is left out and its reason is kept.

    Args:
        cell: what is measured.
        protocol: how long.
        device: "cpu" or "cuda".
        threads: of each side.
        data: folder for data sets, which later cells find again.
        fingerprint: of what the figures depend on, see :mod:`benchmarks.harness.store`.
        say: hears what is being done.
    """
    protocol = protocol.of(cell)
    began = datetime.now(timezone.utc).isoformat(timespec="seconds")
    found = {name: SideResult() for name in cell.sides}
    with tempfile.TemporaryDirectory(prefix="jack-bench-") as temporary, ExitStack() as stack:
        folder = Path(temporary)
        alive: dict[str, Side] = {}
        for name in cell.sides:
            say(f"{name} starts")
            try:
                started = stack.enter_context(side(name, cell, device, threads, folder, data))
                found[name] = _first_step(started, found[name], folder, protocol)
                alive[name] = started
            except SideFailed as failure:
                found[name] = replace(found[name], problem=str(failure))
        subject, training = get_subject(cell.method), cell.phase in TRAINING_PHASES
        nudged: list[Path] = []
        for name in [name for name in alive if name != REFERENCE and REFERENCE in alive]:
            values = folder / f"{REFERENCE}.npz", folder / f"{name}.npz"
            told = equality.judge(subject, training, *values)
            if not told["equal"] and told["only_gradients"]:
                nudged = nudged or _nudged(cell, device, threads, folder, data, protocol, say)
                told = equality.judge(subject, training, *values, nudged)
            found[name] = replace(found[name], equality=told)
            if not told["equal"]:
                found[name] = replace(found[name], problem=_difference(told))
                del alive[name]
        noise = _time(alive, found, protocol, say)
    return Result(
        **{**asdict(cell), "sides": found},
        device=device,
        threads=threads,
        measured=began,
        fingerprint=fingerprint,
        protocol=asdict(protocol),
        noise=noise,
    )


def _nudged(
    cell: Cell, device: str, threads: int, folder: Path, data: Path, protocol: Protocol, say: Say
) -> list[Path]:
    """Files of what Torch computes of weights that are changed as rounding would change them."""
    place = folder / "nudged"
    place.mkdir()
    files = [place / f"{number}.npz" for number in range(1, NUDGED + 1)]
    with side(REFERENCE, cell, device, threads, place, data) as started:
        started.read(protocol.limit)
        for number, path in enumerate(files, start=1):
            say(f"gradients differ: what rounding alone does to Torch's, {number} of {NUDGED}")
            started.ask(f"nudge {number} {path}", protocol.limit)
    return files


def _difference(told: Mapping[str, Any]) -> str:
    what = told.get("problem") or f"{told['difference']:.1e} of its largest value, allowed is {told['tolerance']}"
    return f"computes something else than Torch, so it was not timed: {told['worst']}: {what}"


def _first_step(started: Side, found: SideResult, folder: Path, protocol: Protocol) -> SideResult:
    hello = started.read(protocol.limit)
    first = started.ask(f"check {folder / started.name}.npz", protocol.limit)
    return replace(
        found,
        version=hello["version"],
        import_seconds=hello["import_seconds"],
        build_seconds=hello["build_seconds"],
        first=first["seconds"],
        base=hello["base"],
        built=hello["built"],
    )


def _time(alive: dict[str, Side], found: dict[str, SideResult], protocol: Protocol, say: Say) -> Noise:
    """Warm up, then time; fills in what was found and returns what else the machine did."""

    def turn(line: str) -> dict[str, dict[str, Any]]:
        """Every side answers once, in turn; those that fail are out."""
        told = {}
        for name, each in list(alive.items()):
            time.sleep(protocol.pause)
            try:
                told[name] = each.ask(line, protocol.limit)
            except SideFailed as failure:
                found[name] = replace(found[name], problem=str(failure))
                del alive[name]
        return told

    def rounds_until(over: Callable[[int, float], bool]) -> list[dict[str, dict[str, Any]]]:
        turns: list[dict[str, dict[str, Any]]] = []
        began = time.perf_counter()
        while alive and not over(len(turns), (time.perf_counter() - began) / len(alive)):
            turns.append(turn("step"))
        return turns

    say("warming up")
    rounds_until(lambda done, spent: done >= protocol.warm_up or (done >= 1 and spent >= protocol.warm_seconds))
    whole = {name: told["whole"] for name, told in turn("reset").items()}
    say("timing")
    before = read_clocks([each.process.pid for each in alive.values()])
    began = time.perf_counter()
    turns = rounds_until(
        lambda done, spent: (
            done >= protocol.most
            or (done >= protocol.rounds and spent >= protocol.least_seconds)
            or (done >= protocol.fewest and spent >= protocol.seconds)
        )
    )
    seconds = time.perf_counter() - began
    after = read_clocks([each.process.pid for each in alive.values()])
    for name, told in turn("memory").items():
        steps = [each[name] for each in turns]
        found[name] = replace(
            found[name],
            steps=[step["seconds"] for step in steps],
            returned=[step["returned"] for step in steps],
            cpu=[step["cpu"] for step in steps],
            whole=whole[name],
            peak=told["peak"],
            gpu=told["gpu"],
        )
    # A side that ended meanwhile took its share of the clock with it.
    share = others_share(before, after) if len(turns) and all(len(each) == len(alive) for each in turns) else None
    return Noise((before.load, after.load), share, seconds, os.cpu_count() or 1)
