"""``python -m benchmarks.converter_speed [FOLDER...]``: lines a second, next to LibCST's own parse, visit and print.

Both sides read the same files in one process; what is counted is CPU time.  LibCST's side parses a file, runs a
transformer that changes nothing, and prints the tree: what any converter on LibCST does at least.  The ratio of the
two is what can be compared between machines.  Without folders, Torch's own ``nn`` and ``optim`` are measured.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import libcst as cst
from tabulate import tabulate

from converter import project, rules
from converter.cache import Cache
from converter.names import IMPORTS_TORCH
from converter.pipeline import Options, convert


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement: what was done, over how many lines, in how many seconds."""

    what: str
    files: int
    lines: int
    seconds: float

    @property
    def speed(self) -> float:
        return self.lines / max(self.seconds, 1e-9)


class _NoOp(cst.CSTTransformer):
    """Visits every node and changes none."""


def _libcst(text: str) -> None:
    assert cst.parse_module(text).visit(_NoOp()).code == text


def default_folders() -> list[Path]:
    """Torch's own modules and optimizers."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return []
    root = Path(spec.origin).parent
    return [root / "nn" / "modules", root / "optim"]


def _cpu(what: str, texts: Sequence[str], work: Callable[[str], object]) -> Row:
    started = time.process_time()
    for text in texts:
        work(text)
    seconds = time.process_time() - started
    return Row(what, len(texts), sum(text.count("\n") + 1 for text in texts), seconds)


def measure(folders: Sequence[Path]) -> list[Row]:
    """All measurements; speeds of rows 0 to 2 are per CPU second, those of the others per second of wall time.

    Raises:
        project.InputError: for a folder that does not exist or holds no Python files.
    """
    sources = project.find(folders)
    texts: dict[Path, str] = {}
    for source in sources:
        try:
            text, _ = project.read(source.path)
            cst.parse_module(text)
        except (project.InputError, cst.ParserSyntaxError):
            continue
        texts[source.path] = text
    rules.load()
    torch = [text for text in texts.values() if IMPORTS_TORCH.search(text)]
    rows = [
        _cpu("LibCST parse, no-op, print (Torch files)", torch, _libcst),
        _cpu("convert, with the check that twice is once", torch, convert),
        _cpu("convert, without that check", torch, lambda t: convert(t, Options(check_idempotence=False))),
        _cpu("convert, the whole tree", list(texts.values()), convert),
    ]
    lines = sum(text.count("\n") + 1 for text in texts.values())
    jobs = os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="jack-bench-") as temporary:
        memory = Cache(Path(temporary))
        for what in (f"the whole tree, {jobs} processes (wall time)", "again, unchanged (wall time)"):
            started = time.perf_counter()
            for _ in project.convert_all(sources, Options(), jobs, memory):
                pass
            rows.append(Row(what, len(sources), lines, time.perf_counter() - started))
    return rows


def table(rows: Sequence[Row]) -> str:
    """The measurements as text, with the ratio to LibCST's own work."""
    base = rows[0].speed
    cells = [
        [row.what, row.files, f"{row.lines:,}", f"{row.seconds:.2f}", f"{row.speed:,.0f}", f"{row.speed / base:.2f}"]
        for row in rows
    ]
    head = ["", "files", "lines", "s", "lines/s", "ratio to LibCST"]
    return tabulate(cells, head, disable_numparse=True, colalign=("left", *["right"] * 5))


def main() -> int:
    """Measure the folders given; exit 2 for a folder that cannot be used."""
    folders = [Path(argument) for argument in sys.argv[1:]] or default_folders()
    try:
        print(table(measure(folders)))
    except project.InputError as error:
        print(f"benchmarks.converter_speed: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
