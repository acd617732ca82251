"""TSL-Net: segments of a video as features; from a video, I3D makes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.methods.clips import write_video
from benchmarks.methods.subject import SEED, Array, Batch, Fill, Subject, generator
from jack.datasets.tsl300 import MEL_FRAMES, mel_segments
from jack.frameworks import Framework, method_module
from jack.golden.recipes import tslnet_inputs
from jack.inference.i3d import CLIPS
from jack.media.tslnet_features import i3d_clips, video_log_mel
from jack.methods.registry import METHODS
from jack.trajectories.tslnet import AUTHORS_RATE, video


class TSLNetSubject(Subject):
    """See :class:`benchmarks.methods.subject.Subject`.  A training step takes videos one after another."""

    name = "tslnet"
    title = METHODS[name].title
    batch_unit = "videos"
    length_unit = "segments"

    def build(self, framework: Framework, length: int) -> Any:
        return METHODS[self.name].build(framework.name)

    def batch(self, batch: int, length: int) -> Batch:
        draw = generator()
        return [video(draw, length) for _ in range(batch)]

    def inputs(self, batch: int, length: int) -> tuple[Array, Array]:
        drawn = [tslnet_inputs(SEED + number, length) for number in range(batch)]
        return np.stack([rgb for rgb, _ in drawn]), np.stack([mel for _, mel in drawn])

    def optimizer(self, framework: Framework, model: Any) -> Any:
        return method_module(framework, "tslnet_training").make_optimizer(model, AUTHORS_RATE)

    def criterion(self, framework: Framework) -> Any:
        return method_module(framework, "tslnet_losses").TotalLoss()

    def forward(self, framework: Framework, model: Any, criterion: Any, batch: Batch) -> list[Any]:
        terms = method_module(framework, "tslnet_training").video_loss_terms
        kept: list[Any] = []
        for one in batch:
            total, _, outputs = terms(model, criterion, one)
            kept += [total, *outputs]
        return kept

    def training_step(
        self, framework: Framework, model: Any, criterion: Any, optimizer: Any, batch: Batch
    ) -> dict[str, float]:
        step = method_module(framework, "tslnet_training").training_step
        logs: dict[str, float] = step(model, criterion, optimizer, batch)
        return {name: value for name, value in logs.items() if name.startswith("loss")}

    def write_source(self, folder: Path, length: int) -> Path:
        return write_video(folder, length)

    def answerer(self, framework: Framework, model: Any, fill: Fill) -> Callable[[Path], list[Array]]:
        module = method_module(framework, "inference")
        made = method_module(framework, "i3d").I3D()
        fill(made)
        i3d = framework.place(made)

        def answer(path: Path) -> list[Array]:
            found: list[Array] = []
            held: list[Array] = []
            for clip in i3d_clips(path):
                held.append(clip)
                if len(held) == CLIPS:
                    found.append(module.i3d_features(i3d, np.stack(held)))
                    held.clear()
            if held:
                found.append(module.i3d_features(i3d, np.stack(held)))
            rgb, mel = np.concatenate(found), video_log_mel(path)
            segments = min(len(rgb), len(mel) // MEL_FRAMES)
            outputs: list[Array] = module.outputs(model, rgb[None, :segments], mel_segments(mel, segments)[None])
            return outputs

        return answer
