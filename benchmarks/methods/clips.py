"""An invented video with sound, for what starts from a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.methods.subject import generator
from jack.datasets.synthetic.media import SOUND_RATE, write_clip

RATE = 25  # frames per second
HEIGHT, WIDTH = 240, 320


def write_video(folder: Path, seconds: int) -> Path:
    """Write a video of so many seconds: moving blocks of colour, and a tone in noise."""
    path = folder / f"clip-{seconds}s.mp4"
    draw = generator()
    board = draw.integers(0, 256, (12, 16, 3)).astype(np.uint8).repeat(20, axis=0).repeat(20, axis=1)
    frames = (np.roll(board, (number, 2 * number), axis=(0, 1)) for number in range(seconds * RATE))
    time = np.arange(seconds * SOUND_RATE) / SOUND_RATE
    sound = 0.3 * np.sin(2 * np.pi * 220 * time) + 0.02 * draw.standard_normal(len(time))
    write_clip(path, frames, RATE, sound[None].astype(np.float32))
    return path
