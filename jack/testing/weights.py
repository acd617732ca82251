"""Give a model the weights of a file, with a clear word about a file that does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jack.checkpoints import CheckpointError, load_checkpoint, load_into
from jack.checkpoints.keys import Expected, Spec
from jack.checkpoints.match import fitting_sizes, match
from jack.checkpoints.read import Checkpoint
from jack.frameworks import Framework
from jack.methods.registry import METHODS
from jack.options.common import Options

MODEL = "model/"  # before the names of the weights in what a resumed run needs


def load_weights(model: Any, options: Options, framework: Framework, path: Path) -> list[str]:
    """Load all weights of a model.

    Args:
        model: of the method.
        options: that it was made with.
        framework: of the model.
        path: weights in any format, or the state of a run.

    Returns:
        sentences that the user should know.

    Raises:
        CheckpointError: if the file does not fit; if it would fit a model with other options, the line names them.
    """
    checkpoint = without_state(load_checkpoint(path))
    method = METHODS[options.method]
    try:
        return load_into(model, checkpoint).notes
    except CheckpointError as refused:
        state = {name: Spec(tuple(array.shape), array.dtype.name) for name, array in framework.weights(model).items()}
        try:
            made = match(checkpoint.weights, Expected(state, {}))
        except CheckpointError:
            raise refused from None  # it names the file
        sizes = fitting_sizes(made, method.sizes)
        if not sizes:
            raise
        network = options.network()
        said = ", ".join(f"{name} {value} and not {network[name]}" for name, value in sizes.items())
        flags = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in sizes.items())
        raise CheckpointError(f"{path}: the weights are of a model with {said}; give {flags}") from None


def load_backbone(model: Any, options: Options, path: Path) -> list[str]:
    """Load a published network into the part of a model that starts from it.

    Returns:
        sentences that the user should know.

    Raises:
        CheckpointError: if the file is no such network.
    """
    return load_into(model, path, backbones=METHODS[options.method].backbones, as_backbone=True).notes


def without_state(checkpoint: Checkpoint) -> Checkpoint:
    """Only the weights of what a resumed run needs; other files as they are."""
    weights = {name.removeprefix(MODEL): array for name, array in checkpoint.weights.items() if name.startswith(MODEL)}
    if weights:
        checkpoint.weights = weights
    return checkpoint
