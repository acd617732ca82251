"""Pickles of weights, read without running anything that they name.

A pickle is a program: it names functions and calls them.  Here no name is ever imported.  Those that weights are made
of (dictionaries, numpy's arrays, Torch's tensors, Jittor's Vars) stand for functions of this module, which only note
what the file says; every other name ends the reading, or, where the caller asks for it, becomes a placeholder that
does nothing.  Arrays are made from the notes when the reading is over.
"""

from __future__ import annotations

import pickle
import pickletools
import re
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from jack.checkpoints.dtypes import BFLOAT16, SUPPORTED, TORCH_STORAGES, Array
from jack.checkpoints.errors import CheckpointError, ForeignObjectError
from jack.checkpoints.records import (
    ArrayRecord,
    DTypeRecord,
    Entries,
    Fixed,
    Placeholder,
    ScalarRecord,
    StorageType,
    TensorRecord,
    plain_int,
    plain_ints,
)

# What a damaged or foreign file makes of the unpickler, which trusts its input.
DAMAGE = (
    pickle.UnpicklingError,
    EOFError,
    AttributeError,
    ImportError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
    OverflowError,
    MemoryError,
    RecursionError,
    RuntimeError,
)

PLACES = ("PUT", "BINPUT", "LONG_BINPUT")  # note an object at a place, to be named again
MEMO_GAP = 100_000  # picklers that were cleared, or filtered afterwards, need not begin at 0

# Classes of options that training programs save beside the weights: nothing is lost when they stay closed.
HARMLESS = re.compile(
    r"argparse\.Namespace|pathlib(\._local)?\.\w*Path|datetime\.\w+|torch\.torch_version\.TorchVersion"
)


class Known(Fixed):
    """A name that a pickle may ask for.  Called, it runs our function; nothing can be changed on it."""

    __slots__ = ("_run", "name")

    def __init__(self, name: str, run: Callable[..., Any]) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "_run", run)

    def __call__(self, *args: Any) -> Any:
        run: Callable[..., Any] = object.__getattribute__(self, "_run")
        return run(*args)


class WeightsUnpickler(pickle.Unpickler):
    """Reads one pickle.

    Args:
        file: what to read from; it is left behind the pickle.
        skip_code: unknown names become placeholders instead of ending the reading.
        storage: makes the record of a Torch storage out of the persistent id that names it.
    """

    def __init__(
        self, file: Any, skip_code: bool = False, storage: Callable[[tuple[Any, ...] | int], Any] | None = None
    ) -> None:
        super().__init__(file, encoding="latin1")  # what Python 2 wrote as text may be bytes of an array
        self.skip_code = skip_code
        self.storage = storage

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        name = f"{module_name}.{global_name}"
        known = KNOWN.get(name.replace("numpy._core.", "numpy.core."))
        if known is not None:
            return known
        if module_name in ("torch", "torch.cuda", "torch.storage") and global_name.endswith("Storage"):
            if global_name.lstrip("_") in ("UntypedStorage", "TypedStorage"):
                return StorageType(None)
            if global_name in TORCH_STORAGES:
                return StorageType(TORCH_STORAGES[global_name])
        if module_name in ("torch", "torch.cuda") and global_name.removesuffix("Tensor") + "Storage" in TORCH_STORAGES:
            return global_name  # the class of a tensor, which its storage says again
        if module_name == "torch" and global_name in SUPPORTED:
            return global_name
        if self.skip_code or HARMLESS.fullmatch(name):
            return type(global_name.rpartition(".")[2], (Placeholder,), {"origin": name})
        raise ForeignObjectError(name)

    def persistent_load(self, pid: Any, /) -> Any:
        if isinstance(pid, tuple) and pid and pid[0] == "module" and len(pid) > 1:
            return pid[1]  # a class whose source text was saved with it
        if self.storage is None:
            raise pickle.UnpicklingError("it refers to something outside of it")
        return self.storage(pid)


def read_pickle(file: Any, skip_code: bool = False, storage: Callable[[Any], Any] | None = None) -> Any:
    """One pickle, made of plain values and of records; see :func:`resolved` for the arrays.

    Raises:
        ForeignObjectError: for a name that is no part of weights.
        CheckpointError: for anything else that cannot be read; the reason, without the file's name.
    """
    try:
        start = file.tell()
        _check_memo(file)
        file.seek(start)
        return WeightsUnpickler(file, skip_code, storage).load()
    except DAMAGE as error:
        raise CheckpointError(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__) from error


def _check_memo(file: Any) -> None:
    """Python makes room for the highest place that a pickle notes an object at: many gigabytes in a damaged file.

    Raises:
        UnpicklingError: for a place far beyond the number of objects so far.
    """
    for count, (code, argument, _) in enumerate(pickletools.genops(file)):
        if code.name in PLACES and int(argument or 0) > count + MEMO_GAP:
            raise pickle.UnpicklingError(f"object {count} is noted as number {argument}")


