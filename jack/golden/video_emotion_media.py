"""The invented videos behind the recorded pipelines of VAANet and CTEN (NumPy, Pillow, soundfile)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from jack.media.frames import COUNT_FILE, frame_path

RATE = 44100


@dataclass(frozen=True)
class Medium:
    """One invented video: ``index`` seeds its pictures and its noise; sizes in pixels, sound in seconds."""

    index: int
    label: str
    name: str
    frames: int
    width: int
    height: int
    seconds: float
    subset: str


WIDE = Medium(0, "joy", "a", 50, 44, 30, 1.0, "training")
TALL = Medium(1, "fear", "b", 300, 30, 44, 25.0, "validation")
LABELS = ("fear", "joy")


def write_media(root: Path) -> None:
    """Write img/, mp3/ and annotation.json below ``root``; pictures and sound are lossless whatever their names say."""
    database = {}
    for medium in (WIDE, TALL):
        write_frames(root / "img" / medium.label / medium.name, medium)
        write_sound(root / "mp3" / medium.label / f"{medium.name}.mp3", medium)
        database[medium.name] = {"subset": medium.subset, "annotations": {"label": medium.label}}
    text = json.dumps({"labels": LABELS, "database": database})
    (root / "annotation.json").write_text(text, encoding="utf-8")


def write_frames(folder: Path, medium: Medium) -> None:
    """Random colours, each two pixels wide and high."""
    folder.mkdir(parents=True)
    for frame in range(1, medium.frames + 1):
        draw = np.random.default_rng([medium.index, frame])
        small = draw.integers(0, 256, (medium.height // 2, medium.width // 2, 3)).astype(np.uint8)
        picture = Image.fromarray(small.repeat(2, axis=0).repeat(2, axis=1))
        picture.save(frame_path(folder, frame), format="PNG", compress_level=1)
    (folder / COUNT_FILE).write_text(str(medium.frames), encoding="utf-8")


def write_sound(path: Path, medium: Medium) -> None:
    """A rising tone with noise."""
    import soundfile

    path.parent.mkdir(parents=True, exist_ok=True)
    count = int(RATE * medium.seconds)
    t = np.arange(count) / RATE
    noise = np.random.default_rng([9, medium.index]).standard_normal(count)
    tone = 0.3 * np.sin(2 * np.pi * 440 * t * (1 + 0.1 * t)) + 0.05 * noise
    soundfile.write(str(path), tone.astype(np.float32), RATE, format="WAV", subtype="FLOAT")
