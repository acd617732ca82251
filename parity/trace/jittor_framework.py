"""What a trace needs of Jittor: snapshots of lazy Vars, values one by one, and what an optimizer would train."""

from __future__ import annotations

from typing import Any

import numpy as np

from parity.arrays import Array
from parity.trace.recorder import Call


class JittorFramework:
    """See :class:`parity.trace.recorder.Framework`."""

    method = "execute"

    def __init__(self) -> None:
        self.held: dict[tuple[int, str], Any] = {}

    def is_tensor(self, value: object) -> bool:
        import jittor as jt

        return isinstance(value, jt.Var)

    def snapshot(self, tensor: Any) -> Any:
        return tensor.clone().stop_grad()  # a branch of the graph: what is written into the Var later is not seen

    def result(self, tensor: Any, call: Call, leaf: str) -> Any:
        if not tensor.dtype.is_float():
            return tensor
        # The program goes on with a copy: it may write into that, and the gradient of the original is asked for.
        self.held[call.number, leaf] = tensor
        return tensor.clone()


def array_of(var: Any) -> Array:
    """Its values, computed by now."""
    var.sync(False, False)  # alone: numpy() would also compute what waits, and fail with it
    found: Array = np.array(var.numpy())
    return found


def reason(error: Exception) -> str:
    """The line of a failed computation's long message that says most."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    for mark in ("Compile fused operator", "Compile operator", "[Error]", "Check failed", "Execute fused operator"):
        for line in lines:
            if mark in line:
                return line[line.index(mark) :]
    return lines[0] if lines else type(error).__name__


def value_of(var: Any) -> Array:
    """Its values; NaN throughout where Jittor cannot compute them."""
    try:
        return array_of(var)
    except RuntimeError:
        return np.full(tuple(var.shape), np.nan, np.float32)


class Held:
    """Some tensors as a model, for :meth:`parity.backends.Backend.load_weights`."""

    def __init__(self, tensors: dict[str, Any]) -> None:
        self.tensors = tensors

    def state_dict(self) -> dict[str, Any]:
        return self.tensors


def trained_by_an_optimizer(model: Any) -> list[Any]:
    """What ``SGD(model.parameters(), ...)`` would change."""
    return [var for var in model.parameters() if not var.is_stop_grad()]
