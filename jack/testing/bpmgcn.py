"""BPM-GCN: its data, and its evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jack.datasets.batches import Batches
from jack.datasets.emotion_gait import Augmentation, Statistics
from jack.datasets.readable import GaitClips
from jack.errors import DatasetError
from jack.frameworks import Framework, method_module
from jack.methods.bpmgcn_options import CLASSES
from jack.methods.registry import METHODS
from jack.options import BPMGCNOptions
from jack.testing.outcome import Outcome, classified

Array = NDArray[Any]


def open_clips(
    options: BPMGCNOptions,
    split: str,
    augmentation: Augmentation | None = None,
    statistics: Statistics | None = None,
) -> GaitClips:
    """The clips of a split.

    Raises:
        DatasetError: if files are missing or do not fit, clips are not of ``window_size`` frames, or a clip has more
            than one label.
    """
    if options.normalization and statistics is None and split != "train":
        statistics = GaitClips(options.data_path, "train", num_classes=options.num_class).dataset.own_statistics()
    clips = GaitClips(
        options.data_path,
        split,
        augmentation=augmentation or Augmentation(window_size=options.window_size),
        normalization=options.normalization,
        statistics=statistics,
        num_classes=options.num_class,
    )
    frames, window = clips.dataset.joint.shape[2], options.window_size
    cut = augmentation is not None and augmentation.random_choose
    if frames > window and not cut:
        raise DatasetError(f"{clips.dataset.paths['joint']}: clips of {frames} frames, but --window-size is {window}")
    if clips.dataset.label.ndim != 1:
        raise DatasetError(f"{clips.dataset.paths['label']}: more than one label a clip, which has no accuracy")
    return clips


def class_names(count: int) -> tuple[str, ...]:
    """Names of the classes: the data set's own four, or numbers."""
    return CLASSES if count == len(CLASSES) else tuple(str(number) for number in range(count))


def make_model(framework: Framework, options: BPMGCNOptions) -> Any:
    """The network."""
    return METHODS[options.method].build(framework.name, **options.network())


class GaitEvaluation:
    """Evaluates some clips of a data set; see :class:`jack.testing.video_emotion.VideoEvaluation`."""

    def __init__(
        self,
        framework: Framework,
        options: BPMGCNOptions,
        clips: GaitClips,
        chosen: Sequence[int] | None = None,
        on_bad: Any = None,
    ) -> None:
        self.clips = clips
        self.classes = class_names(options.num_class)
        self.steps = method_module(framework, "bpmgcn_training")
        self.batches: Batches[dict[str, Array]] = Batches(
            clips,
            options.test_batch_size,
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
        """Evaluate a model, which is left in the mode of evaluation."""
        model.eval()
        names: list[str] = []
        scores, labels = [], []
        for batch in self.batches.epoch(0):
            scores.append(self.steps.scores(model, batch["joint"], batch["movement"]))
            labels.append(batch["label"])
            names += [self.clips.name(index) for index in batch["index"].tolist()]
            if progress is not None:
                progress()
        logits, true = np.concatenate(scores), np.concatenate(labels)
        return classified(names, logits, true, self.classes, {"loss": cross_entropy(logits, true)})


def cross_entropy(logits: Array, labels: Array) -> float:
    """Mean cross entropy of logits, N x K, in double precision."""
    rows = np.asarray(logits, dtype=np.float64)
    rows = rows - rows.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(rows).sum(axis=1))
    return float((log_sum - rows[np.arange(len(rows)), labels]).mean())
