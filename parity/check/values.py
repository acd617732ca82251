"""Nested results of a model as flat, named leaves: the same names on both sides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, cast


def leaves(value: object, is_tensor: Callable[[object], bool], path: str = "output") -> Iterator[tuple[str, Any]]:
    """Yield ``(path, leaf)`` for every tensor and plain value in ``value``, in a fixed order.

    Dictionaries give ``output['key']``, tuples and lists ``output[0]``, named tuples and dataclasses
    ``output.field``; everything else is a leaf.
    """
    if type(value).__name__ == "NanoVector":  # Jittor's shapes
        yield from leaves(tuple(cast("Iterable[object]", value)), is_tensor, path)
    elif is_tensor(value):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, is_tensor, f"{path}[{key!r}]")
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        for name, item in zip(value._fields, value, strict=True):
            yield from leaves(item, is_tensor, f"{path}.{name}")
    elif isinstance(value, (tuple, list)) or type(value).__name__ == "NanoVector":  # Jittor's shapes
        for index, item in enumerate(cast("Iterable[object]", value)):
            yield from leaves(item, is_tensor, f"{path}[{index}]")
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from leaves(getattr(value, field.name), is_tensor, f"{path}.{field.name}")
    else:
        yield path, value


def switch_dropout_off(model: Any) -> None:
    """Set the probability of every dropout and stochastic depth layer to 0, in either framework."""
    for module in model.modules():
        name = type(module).__name__
        if "Dropout" in name or "StochasticDepth" in name or "DropPath" in name:
            for probability in ("p", "drop_prob"):
                if hasattr(module, probability):
                    setattr(module, probability, 0.0)
