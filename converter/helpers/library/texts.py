"""What Torch writes for its objects: ``print(x)``, ``str(x.shape)``, ``f"{x.dtype}"``."""

from __future__ import annotations

import math
from typing import Any

import jittor as jt
import numpy as np

from converter.helpers.library.dtypes import dtype_name, is_dtype

LINE_WIDTH = 80
EDGE_ITEMS = 3
SUMMARY_FROM = 1000
DIGITS = 4


class Written(str):
    """A text that ``repr`` and ``!r`` leave as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def text(value: Any, scalar: bool = False) -> Any:
    """The text of a tensor, a size or a dtype in Torch's form; anything else as it is.

    ``scalar``: the tensor has no dimension in Torch, where Jittor's has one.  Torch's ``grad_fn=`` is not written.
    """
    if isinstance(value, jt.Var):
        return Written(tensor_text(value, scalar or getattr(value, "is_scalar", False)))
    if isinstance(value, jt.NanoVector | tuple):
        return Written(f"torch.Size({[int(n) for n in value]})")
    if is_dtype(value) and not isinstance(value, jt.NanoString):
        return Written(f"torch.{dtype_name(value)}")
    if isinstance(value, jt.NanoString):
        return Written(f"torch.{value}")
    return value


def text_of_all(value: Any, scalar: bool = False) -> Any:
    """The text of a list, tuple or dictionary, in which tensors, sizes and dtypes have Torch's form."""
    if isinstance(value, dict) and type(value).__repr__ is dict.__repr__:
        pairs = (f"{text_of_all(k, scalar)!r}: {text_of_all(v, scalar)!r}" for k, v in value.items())
        return Written("{" + ", ".join(pairs) + "}")
    if type(value) is list:
        return Written("[" + ", ".join(repr(text_of_all(v, scalar)) for v in value) + "]")
    if type(value) is tuple and value:
        words = [repr(text_of_all(v, scalar)) for v in value]
        return Written("(" + ", ".join(words) + (",)" if len(words) == 1 else ")"))
    return value if isinstance(value, tuple) else text(value, scalar)


def tensor_text(tensor: Any, scalar: bool) -> str:
    """``tensor([1., 2.])``; the dtype where it is not one of those that Torch makes of Python's numbers."""
    values, name = tensor.numpy(), str(tensor.dtype)
    values = values.reshape(()) if scalar and values.size == 1 else values
    ending = "" if name in ("float32", "int64", "bool") else f", dtype=torch.{name}"
    if values.size == 0:
        shape = "" if values.ndim == 1 else f", size={tuple(values.shape)}"
        return f"tensor([]{shape}{ending})"
    summary = values.size > SUMMARY_FROM
    return f"tensor({nested_text(values, 7, number_format(shown(values) if summary else values), summary)}{ending})"


def shown(values: Any) -> Any:
    """The elements of a large tensor that its text has."""
    for axis, length in enumerate(values.shape):
        if length > 2 * EDGE_ITEMS:
            places = [*range(EDGE_ITEMS), *range(length - EDGE_ITEMS, length)]
            values = values.take(places, axis)
    return values


def number_format(values: Any) -> Any:
    """The function that writes one element: all elements take the same width."""
    flat = values.reshape(-1)
    if flat.dtype.kind in "iub":
        width = max(len(str(v)) for v in flat.tolist())
        return lambda v: f"{v!s:>{width}}"
    wide = flat.astype(np.float64)
    sized = wide[np.isfinite(wide) & (wide != 0)]
    size = np.abs(sized) if sized.size else np.ones(1)
    high, low, whole = float(size.max()), float(size.min()), bool((size == np.ceil(size)).all())
    form = "e" if high / low > 1000.0 or high > 1.0e8 or not whole and low < 1.0e-4 else "f"
    point = "." if whole and form == "f" else ""
    form = f".0{form}" if point else f".{DIGITS}{form}"

    def write(value: float) -> str:
        return f"{value:{form}}{point}" if math.isfinite(value) else str(value)

    width = max((len(write(v)) for v in sized.tolist()), default=0)
    return lambda v: f"{write(float(v)):>{width}}"


def nested_text(values: Any, indent: int, write: Any, summary: bool) -> str:
    """The elements in brackets, lines broken and aligned as Torch does."""
    if values.ndim == 0:
        return str(write(values.item()))
    many = summary and len(values) > 2 * EDGE_ITEMS
    kept = [*range(EDGE_ITEMS), *range(len(values) - EDGE_ITEMS, len(values))] if many else range(len(values))
    if values.ndim == 1:
        words = [write(v) for v in values[list(kept)].tolist()]
        per_line = max(1, (LINE_WIDTH - indent) // (len(words[0]) + 2))
        if many:
            words.insert(EDGE_ITEMS, " ...")
        lines = [words[i : i + per_line] for i in range(0, len(words), per_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(", ".join(line) for line in lines) + "]"
    parts = [nested_text(values[i], indent + 1, write, summary) for i in kept]
    if many:
        parts.insert(EDGE_ITEMS, "...")
    return "[" + ("," + "\n" * (values.ndim - 1) + " " * (indent + 1)).join(parts) + "]"
