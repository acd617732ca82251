"""What to read of a video, decided first and read later: by whom and in which order changes nothing."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jack.datasets.sampling import kept_frames, snippets
from jack.datasets.spatial import View, draw_construction, draw_view
from jack.media.frames import read_frames

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class ClipShape:
    """The visual input of one video.

    Attributes:
        segments: snippets of a video, L.
        length: frames of a snippet, T.
        size: height and width in pixels.
    """

    segments: int
    length: int
    size: int


@dataclass(frozen=True)
class Clip:
    """Frames of one video to read, and how they are seen.

    Attributes:
        folder: where the frames lie, or a video file.
        numbers: frame numbers, L x T.
        view: crop and augmentation.
        size: height and width in pixels.
    """

    folder: Path
    numbers: NDArray[np.int64]
    view: View
    size: int


def read_clip(clip: Clip) -> Bytes:
    """The frames of a clip, L x 3 x T x size x size, 0 to 255; a frame that occurs again is decoded once.

    Raises:
        DatasetError: if a frame is missing or damaged.
    """
    unique, places = np.unique(clip.numbers, return_inverse=True)
    pixels = np.stack([clip.view.pixels(picture, clip.size) for picture in read_frames(clip.folder, unique.tolist())])
    snippets_first = pixels[places.reshape(clip.numbers.shape)]  # L x T x 3 x size x size
    return np.ascontiguousarray(snippets_first.transpose(0, 2, 1, 3, 4))


def read_clips(clips: Sequence[Clip], pool: Executor | None = None) -> Bytes:
    """Several clips of one shape, B x L x 3 x T x size x size; read by the workers of ``pool`` if there is one."""
    return np.stack(list(pool.map(read_clip, clips) if pool else map(read_clip, clips)))


def erased_clips(
    folders: Sequence[Path],
    counts: Iterable[int],
    keep: NDArray[np.bool_],
    shape: ClipShape,
    draw: random.Random | None = None,
) -> list[Clip]:
    """Clips of a batch from the segments that erasing leaves (CTEN, passes 2 and 3).

    Args:
        folders: frames of each video.
        counts: how many frames each has.
        keep: B x L, the segments to keep; a video of which nothing is kept is used whole (:func:`kept_frames`).
        shape: of the clips.
        draw: random snippets, crops and augmentation, as in training; without it the middle of everything.
    """
    if draw:
        draw_construction(draw)
    found = []
    for folder, count, kept in zip(folders, counts, np.asarray(keep), strict=True):
        numbers = snippets(kept_frames(kept, int(count)), shape.segments, shape.length, draw)
        view = draw_view("train", draw) if draw else View()
        found.append(Clip(Path(folder), numbers, view, shape.size))
    return found
