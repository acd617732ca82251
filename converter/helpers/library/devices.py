"""Devices: Jittor computes on one device at a time, chosen by ``jt.flags.use_cuda``."""

from __future__ import annotations

from typing import Any

import jittor as jt


class Device:
    """``torch.device``: a type and an index.  It names a device; tensors are not moved."""

    def __init__(self, type: Any, index: Any = None) -> None:
        if isinstance(type, Device):
            type, index = type.type, type.index if index is None else index
        elif isinstance(type, int):
            type, index = "cuda", type
        elif ":" in type:
            type, _, number = type.partition(":")
            index = int(number)
        if type not in ("cpu", "cuda", "mps", "xpu", "meta"):
            raise RuntimeError(
                f"Expected one of cpu, cuda, mps, xpu, meta device type at start of device string: {type}"
            )
        self.type: str = type
        self.index = index

    def __str__(self) -> Any:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> Any:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{index})"

    def __eq__(self, other: Any) -> Any:
        return isinstance(other, Device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> Any:
        return hash((self.type, self.index))

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: Any) -> Any:
        return False


def device_of(tensor: Any) -> Any:
    """``tensor.device``: the device that Jittor computes on; the attribute of anything else stays what it is."""
    if not isinstance(tensor, jt.Var):
        return tensor.device
    return Device("cuda", 0) if jt.flags.use_cuda else Device("cpu")


def cuda_is_available() -> Any:
    """``torch.cuda.is_available``: whether Jittor was built with CUDA."""
    return bool(jt.has_cuda)


def cuda_device_count() -> Any:
    """``torch.cuda.device_count``: Jittor drives one device in a process."""
    return int(bool(jt.has_cuda))


def cuda_synchronize(device: Any = None) -> Any:
    """``torch.cuda.synchronize``: waits until everything asked for is computed (Jittor is lazy on the CPU too)."""
    jt.sync_all(True)


def cuda_empty_cache() -> Any:
    """``torch.cuda.empty_cache``: frees what Jittor keeps for reuse."""
    jt.gc()


def nothing(*args: Any, **kwargs: Any) -> Any:
    """In place of a setting that changes no result and that Jittor does not have (threads, cuDNN, memory pinning)."""
