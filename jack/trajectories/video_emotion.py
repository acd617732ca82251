"""The training of VAANet and CTEN: videos whose colours and sound depend on their emotion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jack.golden.recipes import pixels
from parity.backends import Backend
from parity.training.trainee import Bounds

VIDEOS, SNIPPETS, FRAMES, PIXELS, CLASSES = 4, 2, 4, 100, 8
LAYERS = (1, 1, 1, 1)
AUTHORS_RATE = 2e-4
NETWORK = {
    "seq_len": SNIPPETS,
    "snippet_duration": FRAMES,
    "sample_size": PIXELS,
    "backbone_layers": LAYERS,
    "audio_layers": LAYERS,
}


class VideoEmotionTraining:
    """See :class:`parity.training.trainee.Trainee`.

    Args:
        name: "vaanet" or "cten".
        class_name: of the network.
        loss_func: the authors' default.
        rate: of learning.  At the authors' rate and so few videos Torch parts from itself, on another number of
            threads, by 1.1e-3 (VAANet) and 3.5e-2 (CTEN).
        audio: rows and columns of a video's audio features.
        options: further arguments of the network.
    """

    # Adam moves an entry by the rate however small its gradient: where that is rounding noise, the way is chance.
    bounds = Bounds(drift=0.05)

    def __init__(
        self,
        name: str,
        class_name: str,
        loss_func: str,
        rate: float,
        audio: tuple[int, int],
        options: Mapping[str, Any],
    ) -> None:
        self.name = name
        self.class_name = class_name
        self.loss_func = loss_func
        self.rate = rate
        self.audio = audio
        self.options = {**NETWORK, **options}
        self.size = (
            f"{VIDEOS} videos a step (the authors: 32) of {SNIPPETS} x {FRAMES} frames, {PIXELS} pixels wide;"
            f" one block in each stage of both residual networks, learning rate {rate:g} ({AUTHORS_RATE:g}), no dropout"
        )

    def make_model(self, backend: Backend) -> Any:
        return getattr(import_module(f"jack.methods.{backend.name}.{self.name}"), self.class_name)(**self.options)

    def steps(self, backend: Backend, model: Any, seed: int, count: int) -> Iterator[Mapping[str, float]]:
        training = import_module(f"jack.methods.{backend.name}.{self.name}_training")
        losses = import_module(f"jack.methods.{backend.name}.video_losses")
        backend.set_training(model, True)
        criterion = losses.make_criterion(self.loss_func)
        optimizer = training.make_optimizer(model, self.rate)
        draw = np.random.default_rng(seed)
        for _ in range(count):
            batch = videos(draw, self.audio)
            passes = [erased(draw, batch) for _ in range(2)] if self.name == "cten" else []
            readers = [lambda masks, passes=passes: passes.pop(0)] if passes else []
            logs = training.training_step(model, criterion, optimizer, batch, *readers)
            yield {name: value for name, value in logs.items() if name.startswith("loss")}


def videos(draw: np.random.Generator, audio: tuple[int, int]) -> dict[str, NDArray[Any]]:
    """A batch: visual, audio and label."""
    label = draw.integers(0, CLASSES, VIDEOS)
    visual = pixels(draw, VIDEOS, SNIPPETS, FRAMES, PIXELS)
    visual[:, :, 0] *= label.reshape(-1, 1, 1, 1, 1) / CLASSES  # the redder, the later the class
    sound = draw.standard_normal((VIDEOS, *audio))
    sound[:, :, 1] += label.reshape(-1, 1) - CLASSES / 2
    return {"visual": visual, "audio": sound.astype(np.float32), "label": label.astype(np.int64)}


def erased(draw: np.random.Generator, batch: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """Other frames of the same videos: what a pass reads after the erasing."""
    noise = draw.uniform(-20, 20, batch["visual"].shape)
    frames: NDArray[Any] = np.clip(batch["visual"] + noise, 0, 255)
    return frames.astype(np.float32)


VAANET = VideoEmotionTraining("vaanet", "VAANet", "pcce_ve8", 4e-5, (4096, 32), {})
CTEN = VideoEmotionTraining(
    "cten", "CTEN", "ce", 2e-5, (100 * SNIPPETS, 128), {"audio_n_segments": SNIPPETS, "dropout": 0.0}
)
