"""Lines of a program for a page: with what stands around them if the file is still as it was, and with colours."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from parity.trace.result import Place

_CONTEXT = 3
_FORMATTER = HtmlFormatter(nowrap=True)
_PACKAGES = re.compile(r"^.*/(?:site|dist)-packages/")


@dataclass(frozen=True)
class Line:
    """One line: its number, its text with colours, whether it is the one that is meant."""

    number: int
    code: Markup
    meant: bool


@dataclass(frozen=True)
class Snippet:
    """A place in a program.

    Attributes:
        file: short name of the file.
        line: number of the line that is meant.
        lines: that line and, if they could be read, some before and after it.
    """

    file: str
    line: int
    lines: list[Line]


def coloured(code: str) -> list[Markup]:
    """Python code as lines of HTML; a string over several lines is closed and opened again at each line's end."""
    return [Markup(line) for line in highlight(code, PythonLexer(stripnl=False), _FORMATTER).splitlines()]


def snippet(place: Place, names: dict[str, str]) -> Snippet:
    """The line of a place with its surroundings.

    Args:
        place: where; its file is read again, and left out if the line is not the same any more.
        names: short names by file, as :func:`short_names` gives them.
    """
    first, lines = place.line, [place.text]
    around = _around(place)
    if around is not None:
        first, lines = around
    coded = coloured("\n".join(lines)) or [Markup("")]
    rows = [Line(first + at, code, first + at == place.line) for at, code in enumerate(coded)]
    return Snippet(names.get(place.file, place.file), place.line, rows)


def _around(place: Place) -> tuple[int, list[str]] | None:
    try:
        lines = Path(place.file).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return None
    if not 0 < place.line <= len(lines) or lines[place.line - 1].strip() != place.text.strip():
        return None
    first = max(0, place.line - 1 - _CONTEXT)
    last = min(len(lines), place.line + _CONTEXT)
    while first < place.line - 1 and not lines[first].strip():
        first += 1
    while last > place.line and not lines[last - 1].strip():
        last -= 1
    return first + 1, textwrap.dedent("\n".join(lines[first:last])).split("\n")


def short_names(files: Iterable[str]) -> dict[str, str]:
    """A short name for each file, unique among them.

    A file of an installed package is named from the package on; the others by what follows the folder that they have
    in common, so that a page shows neither where a home folder is nor the name of a temporary one.
    """
    found: dict[str, str] = {}
    own: list[str] = []
    for file in dict.fromkeys(files):
        inside = _PACKAGES.sub("", file)
        if inside != file:
            found[file] = inside
        else:
            own.append(file)
    folders = [PurePath(file).parent.parts for file in own]
    shared = 0
    while folders and all(len(f) > shared and f[shared] == folders[0][shared] for f in folders):
        shared += 1
    for file in own:
        found[file] = "/".join(PurePath(file).parts[shared:])
    return found
