"""What TSL-Net reads of a video: clips for I3D, and a log-mel spectrogram in step with its pictures."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from jack.datasets.tsl300 import MEL_FRAMES, SEGMENT_FRAMES
from jack.errors import DatasetError
from jack.media.audio import Sound, read_sound
from jack.media.video import iterate_frames, timeline

Float32s = NDArray[np.float32]

SHORT_SIDE, CROP = 226, 224  # pixels

MEL_BINS, WINDOW, HOP = 60, 2048, 1024
# The smallest frame rate of TSL-300.  The authors take it from their list of rates, so that another list would change
# every sampling rate; published features were made with this one.
SLOWEST_FPS = 19.916666666666668


def frame_rate(video: Path) -> float:
    """Frames per second; of a varying rate the average.

    Raises:
        DatasetError: if the video cannot be read.
    """
    return float(timeline(video).rate)


def i3d_frame(picture: Image.Image) -> NDArray[np.uint8]:
    """The middle of a frame, 224 x 224 x 3, after its shorter side is enlarged to 226 pixels if it is less."""
    import cv2

    pixels = np.asarray(picture, dtype=np.uint8)
    short = min(pixels.shape[:2])
    if short < SHORT_SIDE:
        scale = SHORT_SIDE / short
        pixels = np.asarray(cv2.resize(pixels, dsize=(0, 0), fx=scale, fy=scale), dtype=np.uint8)
    top, left = (int(round((size - CROP) / 2)) for size in pixels.shape[:2])
    return pixels[top : top + CROP, left : left + CROP]


def i3d_clips(video: Path) -> Iterator[Float32s]:
    """Clips of 16 frames one after another, 3 x 16 x 224 x 224 in [-1, 1]; the last one ends in zeros.

    Raises:
        DatasetError: if the video cannot be read or ends early.
    """
    frames: list[NDArray[np.uint8]] = []
    for _, picture in iterate_frames(video):
        frames.append(i3d_frame(picture))
        if len(frames) == SEGMENT_FRAMES:
            yield _clip(frames)
            frames = []
    if frames:
        yield _clip(frames)


def _clip(frames: list[NDArray[np.uint8]]) -> Float32s:
    clip = np.zeros((3, SEGMENT_FRAMES, CROP, CROP), dtype=np.float32)
    clip[:, : len(frames)] = np.stack(frames).transpose(3, 0, 1, 2).astype(np.float32) / 255 * 2 - 1
    return clip


def mel_rate(fps: float) -> int:
    """Sampling rate at which hops of 1024 samples make 2.001 columns of the spectrogram a video frame."""
    return int(fps / SLOWEST_FPS * 44100 / 4.323882352941176 * 4 / 1.9992360580595874 * 2)


def log_mel(sound: Sound, fps: float) -> Float32s:
    """The log-mel spectrogram, columns x 60, in decibels down to 80 below the loudest, not normalised.

    Its published name is "logmfcc"; it is no MFCC.

    Args:
        sound: is mixed to mono and resampled by the frame rate.
        fps: frames per second of the video.
    """
    import librosa

    mono = librosa.to_mono(sound.samples)
    rate = mel_rate(fps)
    mono = librosa.resample(mono, orig_sr=sound.rate, target_sr=rate)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="n_fft=.* is too large", category=UserWarning)
        power = librosa.feature.melspectrogram(y=mono, sr=rate, n_fft=WINDOW, hop_length=HOP, n_mels=MEL_BINS)
    return np.ascontiguousarray(librosa.power_to_db(power).T, dtype=np.float32)


def video_log_mel(video: Path, sound: Path | None = None) -> Float32s:
    """:func:`log_mel` of a video's sound, or of a sound file that belongs to it.

    Raises:
        DatasetError: if one of them cannot be read, or the sound is shorter than a segment.
    """
    mel = log_mel(read_sound(sound or video), frame_rate(video))
    if len(mel) < MEL_FRAMES:
        raise DatasetError(
            f"{sound or video}: sound for {len(mel)} columns of the spectrogram is shorter than a segment"
            f" ({SEGMENT_FRAMES} frames, {MEL_FRAMES} columns)"
        )
    return mel
