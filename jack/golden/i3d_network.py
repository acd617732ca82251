"""I3D in a framework, computed for comparison: features, logits and figures of every stage."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jack.golden.recipes import fill_weights
from parity.arrays import load_arrays
from parity.backends import Backend
from parity.golden.suite import FrameworkSection, GoldenError

Array = NDArray[Any]

GAINS = (1.0, 0.7)
LONG_GAIN, LONG_REPEATS, LONG_FRAMES = 0.7, 3, 43
FRAMES, SIZE, BOARD = 16, 224, 8


def clips(seed: int, count: int) -> NDArray[np.float32]:
    """Invented clips, count x 3 x 16 x 224 x 224 in [-1, 1]: a still board of 8 x 8 colours, and noise."""
    draw = np.random.default_rng(seed)
    board = draw.uniform(-1, 1, (count, 3, 1, BOARD, BOARD))
    made = board.repeat(FRAMES, axis=2).repeat(SIZE // BOARD, axis=3).repeat(SIZE // BOARD, axis=4)
    made = made + draw.uniform(-0.1, 0.1, (count, 3, FRAMES, SIZE, SIZE))
    return np.clip(made, -1, 1).astype(np.float32)


@dataclass(frozen=True)
class Golden:
    """The recorded arrays, their configuration and the shapes of the state."""

    arrays: dict[str, Array]
    meta: dict[str, int]
    shapes: dict[str, list[int]]

    @classmethod
    def read(cls, data: Path) -> Golden:
        arrays = load_arrays(data / "i3d.npz")
        shapes = json.loads((data / "i3d_keys.json").read_text(encoding="utf-8"))
        return cls(arrays, json.loads(str(arrays["meta"])), dict(shapes))

    def clips(self) -> NDArray[np.float32]:
        """The clips that everything was recorded on."""
        return clips(self.meta["seed"], self.meta["clips"])


def make_model(golden: Golden, backend: Backend, gain: float) -> Any:
    """The network with the recorded weights, for inference."""
    model = import_module(f"jack.methods.{backend.name}.i3d").I3D()
    weights: Mapping[str, Array] = fill_weights(golden.shapes, salt=golden.meta.get("salt", 0), gain=gain)
    problems = backend.load_weights(model, weights).problems()
    if problems:
        raise GoldenError(f"the model's state differs from i3d_keys.json: {problems}")
    backend.set_training(model, False)
    return model


def state(data: Path, backend: Backend) -> dict[str, Array]:
    """Entry ``state_dict``: names and shapes, in order."""
    model = import_module(f"jack.methods.{backend.name}.i3d").I3D()
    return {
        "state_dict": np.array(
            [
                f"{name} {array.shape}"
                for name, array in backend.state(model).items()
                if not name.endswith("num_batches_tracked")
            ]
        )
    }


def inference(gain: float, data: Path, backend: Backend) -> dict[str, Array]:
    """Entries ``gainG/features``, ``gainG/logits`` and ``gainG/mid/*``."""
    golden = Golden.read(data)
    stages = import_module(f"jack.methods.{backend.name}.i3d").STAGES
    model = make_model(golden, backend, gain)
    found: dict[str, Array] = {}
    with backend.no_grad():
        x = backend.tensor(golden.clips())
        found["features"] = backend.numpy(model.features(x))
        found["logits"] = backend.numpy(model(x))
        for name in stages:
            x = getattr(model, name)(x)
            array = backend.numpy(x)
            figures = [array.mean(dtype=np.float64), array.std(ddof=1, dtype=np.float64), np.abs(array).max()]
            found[f"mid/{name}/shape"] = np.array(array.shape)
            found[f"mid/{name}/stats"] = np.array(figures, dtype=np.float32)
    return {f"gain{gain}/{name}": array for name, array in found.items()}


def long_clip(data: Path, backend: Backend) -> dict[str, Array]:
    """Entry ``gain0.7/long43_features``: where the padding in time is uneven."""
    golden = Golden.read(data)
    model = make_model(golden, backend, LONG_GAIN)
    long = np.concatenate([golden.clips()[:1]] * LONG_REPEATS, axis=2)[:, :, :LONG_FRAMES]
    with backend.no_grad():
        features = backend.numpy(model.features(backend.tensor(np.ascontiguousarray(long))))
    return {f"gain{LONG_GAIN}/long{LONG_FRAMES}_features": features}


SECTIONS: Mapping[str, FrameworkSection] = {
    "state": state,
    **{f"gain{gain}": partial(inference, gain) for gain in GAINS},
    "long": long_clip,
}
