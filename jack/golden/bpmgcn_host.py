"""What BPM-GCN computes without a framework, for comparison: the graph, augmentation, the inputs themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jack.datasets import gait_augmentation as augmentation
from jack.datasets.gait_features import movement
from jack.golden.bpmgcn_network import Golden
from jack.methods.bpmgcn_graph import adjacency

Array = NDArray[Any]

SEED_OFFSET = 7  # from the configuration's seed to the one of every augmentation


def graph(data: Path) -> dict[str, Array]:
    """Entry ``adjacency``."""
    return {"adjacency": adjacency()}


def inputs(data: Path) -> dict[str, Array]:
    """The inputs, from our recipe, and the movement that belongs to the recorded joints."""
    golden = Golden.read(data)
    return {**golden.inputs(), "movement_of_joint": movement(golden.arrays["joint"])}


def augmentations(data: Path) -> dict[str, Array]:
    """Entries ``aug/*``: each operation on a fresh clip with fresh generators."""
    golden = Golden.read(data)
    clip = golden.arrays["aug/clip"].astype(np.float64)
    found = {}
    for name in (name.removeprefix("aug/") for name in golden.arrays if name.startswith("aug/")):
        draws = augmentation.Draws(golden.config["seed"] + SEED_OFFSET)
        size = name.lstrip("abcdefghijklmnopqrstuvwxyz_")
        if name == "random_move":
            result = augmentation.random_move(clip, draws)
        elif name == "random_shift":
            result = augmentation.random_shift(clip, draws)
        elif name.startswith("random_choose"):
            result = augmentation.random_choose(clip, int(size), draws)
        elif name.startswith("auto_pading"):
            result = augmentation.padded(clip, int(size))
        else:
            continue
        found[f"aug/{name}"] = result
    return found
