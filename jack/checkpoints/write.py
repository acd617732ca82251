"""Write weights as safetensors, for Torch, for Jittor, or for numpy: exactly, and never half a file."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import pickle
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from jack.checkpoints.dtypes import BFLOAT16, SAFETENSORS, SUPPORTED, Array, same_bits, widened
from jack.checkpoints.errors import CheckpointError
from jack.checkpoints.read import JITTOR_END, TYPES_MARK, load_checkpoint

SUFFIXES = {
    ".safetensors": "safetensors",
    ".pth": "torch",
    ".pt": "torch",
    ".bin": "torch",
    ".pkl": "jittor",
    ".jtr": "jittor",
    ".npz": "npz",
}
FORMATS = ("safetensors", "torch", "jittor", "npz")


def format_of(path: Path, asked: str | None = None) -> str:
    """The format to write: the one asked for, else by the suffix.

    Raises:
        CheckpointError: for a suffix that says nothing, or under which Jittor would take the file for Torch's.
    """
    by_suffix = SUFFIXES.get(path.suffix.lower())
    if asked is None:
        if by_suffix is None:
            known = ", ".join(SUFFIXES)
            raise CheckpointError(f"{path}: the suffix says no format ({known}); choose one with --to")
        return by_suffix
    if asked == "jittor" and by_suffix == "torch":
        raise CheckpointError(f"{path}: Jittor takes {path.suffix} for a Torch file; name it .pkl, or write --to torch")
    return asked


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to, which takes the place of ``path`` when all is done, and leaves no trace if not.

    Raises:
        CheckpointError: if the folder or the disk does not allow it.
    """
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)  # what any new file would have
        os.replace(temporary, path)
        temporary = ""
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be written: {error.strerror or error}; nothing was changed") from error
    finally:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def save_checkpoint(
    weights: Mapping[str, Array],
    path: str | os.PathLike[str],
    *,
    to: str | None = None,
    force: bool = False,
    metadata: Mapping[str, str] | None = None,
) -> str:
    """Write weights and read them back before they take their place.

    Args:
        weights: arrays by name; bfloat16 is that of ``ml_dtypes``.
        path: the file; its suffix chooses the format.
        to: the format, one of :data:`FORMATS`, if the suffix does not say it.
        force: replace a file that is there.
        metadata: texts for a safetensors file; other formats have no place for them.

    Returns:
        the format.

    Raises:
        CheckpointError: if a file is there already, if it cannot be written, or an array's type cannot.
    """
    path = Path(path)
    form = format_of(path, to)
    if path.is_dir():
        raise CheckpointError(f"{path}: a folder; name a file")
    if path.exists() and not force:
        raise CheckpointError(f"{path}: is there already; --force replaces it")
    if not path.parent.is_dir():
        raise CheckpointError(f"{path}: there is no folder {path.parent}")
    clean = {name: _writable(path, name, array) for name, array in weights.items()}
    with replacing(path) as file:
        _WRITERS[form](file, clean, dict(metadata or {}))
        file.flush()
        _prove(Path(file.name), path, clean)
    return form


def _writable(path: Path, name: str, array: Any) -> Array:
    array = np.asarray(array)
    if array.dtype.name not in SUPPORTED:
        raise CheckpointError(f"{path}: {name} is of type {array.dtype}, which files of weights do not hold")
    if array.dtype != BFLOAT16:
        array = array.astype(array.dtype.newbyteorder("="), copy=False)
    return np.asarray(array, order="C")  # not ascontiguousarray, which makes a vector of a scalar


def _prove(written: Path, path: Path, weights: Mapping[str, Array]) -> None:
    """Read the file again: the disk may have lied, and so may the program."""
    found = load_checkpoint(written).weights if weights else {}
    wrong = [name for name, array in weights.items() if name not in found or not same_bits(found[name], array)]
    if wrong or len(found) != len(weights):
        raise CheckpointError(
            f"{path}: what was written reads differently ({', '.join(wrong[:3])}); nothing was changed"
        )


def _safetensors(file: IO[bytes], weights: Mapping[str, Array], metadata: dict[str, str]) -> None:
    import safetensors.numpy

    for name, array in weights.items():
        if array.dtype.name not in SAFETENSORS.values():
            raise CheckpointError(f"{name} is of type {array.dtype}, which safetensors files do not hold")
    # Programs that load safetensors into Torch ask for the entry "format".
    file.write(safetensors.numpy.save(dict(weights), metadata={"format": "pt", **metadata}))


def _torch(file: IO[bytes], weights: Mapping[str, Array], metadata: dict[str, str]) -> None:
    try:
        import torch
    except ImportError as error:
        raise CheckpointError("Torch is needed to write its format; --to safetensors needs nothing") from error

    def tensor(array: Array) -> Any:
        own = np.array(array)  # writable, as Torch wants it
        if own.dtype == BFLOAT16:
            return torch.from_numpy(own.view(np.int16)).view(torch.bfloat16)
        return torch.from_numpy(own)

    torch.save({name: tensor(array) for name, array in weights.items()}, file)


def _jittor(file: IO[bytes], weights: Mapping[str, Array], metadata: dict[str, str]) -> None:
    # What jt.load reads: a pickle of arrays, its SHA-1, eight letters.  numpy's bfloat16 would stop it, so that these
    # arrays are float32 of the same values; which they were stands behind the pickle, where unpickling has stopped.
    narrow = [name for name, array in weights.items() if array.dtype == BFLOAT16]
    plain = {name: widened(array) if array.dtype == BFLOAT16 else array for name, array in weights.items()}
    data = pickle.dumps(plain, 4)
    if narrow:
        data += TYPES_MARK + json.dumps({"bfloat16": narrow}).encode()
    file.write(data)
    file.write(hashlib.sha1(data).digest())
    file.write(JITTOR_END)


def _npz(file: IO[bytes], weights: Mapping[str, Array], metadata: dict[str, str]) -> None:
    # Not numpy.savez, which takes names as keyword arguments and so cannot store one that is called "file".
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, array in weights.items():
            buffer = io.BytesIO()
            plain = array.view("V2") if array.dtype == BFLOAT16 else array
            np.lib.format.write_array(buffer, plain, allow_pickle=False)  # type: ignore[no-untyped-call]
            archive.writestr(f"{name}.npy", buffer.getbuffer())


_WRITERS: dict[str, Callable[[IO[bytes], Mapping[str, Array], dict[str, str]], None]] = {
    "safetensors": _safetensors,
    "torch": _torch,
    "jittor": _jittor,
    "npz": _npz,
}
