"""The emotion of one video, by VAANet or CTEN; pictures and sound are decoded in memory."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jack.datasets.annotation import read_annotation
from jack.datasets.clips import Clip, ClipShape, erased_clips, read_clip, read_clips
from jack.datasets.labels import default_labels
from jack.datasets.prepare_video import LEAST_FRAMES
from jack.datasets.sampling import frame_numbers, snippets
from jack.datasets.spatial import View
from jack.errors import DatasetError
from jack.frameworks import method_module
from jack.inference.pictures import Frame, dimmed, draw_emotions
from jack.inference.result import Result, about, most_probable, probabilities, trained_model
from jack.media.audio import read_sound
from jack.media.video import read_video_frames, timeline
from jack.methods.cten_erasing import keep_masks
from jack.options import OptionError, VideoEmotionOptions
from jack.testing.video_emotion import features_of

SHOWN = 6  # frames in the picture, at most


def labels_of(text: str, count: int) -> tuple[str, ...]:
    """Names of the classes.

    Args:
        text: names separated by commas, an annotation file (.json), or nothing for those of the known data sets.
        count: how many there must be.

    Raises:
        OptionError: if there are others.
        DatasetError: if the file cannot be read.
    """
    if not text:
        return default_labels(count)
    labels: Sequence[str] = [label.strip() for label in text.split(",")]
    if text.endswith(".json"):
        labels = read_annotation(Path(text)).labels
    if len(labels) != count or len(set(labels)) != count or not all(labels):
        raise OptionError(f"--labels {text}: {len(labels)} names, but the model has {count} emotions (--n-classes)")
    return tuple(labels)


def infer_video(options: VideoEmotionOptions, video: Path, labels: str = "") -> Result:
    """What the model says about a video file.

    Snippets, crops and sound are those of an evaluation: the middle.  CTEN looks a second time, without the segments
    that it attended to most, and the mean of both logits counts, as in its evaluation.

    Args:
        options: of the method, with ``checkpoint``.
        video: a file with pictures and sound.
        labels: names of the emotions, see :func:`labels_of`.

    Raises:
        DatasetError: if the video cannot be read, has no sound track, or is shorter than 16 frames.
        OptionError, CheckpointError, FrameworkError: for options and weights that do not fit.
    """
    names = labels_of(labels, options.n_classes)
    line = timeline(video)
    if line.count < LEAST_FRAMES:
        raise DatasetError(f"{video}: {line.count} frames are fewer than {LEAST_FRAMES}, the shortest video")
    shape = ClipShape(options.seq_len, options.snippet_duration, options.sample_size)
    numbers = snippets(frame_numbers(line.count, options.fps), shape.segments, shape.length)
    try:
        audio = features_of(options)(read_sound(video), None)[None]
    except ValueError as error:
        raise DatasetError(f"{video}: {error}") from error
    visual = read_clip(Clip(video, numbers, View(), shape.size))[None]

    framework, model = trained_model(options)
    outputs = method_module(framework, "inference").outputs
    found = outputs(model, visual, audio)
    logits, gamma = found[0], found[-1]
    content = about(options, str(video))
    if options.method == "cten":
        without_key, _ = keep_masks(gamma)
        again = read_clips(erased_clips([video], [line.count], without_key, shape))
        second = outputs(model, again, audio)[0]
        content["first_pass"] = probabilities(logits, names)
        logits = (logits + second) / 2
    shares = probabilities(logits, names)
    seconds = (numbers[:, [0, -1]] - np.array([1, 0])) / float(line.rate)
    content.update(
        {
            "emotion": most_probable(shares),
            "probabilities": shares,
            "seconds": line.seconds,
            "fps": float(line.rate),
            "snippets": [
                {"segment": segment, "attention": float(weight)}
                for segment, weight in zip(seconds.tolist(), gamma.reshape(-1))
            ],
        }
    )
    title = f"{video.name}: {content['emotion']} ({options.method}, {options.framework})"
    frames = _shown(video, numbers, float(line.rate))
    draw = partial(
        draw_emotions, title=title, shares=shares, frames=frames, snippets=content["snippets"], seconds=line.seconds
    )
    rows = sorted(shares.items(), key=lambda pair: -pair[1])
    return Result(video.stem, content, rows, ("emotion", "probability"), draw)


def _shown(video: Path, numbers: NDArray[np.int64], rate: float) -> list[Frame]:
    """The middle frame of some snippets, L x T."""
    middles = numbers[:: -(-len(numbers) // SHOWN), numbers.shape[1] // 2].tolist()
    pictures = read_video_frames(video, middles)
    return [(dimmed(np.asarray(picture)), (number - 1) / rate) for picture, number in zip(pictures, middles)]
