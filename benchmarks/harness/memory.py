"""Memory of a process, by the same means for every framework (Linux), and of a GPU (NVML)."""

from __future__ import annotations

import os
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def resident() -> int:
    """Bytes that this process holds now."""
    return _field("VmRSS")


def peak() -> int:
    """The most that it has held since it started, or since :func:`reset_peak`.

    Not ``getrusage``: that of a process that was forked begins with its parent's peak.
    """
    return _field("VmHWM")


def reset_peak() -> bool:
    """Let :func:`peak` count from now on; False where the system does not allow it."""
    try:
        _CLEAR.write_text("5")
    except OSError:
        return False
    return True


def _field(name: str) -> int:
    for line in _STATUS.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"{_STATUS} has no {name}")


def on_gpu() -> int | None:
    """Bytes that this process holds on all GPUs; None without NVML (``pip install nvidia-ml-py``)."""
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
        found = 0
        for index in range(pynvml.nvmlDeviceGetCount()):
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            held = pynvml.nvmlDeviceGetComputeRunningProcesses(handle)
            found += sum(each.usedGpuMemory or 0 for each in held if each.pid == os.getpid())
        return found
    except pynvml.NVMLError:
        return None
