"""Read a file of weights, whatever wrote it: the format is told by the content, not by the suffix."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import safetensors

from jack.checkpoints import torchfile
from jack.checkpoints.choose import chosen_weights
from jack.checkpoints.dtypes import BFLOAT16, SAFETENSORS, SUPPORTED, Array, narrowed
from jack.checkpoints.errors import CheckpointError, ForeignObjectError
from jack.checkpoints.unpickle import DAMAGE, read_pickle

JITTOR_END = b"HCAJSLHD"  # after a SHA-1 of what comes before
TYPES_MARK = b"\njack-types:"  # ours, between a Jittor pickle and its SHA-1; see write.py

# What people hand over by mistake; each is said by its name.
FOREIGN = [
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x89PNG", "a PNG image"),
    (b"GIF8", "a GIF image"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file (Keras); only Torch, Jittor, safetensors and numpy files are read"),
    (b"\x1f\x8b", "compressed with gzip; unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"%PDF", "a PDF document"),
    (b"\x93NUMPY", "a single array (.npy), without names"),
    (b"version https://git-lfs", "a git-lfs pointer, not the file itself; run: git lfs pull"),
    (b"GGUF", "a GGUF file"),
]


@dataclass
class Checkpoint:
    """Weights and where they came from.

    Attributes:
        weights: arrays by name, in the file's order; bfloat16 is that of ``ml_dtypes``.
        path: the file.
        format: ``torch zip``, ``torch stream``, ``torch tar``, ``jittor``, ``pickle``, ``safetensors`` or ``npz``.
        entry: where in the file the weights lay, ``""`` if they are all of it.
        ignored: what else the file holds, by name, with a word about each.
        notes: sentences about the reading that the user should know.
        metadata: texts that a safetensors file carries.
    """

    weights: dict[str, Array]
    path: Path
    format: str
    entry: str = ""
    ignored: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)


def load_checkpoint(path: str | os.PathLike[str], *, entry: str | None = None, skip_code: bool = False) -> Checkpoint:
    """Read weights.  Nothing that the file contains is ever run.

    Args:
        path: Torch (.pth, .pt: zip, stream and tar format), Jittor (.pkl, .jtr, .pth), a pickle of arrays (Python 2
            or 3), safetensors or .npz.
        entry: where the weights lie in a dictionary of several things; found by itself if there is one such place.
        skip_code: read the weights around objects of other classes, for instance out of a whole pickled model; these
            objects become empty placeholders, and nothing of theirs is imported or run.

    Raises:
        CheckpointError: for a file that is missing, damaged, foreign or more than weights; one line, with its name.
    """
    path = Path(path)
    try:
        return _read(path, entry, skip_code)
    except ForeignObjectError as error:
        raise CheckpointError(
            f"{path}: refused: it needs {error.name}, so it is more than weights (a whole model, or a program); nothing"
            " of it was run. --skip-code reads the weights around it, also without running anything"
        ) from None
    except CheckpointError as error:
        text = str(error)
        raise CheckpointError(text if text.startswith(str(path)) else f"{path}: {text}") from error
    except IsADirectoryError:
        raise CheckpointError(f"{path}: a folder; name the file in it") from None
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such file") from None
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (*DAMAGE, zipfile.BadZipFile, zlib.error, tarfile.TarError) as error:
        raise CheckpointError(f"{path}: damaged: {str(error) or type(error).__name__}") from error


def _read(path: Path, entry: str | None, skip_code: bool) -> Checkpoint:
    with open(path, "rb") as file:
        head = file.read(600)
        size = os.fstat(file.fileno()).st_size
    if not size:
        raise CheckpointError("is empty; was it downloaded completely?")
    for start, what in FOREIGN:
        if head.startswith(start):
            raise CheckpointError(f"no file of weights: {what}")
    if head.lstrip()[:1] == b"<" or head.lstrip().lower().startswith(b"<!doctype"):
        raise CheckpointError("no file of weights: a web page; the download failed")
    if head.startswith(b"PK"):
        return _read_zip(path, entry, skip_code)
    if len(head) > 9 and head[8:9] == b"{" and 2 <= int.from_bytes(head[:8], "little") <= 100_000_000:
        return _read_safetensors(path)
    if head[257:262] == b"ustar" or (head[:1] not in (b"\x80", b"(") and tarfile.is_tarfile(path)):
        return _chosen(path, "torch tar", torchfile.read_tar(path, skip_code), entry)
    return _read_pickle(path, entry, skip_code)


def _read_zip(path: Path, entry: str | None, skip_code: bool) -> Checkpoint:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if any(name.endswith("/constants.pkl") or "/code/" in name for name in names):
            raise CheckpointError(
                "a TorchScript program, no file of weights; save torch.jit.load(...).state_dict() in Torch"
            )
        pickles = [name for name in names if name == "data.pkl" or name.endswith("/data.pkl")]
        if pickles:
            # The arrays are taken out while the archive is open.
            return _chosen(path, "torch zip", torchfile.read_zip(archive, pickles[0], skip_code), entry)
        if names and all(name.endswith(".npy") for name in names):
            return _read_npz(path, archive, names)
    raise CheckpointError("a zip archive, but neither Torch's (no data.pkl) nor numpy's (.npz)")


def _read_npz(path: Path, archive: zipfile.ZipFile, names: list[str]) -> Checkpoint:
    weights = {}
    for name in names:
        with archive.open(name) as member:
            array = np.lib.format.read_array(member, allow_pickle=False)  # type: ignore[no-untyped-call]
        if array.dtype == np.dtype("V2"):
            array = array.view(BFLOAT16)  # numpy has no name for it and writes two plain bytes
        if array.dtype.name not in SUPPORTED:
            raise CheckpointError(
                f"{name.removesuffix('.npy')}: an array of type {array.dtype}, which weights do not have"
            )
        native = array.astype(array.dtype.newbyteorder("=")) if array.dtype != BFLOAT16 else array
        weights[name.removesuffix(".npy")] = np.asarray(native, order="C")
    return Checkpoint(weights, path, "npz")


def _read_safetensors(path: Path) -> Checkpoint:
    data = path.read_bytes()
    try:
        found = safetensors.deserialize(data)  # type: ignore[no-untyped-call]
    except safetensors.SafetensorError as error:
        raise CheckpointError(f"damaged safetensors file: {error}") from error
    # The library gives the order of the bytes; the header has no other.
    weights = {}
    for name, part in found:
        kind = SAFETENSORS.get(part["dtype"])
        if kind is None:
            raise CheckpointError(f"{name}: a tensor of type {part['dtype']}, which is not supported")
        array = np.frombuffer(part["data"], dtype=SUPPORTED[kind]).reshape(part["shape"])
        weights[name] = np.array(array, order="C")
    length = int.from_bytes(data[:8], "little")
    metadata = json.loads(data[8 : 8 + length]).get("__metadata__") or {}
    return Checkpoint(weights, path, "safetensors", metadata=metadata)


def _read_pickle(path: Path, entry: str | None, skip_code: bool) -> Checkpoint:
    with open(path, "rb") as file:
        try:
            first = read_pickle(file, skip_code)
        except ForeignObjectError:
            raise
        except CheckpointError as error:
            raise CheckpointError(f"damaged, or no file of weights ({error})") from error
        if type(first) is int and first == torchfile.MAGIC_NUMBER:
            file.seek(0)
            return _chosen(path, "torch stream", torchfile.read_stream(file, skip_code), entry)
        stopped = file.tell()
    data = path.read_bytes()
    if not data.endswith(JITTOR_END):
        if len(data) > stopped:
            raise CheckpointError(f"damaged: {len(data) - stopped} bytes follow after the end of its pickle")
        return _chosen(path, "pickle", first, entry)
    if len(data) < stopped + 28 or hashlib.sha1(data[:-28]).digest() != data[-28:-8]:
        raise CheckpointError("damaged: its checksum differs from its content")
    made = _chosen(path, "jittor", first, entry)
    types = data[stopped:-28]
    if types.startswith(TYPES_MARK):
        for name in json.load(io.BytesIO(types[len(TYPES_MARK) :]))["bfloat16"]:
            made.weights[name] = narrowed(made.weights[name])
    return made


def _chosen(path: Path, kind: str, value: Any, entry: str | None) -> Checkpoint:
    weights, where, ignored, notes = chosen_weights(value, entry)
    return Checkpoint(weights, path, kind, where, ignored, notes)
