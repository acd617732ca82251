"""Turns what a case returned into plain data (NumPy arrays and tuples) that another process can read.

``("tensor", dtype, array)``, ``("number", value)``, ``("text", str)``, ``("none",)``, ``("dtype", name)``,
``("sequence", [..])``, ``("mapping", {..})``, ``("array", array)``, ``("device", str)``, ``("opaque", type name)``.
Tuples, lists and sizes are all sequences: which one Torch returns is of no consequence to unpacking and indexing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Encoded = tuple[Any, ...]


class Encoder:
    """Encodes nested results; ``leaf`` recognises what is special to the framework (tensors, dtypes, sizes)."""

    def __init__(self, leaf: Callable[[Any], Encoded | None]) -> None:
        self._leaf = leaf

    def __call__(self, value: Any) -> Encoded:
        found = self._leaf(value)
        if found is not None:
            return found
        if value is None:
            return ("none",)
        if isinstance(value, bool | int | float | complex | np.generic):
            return ("number", value.item() if isinstance(value, np.generic) else value)
        if isinstance(value, str):
            return ("text", value)
        if isinstance(value, np.ndarray):
            return ("array", str(value.dtype), value)
        if isinstance(value, Mapping):
            return ("mapping", {str(k): self(v) for k, v in value.items()})
        if isinstance(value, list | tuple):
            return ("sequence", [self(v) for v in value])
        if type(value).__name__.lower() == "device":
            return ("device", str(value))
        return ("opaque", type(value).__name__)


def tensors(value: Encoded) -> list[Encoded]:
    """All tensor leaves, in order."""
    if value[0] == "tensor":
        return [value]
    if value[0] == "sequence":
        return [t for part in value[1] for t in tensors(part)]
    if value[0] == "mapping":
        return [t for part in value[1].values() for t in tensors(part)]
    return []
