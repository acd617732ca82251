"""Invented media that several tests read."""

import json

import numpy as np
import pytest
import soundfile
from hypothesis import settings
from PIL import Image

# A machine that also compiles Jittor's operators may take any time over an example.
settings.register_profile("jack", deadline=None)
settings.load_profile("jack")

RATE = 8000


def write_video(root, label, name, frames=6, width=20, height=16, seconds=0.2):
    """Frames of one grey each, 10 * number, as JPEG; a tone."""
    folder = root / "img" / label / name
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, frames + 1):
        Image.new("RGB", (width, height), (10 * number % 256,) * 3).save(folder / f"{number:06d}.jpg")
    (folder / "n_frames").write_text(f"{frames}.0\n")
    sound = root / "mp3" / label / f"{name}.mp3"
    sound.parent.mkdir(parents=True, exist_ok=True)
    tone = 0.3 * np.sin(np.arange(int(RATE * seconds)) * 0.3)
    soundfile.write(str(sound), tone, RATE, format="WAV")


@pytest.fixture
def video_folders(tmp_path):
    """A function that writes videos ``Label/id``; it returns annotation, folder of frames and folder of sound."""

    def write(videos=("joy/a", "fear/a", "joy/c", "fear/d", "joy/e"), validation=(), **sizes):
        database = {}
        for key in videos:
            label, name = key.split("/")
            write_video(tmp_path, label, name, **sizes)
            subset = "validation" if key in validation else "training"
            database[key] = {"subset": subset, "annotations": {"label": label}}
        annotation = tmp_path / "annotation.json"
        annotation.write_text(json.dumps({"labels": ["fear", "joy"], "database": database}))
        return annotation, tmp_path / "img", tmp_path / "mp3"

    return write
