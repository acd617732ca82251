"""Results in a folder: a file for each cell, so that an interrupted run goes on where it was, and one for all."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.harness.cells import Cell
from benchmarks.harness.machine import describe
from benchmarks.harness.result import Result
from benchmarks.harness.run import Protocol
from jack.files import replacing

FORMAT = 1
SOURCES = ("jack/methods", "jack/optimize", "benchmarks/methods", "benchmarks/harness")
ALL = "results.json"


class StoreError(ValueError):
    """A file of results cannot be read; one line for the user."""


@dataclass(frozen=True)
class Report:
    """All results of a run, and the machine that they are of."""

    machine: dict[str, Any]
    results: list[Result]


def fingerprint(protocol: Protocol, device: str, threads: int) -> str:
    """Of everything that a figure depends on: machine, versions, protocol, source text of methods and harness."""
    digest = hashlib.sha256()
    digest.update(json.dumps([describe(device), threads, vars(protocol)], sort_keys=True).encode())
    root = Path(__file__).parents[2]
    for path in sorted(path for name in SOURCES for path in (root / name).rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


class Store:
    """The folder of a run.

    Args:
        folder: made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cells = folder / "cells"
        self.data = folder / "data"
        for each in (self.cells, self.data):
            each.mkdir(parents=True, exist_ok=True)

    def find(self, cell: Cell, fingerprint: str) -> tuple[Result | None, str]:
        """The result of a cell, and why an earlier one is not good any more ("" if there is none)."""
        path = self._path(cell)
        if not path.is_file():
            return None, ""
        try:
            result = Result.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError):
            return None, "its file cannot be read"
        if result.fingerprint != fingerprint:
            return None, "machine, versions, protocol or source text have changed since"
        if not set(cell.sides) <= set(result.sides):
            return None, "another framework was asked for"
        return result, ""

    def keep(self, cell: Cell, result: Result) -> None:
        """Write the result of a cell."""
        with replacing(self._path(cell)) as path:
            path.write_text(json.dumps(result.as_dict(), allow_nan=False), encoding="utf-8")

    def all(self, fingerprint: str) -> list[Result]:
        """Every result of the folder that was measured under the same conditions."""
        found = []
        for path in sorted(self.cells.glob("*.json")):
            try:
                result = Result.from_dict(json.loads(path.read_text(encoding="utf-8")))
            except (ValueError, KeyError, TypeError):
                continue  # `find` says so when its cell is asked for
            if result.fingerprint == fingerprint:
                found.append(result)
        return found

    def _path(self, cell: Cell) -> Path:
        return self.cells / f"{cell.key}.json"


def write_report(path: Path, report: Report) -> None:
    """Write all results as one file of JSON."""
    told = {"format": FORMAT, "machine": report.machine, "results": [each.as_dict() for each in report.results]}
    with replacing(path) as partial:
        partial.write_text(json.dumps(told, allow_nan=False), encoding="utf-8")


def read_report(path: Path) -> Report:
    """Read what :func:`write_report` wrote.

    Raises:
        StoreError: if it is not such a file.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            raise StoreError(f"{path}: written by another version of jack-bench; measure again")
        return Report(told["machine"], [Result.from_dict(each) for each in told["results"]])
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error
    except StoreError:
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path}: no results of jack-bench methods ({error!r})") from error
