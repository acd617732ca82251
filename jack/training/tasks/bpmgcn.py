"""The training of BPM-GCN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from jack.datasets.batches import Batches
from jack.datasets.emotion_gait import Augmentation
from jack.datasets.readable import hold_out
from jack.errors import DatasetError
from jack.frameworks import Array, Framework, method_module
from jack.options import BPMGCNOptions
from jack.testing.bpmgcn import GaitEvaluation, open_clips
from jack.testing.evaluations import make_model
from jack.training.tasks.base import Task


class BPMGCNTask(Task):
    """See :class:`Task`."""

    unit = "clips"
    options: BPMGCNOptions

    def __init__(
        self, framework: Framework, options: BPMGCNOptions, on_bad: Callable[[DatasetError], None] | None
    ) -> None:
        super().__init__(framework, options)
        self.run = options.training()
        self.module = method_module(framework, "bpmgcn_training")
        self.criterion = method_module(framework, "bpmgcn_losses").BPMGCNLoss()
        augmentation = Augmentation(
            options.random_shift,
            options.random_choose,
            options.random_move,
            options.window_size,
            options.shared_draws,
        )
        clips = open_clips(options, "train", augmentation)
        self.clips = clips
        chosen = None
        self.evaluation, self.selected_on = None, "nothing: the last model is kept"
        if options.select_on == "validation":
            chosen, held = hold_out(len(clips), options.validation_share, options.seed, clips.dataset.label)
            self.evaluation = GaitEvaluation(framework, options, open_clips(options, "train"), held, on_bad)
            self.selected_on = f"{len(held)} clips of the training part, drawn with seed {options.seed}"
        elif options.select_on == "test":
            self.evaluation = GaitEvaluation(framework, options, open_clips(options, "test"), on_bad=on_bad)
            self.selected_on = "the test set, as the authors do: its score is no measure of new clips"
        self.batches: Batches[dict[str, Array]] = Batches(
            clips,
            options.batch_size,
            seed=options.seed,
            shuffle=True,
            drop_last=True,
            workers=options.num_workers,
            on_bad=on_bad,
            chosen=chosen,
            rank=framework.rank,
            ranks=framework.ranks,
        )

    def build(self) -> None:
        self.model = make_model(self.framework, self.options)
        self.optimizer = self.module.make_optimizer(self.model, self.run)

    def epochs(self) -> int:
        return next(epoch for epoch in range(self.run.epochs + 1) if not self.run.goes_on(epoch))

    def steps(self) -> int:
        return self.epochs() * len(self.batches)

    def goes_on(self, epoch: int) -> bool:
        return self.run.goes_on(epoch)

    def start_step(self, epoch: int, step: int) -> float:
        rate: float = self.module.start_epoch(self.model, self.optimizer, self.run, epoch)
        return rate

    def step(self, batch: dict[str, Array], epoch: int, number: int) -> dict[str, float]:
        logs: dict[str, float] = self.module.training_step(self.model, self.criterion, self.optimizer, batch)
        return logs

    def size(self, batch: dict[str, Array]) -> int:
        return len(batch["label"])

    def name(self, index: int) -> str:
        return self.clips.name(index)

    def arrays(self, batch: dict[str, Array]) -> dict[str, Array]:
        names: Any = np.array([self.name(index) for index in batch["index"].tolist()])
        return {**batch, "names": names}
