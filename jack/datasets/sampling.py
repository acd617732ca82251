"""Which frames of a video are used: temporal segments (TSN), and the frames that CTEN's erasing leaves."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

AUTHORS_FPS = 30  # frames per second that prepared frames are taken to have


def frame_numbers(count: int, fps: int = AUTHORS_FPS) -> list[int]:
    """Numbers 1 to ``count`` thinned to ``fps`` frames per second."""
    if fps < 1:
        raise ValueError(f"fps must be at least 1, not {fps}")
    return list(range(1, count + 1, max(1, AUTHORS_FPS // fps)))


def snippets(frames: Sequence[int], segments: int, length: int, draw: random.Random | None = None) -> NDArray[np.int64]:
    """One snippet of consecutive frames from each of equal segments (TSN, Wang et al. 2016), segments x length.

    Fewer than segments * length frames are repeated in a cycle up to that number; frames that the division leaves over
    at the end are not used.

    Args:
        frames: frame numbers; not changed.
        segments: snippets to take.
        length: frames of a snippet.
        draw: draws one integer a snippet: its place in the segment.  As in the authors' code the last possible place
            is never drawn.  Without it snippets lie in the middle.

    Raises:
        ValueError: without frames.
    """
    if not len(frames):
        raise ValueError("no frames to take snippets from")
    numbers = np.asarray(frames, dtype=np.int64)
    if len(numbers) < segments * length:
        numbers = np.resize(numbers, segments * length)
    span = len(numbers) // segments
    found = np.empty((segments, length), dtype=np.int64)
    for index in range(segments):
        begin = draw.randint(0, max(0, span - length - 1)) if draw else max(0, span // 2 - length // 2)
        found[index] = numbers[index * span + begin : index * span + begin + length]
    return found


def kept_frames(keep: Sequence[bool] | NDArray[np.bool_], count: int) -> list[int]:
    """Frame numbers of the segments that are kept (CTEN, erasing), of ``count`` frames in all.

    Segment t of L covers frames t * (count // L) + 1 to (t + 1) * (count // L), at full rate; the count % L frames at
    the end belong to none.  If nothing is kept, or the video has fewer frames than segments, all frames come back.
    The authors do so when context is erased; when key frames are erased their code then takes the previous sample's
    frame numbers, or stops if there is none.
    """
    span = count // len(keep)
    kept = [t * span + i for t, wanted in enumerate(keep) if wanted for i in range(1, span + 1)]
    return kept or list(range(1, count + 1))
