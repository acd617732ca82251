"""What the state of a model consists of: names, shapes and types, out of the model itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jack.checkpoints.dtypes import Array
from jack.methods.registry import Method


@dataclass(frozen=True)
class Spec:
    """Shape and type of an entry; the type's name is that of numpy or ``bfloat16``."""

    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Expected:
    """What a model's state holds.

    Attributes:
        state: entries of the state_dict, in its order.
        tables: fixed arrays that the model does not save (graphs, positions), with their values.  Hand-ported Jittor
            programs save and train them.
    """

    state: dict[str, Spec]
    tables: dict[str, Array]


def method_state(method: Method, options: Mapping[str, Any] | None = None) -> Expected:
    """The state of a method's model, from its Torch class on the meta device: no memory, no initial values.

    Args:
        method: of :mod:`jack.methods.registry`.
        options: of its constructor.
    """
    import torch

    with torch.device("meta"):
        model = method.build("torch", **dict(options or {}))
    return torch_state(model)


def torch_state(model: Any) -> Expected:
    """The state of a Torch model."""
    saved = model.state_dict()
    state = {name: Spec(tuple(value.shape), str(value.dtype).removeprefix("torch.")) for name, value in saved.items()}
    tables = {
        name: value.detach().cpu().numpy()
        for name, value in model.named_buffers()
        if name not in saved and not value.is_meta
    }
    return Expected(state, tables)


def jittor_state(model: Any) -> dict[str, Spec]:
    """The state of a Jittor model.  Jittor has neither scalars, which are vectors of 1, nor batch norm counters."""
    return {name: Spec(tuple(value.shape), str(value.dtype)) for name, value in model.state_dict().items()}
