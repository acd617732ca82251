"""An invented Emotion-Gait: skeletons that walk, each emotion in its own manner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jack.datasets.gait_features import CLIP_FRAMES
from jack.datasets.gait_making import write_split
from jack.methods.bpmgcn_options import CLASSES as LABELS


@dataclass(frozen=True)
class Manner:
    """How one walks.

    Attributes:
        pace: steps of one leg in 48 frames.
        stride: largest angle of the legs, in radians.
        swing: largest angle of the arms, in radians.
        lean: angle of the trunk forward, in radians.
        droop: angle of the head below the trunk's direction, in radians.
        bounce: height of the body's rise, in metres.
    """

    pace: float
    stride: float
    swing: float
    lean: float
    droop: float
    bounce: float


MANNERS = {
    "Happy": Manner(2.6, 0.50, 0.70, 0.00, -0.10, 0.050),
    "Sad": Manner(1.2, 0.25, 0.12, 0.18, 0.60, 0.010),
    "Angry": Manner(3.2, 0.62, 0.40, 0.25, 0.10, 0.030),
    "Neutral": Manner(2.0, 0.38, 0.32, 0.03, 0.05, 0.020),
}


def write_emotion_gait(folder: Path, training: int, test: int, seed: int, tell: Callable[[int, int], None]) -> None:
    """Write train_* and test_*: joints, movement, affective features and labels.

    Args:
        folder: where; it exists.
        training: walks of each emotion.
        test: the same.
        seed: of everything that is drawn.
        tell: hears how many walks are written, and of how many.
    """
    total, done = (training + test) * len(LABELS), 0
    for split, each in (("train", training), ("test", test)):
        numbers = range(each * len(LABELS))
        joints, labels, names = [], [], []
        for number in numbers:
            label = number % len(LABELS)
            joints.append(walk(MANNERS[LABELS[label]], np.random.default_rng([seed, done])))
            labels.append(label)
            names.append(f"{LABELS[label].lower()}_{done + 1:04d}")
            done += 1
            tell(done, total)
        write_split(folder, split, np.stack(joints).astype(np.float32), labels, names)


def walk(manner: Manner, draw: np.random.Generator) -> NDArray[np.float64]:
    """A person who walks in place along the third axis, 3 x 48 x 16 x 1; the second axis is up, in metres."""
    own = draw.normal(1, 0.06, 6)
    size, start = draw.normal(1, 0.05), draw.uniform(0, 2 * np.pi)
    phase = start + 2 * np.pi * manner.pace * own[0] * np.arange(CLIP_FRAMES) / CLIP_FRAMES
    lean = np.full(CLIP_FRAMES, manner.lean * own[3])
    head = lean + manner.droop * own[4]
    points = np.zeros((CLIP_FRAMES, 16, 3))
    points[:, 0, 1] = 0.95 + manner.bounce * own[5] * np.abs(np.sin(phase))
    points[:, 1] = points[:, 0] + limb(0.25, lean)
    points[:, 2] = points[:, 1] + limb(0.28, lean)
    points[:, 3] = points[:, 2] + limb(0.22, head)
    for side, shoulder, hip, turn in ((-1, 4, 10, 0.0), (1, 7, 13, np.pi)):
        leg = manner.stride * own[1] * np.sin(phase + turn)
        arm = manner.swing * own[2] * np.sin(phase + turn + np.pi)  # against the leg of its side
        bend = 0.5 * manner.stride * (1 - np.cos(phase + turn))
        points[:, shoulder] = points[:, 2] + np.array([0.19 * side, -0.03, 0.0])
        points[:, shoulder + 1] = points[:, shoulder] + limb(-0.28, -arm - lean)
        points[:, shoulder + 2] = points[:, shoulder + 1] + limb(-0.26, -arm - lean - 0.3 - 0.4 * manner.swing)
        points[:, hip] = points[:, 0] + np.array([0.1 * side, -0.02, 0.0])
        points[:, hip + 1] = points[:, hip] + limb(-0.43, -leg)
        points[:, hip + 2] = points[:, hip + 1] + limb(-0.42, -leg + bend)
    points = size * points + draw.normal(0, 0.004, points.shape)
    return points.transpose(2, 0, 1)[..., None]


def limb(length: float, angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """A limb that points up (down, if its length is negative), turned forward by an angle; frames x 3."""
    return np.stack([np.zeros_like(angle), length * np.cos(angle), length * np.sin(angle)], axis=1)
