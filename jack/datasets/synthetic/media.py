"""Encode an invented clip with sound (PyAV)."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SOUND_RATE = 44100


def write_clip(path: Path, frames: Iterable[NDArray[np.uint8]], rate: int, sound: NDArray[np.float32] | None) -> None:
    """Write an MP4 file of MPEG-4 video and AAC sound, which every build of FFmpeg can encode.

    Args:
        path: the file.
        frames: pictures, H x W x 3, of even height and width.
        rate: frames per second.
        sound: channels (1 or 2) x samples at 44.1 kHz; None for no sound track.
    """
    import av

    with av.open(str(path), "w", format="mp4") as container:
        video = None
        voice = None
        for number, pixels in enumerate(frames):
            if video is None:
                video = container.add_stream("mpeg4", rate=rate)
                video.height, video.width, video.pix_fmt = pixels.shape[0], pixels.shape[1], "yuv420p"
                video.bit_rate = 800_000
                video.codec_context.thread_count = 1  # the same bytes on every machine
                if sound is not None:
                    layout = "mono" if len(sound) == 1 else "stereo"
                    voice = container.add_stream("aac", rate=SOUND_RATE, layout=layout)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(video.encode(frame))
        if video is not None:
            container.mux(video.encode())
        if voice is not None and sound is not None:
            layout = "mono" if len(sound) == 1 else "stereo"
            block = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound, np.float32), format="fltp", layout=layout)
            block.sample_rate, block.pts = SOUND_RATE, 0
            whole = av.AudioResampler(format="fltp", layout=layout, rate=SOUND_RATE, frame_size=1024)
            for part in [*whole.resample(block), *whole.resample(None)]:
                container.mux(voice.encode(part))
            container.mux(voice.encode())
