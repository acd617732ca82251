"""Projects: which files, where their output goes, in parallel; one bad file never stops the rest."""

from __future__ import annotations

import codecs
import io
import os
import re
import tempfile
import tokenize
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from pathspec import GitIgnoreSpec

from converter import helpers
from converter.diagnostics import Diagnostic
from converter.pipeline import Options, Result, convert

_SKIPPED_FOLDERS = frozenset(
    {".git", ".hg", ".venv", "venv", "__pycache__", ".tox", ".mypy_cache", ".ruff_cache", "node_modules"}
)


@dataclass(frozen=True, slots=True)
class Source:
    """One input file, its place below the common root, and where its helper module goes."""

    path: Path
    relative: Path
    helper_folders: tuple[Path, ...]  # below the output's root
    helper_import: str


@dataclass(frozen=True, slots=True)
class Converted:
    """One file's result together with its text and encoding."""

    source: Source
    text: str
    encoding: str
    result: Result


class InputError(Exception):
    """A file or folder that cannot be used; the message is one line for the user."""


def find(paths: Iterable[Path], exclude: Iterable[str] = ()) -> list[Source]:
    """The Python files meant by files and folders.

    Raises:
        InputError: for a path that does not exist, or a folder without Python files.
    """
    spec = GitIgnoreSpec.from_lines(exclude)
    paths = list(paths)
    found: list[Source] = []
    files = [p for p in paths if not p.is_dir()]
    common = _common_root(files) if len(files) > 1 else None
    for path in paths:
        if path.is_dir():
            inside = [p for p in _python_files(path) if not spec.match_file(p.relative_to(path).as_posix())]
            if not inside:
                raise InputError(f"{path}: no Python files in this folder")
            found += [_source(p, path) for p in inside]
        elif not path.exists():
            raise InputError(f"{path}: no such file or folder")
        elif not spec.match_file(path.as_posix()):
            found.append(_source(path, common or path.parent))
    return found


def _python_files(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if f not in _SKIPPED_FOLDERS)
        for name in sorted(names):
            if name.endswith(".py"):
                yield Path(root) / name


def _package_top(path: Path) -> Path | None:
    """The topmost folder of the package that a file belongs to."""
    folder = path.parent
    top = None
    while (folder / "__init__.py").exists():
        top = folder
        folder = folder.parent
    return top


def _common_root(files: list[Path]) -> Path:
    tops = [(_package_top(p.absolute()) or p.absolute()).parent for p in files]
    return Path(os.path.commonpath(tops))


def _source(path: Path, root: Path) -> Source:
    """Where a file and its helper module go: a package's helper at its top, a script's beside it and at the root."""
    absolute, base = path.absolute(), root.absolute()
    relative = absolute.relative_to(base)
    top = _package_top(absolute)
    if top is not None:
        if base != top and base.is_relative_to(top):
            top = base
        depth = len(absolute.parent.relative_to(top).parts)
        folder = top.relative_to(base)
        return Source(path, relative, (folder,), f"from {'.' * (depth + 1)} import {helpers.MODULE_NAME}")
    folders = (Path(), relative.parent) if relative.parent != Path() else (Path(),)
    return Source(path, relative, folders, f"import {helpers.MODULE_NAME}")


def read(path: Path) -> tuple[str, str]:
    """Text and encoding of a Python file, with its line breaks as they are.

    Raises:
        InputError: when it is missing, unreadable, binary, or does not fit its declared encoding.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}") from error
    return decode(raw)


def decode(raw: bytes) -> tuple[str, str]:
    """Decode Python source by its byte order mark or coding line.

    Raises:
        InputError: when the bytes are no text in that encoding.
    """
    if b"\0" in raw:
        raise InputError("this is a binary file")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        text = raw.decode(encoding)
    except SyntaxError as error:
        raise InputError(f"{error.msg}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"not valid {error.encoding}: byte {raw[error.start]:#04x} at offset {error.start}") from error
    return text, encoding


def encode(text: str, encoding: str) -> bytes:
    """Bytes of a text in the input's encoding (with its byte order mark)."""
    raw = text.encode("utf-8" if encoding == "utf-8-sig" else encoding)
    return codecs.BOM_UTF8 + raw if encoding == "utf-8-sig" else raw


def convert_file(source: Source, options: Options) -> Converted:
    """Read and convert one file; whatever goes wrong becomes a diagnostic."""
    try:
        text, encoding = read(source.path)
    except InputError as error:
        code = "JC903" if str(error).startswith("cannot be read") else "JC902"
        return Converted(source, "", "utf-8", Result("", [Diagnostic(code, str(error))], failed=True))
    try:
        top = _package_top(source.path.absolute())
        # A folder of one's own called "torch" does not hide the installed package.
        own = top.name if top is not None and top.name != "torch" else ""
        result = convert(text, replace(options, helper_import=source.helper_import, own_package=own))
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        result = Result(text, [Diagnostic("JC906", message)], failed=True)
    return Converted(source, text, encoding, result)


_FROM_IMPORT = re.compile(r"^[ \t]*from[ \t]+([.\w]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n#;]*)", re.MULTILINE)


def exports(sources: list[Source]) -> dict[Path, frozenset[str]]:
    """Names that files of a run import from one another, by the file they are imported from.

    Modules are matched by the last part of their name: too many names only keep a binding that nobody needs.
    """
    wanted: dict[str, set[str]] = {}
    for source in sources:
        try:
            text, _ = read(source.path)
        except InputError:
            continue
        for module, names in _FROM_IMPORT.findall(text):
            last = module.rpartition(".")[2]
            found = {part.split()[0] for part in re.sub(r"#.*", "", names).strip("()").split(",") if part.split()}
            wanted.setdefault(last or source.path.parent.name, set()).update(found)
    return {
        s.path: frozenset(wanted.get(s.path.parent.name if s.path.stem == "__init__" else s.path.stem, ()))
        for s in sources
    }


def convert_all(sources: list[Source], options: Options, jobs: int) -> Iterator[Converted]:
    """Convert files in order, over several processes where that pays."""
    exported = exports(sources) if len(sources) > 1 else {}
    each = [replace(options, exported=exported.get(source.path, frozenset())) for source in sources]
    if jobs <= 1 or len(sources) < 4:
        for source, own in zip(sources, each, strict=True):
            yield convert_file(source, own)
        return
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        yield from pool.map(convert_file, sources, each, chunksize=4)


def helper_modules(converted: Iterable[Converted]) -> dict[Path, str]:
    """Helper modules by folder (below the output's root), each with what the files that import it use."""
    wanted: dict[Path, set[str]] = {}
    for item in converted:
        if item.result.helpers:
            for folder in item.source.helper_folders:
                wanted.setdefault(folder, set()).update(item.result.helpers)
    return {folder / f"{helpers.MODULE_NAME}.py": helpers.render(sorted(names)) for folder, names in wanted.items()}


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        OSError: when the folder cannot be made or written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        if path.exists():
            os.chmod(name, path.stat().st_mode & 0o777)
        else:
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(name, 0o666 & ~mask)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
