"""Running a trained model on arrays: evaluation mode, no gradients, arrays out."""

from __future__ import annotations

from typing import Any

import numpy as np
from . import jittor_helpers as jh
from numpy.typing import NDArray

from .i3d import I3D
from .video_training import device_of, to_tensor


def outputs(model: jh.Module, first: NDArray[Any], second: NDArray[Any]) -> list[NDArray[np.float32]]:
    """The outputs of a model of two inputs: pictures and sound, features of both, or posture and movement.

    Args:
        model: VAANet, CTEN, TSL-Net or BPM-GCN.
        first: its first input, with the axis of the batch.
        second: its second input.
    """
    model.eval()
    device = device_of(model)
    with jh.no_grad():
        found = model(to_tensor(first, device), to_tensor(second, device))
        return [jh.derived_to_array(value.detach()) for value in found]


def i3d_features(model: I3D, clips: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pooled features of clips of 16 frames, N x 3 x 16 x 224 x 224 in [-1, 1], to N x 1024."""
    model.eval()
    with jh.no_grad():
        features = model.features(to_tensor(clips, device_of(model)))
        return features.reshape(features.shape[0], -1).detach().numpy()
