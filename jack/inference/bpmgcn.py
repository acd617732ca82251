"""The emotion of one walk, by BPM-GCN."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from jack.datasets.gait_features import CLIP_FRAMES, movement
from jack.datasets.gait_making import clip_of, read_recording
from jack.frameworks import method_module
from jack.inference.pictures import draw_gait
from jack.inference.result import Result, about, most_probable, probabilities, trained_model
from jack.options import BPMGCNOptions, OptionError
from jack.testing.bpmgcn import class_names


def infer_gait(options: BPMGCNOptions, recording: Path, index: int | None = None) -> Result:
    """What the model says about a walk.

    Args:
        options: of the method, with ``checkpoint``.
        recording: joint positions, see :func:`jack.datasets.gait_making.read_recording`.
        index: which walk, of a file of several (SPLIT_joint.npy).

    Raises:
        DatasetError: if the file cannot be read.
        OptionError, CheckpointError, FrameworkError: for options and weights that do not fit.
    """
    if options.window_size != CLIP_FRAMES:
        raise OptionError(f"a walk becomes a clip of {CLIP_FRAMES} frames; leave --window-size out")
    joints = read_recording(recording, index)
    clip = clip_of(joints)[None]
    framework, model = trained_model(options)
    posture, _, moved = method_module(framework, "inference").outputs(model, clip, movement(clip))
    names = class_names(options.num_class)
    shares = probabilities((posture + moved) / 2, names)
    source = str(recording) if index is None else f"{recording}[{index}]"
    content = {
        **about(options, source),
        "emotion": most_probable(shares),
        "probabilities": shares,
        "streams": {"posture": probabilities(posture, names), "movement": probabilities(moved, names)},
        "frames": len(joints),
    }
    shown = clip[0, ..., 0].transpose(1, 2, 0)
    shown = shown[: max(1, int(np.flatnonzero(shown.any(axis=(1, 2))).max(initial=0)) + 1)]  # without the padding
    title = f"{recording.name}: {content['emotion']} (bpmgcn, {options.framework})"
    draw = partial(draw_gait, title=title, shares=shares, joints=shown)
    rows = sorted(shares.items(), key=lambda pair: -pair[1])
    name = recording.stem if index is None else f"{recording.stem}_{index}"
    return Result(name, content, rows, ("emotion", "probability"), draw)
