"""Files that appear under their names only when they are complete."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from jack.errors import DatasetError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name to write to, in the same folder, that takes the place of ``path`` unless an error comes.

    Raises:
        DatasetError: in place of an OSError, such as a full disk; it names the file.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        os.replace(partial, path)
    except OSError as error:
        raise DatasetError(f"{path}: cannot be written: {error}") from error
    finally:
        with suppress(OSError):
            partial.unlink()
