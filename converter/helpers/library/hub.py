"""``torch.hub``: weights from an address, kept on the disk."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import tempfile
import urllib.parse
import urllib.request
from typing import Any

from converter.helpers.library.serialization import load


def checkpoint_folder() -> str:
    """Where Torch keeps downloaded weights; TORCH_HOME and XDG_CACHE_HOME say where that is."""
    caches = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return os.path.join(
        os.path.expanduser(os.environ.get("TORCH_HOME", os.path.join(caches, "torch"))), "hub", "checkpoints"
    )


def fetch_file(url: str, path: str, digest_start: str = "") -> None:
    """Write what is at an address to a file, which appears only when it is complete.

    Raises:
        RuntimeError: when its SHA-256 digest does not begin as it should.
    """
    folder = os.path.dirname(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    digest = hashlib.sha256()
    part, name = tempfile.mkstemp(dir=folder, suffix=".part")
    try:
        with os.fdopen(part, "wb") as file, urllib.request.urlopen(url) as answer:
            while chunk := answer.read(1 << 20):
                digest.update(chunk)
                file.write(chunk)
        if not digest.hexdigest().startswith(digest_start):
            raise RuntimeError(f'invalid hash value (expected "{digest_start}", got "{digest.hexdigest()}")')
        os.replace(name, path)
    finally:
        if os.path.exists(name):
            os.remove(name)


def load_state_dict_from_url(
    url: str,
    model_dir: Any = None,
    map_location: Any = None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
    weights_only: bool = False,
) -> Any:
    """The weights in a file that is fetched once; what Torch has fetched already is used.  No progress bar.

    Raises:
        RuntimeError: when the digest in the file's name is to be checked, and differs.
    """
    folder = checkpoint_folder() if model_dir is None else model_dir
    name = file_name or os.path.basename(urllib.parse.urlparse(url).path)
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        print(f'Downloading: "{url}" to {path}', file=sys.stderr)
        named = re.search(r"-([a-f0-9]*)\.", name) if check_hash else None
        fetch_file(url, path, named.group(1) if named else "")
    return load(path, map_location=map_location)
