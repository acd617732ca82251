"""Types of elements: naming them, choosing them as Torch does, and casting."""

from __future__ import annotations

from typing import Any

import jittor as jt
import numpy as np

PYTHON_DTYPES = {float: "float64", int: "int64", bool: "bool"}


def dtype_name(dtype: Any) -> str | None:
    """Name of a dtype however it is written: ``jt.float32``, ``x.dtype``, ``"float32"``, ``float``; None for None."""
    if dtype is None:
        return None
    if isinstance(dtype, type) and dtype in PYTHON_DTYPES:
        return PYTHON_DTYPES[dtype]
    return getattr(dtype, "__name__", None) or str(dtype)


def is_dtype(value: Any) -> bool:
    """Whether a value names a type of elements (and not a device)."""
    if isinstance(value, str):
        return False
    return isinstance(value, jt.NanoString) or callable(value) and getattr(value, "__name__", "") in DTYPE_NAMES


DTYPE_NAMES = frozenset(
    "float16 bfloat16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool float int".split()
)


def dtype_key(dtype: Any) -> Any:
    """A type of elements as a key of dictionaries and member of sets; what a Jittor tensor gives has no hash."""
    return getattr(jt, str(dtype)) if isinstance(dtype, jt.NanoString) else dtype


def is_floating_point(input: Any) -> bool:
    """Whether a tensor (or a dtype) holds floating numbers; Jittor's Var has no such method."""
    name = str(input.dtype) if isinstance(input, jt.Var) else dtype_name(input)
    return "float" in str(name)


def integral(x: Any) -> bool:
    """Whether a tensor holds integers or booleans."""
    return "float" not in str(x.dtype)


def floating(x: Any) -> Any:
    """The tensor itself, or as float32 when it holds integers or booleans.

    Torch computes roots, exponentials and quotients of integers in float32; Jittor takes float16 for one-byte
    integers and booleans, and float64 for int64.
    """
    return x.float32() if integral(x) else x


def scalar_like(value: Any, x: Any) -> Any:
    """A Python number as a tensor of ``x``'s dtype, so that float64 arithmetic keeps all its digits.

    Jittor makes a float32 of every Python float.
    """
    if isinstance(value, jt.Var):
        return value
    if isinstance(value, bool) or isinstance(value, int) and not isinstance(value, np.generic):
        return value
    return constant(value, "float64") if str(x.dtype) == "float64" else value


def promoted(a: Any, b: Any) -> tuple[Any, Any]:
    """Two operands (tensors or numbers) cast to the dtype that Torch computes in.

    Torch: floats win over integers without changing their width (int64 with float32 is float32; Jittor gives
    float64), a number changes the dtype only when it is of a higher class, booleans count as integers with a number
    (Jittor gives int8), uint8 stays uint8 (Jittor gives int8).
    """
    if not isinstance(a, jt.Var) and not isinstance(b, jt.Var):
        a = jt.array(np.asarray(a), dtype="float32" if isinstance(a, float) else "int64")
    name = result_dtype(a, b)
    return cast_operand(a, name), cast_operand(b, name)


def constant(value: Any, name: str) -> Any:
    """A tensor of one element, of the dtype named (NumPy has no bfloat16)."""
    if name == "bfloat16":
        return jt.array([value], dtype="float32").bfloat16()
    if name.startswith(("int", "uint")) and isinstance(value, int | np.integer) and -(2**31) <= value < 2**31:
        # A number of 8 bytes is read wrongly now and then by Jittor's kernels when many are computed at once.
        return jt.array(int(value)).cast(name)
    if name in ("int64", "uint64") and isinstance(value, int):
        high, low = divmod(value, 2**30)
        return constant(high, name) * constant(2**30, name) + constant(low, name)
    return jt.array(np.array([value]), dtype=name)


def cast_operand(value: Any, name: str) -> Any:
    if not isinstance(value, jt.Var):
        return constant(value, name)
    return value if str(value.dtype) == name else value.cast(name)


DTYPE_RANKS = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64")


def dtype_class(name: str) -> int:
    """0 for booleans, 1 for integers, 2 for floats."""
    return 0 if name == "bool" else 2 if "float" in name else 1


