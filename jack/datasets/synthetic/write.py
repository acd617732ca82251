"""Write an invented data set for a method; the folder appears when it is complete."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jack.datasets.synthetic.emotion_gait import write_emotion_gait
from jack.datasets.synthetic.tsl300 import write_tsl300
from jack.datasets.synthetic.video_emotion import write_video_emotion
from jack.errors import DatasetError

Tell = Callable[[int, int], None]
"""Is told how many samples are written, and of how many."""


@dataclass(frozen=True)
class Sizes:
    """How much is written.

    Attributes:
        training: samples of each class for training; of TSL-300 videos in all.
        validation: the same for validation (test, where the data set has no validation).
    """

    training: int
    validation: int

    def __post_init__(self) -> None:
        if self.training < 1 or self.validation < 1:
            raise ValueError(f"at least one sample of each kind is needed, not {self.training} and {self.validation}")


@dataclass(frozen=True)
class Synthetic:
    """How a method's data set is made: the writer, the default sizes, and what they count."""

    write: Callable[[Path, int, int, int, Tell], None]
    sizes: Sizes
    counts: str


_VIDEOS = Synthetic(write_video_emotion, Sizes(4, 2), "videos of each of 8 emotions")
METHODS = {
    "vaanet": _VIDEOS,
    "cten": _VIDEOS,
    "tslnet": Synthetic(write_tsl300, Sizes(24, 12), "videos"),
    "bpmgcn": Synthetic(write_emotion_gait, Sizes(16, 8), "walks of each of 4 emotions"),
}


def write_synthetic(
    method: str, folder: Path, sizes: Sizes | None = None, seed: int = 0, tell: Tell = lambda done, of: None
) -> None:
    """Write the data set of a method.

    It is written beside the folder and renamed at the end: a run that is killed leaves no folder, and the next one
    removes what it left.

    Args:
        method: one of :data:`METHODS`.
        folder: must not exist, or be empty.
        sizes: how much; None for the method's default.
        seed: of everything that is drawn.
        tell: hears of the progress.

    Raises:
        DatasetError: if something is in the way, or the folder cannot be written.
    """
    made = METHODS[method]
    sizes = sizes or made.sizes
    folder = folder.absolute()
    partial = folder.with_name(f".{folder.name}.partial")
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise DatasetError(f"{folder}: is there already; choose another folder or remove it")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        made.write(partial, sizes.training, sizes.validation, seed, tell)
        os.replace(partial, folder)
    except OSError as error:
        raise DatasetError(f"{folder}: cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
