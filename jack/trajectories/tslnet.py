"""TSL-Net's training: videos of random features with a few annotated segments each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import numpy as np

from jack.datasets.tsl300 import SEGMENT_FRAMES, Point, split_points
from parity.backends import Backend
from parity.training.trainee import Bounds

SEGMENTS = 24
VIDEOS = 2  # of a step
# At the authors' rate and so few videos Torch parts from itself, on another number of threads, by 1.3e-3.
RATE, AUTHORS_RATE = 3e-6, 1e-5


class TSLNetTraining:
    """See :class:`parity.training.trainee.Trainee`."""

    name = "tslnet"
    size = (
        f"{VIDEOS} videos of {SEGMENTS} segments a step (the authors: 16 of any length),"
        f" learning rate {RATE:g} ({AUTHORS_RATE:g}), no dropout"
    )
    # Adam moves an entry by the rate however small its gradient: where that is rounding noise, the way is chance.
    bounds = Bounds(drift=0.1)

    def make_model(self, backend: Backend) -> Any:
        return import_module(f"jack.methods.{backend.name}.tslnet").TSLNet(dropout=0.0)

    def steps(self, backend: Backend, model: Any, seed: int, count: int) -> Iterator[Mapping[str, float]]:
        losses, training = (
            import_module(f"jack.methods.{backend.name}.tslnet_{part}") for part in ("losses", "training")
        )
        backend.set_training(model, True)
        criterion = losses.TotalLoss()
        optimizer = training.make_optimizer(model, RATE)
        draw = np.random.default_rng(seed)
        for _ in range(count):
            logs = training.training_step(model, criterion, optimizer, [video(draw) for _ in range(VIDEOS)])
            yield {"loss": logs["loss_total"], **{n: v for n, v in logs.items() if n.startswith("loss_")}}


def video(draw: np.random.Generator, segments: int = SEGMENTS) -> dict[str, Any]:
    """One video: its sentiment shifts the features of its annotated segments."""
    kinds = draw.integers(0, 2, 4).tolist()
    at = np.sort(draw.choice(segments, 4, replace=False)).tolist()
    points = [Point("", kind, segment * SEGMENT_FRAMES, "") for kind, segment in zip(kinds, at)]
    label, distribution, annotation = split_points(points, segments)
    rgb = np.abs(draw.standard_normal((segments, 1024)))
    for kind, segment in zip(kinds, at):
        rgb[segment, kind * 512 : (kind + 1) * 512] += 1.0
    mel = draw.random((segments, 32, 60))
    arrays = {"rgb": rgb, "mel": mel, "label": label, "label_distribution": distribution, "point_anno": annotation}
    return {name: np.asarray(array, dtype=np.float32) for name, array in arrays.items()}


TRAINING = TSLNetTraining()
