"""Where in a video which sentiment shows, by TSL-Net."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jack.datasets.tsl300 import MEL_FRAMES, SEGMENT_FRAMES, WIDTHS, mel_segments, read_features
from jack.errors import DatasetError
from jack.frameworks import method_module
from jack.inference.i3d import I3DFeatures
from jack.inference.pictures import SENTIMENTS, draw_sentiments
from jack.inference.result import Result, about, trained_model
from jack.media.tslnet_features import frame_rate, video_log_mel
from jack.metrics.localization import LocalizationOptions, localize, result_json
from jack.options import OptionError, TSLNetOptions

Float32s = NDArray[np.float32]


@dataclass(frozen=True)
class Source:
    """A video, or features that were made of one before.

    Attributes:
        video: the file; None if features are given.
        i3d: weights of I3D, for a video.
        rgb: I3D features, T x 1024 (.npy); with a video they stand in for I3D.
        mel: log-mel spectrogram, columns x 60, in decibels (.npy).
        fps: frames per second of the video that the features are of.
    """

    video: Path | None = None
    i3d: Path | None = None
    rgb: Path | None = None
    mel: Path | None = None
    fps: float | None = None

    @property
    def name(self) -> str:
        """What the result is called after."""
        named = self.video or self.rgb
        return named.stem if named else ""

    def check(self) -> None:
        """Refuse what is not enough.

        Raises:
            OptionError: with what is to be given.
        """
        if self.video is None and (self.rgb is None or self.mel is None or self.fps is None):
            raise OptionError("give a video, or features with --rgb-path FILE --mfcc-path FILE --fps NUMBER")
        if self.video is not None and self.rgb is None and self.i3d is None:
            raise OptionError("a video's features need the weights of I3D: --i3d rgb_imagenet.pt")
        if self.fps is not None and not 0 < self.fps < float("inf"):
            raise OptionError(f"--fps is a positive number, not {self.fps}")


def infer_sentiments(
    options: TSLNetOptions, source: Source, tell: Callable[[int, int], None] = lambda done, of: None
) -> Result:
    """The intervals of sentiments.

    Args:
        options: of the method, with ``checkpoint``.
        source: the video, or its features.
        tell: hears how many frames have features, and of how many.

    Raises:
        DatasetError: if the video or a file of features cannot be read, or makes no segment.
        OptionError, CheckpointError, FrameworkError: for options and weights that do not fit.
    """
    source.check()
    if source.fps is not None:
        fps = source.fps
    else:
        assert source.video is not None  # see check
        fps = frame_rate(source.video)
    mel = read_features(source.mel, WIDTHS["logmfcc"]) if source.mel else video_log_mel(_video(source))
    rgb = read_features(source.rgb, WIDTHS["rgb"]) if source.rgb else None
    framework, model = trained_model(options)
    if rgb is None:
        assert source.i3d is not None  # see check
        rgb = I3DFeatures(framework, source.i3d, options)(_video(source), tell)
    segments = min(len(rgb), len(mel) // MEL_FRAMES)
    where = source.video or source.rgb
    if not segments:
        raise DatasetError(f"{where}: {len(rgb)} features and {len(mel)} spectrogram columns make no segment")
    inputs = rgb[None, :segments], mel_segments(mel, segments)[None]
    try:
        score, activation, _ = method_module(framework, "inference").outputs(model, *inputs)
    except ValueError as error:  # the model's own words about videos that are too long
        raise DatasetError(f"{where}: {error}") from error
    found = localize(score[0], activation[0], fps, LocalizationOptions(class_threshold=options.class_th))
    detections = result_json({source.name: found})
    seconds = segments * SEGMENT_FRAMES / fps
    content = {
        **about(options, str(where)),
        "fps": fps,
        "seconds": seconds,
        "video_scores": {name: float(value) for (name, _), value in zip(SENTIMENTS.values(), score[0])},
        **detections,
    }
    rows = detections["results"][source.name]
    title = f"{source.name}: sentiments (tslnet, {options.framework})"
    draw = partial(draw_sentiments, title=title, seconds=seconds, activation=activation[0], intervals=rows)
    shown = [(SENTIMENTS[row["label"]][0], *row["segment"], row["score"]) for row in rows]
    return Result(source.name, content, shown, ("sentiment", "start (s)", "end (s)", "score"), draw)


def _video(source: Source) -> Path:
    assert source.video is not None  # see Source.check
    return source.video
