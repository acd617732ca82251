"""An invented TSL-300: features whose direction and sound whose band tell the sentiment of a stretch of segments."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jack.datasets.tsl300 import (
    CLASSES,
    HEADER,
    MEL_FRAMES,
    SEGMENT_FRAMES,
    SEGMENTS_OF_TRAINING,
    mix_points,
    points_text,
    read_points,
)

FEATURES, BINS = 1024, 60
FPS = (24.0, 25.0, 30.0)
SEGMENTS = (40, 64)  # fewest and most of a video
ANNOTATORS = 3
Stretch = tuple[int, int, str]  # first segment, last segment, label


def write_tsl300(folder: Path, training: int, test: int, seed: int, tell: Callable[[int, int], None]) -> None:
    """Write features, annotators' points and segments in the published layout.

    Args:
        folder: where; it exists.
        training: videos of split_train.txt.
        test: videos of split_test.txt.
        seed: of everything that is drawn.
        tell: hears how many videos are written, and of how many.
    """
    directions = np.abs(np.random.default_rng([seed, 0]).standard_normal((len(CLASSES), FEATURES)))
    database, filled, rates = {}, {}, {}
    points: list[list[str]] = [[] for _ in range(ANNOTATORS)]
    names: dict[str, list[str]] = {"train": [], "test": []}
    for place in range(training + test):
        draw = np.random.default_rng([seed, 1, place])
        split, name = "train" if place < training else "test", f"{place + 1}_synthetic"
        fps = FPS[place % len(FPS)]
        segments = int(draw.integers(SEGMENTS[0], SEGMENTS[1] + 1))
        stretches = draw_stretches(segments, place, draw)
        write_features(folder / "features" / split, name, segments, stretches, directions, draw)
        names[split].append(name)
        rates[name] = fps
        filled[name] = {"subset": split, "annotations": seconds_of(stretches, fps)}
        database[name] = filled[name] if split == "test" else {"subset": split, "annotations": []}
        if split == "train":
            for rows in points:
                rows += [point_row(name, stretch, draw) for stretch in stretches]
        tell(place + 1, training + test)
    for split, listed in names.items():
        (folder / f"split_{split}.txt").write_text("".join(f"{name}\n" for name in listed), encoding="utf-8")
    (folder / "gt.json").write_text(json.dumps({"database": database}, indent=1), encoding="utf-8")
    (folder / SEGMENTS_OF_TRAINING).write_text(json.dumps({"database": filled}, indent=1), encoding="utf-8")
    (folder / "fps_dict.json").write_text(json.dumps(rates, indent=1), encoding="utf-8")
    write_points(folder / "point_gaussian", points, seed)


def draw_stretches(segments: int, place: int, draw: np.random.Generator) -> list[Stretch]:
    """Stretches of sentiment with background before, between and behind them; both labels occur in turn."""
    count = 3
    part = segments // count
    found = []
    for index in range(count):
        length = int(draw.integers(4, part - 4))
        first = index * part + int(draw.integers(2, part - length - 1))
        found.append((first, first + length - 1, "np"[(place + index) % 2]))
    return found


def write_features(
    folder: Path,
    name: str,
    segments: int,
    stretches: list[Stretch],
    directions: NDArray[np.float64],
    draw: np.random.Generator,
) -> None:
    """Write rgb/NAME.npy (segments x 1024) and logmfcc/NAME.npy (32 segments x 60, in decibels)."""
    rgb = 0.3 * np.abs(draw.standard_normal((segments, FEATURES)))
    mel = draw.uniform(-50, -30, (segments * MEL_FRAMES, BINS))
    for first, last, label in stretches:
        index = CLASSES[label]
        rgb[first : last + 1] += 0.5 * directions[index]
        band = slice(10, 25) if index == 0 else slice(35, 50)
        mel[first * MEL_FRAMES : (last + 1) * MEL_FRAMES, band] += 45
    for modality, array in (("rgb", rgb), ("logmfcc", mel)):
        path = folder / modality / f"{name}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, array.astype(np.float32))


def seconds_of(stretches: list[Stretch], fps: float) -> list[dict[str, object]]:
    """Stretches as annotations: texts of seconds, as in the published file."""
    second = SEGMENT_FRAMES / fps
    return [
        {"segment": [f"{first * second:.3f}", f"{(last + 1) * second:.3f}"], "label": label}
        for first, last, label in stretches
    ]


def point_row(name: str, stretch: Stretch, draw: np.random.Generator) -> str:
    """The row of an annotator: a frame of the stretch, not at its edge."""
    first, last, label = stretch
    frame = int(draw.integers((first + 1) * SEGMENT_FRAMES, last * SEGMENT_FRAMES))
    return f"{label},{CLASSES[label]},{frame - 8},{frame + 8},{name},{frame}"


def write_points(folder: Path, points: list[list[str]], seed: int) -> None:
    """Write train/point_anno_N.txt for each annotator, and a mix of them as point_labels.csv."""
    paths = [folder / "train" / f"point_anno_{number}.txt" for number in range(len(points))]
    paths[0].parent.mkdir(parents=True)
    for path, rows in zip(paths, points, strict=True):
        path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    mixed = mix_points([read_points(path) for path in paths], random.Random(seed))
    (folder / "point_labels.csv").write_text(points_text(mixed), encoding="utf-8")
