"""BPM-GCN's training: walks whose sway and stride depend on their emotion.

With the authors' initial classifiers, whose outputs reach 30, and their rates, eight clips a step are chaos: Torch
parts from itself, on another number of threads, by 2 % within ten steps.  Hence weights with outputs near 1 and a small
rate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np

from jack.golden.recipes import fill_weights
from jack.methods.bpmgcn_options import NUM_CLASSES, PAPER
from parity.backends import Backend
from parity.training.trainee import Bounds

CLIPS = 8  # of a step
FRAMES, JOINTS, FEATURES = 48, 16, 31
OPTIONS = replace(PAPER, base_lr=5e-5, batch_size=CLIPS)
GAIN = 0.5


class BPMGCNTraining:
    """See :class:`parity.training.trainee.Trainee`."""

    name = "bpmgcn"
    size = (
        f"{CLIPS} clips a step (the paper: {PAPER.batch_size}), learning rate {OPTIONS.base_lr:g} ({PAPER.base_lr:g})"
    )
    bounds = Bounds()

    def make_model(self, backend: Backend) -> Any:
        model = import_module(f"jack.methods.{backend.name}.bpmgcn").BPMGCN()
        shapes = {name: array.shape for name, array in backend.state(model).items()}
        backend.load_weights(model, fill_weights(shapes, gain=GAIN))
        return model

    def steps(self, backend: Backend, model: Any, seed: int, count: int) -> Iterator[Mapping[str, float]]:
        losses, training = (
            import_module(f"jack.methods.{backend.name}.bpmgcn_{part}") for part in ("losses", "training")
        )
        backend.set_training(model, True)
        criterion = losses.BPMGCNLoss()
        optimizer = training.make_optimizer(model, OPTIONS)
        draw = np.random.default_rng(seed)
        for _ in range(count):
            logs = training.training_step(model, criterion, optimizer, clips(draw))
            yield {name: value for name, value in logs.items() if name.startswith("loss")}


def clips(draw: np.random.Generator) -> dict[str, Any]:
    """A batch: joint, movement, label and feature."""
    label = draw.integers(0, NUM_CLASSES, CLIPS)
    kind = label.reshape(-1, 1, 1, 1)
    time = np.arange(FRAMES).reshape(1, 1, FRAMES, 1)
    rest = 0.5 * draw.standard_normal((CLIPS, 3, 1, JOINTS))
    sway = (0.05 + 0.04 * kind) * draw.uniform(0.5, 1.5, (CLIPS, 3, 1, JOINTS))
    joint = rest + sway * np.sin(2 * np.pi * (0.5 + 0.5 * kind) * time / 12 + draw.uniform(0, 6, (CLIPS, 3, 1, JOINTS)))
    velocity = np.diff(joint, axis=2, prepend=joint[:, :, :1])
    acceleration = np.diff(velocity, axis=2, prepend=velocity[:, :, :1])
    parts = [part for d in (velocity, acceleration) for part in (d, np.linalg.norm(d, axis=1, keepdims=True))]
    arrays = {"joint": joint[..., None], "movement": np.concatenate(parts, axis=1)[..., None]}
    arrays["feature"] = 0.5 * draw.standard_normal((CLIPS, FRAMES * FEATURES))
    return {**{name: array.astype(np.float32) for name, array in arrays.items()}, "label": label.astype(np.int64)}


TRAINING = BPMGCNTraining()
