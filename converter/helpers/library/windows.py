"""Windows of signal processing."""

from typing import Any

import jittor as jt
import numpy as np

from converter.helpers.library.dtypes import dtype_name


def window_of(count: int, periodic: bool, dtype: Any, values: Any) -> Any:
    """``values(i, last)`` at the places i = 0, 1, ...; a periodic window is one longer, without its last."""
    size = int(count) + bool(periodic)
    made = np.ones(max(int(count), 0)) if count <= 1 else values(np.arange(size), size - 1)[: int(count)]
    return jt.array(np.asarray(made, dtype=np.float64), dtype=dtype_name(dtype) or "float32")


def hann_window(window_length: int, periodic: bool = True, *, dtype: Any = None, **options: Any) -> Any:
    """Torch's Hann window; Jittor has none."""
    return window_of(window_length, periodic, dtype, lambda i, last: 0.5 - 0.5 * np.cos(2 * np.pi * i / last))


def hamming_window(
    window_length: int,
    periodic: bool = True,
    alpha: float = 0.54,
    beta: float = 0.46,
    *,
    dtype: Any = None,
    **options: Any,
) -> Any:
    """Torch's Hamming window; Jittor has none."""
    return window_of(window_length, periodic, dtype, lambda i, last: alpha - beta * np.cos(2 * np.pi * i / last))


def blackman_window(window_length: int, periodic: bool = True, *, dtype: Any = None, **options: Any) -> Any:
    """Torch's Blackman window; Jittor has none."""

    def values(i: Any, last: int) -> Any:
        turn = 2 * np.pi * i / last
        return np.maximum(0.42 - 0.5 * np.cos(turn) + 0.08 * np.cos(2 * turn), 0)

    return window_of(window_length, periodic, dtype, values)


def bartlett_window(window_length: int, periodic: bool = True, *, dtype: Any = None, **options: Any) -> Any:
    """Torch's Bartlett window; Jittor has none."""
    return window_of(window_length, periodic, dtype, lambda i, last: 1 - np.abs(2 * i / last - 1))


def kaiser_window(
    window_length: int, periodic: bool = True, beta: float = 12.0, *, dtype: Any = None, **options: Any
) -> Any:
    """Torch's Kaiser window; Jittor has none."""

    def values(i: Any, last: int) -> Any:
        return np.i0(beta * np.sqrt(np.maximum(1 - (2 * i / last - 1) ** 2, 0))) / np.i0(beta)

    return window_of(window_length, periodic, dtype, values)
