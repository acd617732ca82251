"""VideoEmotion-8, Ekman-6 and data sets of the same layout (NumPy).

Layout: VIDEO/Label/id/000001.jpg ... with a file n_frames, AUDIO/Label/id.mp3 (or another suffix of
:data:`AUDIO_SUFFIXES`), and an annotation file (:mod:`jack.datasets.annotation`).  A video file VIDEO/Label/id.mp4 (or
another of :data:`VIDEO_SUFFIXES`) can stand for frames and sound.  Nothing is written there.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from jack.datasets.annotation import Video, read_annotation
from jack.datasets.clips import Clip, ClipShape, read_clip
from jack.datasets.sampling import AUTHORS_FPS, frame_numbers, snippets
from jack.datasets.spatial import draw_view
from jack.errors import DatasetError
from jack.media.audio import Sound, read_sound
from jack.media.audio_features import MFCC_COEFFICIENTS, MFCC_ROWS, log_mel_input, mfcc_input
from jack.media.frames import read_count

Float32s = NDArray[np.float32]

AUDIO_SUFFIXES = (".mp3", ".wav", ".m4a", ".aac", ".flac", ".ogg", ".opus", ".mp4")
VIDEO_SUFFIXES = (".mp4", ".avi", ".mkv", ".mov", ".webm", ".flv", ".m4v", ".mpg", ".mpeg", ".wmv", ".3gp")


class SoundFeatures(Protocol):
    """What a model hears of a sound."""

    def __call__(self, sound: Sound, draw: random.Random | None) -> Float32s:
        """Rows x columns; parts of long sound are drawn, or lie in the middle where ``draw`` is None."""


@dataclass(frozen=True)
class Mfcc:
    """VAANet's input."""

    rows: int = MFCC_ROWS
    coefficients: int = MFCC_COEFFICIENTS

    def __call__(self, sound: Sound, draw: random.Random | None) -> Float32s:
        """Rows x coefficients; nothing is drawn."""
        return mfcc_input(sound, self.rows, self.coefficients)


@dataclass(frozen=True)
class LogMel:
    """CTEN's input."""

    segments: int = 16

    def __call__(self, sound: Sound, draw: random.Random | None) -> Float32s:
        """(100 * segments) x 128."""
        return log_mel_input(sound, self.segments, draw)


@dataclass(frozen=True)
class Sampling:
    """What is drawn for an item.

    Attributes:
        snippets: whether snippets lie anywhere in their segment, or in its middle.
        view: "train", "test" or "val" (:func:`jack.datasets.spatial.draw_view`).
        sound: whether parts of long sound are drawn, or lie in the middle.
    """

    snippets: bool
    view: str
    sound: bool


TRAINING = Sampling(True, "train", True)
CENTER = Sampling(False, "val", False)  # evaluation: the same figures every time
RANDOM = Sampling(True, "test", True)  # evaluation as the authors do it
EVALUATION = {"center": CENTER, "random": RANDOM}


@dataclass(frozen=True)
class Item:
    """One video.

    Attributes:
        visual: frames, L x 3 x T x H x W, 0 to 255.
        label: number of the class.
        audio: features of the sound, rows x columns.
        name: id of the video.
        folder: its frames, or the video file.
        n_frames: how many there are.
    """

    visual: NDArray[np.uint8]
    label: int
    audio: Float32s
    name: str
    folder: Path
    n_frames: int


