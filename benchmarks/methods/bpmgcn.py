"""BPM-GCN: walks of 48 frames as joints and their movement."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.methods.subject import SEED, Array, Batch, Fill, Subject
from jack.datasets.gait_features import movement
from jack.datasets.gait_making import clip_of, read_recording
from jack.frameworks import Framework, method_module
from jack.golden.recipes import bpmgcn_inputs
from jack.methods.bpmgcn_options import PAPER
from jack.methods.registry import METHODS
from jack.trajectories.bpmgcn import GAIN
from parity.check.compare import Limits
from parity.tolerances import TABLE


class BPMGCNSubject(Subject):
    """See :class:`benchmarks.methods.subject.Subject`.  The network takes walks of one length."""

    name = "bpmgcn"
    title = METHODS[name].title
    batch_unit = "walks"
    length_unit = "frames"
    gain = GAIN
    # Torch's float32 gradients are themselves up to 1e-2 from those in float64 (sums of terms that nearly cancel), and
    # a step carries that into the next loss.
    training_limits = Limits(TABLE["model"], value=1e-3, gradient=2e-2)

    def build(self, framework: Framework, length: int) -> Any:
        return METHODS[self.name].build(framework.name)

    def batch(self, batch: int, length: int) -> Batch:
        return bpmgcn_inputs(SEED, batch)

    def inputs(self, batch: int, length: int) -> tuple[Array, Array]:
        drawn = bpmgcn_inputs(SEED, batch)
        return drawn["joint"], drawn["movement"]

    def optimizer(self, framework: Framework, model: Any) -> Any:
        return method_module(framework, "bpmgcn_training").make_optimizer(model, PAPER)

    def criterion(self, framework: Framework) -> Any:
        return method_module(framework, "bpmgcn_losses").BPMGCNLoss()

    def forward(self, framework: Framework, model: Any, criterion: Any, batch: Batch) -> list[Any]:
        total, _, outputs = method_module(framework, "bpmgcn_training").batch_loss(model, criterion, batch)
        return [total, *outputs]

    def training_step(
        self, framework: Framework, model: Any, criterion: Any, optimizer: Any, batch: Batch
    ) -> dict[str, float]:
        step = method_module(framework, "bpmgcn_training").training_step
        logs: dict[str, float] = step(model, criterion, optimizer, batch)
        return {name: value for name, value in logs.items() if name.startswith("loss")}

    def write_source(self, folder: Path, length: int) -> Path:
        path = folder / "walk.npy"
        joint = bpmgcn_inputs(SEED, 2)["joint"][0, ..., 0]  # 3 x T x V
        np.save(path, joint.transpose(1, 2, 0))
        return path

    def answerer(self, framework: Framework, model: Any, fill: Fill) -> Callable[[Path], list[Array]]:
        outputs = method_module(framework, "inference").outputs

        def answer(path: Path) -> list[Array]:
            clip = clip_of(read_recording(path))[None]
            found: list[Array] = outputs(model, clip, movement(clip))
            return found

        return answer
