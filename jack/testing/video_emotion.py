"""VAANet and CTEN: their data, and their evaluation."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from jack.datasets.batches import Batches
from jack.datasets.clips import ClipShape
from jack.datasets.video_emotion import EVALUATION, Batch, LogMel, Mfcc, Sampling, SoundFeatures, VideoEmotion
from jack.errors import DatasetError
from jack.frameworks import Framework, method_module
from jack.methods.registry import METHODS
from jack.options import OptionError, VideoEmotionOptions
from jack.testing.outcome import Outcome, classified


def features_of(options: VideoEmotionOptions) -> SoundFeatures:
    """What the method hears."""
    return Mfcc() if options.method == "vaanet" else LogMel(options.audio_n_segments)


def open_videos(options: VideoEmotionOptions, subset: str, sampling: Sampling) -> VideoEmotion:
    """The videos of a subset, "training" or "validation" (which is the test set of the published annotations).

    Raises:
        DatasetError: if the annotation or the media do not fit, or the classes are not ``n_classes``.
    """
    shape = ClipShape(options.seq_len, options.snippet_duration, options.sample_size)
    annotation = options.path(options.annotation_path)
    dataset = VideoEmotion(
        annotation,
        options.path(options.video_path),
        options.path(options.audio_path) if options.audio_path else None,
        subset,
        shape,
        features_of(options),
        sampling,
        options.fps,
        options.skip_bad,
    )
    if len(dataset.labels) != options.n_classes:
        raise DatasetError(
            f"{annotation}: {len(dataset.labels)} classes ({', '.join(dataset.labels)}), but --n-classes is"
            f" {options.n_classes}: give --n-classes {len(dataset.labels)}"
        )
    return dataset


def make_criterion(framework: Framework, options: VideoEmotionOptions) -> Any:
    """The loss.

    Raises:
        OptionError: for one that does not fit the number of classes.
    """
    losses = method_module(framework, "video_losses")
    try:
        return losses.make_criterion(options.loss_func, options.n_classes, options.lambda_0)
    except ValueError as error:
        raise OptionError(f"--loss-func {options.loss_func}: {error}") from error


def make_model(framework: Framework, options: VideoEmotionOptions) -> Any:
    """The network.

    Raises:
        OptionError: for sizes that do not fit one another.
    """
    try:
        return METHODS[options.method].build(framework.name, **options.network())
    except ValueError as error:
        raise OptionError(str(error)) from error


class VideoEvaluation:
    """Evaluates some videos of a data set.

    Args:
        framework: that computes.
        options: of the method.
        dataset: what to read.
        labels: names of the classes.
        chosen: which of the videos, all if None.
        on_bad: see :class:`Batches`.
    """

    def __init__(
        self,
        framework: Framework,
        options: VideoEmotionOptions,
        dataset: VideoEmotion,
        chosen: Sequence[int] | None = None,
        on_bad: Any = None,
    ) -> None:
        self.options, self.labels = options, dataset.labels
        self.steps = method_module(framework, f"{options.method}_training")
        self.criterion = make_criterion(framework, options)
        self.batches: Batches[Batch] = Batches(
            dataset,
            options.batch_size,
            seed=max(0, options.seed),
            workers=options.num_workers,
            chosen=chosen,
            on_bad=on_bad,
        )

    def __len__(self) -> int:
        return len(self.batches)

    def close(self) -> None:
        """End the workers."""
        self.batches.close()

    def run(self, model: Any, progress: Any = None) -> Outcome:
        """Evaluate a model, which is left in the mode of evaluation.

        Raises:
            DatasetError: if a video cannot be read, or none is left.
        """
        model.eval()
        names: list[str] = []
        logits, labels = [], []
        loss = 0.0
        for number, batch in self.batches.numbered(0):
            if batch is not None:
                logs, found = self._step(model, batch, number)
                loss += logs["loss"] * len(batch)
                names += batch.names
                logits.append(found)
                labels.append(batch.label)
            if progress is not None:
                progress()
        if not names:
            raise DatasetError(f"{self.options.annotation_path}: no video that can be evaluated is left")
        return classified(
            names, np.concatenate(logits), np.concatenate(labels), self.labels, {"loss": loss / len(names)}
        )

    def _step(self, model: Any, batch: Batch, number: int) -> tuple[dict[str, float], Any]:
        if self.options.method == "vaanet":
            logs, found = self.steps.validation_step(model, self.criterion, batch.arrays())
            return logs, found
        drawn = self.options.eval_sampling == "random"
        draw = random.Random(f"erase evaluation {self.options.seed} {number}") if drawn else None
        reader = self.batches.erased_reader(batch, draw)
        logs, found = self.steps.validation_step(model, self.criterion, batch.arrays(), reader)
        return logs, found


def evaluation_sampling(options: VideoEmotionOptions) -> Sampling:
    """What is drawn in an evaluation."""
    return EVALUATION[options.eval_sampling]
