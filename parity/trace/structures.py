"""Nested arguments and results with their tensors taken out and put in."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

IsTensor = Callable[[object], bool]


def map_tensors(value: Any, is_tensor: IsTensor, change: Callable[[str, Any], Any], path: str) -> Any:
    """The same structure with every tensor replaced by ``change(path, tensor)``.

    The paths are those of :func:`parity.check.values.leaves`.  What is no tensor is passed on, not copied.
    """
    if is_tensor(value):
        return change(path, value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        changed = [map_tensors(v, is_tensor, change, f"{path}.{n}") for n, v in zip(value._fields, value)]
        return type(value)(*changed)
    if isinstance(value, (tuple, list)):
        items = [map_tensors(item, is_tensor, change, f"{path}[{index}]") for index, item in enumerate(value)]
        if type(value) in (tuple, list):
            return type(value)(items)
        return value if all(a is b for a, b in zip(items, value)) else type(value)(items)
    if isinstance(value, dict):
        items = [map_tensors(item, is_tensor, change, f"{path}[{key!r}]") for key, item in value.items()]
        if all(a is b for a, b in zip(items, value.values())):
            return value
        if type(value) is dict:
            return dict(zip(value, items))
        copied = value.copy()  # keeps the class: OrderedDict, a model's own output type
        copied.update(zip(value, items))
        return copied
    if is_dataclass(value) and not isinstance(value, type):
        given = {f.name: getattr(value, f.name) for f in fields(value) if f.init}
        made = {n: map_tensors(v, is_tensor, change, f"{path}.{n}") for n, v in given.items()}
        return value if all(made[n] is given[n] for n in given) else replace(value, **made)
    return value


def labels(function: Callable[..., Any], keywords: Iterable[str]) -> dict[str, str]:
    """For each keyword of a call its position in the signature, as text; its name where it has none."""
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        names = []
    return {name: str(names.index(name)) if name in names else name for name in keywords}


def in_order(function: Callable[..., Any], args: Sequence[Any], keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of a call by position in the signature, however they were passed: ``0``, ``1``, ..."""
    label = labels(function, keywords)
    return {**{str(index): value for index, value in enumerate(args)}, **{label[n]: v for n, v in keywords.items()}}


def map_arguments(
    function: Callable[..., Any],
    args: Sequence[Any],
    keywords: Mapping[str, Any],
    is_tensor: IsTensor,
    change: Callable[[str, Any], Any],
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The same arguments with every tensor replaced by ``change(path, tensor)``; paths as in :func:`in_order`."""
    label = labels(function, keywords)
    mapped = tuple(map_tensors(value, is_tensor, change, str(index)) for index, value in enumerate(args))
    return mapped, {n: map_tensors(v, is_tensor, change, label[n]) for n, v in keywords.items()}


def counterparts(theirs: Mapping[str, tuple[int, ...]], ours: Mapping[str, tuple[int, ...]]) -> dict[str, str]:
    """For each of our tensors the one of theirs that it stands for.

    By name; where the names differ (a tuple in one program, a single result in the other), by order among those of
    the same shape.
    """
    found = {name: name for name in ours if name in theirs}
    for name in ours:
        if name not in found:
            free = [n for n in theirs if n not in found.values() and _shape(theirs[n]) == _shape(ours[name])]
            if free:
                found[name] = free[0]
    return found


def _shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(shape) or (1,)  # Jittor has no scalars
