"""Making tensors, with Torch's dtypes."""

from __future__ import annotations

import math
from typing import Any

import jittor as jt
import numpy as np

from converter.helpers.library.dtypes import constant, dtype_name
from converter.helpers.library.random_state import own_orders
from converter.helpers.library.shapes import clone


def without_tensors(value: Any) -> Any:
    """Nested data with every tensor in it replaced by its array."""
    if isinstance(value, jt.Var):
        array = value.numpy()
        return array.reshape(()) if array.shape == (1,) else array
    if isinstance(value, list | tuple):
        return [without_tensors(v) for v in value]
    return value


def holds_numpy(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(holds_numpy(v) for v in value)
    return isinstance(value, np.ndarray | np.generic)


def make_tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Any:
    """A new tensor with Torch's dtype: int64 for Python integers, float32 for Python floats, NumPy's own for arrays.

    ``jt.array`` narrows int64 to int32 and float64 to float32, and silently makes 0 of 2**40.
    """
    if isinstance(data, jt.Var):
        return clone(data.detach()) if dtype is None else data.detach().cast(dtype_name(dtype))
    array = np.asarray(without_tensors(data))
    name = dtype_name(dtype)
    if name is None:
        name = str(array.dtype)
        if name == "float64" and not holds_numpy(data) and not holds_dtype(data, "float64") or not array.size:
            name = name if isinstance(data, np.ndarray) else "float32"
    made = array_of(array, name)
    if not array.ndim:
        made.is_scalar = True  # Jittor gives it one dimension; default_collate must know
    return made


def holds_dtype(value: Any, name: str) -> bool:
    if isinstance(value, list | tuple):
        return any(holds_dtype(v, name) for v in value)
    return isinstance(value, jt.Var) and str(value.dtype) == name


def array_of(array: Any, name: str) -> Any:
    if name == "bfloat16":
        return jt.array(array, dtype="float32").bfloat16()
    return jt.array(array, dtype=name)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Any:
    """Data as a tensor of Torch's dtype; a tensor that has it already is returned itself."""
    if isinstance(data, jt.Var):
        name = dtype_name(dtype)
        return data if name is None or name == str(data.dtype) else data.cast(name)
    return make_tensor(data, dtype=dtype)


def from_numpy(ndarray: Any) -> Any:
    """A tensor with the dtype of the array.  Unlike Torch's it is a copy: changes do not reach the other."""
    return jt.array(ndarray, dtype=str(ndarray.dtype))


def shape_of(size: tuple[Any, ...]) -> tuple[int, ...]:
    """``zeros(2, 3)``, ``zeros((2, 3))``, ``zeros(x.shape)``, ``zeros(())`` -> a tuple of plain integers."""
    if len(size) == 1 and not isinstance(size[0], int | np.integer):
        first = size[0]
        size = (first.item(),) if isinstance(first, jt.Var) else tuple(first)
    return tuple(int(n) for n in size) or (1,)


def zeros_of(*size: Any, out: Any = None, dtype: Any = None, **options: Any) -> Any:
    """Zeros of a shape; also accepts Torch's ``size=``, and the empty shape of a scalar."""
    return full_tensor(shape_of(options["size"] if "size" in options and not size else size), 0.0, out=out, dtype=dtype)


def ones_of(*size: Any, out: Any = None, dtype: Any = None, **options: Any) -> Any:
    """Ones of a shape; also accepts Torch's ``size=``, and the empty shape of a scalar."""
    return full_tensor(shape_of(options["size"] if "size" in options and not size else size), 1.0, out=out, dtype=dtype)


def full_tensor(
    size: Any,
    fill_value: Any,
    *,
    out: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Any:
    """A constant tensor whose dtype follows the value, as in Torch (``jt.full`` always makes float32)."""
    if out is not None:
        raise ValueError("out= is not supported: use the result")
    name = dtype_name(dtype)
    if isinstance(fill_value, jt.Var):
        name = name or str(fill_value.dtype)
        fill_value = fill_value.item()
    if name is None:
        name = "bool" if isinstance(fill_value, bool) else "int64" if isinstance(fill_value, int) else "float32"
    return constant(fill_value, name).broadcast(shape_of((size,)))


def full_like(input: Any, fill_value: Any, *, dtype: Any = None, **options: Any) -> Any:
    """A constant tensor of another's shape and, unless given, dtype."""
    return full_tensor(tuple(input.shape), fill_value, dtype=dtype or str(input.dtype))


def ones_like(input: Any, *, dtype: Any = None, **options: Any) -> Any:
    """Ones of another tensor's shape and, unless given, dtype (``jt.ones_like`` accepts no dtype)."""
    return full_like(input, 1, dtype=dtype)


def zeros_like(input: Any, *, dtype: Any = None, **options: Any) -> Any:
    """Zeros of another tensor's shape and, unless given, dtype."""
    return full_like(input, 0, dtype=dtype)


def new_full(input: Any, size: Any, fill_value: Any, *, dtype: Any = None, **options: Any) -> Any:
    """Torch's ``x.new_full``: a constant with x's dtype."""
    return full_tensor(size, fill_value, dtype=dtype or str(input.dtype))


def new_zeros(input: Any, *size: Any, dtype: Any = None, **options: Any) -> Any:
    """Torch's ``x.new_zeros``: zeros with x's dtype; Jittor's accepts no separate sizes and no dtype."""
    return full_tensor(shape_of(options["size"] if "size" in options else size), 0, dtype=dtype or str(input.dtype))


def new_ones(input: Any, *size: Any, dtype: Any = None, **options: Any) -> Any:
    """Torch's ``x.new_ones``: ones with x's dtype; Jittor's accepts no separate sizes and no dtype."""
    return full_tensor(shape_of(options["size"] if "size" in options else size), 1, dtype=dtype or str(input.dtype))


def new_tensor(input: Any, data: Any, *, dtype: Any = None, **options: Any) -> Any:
    """Torch's ``x.new_tensor``: data with x's dtype."""
    return make_tensor(data, dtype=dtype or str(input.dtype))


def arange(
    start: Any = None,
    end: Any = None,
    step: Any = 1,
    *,
    out: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Any:
    """``arange(end)`` or ``arange(start, end, step)``: int64 when all are integers, else float32.

    ``jt.arange`` gives int32 also for ``5.0``, and drops the last element for negative steps.
    """
    if end is None:
        start, end = 0, start
    elif start is None:
        start = 0
    start, end, step = (v.item() if isinstance(v, jt.Var) else v for v in (start, end, step))
    name = dtype_name(dtype)
    if name is None:
        name = "float32" if any(isinstance(v, float | np.floating) for v in (start, end, step)) else "int64"
    count = max(0, math.ceil((end - start) / step))
    return array_of(start + step * np.arange(count), name)


def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    out: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Evenly spaced numbers, always of the float dtype (``jt.linspace(0, 1, 1)`` is int32)."""
    start, end = (v.item() if isinstance(v, jt.Var) else v for v in (start, end))
    return array_of(np.linspace(start, end, steps), dtype_name(dtype) or "float32")


def logspace(start: float, end: float, steps: int, base: float = 10.0, *, dtype: Any = None, **options: Any) -> Any:
    """Numbers evenly spaced on a logarithmic scale."""
    return array_of(np.logspace(start, end, steps, base=base), dtype_name(dtype) or "float32")


def eye(n: int, m: int | None = None, *, out: Any = None, dtype: Any = None, **options: Any) -> Any:
    """Ones on the diagonal; Jittor keeps this in ``jt.init``, with a shape."""
    return jt.array(np.eye(n, m), dtype=dtype_name(dtype) or "float32")


def uniform_numbers(shape: Any, generator: Any = None) -> Any:
    """Uniform numbers in [0, 1): Jittor's own, or those of a generator with a seed of its own."""
    orders = own_orders(generator)
    return jt.rand(shape) if orders is None else jt.array(orders.random(tuple(shape), dtype=np.float32))


def normal_numbers(shape: Any, generator: Any = None) -> Any:
    """Standard normal numbers: Jittor's own, or those of a generator with a seed of its own."""
    orders = own_orders(generator)
    return jt.randn(shape) if orders is None else jt.array(orders.standard_normal(tuple(shape), dtype=np.float32))


def rand(*size: Any, generator: Any = None, out: Any = None, dtype: Any = None, **options: Any) -> Any:
    """Uniform numbers in [0, 1); also accepts Torch's ``size=`` and options.  The numbers are Jittor's, not Torch's."""
    shape = shape_of(options["size"] if "size" in options and not size else size)
    return uniform_numbers(shape, generator).cast(dtype_name(dtype) or "float32")


def randn(*size: Any, generator: Any = None, out: Any = None, dtype: Any = None, **options: Any) -> Any:
    """Standard normal numbers; also accepts Torch's ``size=`` and options.  The numbers are Jittor's, not Torch's."""
    shape = shape_of(options["size"] if "size" in options and not size else size)
    return normal_numbers(shape, generator).cast(dtype_name(dtype) or "float32")


def rand_like(input: Any, *, dtype: Any = None, **options: Any) -> Any:
    """Uniform numbers in the shape and dtype of another tensor."""
    return rand(tuple(input.shape), dtype=dtype or input.dtype)


def randn_like(input: Any, *, dtype: Any = None, **options: Any) -> Any:
    """Standard normal numbers in the shape and dtype of another tensor."""
    return randn(tuple(input.shape), dtype=dtype or input.dtype)


def randint(
    low: Any = None, high: Any = None, size: Any = None, *, generator: Any = None, dtype: Any = None, **options: Any
) -> Any:
    """Integers (int64) from low up to, not including, high: ``randint(5, (3,))`` or ``randint(0, 5, (3,))``.

    ``jt.randint`` needs all three and makes int32.
    """
    if size is None and not isinstance(high, int | None):
        low, high, size = 0, low, high
    elif high is None or low is None:
        low, high = 0, low if high is None else high
    shape, orders = shape_of((size,)), own_orders(generator)
    if orders is not None:
        return jt.array(orders.integers(low, high, tuple(shape)), dtype=dtype_name(dtype) or "int64")
    return jt.randint(low, high, shape).cast(dtype_name(dtype) or "int64")


def randint_like(input: Any, low: int, high: int | None = None, *, dtype: Any = None, **options: Any) -> Any:
    """Integers in the shape and dtype of another tensor."""
    return randint(low, high, tuple(input.shape), dtype=dtype or input.dtype)


def randperm(n: int, *, generator: Any = None, out: Any = None, dtype: Any = None, **options: Any) -> Any:
    """A random order of 0..n-1, int64 as in Torch."""
    orders = own_orders(generator)
    if orders is not None:
        return jt.array(orders.permutation(n), dtype=dtype_name(dtype) or "int64")
    return jt.randperm(n).cast(dtype_name(dtype) or "int64")


def normal(mean: Any, std: Any = 1.0, size: Any = None, *, generator: Any = None, **options: Any) -> Any:
    """Normal numbers with mean and deviation given as numbers (with a size) or as tensors."""
    if size is None:
        like = mean if isinstance(mean, jt.Var) else std
        size = tuple(like.shape)
    return normal_numbers(shape_of((size,)), generator) * std + mean


def bernoulli(input: Any, *, generator: Any = None, out: Any = None) -> Any:
    """Ones with the probabilities given, else zeros."""
    return (uniform_numbers(tuple(input.shape), generator) < input).cast(input.dtype)


def multinomial(input: Any, num_samples: int, replacement: bool = False, *, generator: Any = None) -> Any:
    """Indices (int64) drawn by the weights in each row; without replacement by the largest of u**(1/w)."""
    weights = input.detach()
    if replacement:
        edges = jt.cumsum(weights, -1)
        draws = uniform_numbers((*weights.shape[:-1], num_samples), generator) * edges[..., -1:]
        return (draws.unsqueeze(-1) >= edges.unsqueeze(-2)).int64().sum(-1).minimum(weights.shape[-1] - 1)
    keys = jt.log(uniform_numbers(tuple(weights.shape), generator).maximum(1e-20)) / weights.maximum(1e-20)
    return jt.argsort(keys, -1, descending=True)[0][..., :num_samples].int64()


def make_size(*size: Any) -> tuple[int, ...]:
    """Torch's ``Size``: a tuple of the numbers given."""
    return tuple(int(n) for n in (size[0] if size else ()))


def empty(*size: Any, out: Any = None, dtype: Any = None, **options: Any) -> Any:
    """A tensor to be filled.  It holds zeros: what memory happens to hold is of no use to anybody."""
    return zeros_of(*size, out=out, dtype=dtype, **options)


def float_tensor(*args: Any, dtype: str = "float32") -> Any:
    """The old constructors ``torch.FloatTensor(2, 3)`` (a shape) and ``torch.FloatTensor([1, 2])`` (data)."""
    if not args:
        return jt.zeros((0,), dtype=dtype)
    if all(isinstance(a, int) for a in args):
        return zeros_of(*args, dtype=dtype)
    data = args[0]
    if isinstance(data, jt.NanoVector):
        return zeros_of(tuple(data), dtype=dtype)
    return make_tensor(data, dtype=dtype)


def long_tensor(*args: Any) -> Any:
    """``torch.LongTensor``: int64 from data or of a shape."""
    return float_tensor(*args, dtype="int64")


def int_tensor(*args: Any) -> Any:
    """``torch.IntTensor``: int32 from data or of a shape."""
    return float_tensor(*args, dtype="int32")


def double_tensor(*args: Any) -> Any:
    """``torch.DoubleTensor``: float64 from data or of a shape."""
    return float_tensor(*args, dtype="float64")


def byte_tensor(*args: Any) -> Any:
    """``torch.ByteTensor``: uint8 from data or of a shape."""
    return float_tensor(*args, dtype="uint8")


def bool_tensor(*args: Any) -> Any:
    """``torch.BoolTensor``: booleans from data or of a shape."""
    return float_tensor(*args, dtype="bool")
