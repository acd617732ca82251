"""Frames of a video: a folder of pictures 000001.jpg, 000002.jpg, ... with their number in a file n_frames, or a file.

The frames of a video file are those that a folder would be prepared from, without a JPEG in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from jack.errors import DatasetError
from jack.media.video import read_video_frames, timeline

COUNT_FILE = "n_frames"


def frame_path(folder: Path, number: int) -> Path:
    """The picture of a frame; numbers start with 1."""
    return folder / f"{number:06d}.jpg"


def read_count(folder: Path) -> int:
    """Frames of a video file, or of a folder as its file n_frames says (0 marks a video that is too short to use).

    Raises:
        DatasetError: if the folder or the file is missing, or holds no number.
    """
    if folder.is_file():
        return timeline(folder).count
    if not folder.is_dir():
        raise DatasetError(f"{folder}: no such folder of frames")
    path = folder / COUNT_FILE
    try:
        return int(float(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path}: cannot read the number of frames: {error}") from error
    except (ValueError, OverflowError) as error:
        raise DatasetError(f"{path}: not a number of frames") from error


def read_frame(folder: Path, number: int) -> Image.Image:
    """One frame as an RGB picture, whatever the format behind its name.

    Raises:
        DatasetError: if it is missing or damaged.
    """
    path = frame_path(folder, number)
    try:
        with Image.open(path) as picture:
            picture.load()
            return picture if picture.mode == "RGB" else picture.convert("RGB")
    except FileNotFoundError:
        raise DatasetError(f"{path}: no such frame") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        reason = str(error).replace(f" {str(path)!r}", "")
        raise DatasetError(f"{path}: damaged picture: {reason}") from error


def read_frames(folder: Path, numbers: Sequence[int]) -> list[Image.Image]:
    """Frames of a folder or of a video file as RGB pictures.

    Raises:
        DatasetError: if one is missing or damaged.
    """
    if folder.is_file():
        return read_video_frames(folder, numbers)
    return [read_frame(folder, number) for number in numbers]
