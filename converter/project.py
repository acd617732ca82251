"""Projects: which files, where their output goes, in parallel; one bad file never stops the rest."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import tempfile
import tokenize
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from pathspec import GitIgnoreSpec

from converter import context, helpers, rules
from converter.cache import Cache
from converter.custom import RuleFailed
from converter.diagnostics import Diagnostic
from converter.names import MENTIONS_TORCH
from converter.pipeline import Options, Result, convert

_WORTH_PROCESSES = 40_000  # characters: some 1,000 lines, a third of a second's work
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


def convert_file(source: Source, options: Options, cache: Cache | None = None) -> Converted:
    """Read and convert one file; whatever goes wrong becomes a diagnostic."""
    try:
        text, encoding = read(source.path)
    except InputError as error:
        code = "JC903" if str(error).startswith("cannot be read") else "JC902"
        return Converted(source, "", "utf-8", Result("", [Diagnostic(code, str(error))], failed=True))
    if source.path.name == f"{helpers.MODULE_NAME}.py" and helpers.is_rendered(text):
        return Converted(source, text, encoding, Result(text, []))
    options = _options_of(source, options)
    known = cache.get(text, options) if cache is not None else None
    if known is not None:
        return Converted(source, text, encoding, known)
    try:
        result = convert(text, options)
    except RuleFailed as error:
        return Converted(source, text, encoding, Result(text, [Diagnostic("JC908", str(error))], failed=True))
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        return Converted(source, text, encoding, Result(text, [Diagnostic("JC906", message)], failed=True))
    if cache is not None:
        cache.put(text, options, result)
    return Converted(source, text, encoding, result)


def _options_of(source: Source, options: Options) -> Options:
    top = _package_top(source.path.absolute())
    # A folder of one's own called "torch" does not hide the installed package.
    own = top.name if top is not None and top.name != "torch" else ""
    return replace(options, helper_import=source.helper_import, own_package=own)


def _needs_work(text: str, options: Options) -> bool:
    return options.among_torch or MENTIONS_TORCH.search(text) is not None


def convert_all(
    sources: list[Source],
    options: Options,
    jobs: int,
    cache: Cache | None = None,
    prepare: Callable[[], None] | None = None,
) -> Iterator[Converted]:
    """Convert files in order; those that are not known yet over several processes, where that pays.

    Args:
        prepare: called in each new process (loads the user's rules).
    """
    texts: dict[Path, str] = {}
    for source in sources:
        with contextlib.suppress(InputError):
            texts[source.path] = read(source.path)[0]
    contexts = context.gather(texts) if len(sources) > 1 else {}
    each = []
    for source in sources:
        around = contexts.get(source.path, context.Context())
        said = replace(options, exported=around.exported, among_torch=around.among_torch)
        each.append(replace(said, returns=around.returns, starred=around.starred))
    long = [
        (source, own)
        for source, own in zip(sources, each, strict=True)
        if source.path in texts and _needs_work(texts[source.path], own)
    ]
    if cache is not None:
        long = [(s, own) for s, own in long if not cache.place(texts[s.path], _options_of(s, own)).exists()]
    if jobs <= 1 or sum(len(texts[source.path]) for source, _ in long) < _WORTH_PROCESSES:
        for source, own in zip(sources, each, strict=True):
            yield convert_file(source, own, cache if _needs_work(texts.get(source.path, ""), own) else None)
        return
    rules.load()  # once, before the processes are forked
    with ProcessPoolExecutor(max_workers=jobs, initializer=prepare) as pool:
        pending = {source.path: pool.submit(convert_file, source, own, cache) for source, own in long}
        for source, own in zip(sources, each, strict=True):
            if source.path in pending:
                yield _outcome(pending[source.path], source, own, cache, prepare)
            else:
                yield convert_file(source, own, cache if _needs_work(texts.get(source.path, ""), own) else None)


def _outcome(
    future: Future[Converted],
    source: Source,
    options: Options,
    cache: Cache | None,
    prepare: Callable[[], None] | None,
) -> Converted:
    """A process that dies takes all others of its pool along: what it was to do is done again, file by file."""
    try:
        return future.result()
    except BrokenExecutor:
        pass
    try:
        with ProcessPoolExecutor(max_workers=1, initializer=prepare) as pool:
            return pool.submit(convert_file, source, options, cache).result()
    except BrokenExecutor:
        text, encoding = read(source.path)
        problem = Diagnostic("JC906", "the process that converted this file died")
        return Converted(source, text, encoding, Result(text, [problem], failed=True))


def helper_modules(converted: Iterable[Converted]) -> dict[Path, str]:
    """Helper modules by folder (below the output's root), each with what the files that import it use.

    Where one program imports several of them (a script and a package, or two packages), they hold the same and become
    one module when they are imported: parameters and classes of one copy mean nothing to another.
    """
    wanted: dict[Path, set[str]] = {}
    packages: set[Path] = set()
    scripts = False
    items = list(converted)
    if not any(item.result.helpers for item in items):
        return {}
    for item in items:
        names = {*item.result.helpers, *helpers.used_in(item.result.code)}  # files converted before use some, too
        if names:
            inside = item.source.helper_import.startswith("from .")
            packages.update(item.source.helper_folders if inside else ())
            scripts = scripts or not inside
            for folder in item.source.helper_folders:
                wanted.setdefault(folder, set()).update(names)
    if len(packages) + scripts > 1:
        text = helpers.render_shared(set().union(*wanted.values()))
        return {folder / f"{helpers.MODULE_NAME}.py": text for folder in wanted}
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
