"""Load weights into a model of either framework, with every name accounted for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from jack.checkpoints.dtypes import BFLOAT16, Array, widened
from jack.checkpoints.errors import CheckpointError
from jack.checkpoints.keys import Expected, jittor_state, torch_state
from jack.checkpoints.match import COUNTER, Match, match
from jack.checkpoints.read import Checkpoint, load_checkpoint
from jack.methods.registry import Backbone


def framework_of(model: Any) -> str:
    """``torch`` or ``jittor``: whose module the model is.

    Raises:
        TypeError: for what is neither.
    """
    for kind in type(model).__mro__:
        root = kind.__module__.partition(".")[0]
        if root in ("torch", "jittor"):
            return root
    raise TypeError(f"{type(model).__name__} is no module of Torch or Jittor")


def load_into(
    model: Any,
    source: str | os.PathLike[str] | Checkpoint | Mapping[str, Array],
    *,
    partial: bool = False,
    keep_tables: bool = False,
    backbones: tuple[Backbone, ...] = (),
    as_backbone: bool | None = None,
) -> Match:
    """Copy weights into a model's parameters and buffers; the model's types, devices and gradients stay.

    Nothing is copied if something is missing or of another shape.

    Args:
        model: of Torch or Jittor.
        source: a file (see :func:`jack.checkpoints.read.load_checkpoint`), what was read from one, or arrays by name.
        partial: copy what fits, even if that is not all.
        keep_tables: copy fixed tables too, which hand-ported Jittor programs trained (bpmgcn's graph).
        backbones: published networks that a part of the model may be loaded from; of the method.
        as_backbone: the file is one of those (True), is not (False), or it is to be found out (None).

    Returns:
        what went where, and what the model and the file do not have in common.

    Raises:
        CheckpointError: for a file that cannot be read, or that does not fit; one line.
    """
    where = ""
    if isinstance(source, Checkpoint):
        weights: Mapping[str, Array] = source.weights
        where = f"{source.path}: "
    elif isinstance(source, Mapping):
        weights = source
    else:
        weights = load_checkpoint(source).weights
        where = f"{os.fspath(source)}: "
    framework = framework_of(model)
    expected = torch_state(model) if framework == "torch" else _jittor_expected(model)
    try:
        made = match(weights, expected, backbones=backbones, as_backbone=as_backbone, keep_tables=keep_tables)
    except CheckpointError as error:
        raise CheckpointError(f"{where}{error}") from error
    if framework == "jittor":
        # Torch's counters have no place here, and nothing is lost with them.
        made.left_over = {name: row for name, row in made.left_over.items() if not name.endswith(COUNTER)}
    if not made.complete and not partial:
        raise CheckpointError(f"{where}does not fit {type(model).__name__}: {made.problems()}")
    if framework == "torch":
        _into_torch(model, made.weights)
    else:
        _into_jittor(model, made.weights)
    return made


def _into_torch(model: Any, weights: Mapping[str, Array]) -> None:
    import torch

    held = dict(model.state_dict(keep_vars=True)) | dict(model.named_buffers())
    with torch.no_grad():
        for name, array in weights.items():
            plain = widened(array) if array.dtype == BFLOAT16 else array
            held[name].copy_(torch.from_numpy(np.array(plain)))


def _jittor_buffers(model: Any) -> dict[str, Any]:
    """Buffers by name.  Converted modules have Torch's method for it; Jittor's own answers something else."""
    import jittor as jt

    if type(model).named_buffers is jt.Module.named_buffers:
        return {}
    return dict(model.named_buffers())


def _jittor_expected(model: Any) -> Expected:
    state = jittor_state(model)
    tables = {name: value.numpy() for name, value in _jittor_buffers(model).items() if name not in state}
    return Expected(state, tables)


def _into_jittor(model: Any, weights: Mapping[str, Array]) -> None:
    import jittor as jt

    held = _jittor_buffers(model) | dict(model.state_dict())
    for name, array in weights.items():
        target = held[name]
        plain = widened(array) if array.dtype == BFLOAT16 else array
        stopped = target.is_stop_grad()
        wanted = str(target.dtype)
        value = jt.array(np.array(plain), dtype=str(plain.dtype))
        # assign() also takes over from the new value that its gradient is stopped.
        target.assign(value if wanted == str(plain.dtype) else value.cast(wanted))
        if stopped:
            target.stop_grad()
        else:
            target.start_grad()
