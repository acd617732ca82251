"""The training of VAANet and CTEN."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from jack.datasets.batches import Batches
from jack.datasets.readable import hold_out
from jack.datasets.video_emotion import TRAINING, Batch
from jack.errors import DatasetError
from jack.frameworks import Array, Framework, method_module
from jack.options import VideoEmotionOptions
from jack.testing.evaluations import TEST_SUBSET, make_model
from jack.testing.video_emotion import VideoEvaluation, evaluation_sampling, make_criterion, open_videos
from jack.testing.weights import load_backbone
from jack.training.tasks.base import Task

SUBSET = "training"


class VideoEmotionTask(Task):
    """See :class:`Task`."""

    unit = "videos"
    options: VideoEmotionOptions

    def __init__(
        self, framework: Framework, options: VideoEmotionOptions, on_bad: Callable[[DatasetError], None] | None
    ) -> None:
        super().__init__(framework, options)
        self.module = method_module(framework, f"{options.method}_training")
        self.criterion = make_criterion(framework, options)
        dataset = open_videos(options, SUBSET, TRAINING)
        self.dataset = dataset
        self.skipped += dataset.skipped
        chosen = None
        self.evaluation, self.selected_on = None, "nothing: the last model is kept"
        if options.select_on == "validation":
            labels = np.array([source.video.target for source in dataset.sources])
            chosen, held = hold_out(len(dataset), options.validation_share, options.seed, labels)
            same = open_videos(options, SUBSET, evaluation_sampling(options))
            self.evaluation = VideoEvaluation(framework, options, same, held, on_bad)
            self.selected_on = f"{len(held)} videos of the training part, drawn with seed {options.seed}"
        elif options.select_on == "test":
            test = open_videos(options, TEST_SUBSET, evaluation_sampling(options))
            self.evaluation = VideoEvaluation(framework, options, test, on_bad=on_bad)
            self.selected_on = "the test set, as the authors do: its score is no measure of new videos"
        self.batches: Batches[Batch] = Batches(
            dataset,
            options.batch_size,
            seed=options.seed,
            shuffle=True,
            drop_last=options.dl,
            workers=options.num_workers,
            on_bad=on_bad,
            chosen=chosen,
            rank=framework.rank,
            ranks=framework.ranks,
        )

    def build(self) -> None:
        self.model = make_model(self.framework, self.options)
        self.optimizer = self.module.make_optimizer(self.model, self.options.learning_rate, self.options.weight_decay)

    def load_start(self) -> list[str]:
        notes: list[str] = []
        for path in (self.options.resnet101_pretrained, self.options.resnet18_pretrained):
            if path:
                notes += load_backbone(self.model, self.options, Path(self.options.path(path)))
        return notes + super().load_start()

    def epochs(self) -> int:
        return self.options.n_epochs

    def steps(self) -> int:
        return self.options.n_epochs * len(self.batches)

    def goes_on(self, epoch: int) -> bool:
        return epoch < self.options.n_epochs

    def start_step(self, epoch: int, step: int) -> float:
        return self.options.learning_rate

    def step(self, batch: Batch, epoch: int, number: int) -> dict[str, float]:
        arrays = batch.arrays()
        if self.options.method == "vaanet":
            logs: dict[str, float] = self.module.training_step(self.model, self.criterion, self.optimizer, arrays)
            return logs
        draw = random.Random(f"erase {self.options.seed} {epoch} {number}")
        reader = self.batches.erased_reader(batch, draw)
        logs = self.module.training_step(self.model, self.criterion, self.optimizer, arrays, reader)
        return {**logs, "acc": logs["acc1"]}

    def size(self, batch: Batch) -> int:
        return len(batch)

    def name(self, index: int) -> str:
        video = self.dataset.sources[index].video
        return f"{video.label}/{video.name}"

    def arrays(self, batch: Batch) -> dict[str, Array]:
        found: dict[str, Any] = {"visual": batch.visual, "audio": batch.audio, "label": batch.label}
        return {**found, "names": np.array(batch.names), "folders": np.array([str(path) for path in batch.folders])}
