"""Changes in place.  Jittor's operations are functional: a Var is given its new value with ``assign``."""

from __future__ import annotations

from typing import Any

import jittor as jt
import numpy as np

from converter.helpers.library.creation import bernoulli, normal_numbers, randint, uniform_numbers
from converter.helpers.library.dtypes import constant
from converter.helpers.library.parameters import as_leaf

at = np.s_


def put(target: Any, value: Any) -> Any:
    """Give a tensor a new value in place, in its own dtype and shape, and return it.

    All names of the tensor see the new value.  Under ``no_grad`` Jittor would also stop the tensor's gradients for
    good, so that a parameter would never be trained again; here it keeps what it had.  Parameters, which Torch lets
    change only where gradients are off, do not remember how they came about.
    """
    shape = tuple(target.shape)
    if not isinstance(value, jt.Var):
        value = constant(value, str(target.dtype))
    if str(value.dtype) != str(target.dtype):
        value = value.cast(target.dtype)
    if tuple(value.shape) != shape:
        value = value.broadcast(shape)
    if not jt.flags.no_grad and not getattr(target, "is_parameter", False):
        return target.assign(value)
    stopped = target.is_stop_grad()
    target.assign(value.detach())
    if not stopped:
        target.start_grad()
    return target


def detach_in_place(target: Any) -> Any:
    """``x.detach_()``: from here on a tensor has its value and no history; what was computed from it before has."""
    target.assign(target.detach())
    return target.stop_grad()


def changed_in_place(target: Any, function: Any, *args: Any, **kwargs: Any) -> Any:
    """``target`` becomes ``function(target, ...)``: ``changed(x, jt.exp)`` is Torch's ``x.exp_()``."""
    return put(target, function(target, *args, **kwargs))


def put_at(target: Any, key: Any, value: Any) -> Any:
    """Torch's ``target[key] = value``.

    Jittor's own writes a value of one element to the first element only, where the key names a single row:
    ``x[0] = 1`` sets ``x[0, 0]``.  Here the value is given the shape of the part first.
    """
    part = target[key]
    if not isinstance(value, jt.Var):
        value = constant(value, str(target.dtype))
    value = value.cast(target.dtype) if str(value.dtype) != str(target.dtype) else value
    while value.ndim > part.ndim and value.shape[0] == 1:
        value = value.squeeze(0)
    stopped = target.is_stop_grad()
    target[key] = value if tuple(value.shape) == tuple(part.shape) else value.broadcast(tuple(part.shape))
    if not stopped and jt.flags.no_grad:
        target.start_grad()  # else a parameter changed under no_grad would never be trained again
    return target


def names_storage(key: Any) -> bool:
    """Whether indexing with this key gives a view in Torch (numbers, slices, None, ``...``), not a copy."""
    parts = key if isinstance(key, tuple) else (key,)
    return all(k is None or k is Ellipsis or isinstance(k, int | np.integer | slice) for k in parts)


def put_through(target: Any, keys: Any, value: Any) -> Any:
    """Torch's ``target[a][b] = value``: written into the part, and the part back into the whole.

    Jittor's parts share storage with the whole only now and then, so that the assignment may get lost.
    """
    if len(keys) == 1:
        return put_at(target, keys[0], value)
    part = put_through(target[keys[0]], keys[1:], value)
    return put_at(target, keys[0], part) if names_storage(keys[0]) else target


def changed_at(target: Any, key: Any, function: Any, *args: Any, **kwargs: Any) -> Any:
    """A part of ``target`` is changed in place: ``changed_at(x, at[0], add, 1)`` is Torch's ``x[0].add_(1)``."""
    put_at(target, key, function(target[key], *args, **kwargs))
    return target[key]


def put_data(target: Any, value: Any) -> Any:
    """Torch's ``target.data = value``: a new value that leaves no trace for gradients."""
    with jt.no_grad():
        return put(target, value)


def replaced(input: Any, value: Any, non_blocking: bool = False) -> Any:
    """The value that Torch's ``copy_`` and ``fill_`` put: ``value`` as it is."""
    return value


def zeroed(input: Any) -> Any:
    """The value that Torch's ``zero_`` puts."""
    return 0


def normal_like(input: Any, mean: float = 0, std: float = 1, *, generator: Any = None) -> Any:
    """The value that Torch's ``normal_`` puts."""
    return normal_numbers(tuple(input.shape), generator) * std + mean


def uniform_like(input: Any, from_: float = 0, to: float = 1, *, generator: Any = None) -> Any:
    """The value that Torch's ``uniform_`` puts (its first parameter is called ``from``, which Python reserves)."""
    return uniform_numbers(tuple(input.shape), generator) * (to - from_) + from_


def bernoulli_like(input: Any, p: Any = 0.5, *, generator: Any = None) -> Any:
    """The value that Torch's ``bernoulli_`` puts."""
    chance = p if isinstance(p, jt.Var) else jt.array([p]).broadcast(tuple(input.shape))
    return bernoulli(chance, generator=generator)


def random_like(input: Any, from_: int = 0, to: int | None = None, *, generator: Any = None) -> Any:
    """The value that Torch's ``random_`` puts: integers, ``random_(to)`` or ``random_(from, to)``."""
    low, high = (from_, to) if to is not None else (0, from_ or 2**24)
    return randint(low, high, tuple(input.shape), generator=generator)


def requires_grad_(input: Any, requires_grad: bool = True) -> Any:
    """Mark a tensor as one whose gradient is (or is not) computed, and return it."""
    if not requires_grad:
        input.stop_grad()
        return input
    input.start_grad()
    return as_leaf(input)


def element_size(input: Any) -> int:
    """Bytes of one element."""
    return int(jt.zeros((1,), dtype=input.dtype).nbytes)  # `nbytes` of nothing is 0
