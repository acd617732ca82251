"""What the reading of a pickle leaves: plain objects that hold what the file says and can do nothing else."""

from __future__ import annotations

import math
import pickle
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from jack.checkpoints.dtypes import BFLOAT16, SUPPORTED, Array
from jack.checkpoints.errors import CheckpointError

_SPECIFICATION = re.compile(r"[<>=|]?([?]|[biufc]\d{1,2}|V2|E2|bool|bfloat16)")

MOST_REPEATED = (
    2**30
)  # bytes of a tensor that shows the same elements many times (expand): a damaged file says any size


class Fixed:
    """Nothing that a pickle does can change it."""

    __slots__ = ()

    def __setattr__(self, name: str, value: Any) -> None:
        raise pickle.UnpicklingError("a pickle tries to change its reader")

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("a pickle tries to change its reader")


class Entries(dict[Any, Any]):
    """A dictionary of the file.  Attributes that the pickle gives it (``_metadata`` of a state_dict) are dropped."""

    __slots__ = ()

    def __setstate__(self, state: Any) -> None:
        pass


class Placeholder:
    """An object of a class that is not imported: holds the state that the pickle gives it, and does nothing."""

    origin = ""
    state: Any = None

    def __new__(cls, *args: Any, **kwargs: Any) -> Placeholder:
        made = object.__new__(cls)
        made.entries = Entries()
        return made

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.entries: Entries

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __setitem__(self, key: Any, value: Any) -> None:
        self.entries[key] = value

    def append(self, value: Any) -> None:
        """An element of a list of that class; not kept."""

    def extend(self, values: Any) -> None:
        """Elements of a list of that class; not kept."""

    def add(self, value: Any) -> None:
        """An element of a set of that class; not kept."""


def plain_int(value: Any) -> int:
    """The value, which must be an int and not negative."""
    if type(value) is not int or value < 0:
        raise pickle.UnpicklingError(f"{value!r} where a size belongs")
    return value


def plain_ints(values: Any) -> tuple[int, ...]:
    """The values, which must be ints and not negative."""
    if not isinstance(values, list | tuple):
        raise pickle.UnpicklingError(f"{values!r} where sizes belong")
    return tuple(plain_int(value) for value in values)


class DTypeRecord(Fixed):
    """numpy's description of an element type."""

    __slots__ = ("order", "specification")
    order: str
    specification: str

    def __init__(self, specification: Any, *_: Any) -> None:
        name = getattr(specification, "name", specification)
        text = "bfloat16" if name == "ml_dtypes.bfloat16" else str(name)
        object.__setattr__(self, "specification", text)
        object.__setattr__(self, "order", "=")

    def __setstate__(self, state: Any) -> None:
        order = state[1] if isinstance(state, tuple) and len(state) > 4 else "="
        if order not in ("<", ">", "=", "|") or state[2] is not None or state[4] is not None:
            raise pickle.UnpicklingError("an array of structures")
        object.__setattr__(self, "order", order)

    def dtype(self) -> np.dtype[Any]:
        """numpy's type.

        Raises:
            CheckpointError: for arrays of objects, texts or structures.
        """
        if not _SPECIFICATION.fullmatch(self.specification):
            raise CheckpointError(f"an array of type {self.specification!r}, which weights do not have")
        if self.specification.lstrip("<>=|") in ("V2", "E2", "bfloat16"):
            return BFLOAT16
        made = np.dtype(self.specification)
        if self.order in "=|":
            return made
        return made.newbyteorder(">" if self.order == ">" else "<")


class ArrayRecord(Fixed):
    """An array of numpy's as it was pickled."""

    __slots__ = ("_cast", "data", "fortran", "kind", "shape")
    _cast: tuple[np.dtype[Any], np.dtype[Any]] | None
    data: Any
    fortran: bool
    kind: DTypeRecord | None
    shape: tuple[int, ...]

    def __init__(self) -> None:
        for name in self.__slots__:
            object.__setattr__(self, name, None)

    def filled(self, shape: tuple[int, ...], kind: Any, data: Any, fortran: bool = False) -> ArrayRecord:
        """The record itself, filled."""
        if self.kind is not None or not isinstance(kind, DTypeRecord):
            raise pickle.UnpicklingError("not the state of an array")
        for name, value in (("shape", shape), ("kind", kind), ("data", data), ("fortran", bool(fortran))):
            object.__setattr__(self, name, value)
        return self

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, tuple) or len(state) not in (4, 5):
            raise pickle.UnpicklingError("not the state of an array")
        shape, kind, fortran, data = state[-4:]
        self.filled(plain_ints(shape), kind, data, fortran)

    def reinterpret(self, written: np.dtype[Any], meant: np.dtype[Any]) -> None:
        """The array's bits are those of another type, if it was written as the first one."""
        object.__setattr__(self, "_cast", (written, meant))

    def array(self) -> Array:
        """The array itself, native and writable."""
        if self.kind is None:
            raise CheckpointError("an array without data")
        dtype = self.kind.dtype()
        data = self.data.encode("latin1") if isinstance(self.data, str) else self.data
        if not isinstance(data, bytes | bytearray):
            raise CheckpointError("an array of objects, which weights do not have")
        count = math.prod(self.shape)
        if len(data) != count * dtype.itemsize:
            raise CheckpointError(f"{len(data)} bytes for an array of {count} elements")
        made = np.frombuffer(data, dtype=dtype).reshape(self.shape, order="F" if self.fortran else "C")
        native = np.array(made, dtype=dtype.newbyteorder("=") if dtype != BFLOAT16 else dtype, order="C")
        if self._cast is not None and native.dtype == self._cast[0]:
            return native.view(self._cast[1])
        return native


