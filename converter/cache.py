"""Results by content: a file that was converted before, under the same circumstances, is not converted again.

The key is made of the file's bytes, of every option (among them what other files of the run say about it), of the
user's own rules, and of the converter itself: its whole source and the versions of Python and LibCST.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
import time
from dataclasses import asdict, fields
from functools import cache
from importlib.metadata import version
from pathlib import Path

from converter.diagnostics import Diagnostic
from converter.pipeline import Options, Result
from converter.splice import Edit, splice

_UNUSED_DAYS = 14


def folder() -> Path:
    """The user's cache folder for this converter (``XDG_CACHE_HOME``, or the system's usual place)."""
    if given := os.environ.get("XDG_CACHE_HOME"):
        return Path(given) / "jack-convert"
    if sys.platform == "win32" and (local := os.environ.get("LOCALAPPDATA")):
        return Path(local) / "jack-convert" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "jack-convert"
    return Path.home() / ".cache" / "jack-convert"


@cache
def fingerprint() -> str:
    """What the converter itself is: any change of its source, of Python or of LibCST makes another one."""
    found = hashlib.sha256(f"{sys.version} {version('libcst')}".encode())
    root = Path(__file__).parent
    for path in sorted([*root.rglob("*.py"), *root.rglob("*.txt")]):
        found.update(path.relative_to(root).as_posix().encode() + b"\0")
        found.update(path.read_bytes())
    return found.hexdigest()


class Cache:
    """Results of earlier runs.  A cache that cannot be read or written is as good as an empty one.

    Args:
        root: where it lies.
        extra: what else decides about results (the text of the user's own rules).
    """

    def __init__(self, root: Path, extra: bytes = b"") -> None:
        mine = hashlib.sha256(fingerprint().encode() + extra).hexdigest()[:32]
        self.path = root / mine
        with contextlib.suppress(OSError):
            if not self.path.exists():
                self._forget(root)
            self.path.mkdir(parents=True, exist_ok=True)
            os.utime(self.path)

    @staticmethod
    def _forget(root: Path) -> None:
        for old in root.iterdir() if root.exists() else ():
            if time.time() - old.stat().st_mtime > _UNUSED_DAYS * 86_400:
                shutil.rmtree(old, ignore_errors=True)

    def place(self, text: str, options: Options) -> Path:
        """Where the result for a text lies, if there is one."""
        said = {f.name: getattr(options, f.name) for f in fields(options)}
        said["exported"] = sorted(options.exported)
        key = hashlib.sha256(json.dumps(said, sort_keys=True).encode() + b"\0" + text.encode("utf-8", "surrogatepass"))
        name = key.hexdigest()
        return self.path / name[:2] / f"{name}.json"

    def get(self, text: str, options: Options) -> Result | None:
        try:
            found = json.loads(self.place(text, options).read_bytes())
            edits = [Edit(*edit) for edit in found["edits"]]
            return Result(
                code=text if found["failed"] else splice(text, edits),
                diagnostics=[Diagnostic(**d) for d in found["diagnostics"]],
                edits=edits,
                helpers=found["helpers"],
                answers=found["answers"],
                found=found["found"],
                left=found["left"],
                failed=found["failed"],
            )
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def put(self, text: str, options: Options, result: Result) -> None:
        found = {
            "edits": [[e.start, e.end, e.text] for e in result.edits],
            "diagnostics": [asdict(d) for d in result.diagnostics],
            "helpers": result.helpers,
            "answers": result.answers,
            "found": result.found,
            "left": result.left,
            "failed": result.failed,
        }
        path = self.place(text, options)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_suffix(f".{os.getpid()}")
            temporary.write_text(json.dumps(found, ensure_ascii=True))
            os.replace(temporary, path)