@dataclass(frozen=True)
class Batch:
    """Several videos.

    Attributes:
        visual: B x L x 3 x T x H x W, 0 to 255.
        label: classes, int64, (B,).
        audio: B x rows x columns.
        names: ids.
        folders: frames of each.
        n_frames: int64, (B,).
    """

    visual: NDArray[np.uint8]
    label: NDArray[np.int64]
    audio: Float32s
    names: tuple[str, ...]
    folders: tuple[Path, ...]
    n_frames: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.names)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What a training step reads; pictures as float32."""
        return {"visual": self.visual.astype(np.float32), "audio": self.audio, "label": self.label}


def collate(items: Sequence[Item]) -> Batch:
    """Items as one batch."""
    return Batch(
        np.stack([item.visual for item in items]),
        np.array([item.label for item in items], dtype=np.int64),
        np.stack([item.audio for item in items]),
        tuple(item.name for item in items),
        tuple(item.folder for item in items),
        np.array([item.n_frames for item in items], dtype=np.int64),
    )


@dataclass(frozen=True)
class Source:
    """Where one video's media lie.

    Attributes:
        video: the annotation.
        folder: its frames, or the video file.
        sound: its sound.
        n_frames: how many frames there are.
    """

    video: Video
    folder: Path
    sound: Path
    n_frames: int


class VideoEmotion:
    """The videos of one subset; :meth:`read` decodes one.

    Args:
        annotation: JSON file.
        video_path: folder with a folder of frames, or a video file, for each video in a folder for each class.
        audio_path: folder with a sound file for each video in a folder for each class; video files that have none
            there, or all if it is None, are heard themselves.
        subset: "training" or "validation".
        shape: snippets, frames and size of the visual input.
        features: of the sound.
        sampling: what is drawn.
        fps: prepared frames are thinned to this rate; they are taken to have 30 a second.
        skip_missing: leave videos without media out, listing why in :attr:`skipped`, instead of refusing the data set.

    Attributes:
        labels: names of the classes.
        sources: the videos, in the annotation's order.
        skipped: a line for each video left out: of 0 frames, and with ``skip_missing`` those without media.

    Raises:
        DatasetError: if the annotation cannot be read, media are missing, or no video is left.
    """

    def __init__(
        self,
        annotation: str | Path,
        video_path: str | Path,
        audio_path: str | Path | None,
        subset: str,
        shape: ClipShape,
        features: SoundFeatures,
        sampling: Sampling,
        fps: int = AUTHORS_FPS,
        skip_missing: bool = False,
    ) -> None:
        self.shape, self.features, self.sampling, self.fps = shape, features, sampling, fps
        self.sources: list[Source] = []
        self.skipped: list[str] = []
        content = read_annotation(Path(annotation))
        self.labels = content.labels
        missing: list[str] = []
        for video in content.subset(subset):
            try:
                source = find_media(Path(video_path), Path(audio_path) if audio_path else None, video)
            except DatasetError as error:
                missing.append(str(error))
                continue
            if source.n_frames > 0:
                self.sources.append(source)
            else:
                self.skipped.append(f"{source.folder}: {source.n_frames} frames")
        if missing and not skip_missing:
            more = f" (and {len(missing) - 1} more videos of {annotation})" if len(missing) > 1 else ""
            raise DatasetError(missing[0] + more)
        self.skipped += missing
        if not self.sources:
            raise DatasetError(f"{annotation}: no video of the subset {subset!r} can be used; {self.skipped[0]}")

    def __len__(self) -> int:
        return len(self.sources)

    def read(self, index: int, draw: random.Random | None = None) -> Item:
        """Decode one video.

        Args:
            index: its place in :attr:`sources`.
            draw: where the sampling draws from, in the authors' order: snippets, sound, view.

        Raises:
            DatasetError: if its media are missing or damaged.
        """
        source, sampling = self.sources[index], self.sampling
        if draw is None:
            if sampling != CENTER:
                raise ValueError("this sampling draws: a generator is needed")
            draw = random.Random(0)  # the view of evaluation draws nothing
        numbers = snippets(
            frame_numbers(source.n_frames, self.fps),
            self.shape.segments,
            self.shape.length,
            draw if sampling.snippets else None,
        )
        sound = read_sound(source.sound)
        try:
            audio = self.features(sound, draw if sampling.sound else None)
        except ValueError as error:
            raise DatasetError(f"{source.sound}: {error}") from error
        clip = Clip(source.folder, numbers, draw_view(sampling.view, draw), self.shape.size)
        return Item(read_clip(clip), source.video.target, audio, source.video.name, source.folder, source.n_frames)

    def collate(self, items: Sequence[Item]) -> Batch:
        """Items as one batch."""
        return collate(items)


def find_media(video_path: Path, audio_path: Path | None, video: Video) -> Source:
    """Frames and sound of a video.

    Raises:
        DatasetError: if one of them is missing.
    """
    stem = video_path / video.label / video.name
    folder = stem if stem.is_dir() else _with_suffix(stem, VIDEO_SUFFIXES) or stem
    n_frames = read_count(folder)
    sound = _with_suffix(audio_path / video.label / video.name, AUDIO_SUFFIXES) if audio_path else None
    if sound is None and folder.is_file():
        sound = folder
    if sound is None:
        wanted = (audio_path or video_path) / video.label / f"{video.name}{AUDIO_SUFFIXES[0]}"
        raise DatasetError(f"{wanted}: no such sound file (nor {', '.join(AUDIO_SUFFIXES[1:])})")
    return Source(video, folder, sound, n_frames)


def _with_suffix(stem: Path, suffixes: Sequence[str]) -> Path | None:
    # Not Path.with_suffix: an id may hold a dot.
    names = [stem.name + spelled for suffix in suffixes for spelled in (suffix, suffix.upper())]
    return next((path for name in names if (path := stem.with_name(name)).is_file()), None)