class ScalarRecord(Fixed):
    """A number of one of numpy's types, such as the best accuracy: no weight."""

    __slots__ = ()


class StorageType(Fixed):
    """One of Torch's storage classes.

    Attributes:
        dtype: name of the element type; None for a storage of bytes.
    """

    __slots__ = ("dtype",)
    dtype: str | None

    def __init__(self, dtype: str | None) -> None:
        object.__setattr__(self, "dtype", dtype)


class StorageRecord(Fixed):
    """The memory of Torch tensors.

    Attributes:
        dtype: name of the element type; None for a storage of bytes.
        big_endian: byte order of the machine that wrote it.
    """

    __slots__ = ("_load", "big_endian", "dtype", "first", "numel")
    _load: Callable[[], bytes]
    big_endian: bool
    dtype: str | None
    first: int
    numel: int

    def __init__(
        self,
        dtype: str | None,
        numel: int,
        load: Callable[[], bytes],
        *,
        first: int = 0,
        big_endian: bool = False,
    ) -> None:
        values = (load, big_endian, dtype, first, numel)
        for name, value in zip(self.__slots__, values):
            object.__setattr__(self, name, value)

    def elements(self, dtype_name: str | None) -> Array:
        """All elements, flat.

        Raises:
            CheckpointError: if the file holds fewer bytes.
        """
        name = dtype_name or self.dtype or "uint8"
        if name not in SUPPORTED:
            raise CheckpointError(f"a tensor of type {name}, which is not supported")
        dtype = SUPPORTED[name]
        # The size of an untyped storage is given in bytes.
        length = self.numel if self.dtype is None else self.numel * dtype.itemsize
        start = self.first * dtype.itemsize
        data = self._load()
        if len(data) < start + length:
            raise CheckpointError(f"a tensor's storage has {len(data)} bytes of {start + length}")
        flat = np.frombuffer(data, dtype=np.uint8, count=length, offset=start)
        if self.big_endian and dtype.itemsize > 1:
            unit = dtype.itemsize // (2 if dtype.kind == "c" else 1)
            flat = flat.reshape(-1, unit)[:, ::-1].reshape(-1)
        return np.ascontiguousarray(flat).view(dtype)


class TensorRecord(Fixed):
    """A Torch tensor: a view of a storage."""

    __slots__ = ("dtype", "offset", "shape", "storage", "stride")
    dtype: str | None
    offset: int
    shape: tuple[int, ...]
    storage: StorageRecord
    stride: tuple[int, ...]

    def __init__(
        self, storage: Any, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], dtype: str | None
    ) -> None:
        if not isinstance(storage, StorageRecord) or len(shape) != len(stride):
            raise pickle.UnpicklingError("not the parts of a tensor")
        for name, value in zip(self.__slots__, (dtype, offset, shape, storage, stride)):
            object.__setattr__(self, name, value)

    def array(self) -> Array:
        """The tensor's elements in C order, writable."""
        flat = self.storage.elements(self.dtype)
        if math.prod(self.shape) == 0:
            return np.zeros(self.shape, dtype=flat.dtype)
        last = self.offset + sum((n - 1) * step for n, step in zip(self.shape, self.stride))
        if last >= flat.size:
            raise CheckpointError(f"a tensor reaches element {last} of a storage with {flat.size}")
        if math.prod(self.shape) * flat.itemsize > max(MOST_REPEATED, flat.nbytes):
            raise CheckpointError(f"a tensor of shape {self.shape} that repeats {flat.size} elements")
        steps = tuple(step * flat.itemsize for step in self.stride)
        view = np.lib.stride_tricks.as_strided(flat[self.offset :], self.shape, steps, writeable=False)
        return np.array(view, order="C")
