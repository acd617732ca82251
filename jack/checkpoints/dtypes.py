"""Element types under one name each, and what the file formats call them.

numpy has no bfloat16 of its own; the one of ``ml_dtypes`` is used, which keeps every bit.
"""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)

_NAMES = "bool uint8 int8 uint16 int16 uint32 int32 uint64 int64 float16 float32 float64 complex64 complex128".split()
SUPPORTED: dict[str, np.dtype[Any]] = {name: np.dtype(name) for name in _NAMES} | {"bfloat16": BFLOAT16}

# Torch's classes of typed storages; its untyped ones say the type elsewhere.
TORCH_STORAGES = {
    "BoolStorage": "bool",
    "ByteStorage": "uint8",
    "CharStorage": "int8",
    "ShortStorage": "int16",
    "IntStorage": "int32",
    "LongStorage": "int64",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "FloatStorage": "float32",
    "DoubleStorage": "float64",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
}

SAFETENSORS = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "U16": "uint16",
    "I16": "int16",
    "U32": "uint32",
    "I32": "int32",
    "U64": "uint64",
    "I64": "int64",
    "F16": "float16",
    "BF16": "bfloat16",
    "F32": "float32",
    "F64": "float64",
    "C64": "complex64",
}


def widened(array: Array) -> Array:
    """bfloat16 as the float32 of the same value and sign; NaNs keep their payload, which a cast need not."""
    bits = array.view(np.uint16).astype(np.uint32) << np.uint32(16)
    return np.asarray(bits, dtype=np.uint32).view(np.float32)


def narrowed(array: Array) -> Array:
    """The reverse of :func:`widened`, exact for what it made."""
    bits = np.asarray(array.view(np.uint32) >> np.uint32(16), dtype=np.uint16)
    return bits.view(BFLOAT16)


def same_bits(a: Array, b: Array) -> bool:
    """Whether two arrays have the same shape, type and bits, so that NaN equals itself and -0 is not 0."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    return np.asarray(a, order="C").tobytes() == np.asarray(b, order="C").tobytes()
