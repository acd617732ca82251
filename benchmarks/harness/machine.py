"""The machine, its software, and what else it did while something was measured."""

from __future__ import annotations

import os
import platform
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from jack.runtime import available_threads

STACK = ("torch", "jittor", "numpy", "onednn-cpu-gomp")
_TICKS = os.sysconf("SC_CLK_TCK")
_BUSY_FIELDS = (0, 1, 2, 5, 6, 7)  # of /proc/stat: user, nice, system, irq, softirq, steal


def processor() -> str:
    """The processor's name, with what decides about vector instructions."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    named = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    flags = named.get("flags", "").split()
    widest = next((name for name in ("avx512f", "avx2", "avx") if name in flags), "")
    return f"{named.get('model name', platform.processor())}{f' ({widest})' if widest else ''}"


def describe(device: str) -> dict[str, object]:
    """What figures depend on: processor, CPUs, memory, system, versions."""
    stack = {"python": platform.python_version()}
    for name in STACK:
        try:
            stack[name] = version(name)
        except PackageNotFoundError:
            continue
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    told: dict[str, object] = {"processor": processor(), "cpus": available_threads(), "memory": memory}
    told |= {"system": f"{platform.system()} {platform.machine()}", "device": device, "stack": stack}
    return told | ({"gpu": _gpu()} if device == "cuda" else {})


def _gpu() -> str:
    try:
        import pynvml
    except ImportError:
        return "unknown (pip install nvidia-ml-py tells)"
    try:
        pynvml.nvmlInit()
        name = pynvml.nvmlDeviceGetName(pynvml.nvmlDeviceGetHandleByIndex(0))
        return f"{name}, driver {pynvml.nvmlSystemGetDriverVersion()}"
    except pynvml.NVMLError as error:
        return f"unknown ({error})"


@dataclass(frozen=True)
class Reading:
    """Clocks at one moment, in seconds: of the wall, of all CPUs, of the processes that belong to the measurement."""

    wall: float
    busy: float
    own: float
    load: float


def read_clocks(pids: Sequence[int]) -> Reading:
    """Read the clocks; ``pids`` are the processes that are measured."""
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    busy = sum(fields[index] for index in _BUSY_FIELDS if index < len(fields)) / _TICKS
    spent = resource.getrusage(resource.RUSAGE_SELF)
    own = spent.ru_utime + spent.ru_stime + sum(_cpu_seconds(pid) for pid in pids)
    return Reading(time.perf_counter(), busy, own, os.getloadavg()[0])


def _cpu_seconds(pid: int) -> float:
    # The name of the program, in brackets, may itself hold blanks.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def others_share(before: Reading, after: Reading) -> float:
    """The share of all CPUs that went to processes other than the measured ones between two readings."""
    wall = (after.wall - before.wall) * (os.cpu_count() or 1)
    others = (after.busy - before.busy) - (after.own - before.own)
    return min(1.0, max(0.0, others / wall)) if wall > 0 else 0.0
