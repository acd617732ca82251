"""What each method trains with: data, model, optimizer, a step, an evaluation."""

from __future__ import annotations

from collections.abc import Callable

from jack.errors import DatasetError
from jack.frameworks import Framework
from jack.options import BPMGCNOptions, OptionError, TSLNetOptions, VideoEmotionOptions
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
    if framework.ranks > 1:
        _check_shared(framework.ranks, options)
    if isinstance(options, VideoEmotionOptions):
        return VideoEmotionTask(framework, options, on_bad)
    if isinstance(options, TSLNetOptions):
        return TSLNetTask(framework, options, on_bad)
    assert isinstance(options, BPMGCNOptions)
    return BPMGCNTask(framework, options, on_bad)


def _check_shared(ranks: int, options: Options) -> None:
    """Refuse what processes that train as one cannot do.

    Raises:
        OptionError: for such an option.
    """
    assert isinstance(options, VideoEmotionOptions | TSLNetOptions | BPMGCNOptions)
    if options.batch_size % ranks:
        raise OptionError(f"--batch-size {options.batch_size} cannot be shared equally by {ranks} processes")
    if isinstance(options, VideoEmotionOptions) and not options.dl:
        raise OptionError(f"{ranks} processes need batches that are full: give --dl yes")
    if options.skip_bad:
        raise OptionError(f"--skip-bad: {ranks} processes need batches that are full, so a bad sample must end the run")


__all__ = ["Task", "make_task"]
