"""The files of the gait data set: arrays, and pickled labels without the dangers of pickles (NumPy)."""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from jack.errors import DatasetError

Array = NDArray[Any]


# A pickle can set attributes of what it names: these two have none.


class _Latin1Bytes:
    """How old protocols of pickle spell bytes."""

    __slots__ = ()

    def __call__(self, text: str, encoding: str = "latin1") -> bytes:
        if encoding not in ("latin1", "latin-1"):
            raise pickle.UnpicklingError(f"bytes spelled in {encoding}")
        return text.encode("latin1")


class _FromBuffer:
    """How protocol 5 spells arrays."""

    __slots__ = ()

    def __call__(self, buffer: Any, dtype: np.dtype[Any], shape: tuple[int, ...], order: Literal["C", "F"]) -> Array:
        return np.frombuffer(buffer, dtype).reshape(shape, order=order)


def _array_parts() -> dict[tuple[str, str], Any]:
    multiarray: Any = np.core.multiarray
    parts: dict[tuple[str, str], Any] = {("numpy", "ndarray"): np.ndarray, ("numpy", "dtype"): np.dtype}
    for core in ("numpy.core", "numpy._core"):  # the second since NumPy 2
        parts[f"{core}.multiarray", "_reconstruct"] = multiarray._reconstruct
        parts[f"{core}.multiarray", "scalar"] = multiarray.scalar
        parts[f"{core}.numeric", "_frombuffer"] = _FromBuffer()
    parts["_codecs", "encode"] = _Latin1Bytes()
    return parts


class PlainUnpickler(pickle.Unpickler):
    """Reads lists, tuples, dictionaries, texts, numbers and NumPy arrays; whatever else is named is refused.

    Every call in a pickle goes through a name that :meth:`find_class` must know, so none of a file's own choice is run.
    """

    allowed = _array_parts()

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self.allowed[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which is no plain data") from None


def read_pickle(path: Path) -> Any:
    """The content of a pickle of plain data, also one that Python 2 wrote.

    Raises:
        DatasetError: if it cannot be read or holds anything else.
    """

    def load(encoding: str) -> Any:
        with path.open("rb") as stream:
            return PlainUnpickler(stream, encoding=encoding).load()

    try:
        try:
            return load("ASCII")
        except UnicodeDecodeError:  # texts of Python 2 are bytes
            return load("latin1")
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {error.strerror or error}") from error
    except Exception as error:  # damaged pickles raise whatever they like
        raise DatasetError(f"{path} is no pickle of lists, texts, numbers and arrays: {_line(error)}") from error


def read_array(path: Path, mapped: bool = False) -> Array:
    """The array of an .npy file; one of objects is read like a pickle.

    Args:
        path: the file.
        mapped: leave it on the disk and read what is used.

    Raises:
        DatasetError: if it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            shape, dtype = _header(stream)
            if dtype.hasobject:
                return np.asarray(PlainUnpickler(stream, encoding="latin1").load(), dtype=object).reshape(shape)
        return np.asanyarray(np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False))
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {error.strerror or error}") from error
    except Exception as error:
        raise DatasetError(f"{path} is no .npy file of numbers: {_line(error)}") from error


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


def _header(stream: BinaryIO) -> tuple[tuple[int, ...], np.dtype[Any]]:
    read: dict[tuple[int, int], Callable[[BinaryIO], tuple[tuple[int, ...], bool, np.dtype[Any]]]] = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    magic: Any = np.lib.format.read_magic  # NumPy gives it no types
    version = magic(stream)
    if version not in read:
        raise ValueError(f"version {version} of the format is unknown")
    shape, _, dtype = read[version](stream)
    return shape, dtype


def read_labels(path: Path) -> tuple[list[str] | None, Array]:
    """Names of the clips, if the file has them, and labels: N whole numbers, or N x K marks of 0 and 1.

    Args:
        path: a pickled pair of names and labels, or an .npy of labels.

    Raises:
        DatasetError: if it cannot be read or is neither.
    """
    if path.suffix == ".npy":
        names, labels = None, read_array(path)
    else:
        content = read_pickle(path)
        if not isinstance(content, list | tuple) or len(content) != 2:
            raise DatasetError(f"{path} must hold a pair: the names of the clips and their labels")
        if not isinstance(content[0], list | tuple | np.ndarray):
            raise DatasetError(f"{path}: the names of the clips are a {type(content[0]).__name__}, not a list")
        names, labels = [_text(name) for name in content[0]], content[1]
    try:
        array = np.array(np.asarray(labels).tolist())  # a list of NumPy numbers, or an array of objects, becomes plain
    except ValueError as error:
        raise DatasetError(f"{path}: the labels are not alike in length") from error
    if array.dtype.kind not in "iub" and not (array.dtype.kind == "f" and np.array_equal(array, np.floor(array))):
        raise DatasetError(f"{path}: labels are whole numbers, not {array.dtype}")
    if array.ndim not in (1, 2) or (names is not None and len(names) != len(array)):
        count = "no names" if names is None else f"{len(names)} names"
        raise DatasetError(f"{path}: {count} and labels of shape {array.shape} do not fit")
    return names, array.astype(np.int64)


def _text(name: Any) -> str:
    return name.decode("latin1") if isinstance(name, bytes) else str(name)


def write_file(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Write a file that appears under its name only when it is complete."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as stream:
        try:
            write(stream)  # type: ignore[arg-type]
        except BaseException:
            os.unlink(stream.name)
            raise
    os.replace(stream.name, path)
