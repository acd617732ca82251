"""What each method trains with: data, model, optimizer, a step, an evaluation."""

from __future__ import annotations

from collections.abc import Callable

from jack.errors import DatasetError
from jack.frameworks import Framework
from jack.options import BPMGCNOptions, TSLNetOptions, VideoEmotionOptions
from jack.options.common import Options
from jack.training.tasks.base import Task
from jack.training.tasks.bpmgcn import BPMGCNTask
from jack.training.tasks.tslnet import TSLNetTask
from jack.training.tasks.video_emotion import VideoEmotionTask


def make_task(framework: Framework, options: Options, on_bad: Callable[[DatasetError], None] | None) -> Task:
    """The task of a method: its data is opened, its model is not made yet.

    Raises:
        DatasetError: if the data does not fit.
        OptionError: for options that do not fit one another.
    """
    if isinstance(options, VideoEmotionOptions):
        return VideoEmotionTask(framework, options, on_bad)
    if isinstance(options, TSLNetOptions):
        return TSLNetTask(framework, options, on_bad)
    assert isinstance(options, BPMGCNOptions)
    return BPMGCNTask(framework, options, on_bad)


__all__ = ["Task", "make_task"]
