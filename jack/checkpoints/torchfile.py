"""Torch's own file formats, read without Torch: the zip archive (since 1.6), the stream before it, the first, a tar.

All hold a pickle whose tensors name storages; they differ in where the bytes of the storages are.
"""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from jack.checkpoints.errors import CheckpointError
from jack.checkpoints.records import StorageRecord, StorageType, TensorRecord, plain_int
from jack.checkpoints.unpickle import read_pickle

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C  # the first object of the stream format
PROTOCOL_VERSION = 1001


def _parts_of(pid: Any) -> tuple[StorageType, str, int, Any]:
    """Type, key and number of elements of a storage, and of which part of another it is a view."""
    if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] != "storage" or not isinstance(pid[1], StorageType):
        raise ValueError(f"{pid!r} does not name a storage")
    return pid[1], str(pid[2]), plain_int(pid[4]), pid[5] if len(pid) > 5 else None


def read_zip(archive: zipfile.ZipFile, pickle_name: str, skip_code: bool) -> Any:
    """The object in a zip archive.

    Args:
        archive: the open file.
        pickle_name: its member ``.../data.pkl``.
        skip_code: see :class:`jack.checkpoints.unpickle.WeightsUnpickler`.
    """
    folder = pickle_name.removesuffix("data.pkl")
    names = set(archive.namelist())
    big = f"{folder}byteorder" in names and archive.read(f"{folder}byteorder") == b"big"
    loaded: dict[str, StorageRecord] = {}

    def storage(pid: Any) -> StorageRecord:
        kind, key, numel, _ = _parts_of(pid)
        member = f"{folder}data/{key}"
        if member not in names:
            raise ValueError(f"storage {key} is missing")
        if key not in loaded:
            loaded[key] = StorageRecord(kind.dtype, numel, lambda: archive.read(member), big_endian=big)
        return loaded[key]

    return read_pickle(io.BytesIO(archive.read(pickle_name)), skip_code, storage)


class _Views:
    """Storages whose bytes come later in the file than the pickle that names them."""

    def __init__(self, big_endian: bool = False) -> None:
        self.big_endian = big_endian
        self.data: dict[str, bytes] = {}
        self.kinds: dict[str, StorageType] = {}

    def record(self, pid: Any) -> StorageRecord:
        kind, key, numel, view = _parts_of(pid)
        self.kinds[key] = kind
        first = 0
        if view is not None:
            first, numel = plain_int(view[1]), plain_int(view[2])
        return StorageRecord(kind.dtype, numel, self.bytes_of(key), first=first, big_endian=self.big_endian)

    def bytes_of(self, key: str) -> Callable[[], bytes]:
        return lambda: self.data[key]


def _take(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) != count:
        raise CheckpointError(f"ends {count - len(data)} bytes too early")
    return data


def _storage_bytes(file: BinaryIO, kind: StorageType, itemsize: int, big_endian: bool = False) -> bytes:
    """A storage's elements, their number before them; the number of an untyped storage is that of its bytes."""
    (count,) = struct.unpack(">q" if big_endian else "<q", _take(file, 8))
    size = count * (itemsize if kind.dtype else 1)
    here = file.tell()
    left = file.seek(0, io.SEEK_END) - here
    file.seek(here)
    if count < 0 or size > left:
        raise CheckpointError(f"a storage of {count} elements, more than the file holds")
    return _take(file, size)


def read_stream(file: BinaryIO, skip_code: bool) -> Any:
    """The object in a file of the format before the zip archive; the file stands at its beginning."""
    magic, version, system = (read_pickle(file) for _ in range(3))
    if magic != MAGIC_NUMBER or version != PROTOCOL_VERSION:
        raise CheckpointError(f"a Torch file of version {version!r}, which is not known")
    big = isinstance(system, dict) and system.get("little_endian") is False
    views = _Views(big)
    value = read_pickle(file, skip_code, views.record)
    for key in read_pickle(file):
        kind = views.kinds.get(str(key))
        if kind is None:
            raise CheckpointError(f"storage {key} belongs to no tensor")
        views.data[str(key)] = _storage_bytes(file, kind, itemsize(kind), big)
    return value


def itemsize(kind: StorageType) -> int:
    """Bytes of an element."""
    from jack.checkpoints.dtypes import SUPPORTED

    return SUPPORTED[kind.dtype].itemsize if kind.dtype else 1


def read_tar(path: Path, skip_code: bool) -> Any:
    """The object in a file of Torch's first format: members ``storages``, ``tensors`` and ``pickle``."""
    with tarfile.open(path, "r:") as tar:
        storages, tensors, pickled = (_member(tar, name) for name in ("storages", "tensors", "pickle"))
    found: dict[int, Any] = {}
    for _ in range(plain_int(read_pickle(storages))):
        key, _location, kind = read_pickle(storages)
        data = _storage_bytes(storages, kind, itemsize(kind))
        found[key] = StorageRecord(kind.dtype, len(data) // itemsize(kind), _constant(data))
    for target, root, offset, numel in read_pickle(storages):
        base = found[root]
        found[target] = StorageRecord(base.dtype, plain_int(numel), base._load, first=base.first + plain_int(offset))
    for _ in range(plain_int(read_pickle(tensors))):
        key, storage, _kind = read_pickle(tensors)
        (dims, _padding) = struct.unpack("<ii", _take(tensors, 8))
        if not 0 <= dims <= 64:
            raise CheckpointError(f"a tensor of {dims} dimensions")
        sizes = struct.unpack(f"<{dims}q", _take(tensors, 8 * dims))
        steps = struct.unpack(f"<{dims}q", _take(tensors, 8 * dims))
        (offset,) = struct.unpack("<q", _take(tensors, 8))
        found[key] = TensorRecord(found[storage], offset, sizes, steps, None)
    return read_pickle(pickled, skip_code, lambda pid: found[int(pid)])


def _constant(data: bytes) -> Callable[[], bytes]:
    return lambda: data


def _member(tar: tarfile.TarFile, name: str) -> BinaryIO:
    file = tar.extractfile(name)
    if file is None:
        raise CheckpointError(f"member {name} is no file")
    return io.BytesIO(file.read())
