"""The conversion of a project: figures, diagnostics and both texts of every file."""

from __future__ import annotations

import json
import subprocess
import sys
import tokenize
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SEVERITIES = ("error", "warning", "note")


class DossierError(Exception):
    """Something that was asked for is not there or cannot be read; the message is one line for the user."""


@dataclass(frozen=True)
class Diagnostic:
    """One message of the converter, as its JSON report has it; ``line`` is 0 for the whole file."""

    code: str
    message: str
    line: int
    api: str
    evidence: str
    severity: str


@dataclass(frozen=True)
class File:
    """One file.

    Attributes:
        path: where it is.
        name: its path below the project.
        before, after: both texts; equal if it did not change, ``after`` is None if there is no output.
        found, left: names of Torch in the input, in the output.
        answers: ``rewritten``, ``kept``, ``needs you``, ``unknown`` and how often each.
        failed: whether it could not be processed.
        diagnostics: in order of lines.
    """

    path: Path
    name: str
    before: str
    after: str | None
    found: int
    left: int
    answers: dict[str, int]
    failed: bool
    diagnostics: list[Diagnostic]

    @property
    def changed(self) -> bool:
        """Whether the output is another text."""
        return self.after is not None and self.after != self.before

    @property
    def torch(self) -> bool:
        """Whether Torch has to do with it."""
        return bool(self.found or self.changed or self.failed or self.answers)

    def count(self, severity: str) -> int:
        """How many diagnostics of a severity."""
        return sum(each.severity == severity for each in self.diagnostics)


@dataclass(frozen=True)
class Conversion:
    """All files of a project.

    Attributes:
        project: as it was given.
        files: in order of their names.
        helpers: names of the helper functions that the output uses.
    """

    project: Path
    files: list[File]
    helpers: list[str]

    @property
    def found(self) -> int:
        """Names of Torch in the input."""
        return sum(file.found for file in self.files)

    @property
    def left(self) -> int:
        """Names of Torch in the output."""
        return sum(file.left for file in self.files)

    @property
    def answers(self) -> Counter[str]:
        """How often each answer was given."""
        return sum((Counter(file.answers) for file in self.files), Counter[str]())

    @property
    def open(self) -> int:
        """How many uses of Torch are left for a person."""
        return sum(file.count("error") + file.count("warning") for file in self.files)

    @property
    def failed(self) -> int:
        """How many files could not be processed."""
        return sum(file.failed for file in self.files)

    @property
    def complete(self) -> bool:
        """Whether nothing is left for a person."""
        return not self.open and not self.failed


def convert(project: Path, goal: Path, exclude: Sequence[str] = (), timeout: float = 1800) -> Conversion:
    """Run ``jack-convert`` in a process of its own.

    Args:
        project: a file or a folder.
        goal: an empty folder for the output.
        exclude: patterns of files to leave out.
        timeout: seconds.

    Raises:
        DossierError: it refused the project, or did not come to its end.
    """
    command = [sys.executable, "-m", "converter.cli", str(project), "-o", f"{goal}/", "--output-format", "json"]
    command += [part for pattern in exclude for part in ("--exclude", pattern)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=timeout, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise DossierError(f"jack-convert was not done after {timeout:.0f} s (--timeout)") from None
    text = done.stdout.decode("utf-8", errors="replace")
    try:
        told: dict[str, Any] = json.loads(text)
    except ValueError:
        lines = [line for line in done.stderr.decode("utf-8", errors="replace").splitlines() if line.strip()]
        said = lines[-1] if lines else f"ended with status {done.returncode} and said nothing"
        raise DossierError(said if said.startswith("jack-convert") else f"jack-convert: {said}") from None
    files = [_file(each, project) for each in told["files"]]
    helpers = sorted({name for each in told["files"] for name in each["helpers"]})
    return Conversion(project, sorted(files, key=lambda file: file.name), helpers)


def _file(told: dict[str, Any], project: Path) -> File:
    path = Path(told["path"])
    name = str(path.relative_to(project)) if path.is_relative_to(project) and path != project else path.name
    before = "" if told["failed"] else _read(path)
    output = told["output"]
    fields = Diagnostic.__dataclass_fields__
    said = [Diagnostic(**{key: each.get(key, "") for key in fields}) for each in told["diagnostics"]]
    return File(
        path=path,
        name=name,
        before=before,
        after=_read(Path(output)) if output else None,
        found=told["torch_names_found"],
        left=told["torch_names_left"],
        answers=told["answers"],
        failed=told["failed"],
        diagnostics=sorted(said, key=lambda each: each.line or 0),
    )


def _read(path: Path) -> str:
    try:
        with tokenize.open(path) as stream:
            return stream.read()
    except (OSError, SyntaxError, UnicodeDecodeError) as error:
        raise DossierError(f"{path}: cannot be read any more: {error}") from None
