"""What programs ask about Torch itself: types for annotations, default settings."""

from __future__ import annotations

from typing import Any

import jittor as jt

from converter.helpers.library.activations import gelu, relu
from converter.helpers.library.devices import Device
from converter.helpers.library.dtypes import is_dtype


class DTypeMeta(type):
    """Answers ``isinstance(x, DType)``: Jittor's types of elements are names or casting functions."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return is_dtype(instance)


class DType(metaclass=DTypeMeta):
    """``torch.dtype``, for annotations and isinstance."""


class Final:
    """``torch.jit.Final[T]``: an annotation for TorchScript."""

    def __class_getitem__(cls, item: Any) -> Any:
        return item


def get_default_dtype() -> Any:
    """``torch.get_default_dtype``: float32."""
    return jt.float32


def get_default_device() -> Any:
    """``torch.get_default_device``: the device that Jittor computes on."""
    return Device("cuda", 0) if jt.flags.use_cuda else Device("cpu")


def is_autocast_enabled(device_type: Any = None) -> bool:
    """``torch.is_autocast_enabled``: never; the converted autocast computes in float32."""
    return False


def get_autocast_dtype(device_type: Any) -> Any:
    """``torch.get_autocast_dtype``: what the converted autocast computes in."""
    return jt.float32


def get_autocast_cpu_dtype() -> Any:
    """``torch.get_autocast_cpu_dtype``: see :func:`get_autocast_dtype`."""
    return jt.float32


def get_autocast_gpu_dtype() -> Any:
    """``torch.get_autocast_gpu_dtype``: see :func:`get_autocast_dtype`."""
    return jt.float32


def activation_of_name(activation: str) -> Any:
    """What Torch's transformer layers call ``"relu"`` and ``"gelu"``."""
    if activation not in ("relu", "gelu"):
        raise RuntimeError(f"activation should be relu/gelu, not {activation}")
    return relu if activation == "relu" else gelu
