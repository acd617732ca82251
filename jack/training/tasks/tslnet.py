"""The training of TSL-Net."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from jack.datasets.batches import Batches
from jack.datasets.readable import hold_out
from jack.datasets.tsl300 import Item
from jack.errors import DatasetError
from jack.frameworks import Array, Framework, method_module
from jack.options import TSLNetOptions
from jack.testing.evaluations import make_model
from jack.testing.tslnet import SentimentEvaluation, open_sentiments
from jack.training.tasks.base import Task


class TSLNetTask(Task):
    """See :class:`Task`.  Its length is counted in steps; an epoch only says when videos are shuffled anew."""

    unit = "videos"
    shared_norms = False  # they see one video at a time
    options: TSLNetOptions

    def __init__(
        self, framework: Framework, options: TSLNetOptions, on_bad: Callable[[DatasetError], None] | None
    ) -> None:
        super().__init__(framework, options)
        self.rates = options.rates()
        self.module = method_module(framework, "tslnet_training")
        losses = method_module(framework, "tslnet_losses")
        self.criterion = losses.TotalLoss(options.weights(), options.cpc_sign)
        videos = open_sentiments(options, "train", options.seed)
        self.videos = videos
        self.skipped += videos.skipped
        chosen = None
        self.evaluation, self.selected_on = None, "nothing: the last model is kept"
        if options.select_on == "validation":
            chosen, held = hold_out(len(videos), options.validation_share, options.seed)
            self.evaluation = SentimentEvaluation(framework, options, videos, held, on_bad)
            self.selected_on = f"{len(held)} videos of the training part, drawn with seed {options.seed}"
        elif options.select_on == "test":
            test = open_sentiments(options, "test", options.seed)
            self.evaluation = SentimentEvaluation(framework, options, test, on_bad=on_bad)
            self.selected_on = "the test set, as the authors do: its score is no measure of new videos"
        count = len(videos) if chosen is None else len(chosen)
        self.batches: Batches[list[Item]] = Batches(
            videos,
            min(options.batch_size, count),  # fewer videos than a batch make one
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
        self.optimizer = self.module.make_optimizer(self.model, self.rates[0], self.options.weight_decay)

    def epochs(self) -> int:
        return 0

    def steps(self) -> int:
        return len(self.rates)

    def goes_on(self, epoch: int) -> bool:
        return True

    def start_step(self, epoch: int, step: int) -> float:
        self.module.set_learning_rate(self.optimizer, self.rates[step])
        return self.rates[step]

    def step(self, batch: list[Item], epoch: int, number: int) -> dict[str, float]:
        videos = [item.arrays() for item in batch]
        logs: dict[str, float] = self.module.training_step(self.model, self.criterion, self.optimizer, videos)
        return {"loss": logs.pop("loss_total"), **logs}

    def size(self, batch: list[Item]) -> int:
        return len(batch)

    def name(self, index: int) -> str:
        return self.videos.dataset.names[index]

    def arrays(self, batch: list[Item]) -> dict[str, Array]:
        found = {f"{number}/{name}": a for number, item in enumerate(batch) for name, a in item.arrays().items()}
        return {**found, "names": np.array([item.name for item in batch])}

    def evaluates(self, step: int, epoch_over: bool) -> bool:
        return step % self.options.validate_every == 0 or step == len(self.rates)
