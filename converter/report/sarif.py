"""SARIF 2.1.0, the format that code hosts and editors read; and GitHub's own annotations."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from converter.diagnostics import CODES, Diagnostic
from converter.project import Converted

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_HOME = "https://pypi.org/project/jack-toolkit/"


def _version() -> str:
    try:
        return version("jack-toolkit")
    except PackageNotFoundError:
        return "0"


def _place(path: Path) -> Path:
    """Relative to where the program runs, where that is possible."""
    absolute = path.absolute()
    return absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else absolute


def _uri(path: Path) -> str:
    place = _place(path)
    return place.as_uri() if place.is_absolute() else quote(place.as_posix())


def _rules() -> list[dict[str, Any]]:
    return [
        {
            "id": code,
            "shortDescription": {"text": entry.title},
            "fullDescription": {"text": entry.explanation},
            "defaultConfiguration": {"level": entry.severity.value},
        }
        for code, entry in CODES.items()
    ]


def _result(path: Path, diagnostic: Diagnostic, number: int) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(path)}}
    if diagnostic.line:
        place["region"] = {"startLine": diagnostic.line, "startColumn": max(1, diagnostic.column)}
    mark = hashlib.sha256(f"{_uri(path)}\0{diagnostic.code}\0{diagnostic.message}\0{number}".encode()).hexdigest()
    return {
        "ruleId": diagnostic.code,
        "ruleIndex": list(CODES).index(diagnostic.code),
        "level": diagnostic.severity.value,
        "message": {"text": f"{CODES[diagnostic.code].title}: {diagnostic.message}"},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"jackConvert/v1": mark},
        "properties": {"api": diagnostic.api, "evidence": diagnostic.evidence},
    }


def render(items: Iterable[Converted], exit_code: int) -> str:
    """All diagnostics as one SARIF run; a fingerprint does not change when lines above are added."""
    items = list(items)
    results = []
    for item in items:
        seen: dict[tuple[str, str], int] = {}
        for diagnostic in item.result.diagnostics:
            key = (diagnostic.code, diagnostic.message)
            seen[key] = seen.get(key, 0) + 1
            results.append(_result(item.source.path, diagnostic, seen[key]))
    driver = {"name": "jack-convert", "version": _version(), "informationUri": _HOME, "rules": _rules()}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "artifacts": [{"location": {"uri": _uri(item.source.path)}} for item in items],
        "invocations": [{"executionSuccessful": exit_code != 2, "exitCode": exit_code}],
        "results": results,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def github(items: Iterable[Converted]) -> str:
    """Workflow commands that GitHub shows beside the lines."""
    lines = []
    for item in items:
        for d in item.result.diagnostics:
            kind = "notice" if d.severity.value == "note" else d.severity.value
            place = f"file={_escaped(_place(item.source.path).as_posix())},line={max(1, d.line)},col={max(1, d.column)}"
            title = _escaped(f"{d.code} {CODES[d.code].title}")
            lines.append(f"::{kind} {place},title={title}::{_text(d.message)}")
    return "\n".join(lines)


def _text(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped(text: str) -> str:
    return _text(text).replace(":", "%3A").replace(",", "%2C")
