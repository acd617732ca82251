"""Named arrays in files: what processes of different frameworks exchange."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def save_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write an .npz that appears under its name only when it is complete."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as stream:
        # Not savez(**arrays): names may hold any character and may be called "file".
        _write_npz(stream, arrays)
    os.replace(partial, path)


def _write_npz(stream: Any, arrays: Mapping[str, Array]) -> None:
    import zipfile

    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, array in arrays.items():
            with archive.open(name + ".npy", "w", force_zip64=True) as member:
                write_array: Any = np.lib.format.write_array  # numpy gives it no types
                write_array(member, np.asarray(array), allow_pickle=False)


def load_arrays(path: Path) -> dict[str, Array]:
    """All arrays of an .npz.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is no .npz, or holds pickled objects.
    """
    import zipfile

    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (zipfile.BadZipFile, EOFError, AttributeError, TypeError) as error:
        raise ValueError(f"{path} is no .npz file") from error
