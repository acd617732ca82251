"""Preparing a data set of the video emotion layout from video files, and checking one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from jack.datasets.annotation import Video, read_annotation
from jack.datasets.summary import Summary as Summary
from jack.datasets.video_emotion import AUDIO_SUFFIXES, VIDEO_SUFFIXES, find_media
from jack.errors import DatasetError
from jack.files import replacing
from jack.media.audio import read_sound
from jack.media.frames import COUNT_FILE, frame_path, read_frame
from jack.media.video import HEIGHT, iterate_frames, timeline

Value = TypeVar("Value")
Result = TypeVar("Result")

LEAST_FRAMES = 16  # of shorter videos n_frames says 0, and data sets leave them out
QUALITY = 95  # of the JPEG files
MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


@dataclass(frozen=True)
class Outcome:
    """What became of one video.

    Attributes:
        video: Label/id.
        frames: frames that were written; 0 if it failed.
        problem: why it failed, or that it is too short to be used; empty if all is well.
        failed: whether nothing was written.
    """

    video: str
    frames: int = 0
    problem: str = ""
    failed: bool = False


def find_videos(source: Path) -> dict[tuple[str, str], Path]:
    """Video files SOURCE/Label/id.SUFFIX by label and id, sorted.

    Raises:
        DatasetError: if there are none, or two of one id in a class.
    """
    if not source.is_dir():
        raise DatasetError(f"{source}: no such folder")
    found: dict[tuple[str, str], Path] = {}
    for path in sorted(source.glob("*/*")):
        if path.suffix.lower() not in VIDEO_SUFFIXES or not path.is_file():
            continue
        key = (path.parent.name, path.stem)
        if key in found:
            raise DatasetError(f"{path}: {found[key].name} in the same folder has the same id")
        found[key] = path
    if not found:
        raise DatasetError(f"{source}: no videos Label/id{VIDEO_SUFFIXES[0]} (or {', '.join(VIDEO_SUFFIXES[1:])})")
    return found


def extract_frames(video: Path, folder: Path, height: int = HEIGHT) -> int:
    """Write every frame of a video as FOLDER/000001.jpg ..., and their number to FOLDER/n_frames (0 below 16).

    The folder appears under its name only when it is complete.

    Args:
        video: the file.
        folder: must not exist yet.
        height: of the pictures, whose width keeps the aspect.

    Returns:
        How many frames were written.

    Raises:
        DatasetError: if the video cannot be decoded or the frames cannot be written.
    """
    partial_folder = folder.with_name(f".{folder.name}.partial")
    count = 0
    try:
        shutil.rmtree(partial_folder, ignore_errors=True)  # left by a run that was killed
        partial_folder.mkdir(parents=True)
        for count, picture in iterate_frames(video, height):
            picture.save(frame_path(partial_folder, count), quality=QUALITY)
        text = f"{count if count >= LEAST_FRAMES else 0}\n"
        (partial_folder / COUNT_FILE).write_text(text, encoding="utf-8")
        os.rename(partial_folder, folder)
    except OSError as error:
        raise DatasetError(f"{folder}: cannot be written: {error}") from error
    finally:
        shutil.rmtree(partial_folder, ignore_errors=True)
    return count


def extract_sound(video: Path, stem: Path) -> Path:
    """Write a video's sound as STEM.mp3, or as STEM.wav where MP3 knows no such rate or number of channels.

    Raises:
        DatasetError: if there is no sound, or it cannot be written.
    """
    import soundfile

    sound = read_sound(video)
    kind = "MP3" if sound.rate in MP3_RATES and len(sound.samples) <= 2 else "WAV"
    path = stem.with_name(f"{stem.name}.{kind.lower()}")
    with replacing(path) as partial_path:
        try:
            soundfile.write(str(partial_path), sound.samples.T, sound.rate, format=kind)
        except soundfile.SoundFileError as error:
            raise OSError(error) from error  # a full disk is one of these
    return path


def prepare_video(video: Path, video_path: Path, audio_path: Path, label: str, height: int = HEIGHT) -> Outcome:
    """Frames and sound of one video in the layout of the data set; what is there already stays as it is."""
    name = f"{label}/{video.stem}"
    folder, stem = video_path / label / video.stem, audio_path / label / video.stem
    try:
        if not any(stem.with_name(stem.name + suffix).is_file() for suffix in AUDIO_SUFFIXES):
            extract_sound(video, stem)
        if folder.exists():
            frames = timeline(video).count
            if not frame_path(folder, frames).is_file() or not (folder / COUNT_FILE).is_file():
                raise DatasetError(f"{folder}: exists, but is not all of {video}; remove it to prepare it anew")
        else:
            frames = extract_frames(video, folder, height)
    except DatasetError as error:
        return Outcome(name, problem=str(error), failed=True)
    short = f"{video}: {frames} frames are fewer than {LEAST_FRAMES}; it will not be used"
    return Outcome(name, frames, short if frames < LEAST_FRAMES else "")


def prepare_videos(
    source: Path, video_path: Path, audio_path: Path, height: int = HEIGHT, workers: int = 0
) -> Iterator[Outcome]:
    """Prepare SOURCE/Label/id.mp4 (and other suffixes), one outcome each, in order.

    Args:
        source: folder of the videos.
        video_path: where the frames go, as Label/id/000001.jpg.
        audio_path: where the sound goes, as Label/id.mp3.
        height: of the pictures.
        workers: processes; 0 works in this one.

    Raises:
        DatasetError: if there are no videos.  One that cannot be prepared is told by its outcome.
    """
    videos = find_videos(source)
    prepare = partial(_prepare, video_path=video_path, audio_path=audio_path, height=height)
    yield from _mapped(prepare, [(path, label) for (label, _), path in videos.items()], workers)


def _prepare(video: tuple[Path, str], video_path: Path, audio_path: Path, height: int) -> Outcome:
    return prepare_video(video[0], video_path, audio_path, video[1], height)


def check_dataset(
    annotation: Path,
    video_path: Path,
    audio_path: Path | None,
    read: bool = False,
    workers: int = 0,
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> Summary:
    """Whether every video of an annotation has its media.

    Args:
        annotation: JSON file.
        video_path: folder of the frames, or of video files.
        audio_path: folder of the sound, None for the videos' own.
        read: decode all frames and the sound as well, instead of the first and the last frame alone.
        workers: processes that do so; 0 works in this one.
        tell: hears how many videos are checked, and of how many.

    Raises:
        DatasetError: if the annotation cannot be read.
    """
    content = read_annotation(annotation)
    summary = Summary(content.labels)
    check = partial(_problem, video_path=video_path, audio_path=audio_path, read=read)
    checked = zip(content.videos, _mapped(check, content.videos, workers))
    for done, (video, problem) in enumerate(checked, start=1):
        tell(done, len(content.videos))
        summary.counts[video.label, video.subset] += 1
        if problem:
            summary.problems.append(problem)
        else:
            summary.usable[video.label] += 1
    return summary


def _problem(video: Video, video_path: Path, audio_path: Path | None, read: bool) -> str:
    try:
        source = find_media(video_path, audio_path, video)
        if source.n_frames < 1:
            return f"{source.folder}: {source.n_frames} frames"
        if source.folder.is_file():
            if read:
                for _ in iterate_frames(source.folder):
                    pass
        else:
            for number in range(1, source.n_frames + 1) if read else {1, source.n_frames}:
                read_frame(source.folder, number)
        if read:
            read_sound(source.sound)
    except DatasetError as error:
        return str(error)
    return ""


def _mapped(function: Callable[[Value], Result], values: Iterable[Value], workers: int) -> Iterator[Result]:
    if not workers:
        yield from map(function, values)
        return
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        yield from pool.map(function, values)
