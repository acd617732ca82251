"""Checkpoints that Torch wrote, read without Torch: zip archives, and the format from before Torch 1.6."""

from __future__ import annotations

import pickle
import zipfile
from typing import Any

import jittor as jt
import numpy as np

from converter.helpers.library.devices import Device
from converter.helpers.library.dtypes import DTYPE_NAMES
from converter.helpers.library.shapes import without_dimension

LEGACY_START = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)[:-1]  # the number that the old format begins with
STORAGE_DTYPES = {
    "FloatStorage": "float32",
    "DoubleStorage": "float64",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
}


class TorchUnpickler(pickle.Unpickler):
    """Reads the objects of a checkpoint; ``storage(key, dtype)`` gives the numbers of one storage, or None.

    Raises:
        pickle.UnpicklingError: for objects of Torch that are neither tensors, sizes, types nor devices.
    """

    def __init__(self, file: Any, storage: Any) -> None:
        super().__init__(file, encoding="utf-8")
        self.storage = storage

    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] not in ("torch", "torchvision"):
            return super().find_class(module, name)
        if name in STORAGE_DTYPES:
            return STORAGE_DTYPES[name]
        if module == "torch" and name in DTYPE_NAMES:
            return getattr(jt, name)
        known = {
            "torch._utils._rebuild_tensor": stored_tensor,
            "torch._utils._rebuild_tensor_v2": stored_tensor,
            "torch._utils._rebuild_parameter": stored_parameter,
            "torch._utils._rebuild_parameter_with_state": stored_parameter,
            "torch.nn.parameter.Parameter": stored_parameter,
            "torch.Size": tuple,
            "torch.device": Device,
        }
        if f"{module}.{name}" not in known:
            raise pickle.UnpicklingError(
                f"the checkpoint holds a {module}.{name}, which needs Torch: save the state_dict() of it with Torch"
            )
        return known[f"{module}.{name}"]

    def persistent_load(self, pid: Any) -> Any:
        if pid[0] == "module":  # a class and its source, in old files
            return pid[1]
        _, dtype, key, _, _, *view = pid
        found = self.storage(key, dtype)
        if found is not None and view and view[0] is not None:
            found = found[view[0][1] : view[0][1] + view[0][2]]
        return None if found is None else (found, dtype)


def stored_tensor(
    storage: Any, offset: int, size: Any, stride: Any, requires_grad: bool = False, *hooks_and_more: Any
) -> Any:
    """The tensor that views a storage, or None where the storage has not been read yet."""
    if storage is None:
        return None
    numbers, dtype = storage
    numbers = numbers[offset:]
    steps = tuple(step * numbers.itemsize for step in stride)
    values = np.ascontiguousarray(np.lib.stride_tricks.as_strided(numbers, tuple(size), steps)).reshape(tuple(size))
    if dtype == "bfloat16":
        values = (values.astype(np.uint32) << 16).view(np.float32)
    made = jt.array(values, dtype=str(values.dtype))
    if dtype == "bfloat16":
        made = made.bfloat16()
    if not size:
        made = without_dimension(made)
    return made if requires_grad and "float" in dtype else made.stop_grad()


def stored_parameter(data: Any, requires_grad: bool = True, *hooks_and_more: Any) -> Any:
    """A parameter is its tensor."""
    return data.start_grad() if requires_grad and data is not None else data


def numbers_of(content: bytes, dtype: str) -> Any:
    return np.frombuffer(content, dtype=np.uint16 if dtype == "bfloat16" else dtype)


def read_torch_zip(file: Any) -> Any:
    """What ``torch.save`` wrote since Torch 1.6.

    Raises:
        pickle.UnpicklingError: when the archive is no checkpoint, or holds what needs Torch.
    """
    with zipfile.ZipFile(file) as archive:
        names = [name for name in archive.namelist() if name.rpartition("/")[2] == "data.pkl"]
        if not names:
            raise pickle.UnpicklingError("a zip archive without data.pkl is no checkpoint of torch.save")
        folder = names[0][: -len("data.pkl")]
        if folder + "byteorder" in archive.namelist() and archive.read(folder + "byteorder") != b"little":
            raise pickle.UnpicklingError("the checkpoint was written on a big-endian machine: save it again on another")
        read: dict[Any, Any] = {}

        def storage(key: Any, dtype: str) -> Any:
            if key not in read:
                read[key] = numbers_of(archive.read(f"{folder}data/{key}"), dtype)
            return read[key]

        with archive.open(names[0]) as objects:
            return TorchUnpickler(objects, storage).load()


def read_torch_legacy(file: Any) -> Any:
    """What ``torch.save`` wrote before Torch 1.6: objects first, then the numbers they refer to.

    Raises:
        pickle.UnpicklingError: when it holds what needs Torch, or ends too early.
    """
    for _ in range(3):  # the number, the version and the sizes of types
        pickle.load(file)
    start = file.tell()
    dtypes: dict[Any, str] = {}

    def note(key: Any, dtype: str) -> None:
        dtypes[key] = dtype

    TorchUnpickler(file, note).load()  # only to learn the types, and where the numbers begin
    read: dict[Any, Any] = {}
    for key in pickle.load(file):
        dtype = dtypes[key]
        width = numbers_of(b"", dtype).itemsize
        size = int.from_bytes(file.read(8), "little") * width
        content = file.read(size)
        if len(content) != size:
            raise pickle.UnpicklingError("the checkpoint ends too early: fetch it again")
        read[key] = numbers_of(content, dtype)
    file.seek(start)
    return TorchUnpickler(file, lambda key, dtype: read[key]).load()
