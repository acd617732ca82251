"""The evaluation of each method, by its options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from jack.errors import DatasetError
from jack.frameworks import Framework
from jack.options import BPMGCNOptions, TSLNetOptions, VideoEmotionOptions
from jack.options.common import Options
from jack.testing import bpmgcn, tslnet, video_emotion
from jack.testing.outcome import Outcome

TEST_SUBSET = "validation"  # as VideoEmotion-8's annotation calls what the authors test on


class Evaluation(Protocol):
    """Samples that models are evaluated on."""

    def __len__(self) -> int:
        """How often ``progress`` is called."""

    def close(self) -> None:
        """End the workers."""

    def run(self, model: Any, progress: Callable[[], object] | None = None) -> Outcome:
        """Evaluate a model, which is left in the mode of evaluation."""


def make_model(framework: Framework, options: Options) -> Any:
    """The network of a method, on the framework's device, with initial weights.

    Raises:
        OptionError: for options that do not fit one another.
    """
    if isinstance(options, VideoEmotionOptions):
        return framework.place(video_emotion.make_model(framework, options))
    if isinstance(options, TSLNetOptions):
        return framework.place(tslnet.make_model(framework, options))
    assert isinstance(options, BPMGCNOptions)
    return framework.place(bpmgcn.make_model(framework, options))


def test_evaluation(
    framework: Framework, options: Options, on_bad: Callable[[DatasetError], None] | None
) -> tuple[Evaluation, list[str]]:
    """The evaluation on the test set, and a line for each sample that was left out of it.

    Raises:
        DatasetError: if the data set does not fit.
    """
    if isinstance(options, VideoEmotionOptions):
        dataset = video_emotion.open_videos(options, TEST_SUBSET, video_emotion.evaluation_sampling(options))
        return video_emotion.VideoEvaluation(framework, options, dataset, on_bad=on_bad), dataset.skipped
    if isinstance(options, TSLNetOptions):
        videos = tslnet.open_sentiments(options, "test", max(0, options.seed))
        return tslnet.SentimentEvaluation(framework, options, videos, on_bad=on_bad), videos.skipped
    assert isinstance(options, BPMGCNOptions)
    clips = bpmgcn.open_clips(options, "test")
    return bpmgcn.GaitEvaluation(framework, options, clips, on_bad=on_bad), []
