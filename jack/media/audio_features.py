"""Features of sound for the video emotion models: MFCC (VAANet) and Kaldi's log-mel filter bank (CTEN)."""

from __future__ import annotations

import random
import warnings
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from jack.media.audio import Sound

Float32s = NDArray[np.float32]
Float64s = NDArray[np.float64]

MFCC_RATE = 44100  # samples per second that sound is resampled to
MFCC_ROWS, MFCC_COEFFICIENTS = 4096, 32

MEL_BINS = 128
WINDOW_MS, SHIFT_MS = 25, 10
LOW_HZ = 20.0
PRE_EMPHASIS = np.float32(0.97)
FLOOR = float(np.finfo(np.float32).eps)  # of the energy in a mel bin
MEL_MEAN, MEL_STD = -6.6268077, 5.358466  # of AudioSet
SEGMENT_ROWS = 100  # log-mel rows of a segment: one second
CHUNK = 1024  # windows that are transformed at a time: bounds the memory of long sounds


def tile_rows(rows: Float32s, count: int) -> Float32s:
    """The matrix repeated along its first axis, cut to ``count`` rows."""
    return np.ascontiguousarray(np.tile(rows, (count // len(rows) + 1, 1))[:count])


def mfcc(sound: Sound, coefficients: int = MFCC_COEFFICIENTS) -> Float32s:
    """Mel-frequency cepstral coefficients of the mono mix at 44.1 kHz, frames x coefficients, not normalised.

    2048-sample windows every 512 samples, 128 mel bands, decibels down to 80 below the loudest, orthonormal DCT-II.
    """
    import librosa

    mono = librosa.to_mono(sound.samples)
    mono = librosa.resample(mono, orig_sr=sound.rate, target_sr=MFCC_RATE)
    with warnings.catch_warnings():
        # Sound shorter than a window is padded with zeros, as every first and last window is.
        warnings.filterwarnings("ignore", message="n_fft=.* is too large", category=UserWarning)
        found = librosa.feature.mfcc(y=mono, sr=MFCC_RATE, n_mfcc=coefficients)
    return np.ascontiguousarray(found.T, dtype=np.float32)


def mfcc_input(sound: Sound, rows: int = MFCC_ROWS, coefficients: int = MFCC_COEFFICIENTS) -> Float32s:
    """VAANet's audio input, ``rows`` x ``coefficients``: MFCC repeated to the length; later sound is cut off."""
    return tile_rows(mfcc(sound, coefficients), rows)


def mel_frames(samples: int, rate: int) -> int:
    """Windows that fit wholly into ``samples`` samples."""
    window, shift = rate * WINDOW_MS // 1000, rate * SHIFT_MS // 1000
    return 0 if min(window, shift) < 1 or samples < window else 1 + (samples - window) // shift


def log_mel(samples: Float32s, rate: int, frames: NDArray[np.int64] | None = None) -> Float32s:
    """Kaldi's log-mel filter bank energies of one channel, frames x 128.

    Each window of 25 ms loses its mean, is pre-emphasised (its first sample takes itself as predecessor), weighted by
    a symmetric Hann window and padded to a power of two; energies of the power spectrum below 1.2e-7 count as that.

    Args:
        samples: one channel.
        rate: samples per second.
        frames: indices of the windows to compute; None computes all.
    """
    window, shift = rate * WINDOW_MS // 1000, rate * SHIFT_MS // 1000
    if frames is None:
        frames = np.arange(mel_frames(len(samples), rate), dtype=np.int64)
    length = 1 << (window - 1).bit_length()
    hann = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / (window - 1))).astype(np.float32)
    bank = mel_bank(rate, length)
    found = np.empty((len(frames), MEL_BINS), dtype=np.float32)
    for start in range(0, len(frames), CHUNK):
        # Up to the transform in float32, as Kaldi: where a bin holds next to nothing, this rounding is what it holds.
        cut = samples[frames[start : start + CHUNK, None] * shift + np.arange(window)]
        cut = cut - cut.mean(axis=1, keepdims=True)
        cut = (cut - PRE_EMPHASIS * np.concatenate([cut[:, :1], cut[:, :-1]], axis=1)) * hann
        power = np.abs(np.fft.rfft(cut, n=length, axis=1)) ** 2
        found[start : start + CHUNK] = np.log(np.maximum(power[:, :-1] @ bank.T, FLOOR))
    return found


@lru_cache(maxsize=16)
def mel_bank(rate: int, length: int) -> Float64s:
    """Triangles that are linear in mel (1127 ln(1 + f / 700)), 128 x length/2, from 20 Hz to half the rate."""
    low, high = _mel(np.array([LOW_HZ, rate / 2]))
    edges = low + (high - low) / (MEL_BINS + 1) * np.arange(MEL_BINS + 2)
    bins = _mel(np.arange(length // 2) * rate / length)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    bank: Float64s = np.maximum(0.0, np.minimum(rising, falling))
    return bank


def _mel(hertz: Float64s) -> Float64s:
    found: Float64s = 1127.0 * np.log(1.0 + hertz / 700.0)
    return found


def segment_starts(frames: int, segments: int, draw: random.Random | None) -> list[int]:
    """First rows of 100 rows in each of ``segments`` equal parts: anywhere in the part, or its middle if not drawn."""
    part = frames // segments
    free = part - SEGMENT_ROWS
    return [i * part + (int(draw.random() * free) if draw else free // 2) for i in range(segments)]


def log_mel_input(sound: Sound, segments: int, draw: random.Random | None = None) -> Float32s:
    """CTEN's audio input, (100 * segments) x 128, normalised by AudioSet's mean and twice its deviation.

    Sound of up to ``segments`` seconds is repeated to the length.  Of longer sound 100 rows are taken from each of
    ``segments`` equal parts, at random in training.  Only channel 0 is used, but the mean of all channels is removed.

    Raises:
        ValueError: if the sound is shorter than one window of 25 ms.
    """
    frames, rows = mel_frames(sound.samples.shape[1], sound.rate), SEGMENT_ROWS * segments
    if not frames:
        raise ValueError(f"sound of {sound.seconds:.4f} s is shorter than a window of {WINDOW_MS} ms")
    # The mean in float32, as the authors take it.
    samples = sound.samples[0] - sound.samples.mean(dtype=np.float32)
    if frames > rows:
        starts = segment_starts(frames, segments, draw)
        chosen = np.concatenate([np.arange(start, start + SEGMENT_ROWS) for start in starts])
        found = log_mel(samples, sound.rate, chosen)
    else:
        found = tile_rows(log_mel(samples, sound.rate), rows)
    normal: Float32s = ((found - np.float32(MEL_MEAN)) / np.float32(2 * MEL_STD)).astype(np.float32)
    return normal
