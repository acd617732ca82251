"""Invented videos of the layout of VideoEmotion-8: each emotion has its colour, its movement and its sound."""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jack.datasets.annotation import TRAINING, VALIDATION
from jack.datasets.annotation_making import annotation_from_lists, write_annotation
from jack.datasets.labels import VIDEO_EMOTION_8
from jack.datasets.prepare_video import prepare_video
from jack.datasets.synthetic.media import SOUND_RATE, write_clip
from jack.errors import DatasetError

HEIGHT, WIDTH, RATE = 120, 160, 25  # pixels, frames per second
SECONDS = (2.0, 3.0)  # shortest and longest clip


@dataclass(frozen=True)
class Look:
    """How the clips of an emotion look and sound.

    Attributes:
        hue: of the background, 0 to 1.
        speed: of a bright disc, in widths of the picture per second.
        angle: that it moves in, in radians.
        pitch: of the tone, in Hz.
        beat: how often a second the tone swells.
    """

    hue: float
    speed: float
    angle: float
    pitch: float
    beat: float


def look_of(index: int, classes: int) -> Look:
    """The look of a class: hues, directions and pitches lie as far apart as they can."""
    share = index / classes
    return Look(share, 0.15 + 0.6 * share, 2 * np.pi * share, 110 * 2 ** (5 * share), 1 + index)


def write_video_emotion(
    folder: Path, training: int, validation: int, seed: int, tell: Callable[[int, int], None]
) -> None:
    """Write videos/ (encoded clips with sound), img/ and mp3/ made from them, and annotation.json.

    Args:
        folder: where; it exists.
        training: videos of each of the 8 emotions.
        validation: the same.
        seed: of everything that is drawn.
        tell: hears how many videos are written, and of how many.
    """
    each = training + validation
    total = each * len(VIDEO_EMOTION_8)
    subsets: dict[str, list[tuple[str, str]]] = {TRAINING: [], VALIDATION: []}
    for place in range(total):
        # Class by class in turn, so that ids (which are unique, as in the published list) mix the classes.
        number, index = divmod(place, len(VIDEO_EMOTION_8))
        label, name = VIDEO_EMOTION_8[index], str(place + 1)
        path = folder / "videos" / label / f"{name}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        draw = np.random.default_rng([seed, place])
        seconds = draw.uniform(*SECONDS)
        look = look_of(index, len(VIDEO_EMOTION_8))
        write_clip(path, pictures(look, seconds, draw), RATE, sound(look, seconds, draw))
        outcome = prepare_video(path, folder / "img", folder / "mp3", label, HEIGHT)
        if outcome.failed:
            raise DatasetError(outcome.problem)
        subsets[TRAINING if number < training else VALIDATION].append((label, name))
        tell(place + 1, total)
    content = annotation_from_lists(VIDEO_EMOTION_8, subsets[TRAINING], subsets[VALIDATION])
    write_annotation(folder / "annotation.json", content)


def pictures(look: Look, seconds: float, draw: np.random.Generator) -> Iterator[NDArray[np.uint8]]:
    """A bright disc that wanders over a background of the class's hue; H x W x 3 each."""
    hue = (look.hue + draw.uniform(-0.02, 0.02)) % 1
    ground = np.array(colorsys.hsv_to_rgb(hue, 0.8, draw.uniform(0.4, 0.6))) * 255
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    shade = (rows / HEIGHT - 0.5)[..., None] * draw.uniform(-60, 60)
    start, radius = draw.uniform(0, 1, 2), draw.uniform(10, 18)
    for frame in range(round(seconds * RATE)):
        way = look.speed * frame / RATE
        x = (start[0] + way * np.cos(look.angle)) % 1 * WIDTH
        y = (start[1] + way * np.sin(look.angle)) % 1 * HEIGHT
        inside = ((columns - x) ** 2 + (rows - y) ** 2 < radius**2)[..., None]
        pixels = np.where(inside, 235.0, ground + shade) + draw.normal(0, 4, (HEIGHT, WIDTH, 1))
        yield np.clip(pixels, 0, 255).astype(np.uint8)


def sound(look: Look, seconds: float, draw: np.random.Generator) -> NDArray[np.float32]:
    """A tone with an overtone that swells in the class's rhythm, and hiss; 1 x samples."""
    time = np.arange(round(seconds * SOUND_RATE)) / SOUND_RATE
    pitch = look.pitch * draw.uniform(0.97, 1.03)
    tone = np.sin(2 * np.pi * pitch * time) + 0.4 * np.sin(4 * np.pi * pitch * time + draw.uniform(0, 6))
    swell = 0.6 + 0.4 * np.sin(2 * np.pi * (look.beat * time + draw.uniform()))
    return np.asarray(0.3 * tone * swell + 0.01 * draw.standard_normal(len(time)), dtype=np.float32)[None]
