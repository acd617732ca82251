"""VAANet and CTEN: snippets of 16 frames of 112 x 112, and the sound."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.methods.clips import write_video
from benchmarks.methods.subject import Array, Batch, Fill, Subject, generator
from jack.datasets.clips import Clip, ClipShape, erased_clips, read_clip, read_clips
from jack.datasets.sampling import frame_numbers, snippets
from jack.datasets.spatial import View
from jack.frameworks import Framework, method_module
from jack.golden.recipes import pixels
from jack.media.audio import read_sound
from jack.media.video import timeline
from jack.methods.cten_erasing import keep_masks
from jack.methods.registry import METHODS
from jack.options.video_emotion import CTENOptions, VAANetOptions, VideoEmotionOptions
from jack.testing.video_emotion import features_of
from jack.trajectories.video_emotion import AUTHORS_RATE, CLASSES, erased
from parity.check.compare import Limits
from parity.tolerances import TABLE

FRAMES, PIXELS = 16, 112


class VideoEmotionSubject(Subject):
    """See :class:`benchmarks.methods.subject.Subject`.

    Args:
        options: the method's own; only its name, its class and the defaults are used.
    """

    batch_unit = "videos"
    length_unit = "snippets"
    # Batch norms by the batch make the deep backbone chaotic.  Torch's float32 is itself 5e-4 from float64 in outputs,
    # 4e-2 in gradients, and in gradients of a thousandth of the largest (CTEN's attention) 4e-4 of that largest one.
    # Both sides are float32, so twice that, rounded up.
    training_limits = Limits(TABLE["model"], value=1e-2, gradient=0.1)
    gradient_floor = 1e-3

    def __init__(self, options: type[VideoEmotionOptions]) -> None:
        self.options = options
        self.name = options.method
        self.title = METHODS[self.name].title
        self.answer_length = options().seq_len

    def build(self, framework: Framework, length: int) -> Any:
        sizes = {"seq_len": length, "audio_n_segments": length} if self.name == "cten" else {"seq_len": length}
        return METHODS[self.name].build(framework.name, **sizes)

    def weights(self, shapes: Mapping[str, Sequence[int]]) -> dict[str, Array]:
        filled = super().weights(shapes)
        # A ReLU shuts the attention over snippets off for good where this is small; then the rest would count nothing.
        filled |= {name: np.ones_like(filled[name]) for name in filled if name.endswith("a_net.fc.bias")}
        return filled

    def batch(self, batch: int, length: int) -> Batch:
        visual, audio = self.inputs(batch, length)
        draw = generator()
        label = draw.integers(0, CLASSES, batch).astype(np.int64)
        made = {"visual": visual, "audio": audio, "label": label}
        return made | {"erased": [erased(draw, made) for _ in range(2)]} if self.name == "cten" else made

    def inputs(self, batch: int, length: int) -> tuple[Array, Array]:
        draw = generator()
        visual = pixels(draw, batch, length, FRAMES, PIXELS)
        shape = (4096, 32) if self.name == "vaanet" else (100 * length, 128)
        return visual, draw.standard_normal((batch, *shape)).astype(np.float32)

    def optimizer(self, framework: Framework, model: Any) -> Any:
        return method_module(framework, f"{self.name}_training").make_optimizer(model, AUTHORS_RATE)

    def criterion(self, framework: Framework) -> Any:
        return method_module(framework, "video_losses").make_criterion(self.options().loss_func)

    def forward(self, framework: Framework, model: Any, criterion: Any, batch: Batch) -> list[Any]:
        module = method_module(framework, "video_training")
        visual, audio = self.tensors(framework, model, (batch["visual"], batch["audio"]))
        outputs = model(visual, audio)
        return [criterion(outputs[0], module.to_labels(batch["label"], module.device_of(model))), *outputs]

    def training_step(
        self, framework: Framework, model: Any, criterion: Any, optimizer: Any, batch: Batch
    ) -> dict[str, float]:
        given = {name: batch[name] for name in ("visual", "audio", "label")}
        passes = iter(batch.get("erased", ()))
        readers = [lambda masks: next(passes)] if self.name == "cten" else []
        step = method_module(framework, f"{self.name}_training").training_step
        logs: dict[str, float] = step(model, criterion, optimizer, given, *readers)
        return {name: value for name, value in logs.items() if name.startswith("loss")}

    def write_source(self, folder: Path, length: int) -> Path:
        return write_video(folder, length)

    def answerer(self, framework: Framework, model: Any, fill: Fill) -> Callable[[Path], list[Array]]:
        options = self.options()
        shape = ClipShape(options.seq_len, options.snippet_duration, options.sample_size)
        sound_of = features_of(options)
        outputs = method_module(framework, "inference").outputs

        def answer(path: Path) -> list[Array]:
            count = timeline(path).count
            numbers = snippets(frame_numbers(count, options.fps), shape.segments, shape.length)
            audio = sound_of(read_sound(path), None)[None]
            found: list[Array] = outputs(model, read_clip(Clip(path, numbers, View(), shape.size))[None], audio)
            if self.name == "cten":
                without_key, _ = keep_masks(found[-1])
                found += outputs(model, read_clips(erased_clips([path], [count], without_key, shape)), audio)
            return found

        return answer


SUBJECTS = {"vaanet": VideoEmotionSubject(VAANetOptions), "cten": VideoEmotionSubject(CTENOptions)}
