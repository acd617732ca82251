"""Put oneDNN where Jittor looks for its own download of it.

Layout expected by Jittor 1.3.11 (``compile_extern.py``): ``HOME/.cache/jittor/mkl/dnnl_lnx_2.2.0_cpu_gomp`` with the
folders ``include`` and ``lib``; when ``lib/libmkldnn.so`` is there, nothing is downloaded.
"""

from __future__ import annotations

import filecmp
import os
import platform
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("onednn-cpu-gomp", "onednn-devel-cpu-gomp")
SERVER = "https://cg.cs.tsinghua.edu.cn/jittor/assets/"
FOLDERS = {"x86_64": "dnnl_lnx_2.2.0_cpu_gomp", "aarch64": "dnnl_lnx_2.2.0_cpu_gomp_aarch64"}
REACH_SECONDS = 4.0


@dataclass(frozen=True)
class OneDnn:
    """Where Jittor gets oneDNN from.

    Attributes:
        state: ``user`` (environment variables of the user decide), ``jittor`` (its own copy is in place),
            ``copied`` (from the packages, just now), ``download`` (Jittor will, its server answers), ``off``.
        path: the folder with ``include`` and ``lib``, ``""`` when there is none.
        reason: one sentence.
    """

    state: str
    path: str
    reason: str


def folder(home: Path) -> Path | None:
    """Jittor's oneDNN folder for this machine (Linux), ``None`` for a processor that Jittor does not know."""
    name = FOLDERS.get(platform.machine())
    return home / ".cache" / "jittor" / "mkl" / name if name else None


def complete(place: Path) -> bool:
    """Whether Jittor can compile and link against ``place`` (a broken download leaves parts)."""
    library = place / "lib" / "libmkldnn.so"
    return library.is_file() and library.stat().st_size > 0 and (place / "include" / "mkldnn.hpp").is_file()


def packaged_files() -> dict[str, Path]:
    """Files of the installed packages: ``include/...`` or ``lib/...`` to the installed path; empty when incomplete."""
    from importlib.metadata import PackageNotFoundError, distribution

    if platform.machine() != "x86_64":
        return {}
    files: dict[str, Path] = {}
    for name in PACKAGES:
        try:
            listed = distribution(name).files or []
        except PackageNotFoundError:
            return {}
        for entry in listed:
            parts = [part for part in entry.parts if part != ".."]
            path = Path(str(entry.locate()))
            if parts[0] == "include" or (len(parts) == 1 and ".so" in parts[0]):
                target = "/".join(parts) if parts[0] == "include" else f"lib/{parts[0]}"
                if not path.is_file():
                    return {}
                files[target] = path
    wanted = {"lib/libmkldnn.so", "include/mkldnn.hpp", "include/oneapi/dnnl/dnnl.hpp"}
    return files if wanted <= files.keys() else {}


def copy(files: dict[str, Path], place: Path) -> None:
    """Copy ``files`` to ``place`` so that other processes see nothing or everything.

    The files are copied, not linked to: a virtual environment may be deleted, Jittor's cache stays.  Wheels hold
    one library six times under its version names; equal files become links within ``place``, as they were meant.

    Raises:
        OSError: the cache folder cannot be written.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    # Jittor takes the first folder whose name begins with "dnnl", so that no other name may begin so.
    temporary = Path(tempfile.mkdtemp(prefix=".tmp-onednn-", dir=place.parent))
    try:
        build = temporary / "new"
        for target, source in sorted(files.items()):
            goal = build / target
            goal.parent.mkdir(parents=True, exist_ok=True)
            twin = next((f for f in goal.parent.iterdir() if not f.is_symlink() and _same(f, source)), None)
            if twin is not None and target.startswith("lib/"):
                goal.symlink_to(twin.name)
            else:
                shutil.copyfile(source, goal)
                goal.chmod(0o755 if target.startswith("lib/") else 0o644)
        build.chmod(0o755)
        try:
            os.replace(build, place)
        except OSError:
            if not complete(place):  # not another process that was faster, but the rest of a broken download
                os.replace(place, temporary / "old")
                os.replace(build, place)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _same(first: Path, second: Path) -> bool:
    return first.stat().st_size == second.stat().st_size and filecmp.cmp(first, second, shallow=False)


def server_answers(timeout: float = REACH_SECONDS) -> bool:
    """Whether Jittor's download server answers (through the user's proxy settings, as Jittor itself would ask)."""
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(urllib.request.Request(SERVER, method="HEAD"), timeout=timeout):
            return True
    except urllib.error.HTTPError:
        return True  # it answered
    except (OSError, ValueError):
        return False


def provide(home: Path) -> OneDnn:
    """See to it that Jittor finds oneDNN below ``home`` if that is possible, and say how.

    Args:
        home: Jittor's home folder (the one that holds ``.cache/jittor``).
    """
    env = os.environ
    if env.get("use_mkl", "1") != "1":
        return OneDnn("user", "", f"switched off by use_mkl={env['use_mkl']}")
    place = folder(home)
    if place is None:
        return OneDnn("off", "", f"Jittor has no oneDNN for {platform.machine()}")
    if complete(place):
        return OneDnn("jittor", str(place), "Jittor's own copy is in place")
    files = packaged_files()
    if files:
        try:
            copy(files, place)
            return OneDnn("copied", str(place), f"copied from the package {PACKAGES[0]}")
        except OSError as error:
            return OneDnn("off", "", f"{place} cannot be written: {error.strerror or error}")
    missing = f"the packages {' and '.join(PACKAGES)} are not installed"
    if server_answers():
        return OneDnn("download", str(place), f"{missing}; Jittor will download it at its first start")
    return OneDnn("off", "", f"{missing}, and Jittor's download server does not answer")