def result_dtype(*values: Any) -> str:
    """Name of the dtype that Torch gives to arithmetic on these tensors and numbers."""
    tensors = [v for v in values if isinstance(v, jt.Var)]
    # A tensor without dimensions decides, as a number does, only where it is of a higher class.
    wide = [v for v in tensors if not getattr(v, "is_scalar", False)]
    if wide and len(wide) < len(tensors):
        highest = max(dtype_class(str(v.dtype)) for v in wide)
        tensors = [v for v in tensors if not getattr(v, "is_scalar", False) or dtype_class(str(v.dtype)) > highest]
    names = [str(v.dtype) for v in tensors]
    if not names:
        return "float32" if any(isinstance(v, float) for v in values) else "int64"
    name = max(names, key=DTYPE_RANKS.index)
    if {"uint8", "int8"} <= set(names) and name in ("uint8", "int8"):
        name = "int16"
    if {"float16", "bfloat16"} <= set(names) and name in ("float16", "bfloat16"):
        name = "float32"
    for value in values:
        if isinstance(value, jt.Var):
            continue
        if isinstance(value, float | np.floating) and "float" not in name:
            name = "float32"
        elif not isinstance(value, bool | np.bool_) and name == "bool":
            name = "int64"
    return name


def tensor_type(input: Any, dtype: Any = None, non_blocking: bool = False) -> Any:
    """Torch's ``x.type()``: the name of the tensor's class without an argument, else a cast."""
    if not isinstance(input, jt.Var):
        return input.type(dtype)
    if dtype is None:
        return "torch." + TENSOR_CLASSES[str(input.dtype)]
    if dtype is jt.Var:
        return input.float32()  # ``torch.Tensor`` stands for the default type
    if callable(dtype) and dtype.__name__.endswith("_tensor"):
        dtype = dtype.__name__.title().replace("_", "")  # ``float_tensor`` stands for ``torch.FloatTensor``
    if isinstance(dtype, str):
        named = {v: k for k, v in TENSOR_CLASSES.items()}
        dtype = named[dtype.removeprefix("torch.").removeprefix("cuda.")]
    return input.cast(dtype_name(dtype))


TENSOR_CLASSES = {
    "float32": "FloatTensor", "float64": "DoubleTensor", "float16": "HalfTensor", "bfloat16": "BFloat16Tensor",
    "int64": "LongTensor", "int32": "IntTensor", "int16": "ShortTensor", "int8": "CharTensor", "uint8": "ByteTensor",
    "bool": "BoolTensor",
}  # fmt: skip


def cast_to(input: Any, *args: Any, **kwargs: Any) -> Any:
    """Torch's ``x.to(...)``: casts when a dtype or another tensor is among the arguments; devices change nothing.

    Jittor moves data by itself, for the whole program (``jt.flags.use_cuda``).
    """
    wanted = kwargs.get("dtype")
    for value in (*args, kwargs.get("other")):
        if isinstance(value, jt.Var):
            wanted = value.dtype
        elif is_dtype(value) or value in (float, int):
            wanted = value
    name = dtype_name(wanted)
    if name is None or name == str(input.dtype):
        return input.clone() if kwargs.get("copy") else input
    return input.cast(name)


def cast_like(input: Any, other: Any) -> Any:
    """The tensor in the dtype of another."""
    return input if str(input.dtype) == str(other.dtype) else input.cast(other.dtype)


def can_cast(from_: Any, to: Any) -> bool:
    """Whether Torch allows the conversion of one dtype to another in results of arithmetic."""
    ranks = [0 if n == "bool" else 2 if "float" in str(n) else 1 for n in (dtype_name(from_), dtype_name(to))]
    return ranks[0] <= ranks[1]


def result_type(tensor1: Any, tensor2: Any) -> Any:
    """The dtype of arithmetic on two tensors or numbers, by Torch's rules."""
    return getattr(jt, result_dtype(tensor1, tensor2))


class FloatInfo:
    """Limits of a floating dtype under Torch's names (``jt.finfo`` accepts no Jittor dtypes)."""

    def __init__(self, dtype: Any = None) -> None:
        name = dtype_name(dtype) or "float32"
        info = np.finfo("float32" if name == "bfloat16" else name)
        self.dtype, self.bits = name, 16 if name == "bfloat16" else info.bits
        # bfloat16 has the exponents of float32 and 8 bits of significance.
        self.max = 3.3895313892515355e38 if name == "bfloat16" else float(info.max)
        self.min, self.tiny = -self.max, float(info.tiny)
        self.eps = 0.0078125 if name == "bfloat16" else float(info.eps)
        self.smallest_normal, self.resolution = self.tiny, float(info.resolution)


class IntegerInfo:
    """Limits of an integer dtype under Torch's names."""

    def __init__(self, dtype: Any) -> None:
        info = np.iinfo(str(dtype_name(dtype)))
        self.dtype, self.bits, self.max, self.min = dtype_name(dtype), info.bits, int(info.max), int(info.min)
