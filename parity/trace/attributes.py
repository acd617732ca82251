"""Plain attributes of modules (eps, stride, groups, ...): an error there may be too small to show in a result."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

# The mode is set by us, and the same thing bears other names or meanings in the frameworks.
PASSED_OVER = ("training", "is_train", "call_super_init", "dump_patches", "inplace")


def plain_attributes(module: Any) -> dict[str, Any]:
    """Attributes that are numbers, texts, None, or tuples of numbers; of a subclass of ``int`` (a flag) none."""
    held = {n: v for n, v in vars(module).items() if not n.startswith("_") and n not in PASSED_OVER}
    found = {}
    for name, value in held.items():
        if isinstance(value, (tuple, list)) and value and all(type(item) in (bool, int, float) for item in value):
            found[name] = list(value)
        elif value is None or type(value) in (bool, int, float, str):
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
        short, long = sorted((a, b), key=len)
        if len(short) == 1 and all(_same(short[0], value) for value in long):
            return True
        # Jittor makes 1-D convolutions of 2-D ones: (3,) is (3, 1) there, and a padding (1,) is (1, 0).
        rest = long[len(short) :]
        return all(_same(x, y) for x, y in zip(short, long)) and all(value in (0, 1) for value in rest)
    if one is None or other is None:
        return one is other
    if isinstance(one, str) != isinstance(other, str):
        return True  # padding="same" against its number: the results tell
    if isinstance(one, str):
        return bool(one == other)
    return math.isclose(one, other, rel_tol=1e-6)


def _text(value: Any) -> str:
    return str(tuple(value)) if isinstance(value, list) else repr(value)
