"""JSON files that other commands wrote: reading them, and telling in one line why one cannot be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from parity.dossier.conversion import DossierError
from parity.trace.result import Trace


def read_json(path: Path, option: str) -> Any:
    """The value in a file.

    Raises:
        DossierError: it cannot be read or is no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DossierError(f"{option} {path}: {error.strerror or error}") from None
    except ValueError as error:
        raise DossierError(f"{option} {path}: no JSON ({error})") from None


def read_trace(path: Path) -> Trace:
    """A trace that ``jack-parity trace --json`` wrote.

    Raises:
        DossierError: it is none.
    """
    told = read_json(path, "--trace")
    if not isinstance(told, dict):
        raise DossierError(f"--trace {path}: no trace; write one with jack-parity trace --json")
    try:
        return Trace.from_json(told)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DossierError(f"--trace {path}: {error}; write one with jack-parity trace --json") from None


def read_training(path: Path) -> list[dict[str, Any]]:
    """The reports that ``jack-parity train --output-format json`` wrote.

    Raises:
        DossierError: there are none in the file.
    """
    told = read_json(path, "--train")
    reports = told if isinstance(told, list) else [told]
    if not reports or not all(isinstance(each, dict) and isinstance(each.get("steps"), list) for each in reports):
        raise DossierError(f"--train {path}: no training; write one with jack-parity train --output-format json")
    return reports
