"""Questions about tensors and dtypes whose answer Torch's programs branch on."""

from __future__ import annotations

from typing import Any

import jittor as jt

from converter.helpers.library.creation import make_tensor
from converter.helpers.library.dtypes import DTYPE_RANKS, dtype_name


def is_complex(input: Any) -> bool:
    """Whether a tensor holds complex numbers: never, Jittor has none."""
    return False


def promote_types(type1: Any, type2: Any) -> Any:
    """The dtype that Torch computes in for tensors of these two."""
    names = [str(dtype_name(t)) for t in (type1, type2)]
    name = max(names, key=DTYPE_RANKS.index)
    if {"uint8", "int8"} <= set(names):
        name = "int16"
    if {"float16", "bfloat16"} <= set(names):
        name = "float32"
    return getattr(jt, name)


def scalar_tensor(s: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
    """A number as a tensor, float32 unless told (``torch.tensor`` takes the number's own type)."""
    return make_tensor(s, dtype="float32" if dtype is None else dtype, device=device, requires_grad=requires_grad)
