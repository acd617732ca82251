"""Frames of an encoded video, at a constant rate, upright and scaled (PyAV)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from jack.errors import DatasetError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

HEIGHT = 240  # pixels that the authors scale frames to; the width keeps the aspect
WHOLE = 0.95  # of the pictures or the time that a file declares; less means that its end is missing
SPARE = 3  # pictures that may be missing anyhow: AVI counts empty ones, others depend on what is not in the file
TELL_DURATION = {"matroska", "flv"}  # containers that declare no number of pictures, but a time
DEFAULT_RATE = 30  # frames per second of a file that does not tell


@dataclass(frozen=True)
class Timeline:
    """When a video shows what, as numbered frames at a constant rate.

    Attributes:
        rate: frames per second.
        count: numbered frames: a picture that is shown for longer has several numbers, one shown for less none.
        start: time of the first picture in seconds; None if the file has no usable times and pictures are counted.
        pictures: encoded pictures in the file.
    """

    rate: Fraction
    count: int
    start: Fraction | None
    pictures: int

    @property
    def seconds(self) -> float:
        """Duration."""
        return float(self.count / self.rate)

    def number(self, time: Fraction | None, index: int) -> int:
        """Number, from 1, of a picture shown at a time; ``index`` is its place among the pictures."""
        if self.start is None or time is None:
            return index + 1
        return round((time - self.start) * self.rate) + 1


def timeline(path: Path) -> Timeline:
    """The timeline of a video file; nothing is decoded.

    Raises:
        DatasetError: if the file is missing, damaged, or has no pictures.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror}") from error
    return _timeline(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4096)
def _timeline(path: Path, size: int, changed: int) -> Timeline:
    times: list[Fraction | None] = []
    packets, ends = 0, Fraction(0)
    with _opened(path) as (container, stream):
        for packet in container.demux():
            if not packet.size:
                continue
            time = _time(packet)
            ends = max(ends, (time or 0) + (packet.duration or 0) * Fraction(packet.time_base or 0))
            if packet.stream_index == stream.index:
                packets += 1
                if not packet.is_discard:
                    times.append(time)
        declared = stream.guessed_rate
        whole = packets >= WHOLE * stream.frames - SPARE
        if set(container.format.name.split(",")) & TELL_DURATION and container.duration:
            whole = whole and (ends - Fraction(container.start_time or 0, 10**6)) * 10**6 >= WHOLE * container.duration
    if not whole:
        raise DatasetError(f"{path}: ends before it should; is the file cut off?")
    if not times:
        raise DatasetError(f"{path}: no pictures in the video track")
    known = [time for time in times if time is not None]
    start, end = min(known, default=Fraction(0)), max(known, default=Fraction(0))
    if len(known) < len(times) or start == end:
        return Timeline(Fraction(declared or DEFAULT_RATE), len(times), None, len(times))
    rate = (len(times) - 1) / (end - start)
    # What the file declares is exact where the rate is constant, and far from the average where it is not.
    if declared and rate * Fraction(9, 10) <= declared <= rate * Fraction(11, 10):
        rate = Fraction(declared)
    return Timeline(rate, round((end - start) * rate) + 1, start, len(times))


def iterate_frames(path: Path, height: int | None = HEIGHT) -> Iterator[tuple[int, Image.Image]]:
    """Number, from 1, and RGB picture of every frame in order; a number whose picture is missing has the one before.

    Args:
        path: the video file.
        height: what pictures are scaled to (bicubic), keeping the aspect; None leaves them.

    Raises:
        DatasetError: if the file is missing, damaged, or ends early.
    """
    line = timeline(path)
    for number, last, frame in _spans(path, line):
        picture = _picture(frame, height)
        for shown in range(number, last + 1):
            yield shown, picture


def read_video_frames(path: Path, numbers: Sequence[int], height: int | None = HEIGHT) -> list[Image.Image]:
    """The frames of the given numbers; only these are converted and scaled.

    Raises:
        DatasetError: as :func:`iterate_frames`, or if a number is not in the video.
    """
    line = timeline(path)
    if min(numbers) < 1 or max(numbers) > line.count:
        raise DatasetError(f"{path}: frames {min(numbers)} to {max(numbers)} are wanted, but it has {line.count}")
    wanted, found = sorted(set(numbers)), dict[int, Image.Image]()
    place = 0
    for _, last, frame in _spans(path, line):
        if place < len(wanted) and wanted[place] <= last:
            picture = _picture(frame, height)
            while place < len(wanted) and wanted[place] <= last:
                found[wanted[place]] = picture
                place += 1
        if place == len(wanted):
            break
    return [found[number] for number in numbers]


def _spans(path: Path, line: Timeline) -> Iterator[tuple[int, int, VideoFrame]]:
    """First and last number of each decoded picture, without gaps from 1 to the last number."""
    import av

    held: tuple[int, VideoFrame] | None = None
    decoded = 0
    with _opened(path) as (container, stream):
        stream.codec_context.thread_type = av.codec.context.ThreadType.AUTO
        for index, frame in enumerate(container.decode(stream)):
            decoded += 1
            number = min(line.number(_time(frame), index), line.count)
            if held is None:
                held = (1, frame)
            elif number > held[0]:
                yield held[0], number - 1, held[1]
                held = (number, frame)
            # A picture that comes before the next number is due is shown for less than a frame: it is left out.
    if held is None or decoded < WHOLE * line.pictures - SPARE:
        raise DatasetError(f"{path}: only {decoded} of {line.pictures} pictures can be decoded")
    yield held[0], line.count, held[1]


@contextmanager
def _opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    import av

    try:
        with av.open(str(path)) as container:
            # A cover picture of a sound file is a video track of one picture; it is no video.
            streams = [s for s in container.streams.video if not s.disposition & s.disposition.attached_pic]
            if not streams:
                raise DatasetError(f"{path}: no video track")
            if streams[0].codec_context is None:
                raise DatasetError(f"{path}: the video track is of an unknown kind")
            yield container, streams[0]
    except (av.FFmpegError, OSError, ValueError) as error:
        raise DatasetError(f"{path}: cannot decode the video: {getattr(error, 'strerror', None) or error}") from error


def _time(shown: Packet[Any] | VideoFrame) -> Fraction | None:
    if shown.pts is None or shown.time_base is None:
        return None
    return Fraction(shown.pts * shown.time_base)


def _picture(frame: VideoFrame, height: int | None) -> Image.Image:
    import av

    quarter_turns = round(frame.rotation / 90) % 4  # counter-clockwise, as the camera noted
    width, tall = (frame.height, frame.width) if quarter_turns % 2 else (frame.width, frame.height)
    if height is not None and tall != height:
        width, tall = max(1, round(width * height / tall)), height
    size = (tall, width) if quarter_turns % 2 else (width, tall)
    pixels = frame.to_ndarray(
        format="rgb24", width=size[0], height=size[1], interpolation=av.video.reformatter.Interpolation.BICUBIC
    )
    return Image.fromarray(np.ascontiguousarray(np.rot90(pixels, quarter_turns)))
