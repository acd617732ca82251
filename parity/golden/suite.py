"""What a method must offer to be compared with recorded figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

from parity.arrays import Array
from parity.backends import Backend
from parity.tolerances import Tolerance

GROUP = "jack_parity.golden"
HOST = "host"  # the side of what needs neither framework


class GoldenError(Exception):
    """The golden folder or the request is not usable; the message is one line for the user."""


@dataclass(frozen=True)
class Entry:
    """One recorded array.

    Attributes:
        value: what the authors' code computed.
        tolerance: how near ours must be.
        framework: whether a framework computes it; otherwise the host does.
        group: entries of a group share a line of the report.
        only: the one framework that computes it, where not all can (double precision, for instance).
    """

    value: Array
    tolerance: Tolerance
    framework: bool = True
    group: str = ""
    only: str = ""


@dataclass
class Recorded:
    """The content of a golden folder.

    Attributes:
        entries: what is compared, by name.
        not_compared: what is not, by name, with the reason: inputs, configuration, known differences.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    not_compared: dict[str, str] = field(default_factory=dict)


FrameworkSection = Callable[[Path, Backend], Mapping[str, Array]]
HostSection = Callable[[Path], Mapping[str, Array]]


class Suite(Protocol):
    """One method's comparison.

    Attributes:
        name: the method, as on the command line.
        files: files that the golden folder must hold, relative to it.
        framework_sections: name to function: folder and backend to arrays by entry name.
        host_sections: the same for what is plain NumPy.
    """

    name: str
    files: tuple[str, ...]
    framework_sections: Mapping[str, FrameworkSection]
    host_sections: Mapping[str, HostSection]

    def recorded(self, data: Path) -> Recorded:
        """Read the golden folder.

        Raises:
            GoldenError: if a file is not of the format.
        """


def available() -> dict[str, Suite]:
    """The suites of all installed packages, by name."""
    return {entry.name: entry.load() for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name)}


def missing_files(suite: Suite, data: Path) -> list[str]:
    """The files of a suite that a folder lacks."""
    return [name for name in suite.files if not (data / name).is_file()]
