"""I3D features of videos, in either framework."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jack.checkpoints import load_into
from jack.datasets.tsl300 import SEGMENT_FRAMES
from jack.frameworks import Framework, method_module
from jack.inference.optimizing import optimized_later
from jack.media.tslnet_features import i3d_clips
from jack.media.video import timeline
from jack.options import Options

CLIPS = 4  # that go through the network at once


class I3DFeatures:
    """TSL-Net's visual features: one vector for each 16 frames.

    Args:
        framework: that computes.
        weights: of the public RGB network, ``rgb_imagenet.pt``, in any format of ``jack convert-checkpoint``.
        options: which say whether it is optimized; None if not.

    Raises:
        CheckpointError: if the file is no such network.
    """

    def __init__(self, framework: Framework, weights: Path, options: Options | None = None) -> None:
        self.module = method_module(framework, "inference")
        model = method_module(framework, "i3d").I3D()
        load_into(model, weights)
        placed = framework.place(model)
        self.model = optimized_later(placed, options, "features") if options and options.optimize else placed

    def __call__(self, video: Path, tell: Callable[[int, int], None] = lambda done, of: None) -> NDArray[np.float32]:
        """Features of a video, T x 1024; the last clip is filled up with zeros.

        Args:
            video: the file.
            tell: hears how many frames are done, and of how many.

        Raises:
            DatasetError: if the video cannot be read.
        """
        count = timeline(video).count
        found: list[NDArray[np.float32]] = []
        held: list[NDArray[np.float32]] = []
        done = 0

        def compute() -> None:
            found.append(self.module.i3d_features(self.model, np.stack(held)))
            held.clear()
            tell(min(done * SEGMENT_FRAMES, count), count)

        for clip in i3d_clips(video):
            held.append(clip)
            done += 1
            if len(held) == CLIPS:
                compute()
        if held:
            compute()
        return np.concatenate(found)