def resolved(value: Any) -> Array | None:
    """The array of a record, None for what is none.

    Raises:
        CheckpointError: if the data do not fit the shape.
    """
    if isinstance(value, ArrayRecord | TensorRecord):
        return value.array()
    if isinstance(value, dict) and "jittor tensor" in value and "dtype" in value:
        # What the helpers of converted programs write for a Var: its array, beside it its type.
        array = resolved(value["jittor tensor"])
        kind = SUPPORTED.get(str(value["dtype"]))
        return array if array is None or kind is None or array.dtype == kind else array.astype(kind)
    return None


def _rebuild_tensor(storage: Any, offset: Any, size: Any, stride: Any, *rest: Any) -> TensorRecord:
    metadata = rest[2] if len(rest) > 2 else None
    if metadata and any(dict(metadata).values()):
        raise CheckpointError("a tensor with a conjugate or negative bit; resolve it before saving")
    return TensorRecord(storage, plain_int(offset), plain_ints(size), plain_ints(stride), None)


def _rebuild_tensor_v3(
    storage: Any, offset: Any, size: Any, stride: Any, _grad: Any, _hooks: Any, dtype: Any, *_: Any
) -> TensorRecord:
    return TensorRecord(storage, plain_int(offset), plain_ints(size), plain_ints(stride), str(dtype))


def _rebuild_from_type(function: Any, _type: Any, args: Any, _state: Any) -> Any:
    if not isinstance(function, Known):
        raise pickle.UnpicklingError("not the function of a tensor")
    return function(*args)


def _jittor_var(value: Any) -> Any:
    # Jittor pickles a bfloat16 Var as the bits of it.
    if isinstance(value, ArrayRecord):
        value.reinterpret(np.dtype(np.uint16), BFLOAT16)
    return value


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1", "iso-8859-1"):
        raise pickle.UnpicklingError("not the text of bytes")
    return text.encode("latin1")


def _bytes(value: Any = b"", encoding: Any = "latin1") -> bytes:
    return _encode(value, encoding) if isinstance(value, str) else bytes(memoryview(value))


def _items(value: Any = ()) -> list[Any]:
    return [*value] if isinstance(value, list | tuple) else []


def _ordered(pairs: Any = ()) -> Entries:
    return Entries([(k, v) for k, v in pairs])  # Python 2 gives a list of pairs


def _reconstructed(kind: Any, *_: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, Placeholder):
        return kind()
    raise pickle.UnpicklingError("not a known class")


def _never(*_: Any) -> NoReturn:
    raise pickle.UnpicklingError("a type that weights are not made of is called")


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": _ordered,
    "collections.defaultdict": lambda *_: Entries(),
    "_codecs.encode": _encode,
    "numpy.dtype": DTypeRecord,
    "numpy.ndarray": _never,
    "numpy.core.multiarray._reconstruct": lambda *_: ArrayRecord(),
    "numpy.core.multiarray.scalar": lambda *_: ScalarRecord(),
    "numpy.core.numeric._frombuffer": lambda data, dtype, shape, order="C": ArrayRecord().filled(
        plain_ints(shape), dtype, data, order == "F"
    ),
    "ml_dtypes.bfloat16": _never,
    "jittor.jittor_core.Var": _jittor_var,
    "jittor.Var": _jittor_var,
    "jittor_core.Var": _jittor_var,
    "torch._utils._rebuild_tensor": _rebuild_tensor,
    "torch._utils._rebuild_tensor_v2": _rebuild_tensor,
    "torch._utils._rebuild_tensor_v3": _rebuild_tensor_v3,
    "torch._utils._rebuild_parameter": lambda data, *_: data,
    "torch._utils._rebuild_parameter_with_state": lambda data, *_: data,
    "torch._tensor._rebuild_from_type_v2": _rebuild_from_type,
    "torch.Tensor": _never,
    "torch.nn.parameter.Parameter": lambda data, *_: data,
    "torch.Size": lambda sizes=(): plain_ints(sizes),
    "torch.device": lambda *parts: ":".join(map(str, parts)),
    "torch.serialization._get_layout": str,
    "copyreg._reconstructor": _reconstructed,
    "copy_reg._reconstructor": _reconstructed,
}
for _module in ("builtins", "__builtin__"):
    _FUNCTIONS.update({f"{_module}.{_name}": _items for _name in ("set", "frozenset")})
    _FUNCTIONS.update({f"{_module}.{_name}": _bytes for _name in ("bytes", "bytearray")})
    _FUNCTIONS.update({f"{_module}.{_name}": _never for _name in ("dict", "list", "int", "float", "str", "object")})

KNOWN = {name: Known(name, run) for name, run in _FUNCTIONS.items()}
