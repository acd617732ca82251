"""Plain attributes of modules (eps, stride, groups, ...): an error there may be too small to show in a result."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

Plain = bool | int | float | str

# The mode is set by us, and the same thing bears other names or meanings in the frameworks.
PASSED_OVER = ("training", "is_train", "call_super_init", "dump_patches", "inplace")


def plain_attributes(module: Any) -> dict[str, Any]:
    """Attributes that are numbers, texts, or tuples of numbers; of a subclass of ``int`` (a dtype, a flag) none."""
    held = {n: v for n, v in vars(module).items() if not n.startswith("_") and n not in PASSED_OVER}
    found = {}
    for name, value in held.items():
        if isinstance(value, (tuple, list)) and value and all(type(item) in (bool, int, float) for item in value):
            found[name] = list(value)
        elif type(value) in (bool, int, float, str):
            found[name] = value
    return found


def differences(torch: Mapping[str, Any], jittor: Mapping[str, Any]) -> list[str]:
    """Sentences on attributes that both have and that differ; ``3`` and ``(3, 3)`` do not."""
    found = []
    for name, value in torch.items():
        if name in jittor and not _same(value, jittor[name]):
            found.append(f"{name} is {_text(value)} in Torch, {_text(jittor[name])} in Jittor")
    return found


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list) or isinstance(other, list):
        a, b = (value if isinstance(value, list) else [value] for value in (one, other))
        size = max(len(a), len(b))
        a, b = (value * size if len(value) == 1 else value for value in (a, b))
        return len(a) == len(b) and all(_same(x, y) for x, y in zip(a, b))
    if isinstance(one, str) != isinstance(other, str):
        return True  # padding="same" against its number: the results tell
    if isinstance(one, str):
        return bool(one == other)
    return math.isclose(one, other, rel_tol=1e-6)


def _text(value: Any) -> str:
    return str(tuple(value)) if isinstance(value, list) else repr(value)
