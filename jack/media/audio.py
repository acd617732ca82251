"""Sound of a file, at its own rate and with all its channels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jack.errors import DatasetError

Float32s = NDArray[np.float32]

WHOLE = 0.95  # of the time that a file declares; less means that its end is missing


@dataclass(frozen=True)
class Sound:
    """Decoded sound.

    Attributes:
        samples: channels x samples, full scale is [-1, 1].
        rate: samples per second.
    """

    samples: Float32s
    rate: int

    @property
    def seconds(self) -> float:
        """Duration."""
        return self.samples.shape[1] / self.rate


def read_sound(path: Path) -> Sound:
    """The first sound track of an audio or video file, whatever its name ends in.

    Raises:
        DatasetError: if there is no such file, it has no sound track, is damaged, or holds no samples.
    """
    if not path.is_file():
        raise DatasetError(f"{path}: no such file")
    sound = _read_audio_file(path) or _read_container(path)
    if not sound.samples.size:
        raise DatasetError(f"{path}: the sound track is empty")
    if not np.isfinite(sound.samples).all():
        raise DatasetError(f"{path}: the sound holds values that are no numbers")
    return sound


def _read_audio_file(path: Path) -> Sound | None:
    # libsndfile goes first, as in librosa: it drops the silence that an MP3 encoder puts in front.
    import soundfile

    try:
        samples, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError:
        return None  # another container, or damaged: the next decoder says which
    return Sound(np.ascontiguousarray(samples.T), int(rate))


def _read_container(path: Path) -> Sound:
    import av

    blocks: list[NDArray[Any]] = []
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise DatasetError(f"{path}: no sound track")
            stream = container.streams.audio[0]
            if stream.codec_context is None:
                raise DatasetError(f"{path}: the sound track is of an unknown kind")
            rate = stream.codec_context.sample_rate
            declared = float((stream.duration or 0) * (stream.time_base or 0)) * rate
            planar = av.AudioResampler(format="fltp")  # layout and rate stay
            for frame in container.decode(stream):
                blocks += [block.to_ndarray() for block in planar.resample(frame)]
            if blocks:
                blocks += [block.to_ndarray() for block in planar.resample(None)]
    except (av.FFmpegError, OSError, ValueError) as error:
        raise DatasetError(f"{path}: cannot decode the sound: {getattr(error, 'strerror', None) or error}") from error
    samples = np.concatenate(blocks, axis=1) if blocks else np.zeros((1, 0))
    if samples.shape[1] < WHOLE * declared:
        raise DatasetError(f"{path}: the sound ends before it should; is the file cut off?")
    return Sound(np.ascontiguousarray(samples, dtype=np.float32), int(rate))
