"""``python -m tests.converter.corpus [FOLDER...]``: convert a large body of Torch-free code; nothing may change.

Without folders the corpus is the standard library and the installed NumPy, SciPy, scikit-learn and librosa.  The test
"does the file mention Torch" is switched off, so every file is parsed, its names and kinds are resolved, and every
rule is asked.  Files that import Torch are counted apart: those are not Torch-free, they only may not fail.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import sys
import sysconfig
import time
import warnings
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from converter import project
from converter.names import ROOTS
from converter.pipeline import Options, convert

PACKAGES = ("numpy", "scipy", "sklearn", "librosa")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one file."""

    path: Path
    lines: int = 0
    edits: int = 0
    reports: int = 0
    imports_torch: bool = False
    valid: bool = True
    unreadable: bool = False
    failure: str = ""
    seconds: float = 0.0


@dataclass(slots=True)
class Summary:
    """All files together."""

    outcomes: list[Outcome] = field(default_factory=list)
    wall: float = 0.0

    @property
    def free(self) -> list[Outcome]:
        """Valid Python that LibCST can read and that does not import Torch."""
        return [o for o in self.outcomes if o.valid and not o.unreadable and not o.imports_torch]

    @property
    def failures(self) -> list[Outcome]:
        return [o for o in self.outcomes if o.failure]

    @property
    def changed(self) -> list[Outcome]:
        return [o for o in self.free if o.edits or o.reports]

    def lines(self) -> str:
        """The figures, as text."""
        torch = [o for o in self.outcomes if o.imports_torch]
        invalid = sum(not o.valid for o in self.outcomes)
        unreadable = sum(o.unreadable for o in self.outcomes)
        lines, seconds = sum(o.lines for o in self.free), sum(o.seconds for o in self.free)
        return "\n".join(
            [
                f"Torch-free: {len(self.free):,} files, {lines:,} lines",
                f"  edits: {sum(o.edits for o in self.free)}, reports: {sum(o.reports for o in self.free)}",
                f"with Torch imports: {len(torch)} files, {sum(o.edits for o in torch)} edits",
                f"left alone: {invalid} files that are no valid Python, {unreadable} that LibCST cannot read (JC907)",
                f"crashes and broken invariants: {len(self.failures)}",
                f"{seconds:.1f} CPU s, {self.wall:.1f} s; {lines / max(seconds, 1e-9):,.0f} lines per CPU second",
            ]
        )


def folders() -> list[Path]:
    """Where the corpus lies on this machine."""
    found = [Path(sysconfig.get_paths()["stdlib"])]
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            found.append(Path(spec.origin).parent)
    return found


def files(roots: Iterable[Path]) -> list[Path]:
    """All Python files below, in order; what is installed beside the standard library is not part of it."""
    found: list[Path] = []
    for root in roots:
        for folder, inner, names in os.walk(root):
            inner[:] = sorted(n for n in inner if n not in ("site-packages", "dist-packages", "__pycache__"))
            found += [Path(folder) / name for name in sorted(names) if name.endswith(".py")]
    return found


def _imports_torch(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        else:
            continue
        if any(name.partition(".")[0] in ROOTS for name in names):
            return True
    return False


def examine(path: Path, prefilter: bool = False) -> Outcome:
    """Convert one file without writing anything."""
    try:
        text, _ = project.read(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (project.InputError, SyntaxError, ValueError):
        return Outcome(path, valid=False)
    started = time.process_time()
    try:
        result = convert(text, Options(prefilter=prefilter))
    except Exception as error:  # what is being looked for
        return Outcome(path, failure=f"{type(error).__name__}: {error}")
    seconds = time.process_time() - started
    if any(d.code == "JC907" for d in result.diagnostics):
        return Outcome(path, unreadable=True)
    failure = "; ".join(f"{d.code} {d.message}" for d in result.diagnostics if d.code.startswith("JC9"))
    lines = text.count("\n")
    torch = _imports_torch(tree)
    return Outcome(path, lines, len(result.edits), len(result.diagnostics), torch, failure=failure, seconds=seconds)


def run(paths: Sequence[Path], jobs: int | None = None, prefilter: bool = False) -> Summary:
    """Examine files over several processes."""
    started = time.perf_counter()
    with ProcessPoolExecutor(max_workers=jobs or os.cpu_count()) as pool:
        outcomes = list(pool.map(partial(examine, prefilter=prefilter), paths, chunksize=8))
    return Summary(outcomes, time.perf_counter() - started)


def main() -> int:
    """Exit 0 when nothing changed and nothing failed, else 1."""
    roots = [Path(argument) for argument in sys.argv[1:]] or folders()
    summary = run(files(roots))
    print(summary.lines())
    for outcome in [*summary.failures, *summary.changed]:
        print(f"{outcome.path}: {outcome.edits} edits, {outcome.reports} reports {outcome.failure}")
    return 1 if summary.failures or summary.changed else 0


if __name__ == "__main__":
    sys.exit(main())
