"""What an option is besides a name, a type and a default."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_type_hints

TRAIN, TEST, INFER = "train", "test", "infer"
ALL = (TRAIN, TEST, INFER)


class OptionError(ValueError):
    """A value does not fit its option, or there is no such option; one line that says what to write."""


@dataclass(frozen=True)
class Option:
    """One option of a method.

    Attributes:
        name: of the field, with underscores; the command line has hyphens and takes either.
        kind: type of the value: str, int, float, bool, or tuple[int, ...].
        default: its value if nothing is given.
        help: one sentence.
        unit: of the value, if it has one.
        choices: the values there are, if they are few.
        least: the smallest value.
        commands: which commands have it.
        aliases: other names, which the authors' programs use.
        changeable: a run that is resumed may have another value: the losses stay as they would have been.
        shown: the default in words, where it depends on the machine.
    """

    name: str
    kind: Any
    default: Any
    help: str
    unit: str = ""
    choices: tuple[str, ...] = ()
    least: float | None = None
    commands: tuple[str, ...] = ALL
    aliases: tuple[str, ...] = ()
    changeable: bool = False
    shown: str = ""

    @property
    def flag(self) -> str:
        """As in a command line."""
        return f"--{self.name.replace('_', '-')}"

    def default_text(self) -> str:
        """The default as it would be written."""
        if self.shown:
            return self.shown
        if isinstance(self.default, tuple):
            return " ".join(str(part) for part in self.default)
        if isinstance(self.default, bool):
            return "yes" if self.default else "no"
        return str(self.default) if self.default != "" else "none"

    def check(self, value: Any) -> None:
        """Refuse what the option cannot be.

        Raises:
            OptionError: for such a value.
        """
        if self.choices and value not in self.choices:
            raise OptionError(f"{self.flag} is one of {', '.join(self.choices)}, not {value!r}")
        if self.least is not None and value < self.least:
            raise OptionError(f"{self.flag} is at least {self.least:g}, not {value}")


def option(
    default: Any,
    help: str,
    *,
    unit: str = "",
    choices: Sequence[str] = (),
    least: float | None = None,
    commands: Sequence[str] = ALL,
    aliases: Sequence[str] = (),
    changeable: bool = False,
    shown: str = "",
) -> Any:
    """A field of a dataclass of options; see :class:`Option`."""
    more = {
        "help": help,
        "unit": unit,
        "choices": tuple(choices),
        "least": least,
        "commands": tuple(commands),
        "aliases": tuple(aliases),
        "changeable": changeable,
        "shown": shown,
    }
    return dataclasses.field(default=default, metadata=more)


def workers(authors: int, aliases: Sequence[str] = ()) -> Any:
    """The option ``num_workers``: as many processes as in the authors' program, but not more than there are CPUs."""
    return option(
        min(authors, os.cpu_count() or 1),
        "Processes that read and decode; 0 reads in the main process. The results do not depend on it.",
        unit="processes",
        least=0,
        commands=(TRAIN, TEST),
        aliases=aliases,
        changeable=True,
        shown=f"{authors}, at most one a CPU" if authors else "0",
    )


def options_of(kind: type, command: str | None = None) -> tuple[Option, ...]:
    """The options of a dataclass, in order: all, or those that a command has."""
    hints = get_type_hints(kind)
    found = [
        Option(field.name, hints[field.name], field.default, **field.metadata)
        for field in dataclasses.fields(kind)
        if "help" in field.metadata
    ]
    return tuple(one for one in found if command is None or command in one.commands)
