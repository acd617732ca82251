"""The positional table of TSL-Net's audio branch (NumPy)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def positional_table(length: int = 4000, channels: int = 60) -> NDArray[np.float32]:
    """Sine and cosine of the position at geometrically falling frequencies.

    Args:
        length: number of positions t (segments of 16 video frames).
        channels: even number of columns; 60 = mel bins of one spectrogram column.

    Returns:
        (length, channels): column 2i is sin(t w_i), column 2i+1 is cos(t w_i), with w_i = 10000^(-2i / channels).

    The frequencies are rounded to float32 once and multiplied by t in float32, as the published models were trained:
    at t = 3999 one unit in the last place of w_i moves the sine by 2e-4.  Exponential, sine and cosine themselves are
    taken in float64, because float32 versions differ in their last bits from library to library.
    """
    exponents = np.arange(0, channels, 2, dtype=np.float32) * np.float32(-np.log(10000.0) / channels)
    frequencies = np.exp(exponents.astype(np.float64)).astype(np.float32)
    angles = (np.arange(length, dtype=np.float32)[:, None] * frequencies).astype(np.float64)
    table = np.empty((length, channels), dtype=np.float32)
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles)
    return table
