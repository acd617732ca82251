"""TSL-Net: its data, and its evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jack.datasets.batches import Batches
from jack.datasets.readable import SentimentVideos
from jack.datasets.tsl300 import SEGMENTS_OF_TRAINING, Item, read_json
from jack.errors import DatasetError
from jack.frameworks import Framework, method_module
from jack.methods.registry import METHODS
from jack.metrics.detection import evaluate
from jack.metrics.localization import LocalizationOptions, localize, result_json
from jack.options import TSLNetOptions
from jack.testing.outcome import Outcome, check_finite, localized

CLASS_NAMES = {"p": "pAP", "n": "nAP"}


def open_sentiments(options: TSLNetOptions, split: str, seed: int) -> SentimentVideos:
    """The videos of a split.

    Raises:
        DatasetError: if files are missing or do not fit.
    """
    labels = None if options.point_labels == "auto" else options.point_labels
    return SentimentVideos(options.data_path, split, labels, seed, options.skip_bad)


def make_model(framework: Framework, options: TSLNetOptions) -> Any:
    """The network."""
    return METHODS[options.method].build(framework.name, **options.network())


def ground_truth(videos: SentimentVideos, names: Sequence[str]) -> dict[str, Any]:
    """The annotated segments of some videos of a split, for :func:`jack.metrics.detection.evaluate`.

    Raises:
        DatasetError: if no video of them has any.
    """
    root = videos.dataset.root
    sources = [videos.dataset.annotations]
    more = root / SEGMENTS_OF_TRAINING
    if videos.dataset.split == "train" and more.is_file():
        content = read_json(more)
        if not isinstance(content, dict) or not isinstance(content.get("database"), dict):
            raise DatasetError(f"{more}: it has no entry 'database'")
        sources.insert(0, content["database"])
    database = {name: {"subset": "chosen", "annotations": _segments(sources, name)} for name in names}
    if not any(entry["annotations"] for entry in database.values()):
        hint = ""
        if videos.dataset.split == "train":
            hint = (
                f" of the videos that the best model is chosen on; put {SEGMENTS_OF_TRAINING} there, or use"
                " --select-on test or none"
            )
        raise DatasetError(f"{root / 'gt.json'}: no annotated segment{hint}")
    return {"database": database}


def _segments(sources: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    for source in sources:
        found = source.get(name, {}).get("annotations")
        if found:
            return list(found)
    return []


class SentimentEvaluation:
    """Evaluates some videos; see :class:`jack.testing.video_emotion.VideoEvaluation`."""

    def __init__(
        self,
        framework: Framework,
        options: TSLNetOptions,
        videos: SentimentVideos,
        chosen: Sequence[int] | None = None,
        on_bad: Any = None,
    ) -> None:
        self.videos = videos
        self.localization = LocalizationOptions(class_threshold=options.class_th)
        self.steps = method_module(framework, "tslnet_training")
        self.batches: Batches[list[Item]] = Batches(
            videos, 1, workers=options.num_workers, ahead=8, chosen=chosen, on_bad=on_bad
        )
        self.names = [videos.dataset.names[index] for index in self.batches.chosen]
        self.truth = ground_truth(videos, self.names)

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
        found = {}
        for batch in self.batches.epoch(0):
            for item in batch:
                of_video, activation = self.steps.scores(model, item.rgb, item.mel)
                check_finite(activation)
                fps = float(self.videos.dataset.fps[item.name])
                found[item.name] = localize(of_video, activation, fps, self.localization)
            if progress is not None:
                progress()
        result = result_json(found)
        # A video that could not be read counts neither way; the report names it.
        database = {name: entry for name, entry in self.truth["database"].items() if name in found}
        try:
            scores = evaluate({"database": database}, result, "chosen")
        except (ValueError, KeyError, TypeError) as error:
            raise DatasetError(f"{self.videos.dataset.root / 'gt.json'}: {error}") from error
        return localized(scores, result, len(found), CLASS_NAMES)
