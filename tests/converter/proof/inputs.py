"""Makes the arrays that cases name from their recipes (:mod:`converter.rules.inputs`), for both sides."""

from __future__ import annotations

import re
import zlib
from typing import Any

import numpy as np

_RECIPE = re.compile(r"\s*(\w+)\(([^;)]*);([^)]*)\)\s*(?:->\s*(\w+))?\s*")


def make(name: str, recipe: str) -> np.ndarray[Any, Any]:
    """The array of one input; the seed is the name, so both sides and all runs get the same one.

    Raises:
        ValueError: when the recipe is not of the form ``distribution(parameters; shape) -> dtype``.
    """
    match = _RECIPE.fullmatch(recipe)
    if not match:
        raise ValueError(f"{name}: not a recipe: {recipe!r}")
    kind, parameters, shape_text, dtype = match.groups()
    numbers = [float(p) for p in parameters.split(",") if p.strip()]
    shape = tuple(int(s) for s in shape_text.split(",") if s.strip())
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    value: Any
    if kind == "normal":
        mean, deviation = (numbers + [0.0, 1.0])[:2] if len(numbers) == 2 else (0.0, 1.0)
        value = rng.normal(mean, deviation, shape).astype(np.float32)
    elif kind == "uniform":
        low, high = numbers if numbers else (0.0, 1.0)
        value = rng.uniform(low, high, shape).astype(np.float32)
    elif kind == "ints":
        value = rng.integers(int(numbers[0]), int(numbers[1]), shape, dtype=np.int64)
    elif kind == "bools":
        value = rng.random(shape) < 0.5
    elif kind == "steps":
        value = np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape)
    else:
        raise ValueError(f"{name}: no distribution {kind!r}")
    return np.asarray(value).astype(dtype) if dtype else np.asarray(value)


def weight(seed: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """The fixed random numbers an output is multiplied with before its sum is differentiated."""
    return np.random.default_rng(zlib.crc32(seed.encode())).standard_normal(shape).astype(np.float32)
