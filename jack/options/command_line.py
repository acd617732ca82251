"""Commands with a method's options: ``jack COMMAND METHOD --an-option VALUE``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, get_origin

import click

from jack.checkpoints.errors import CheckpointError
from jack.errors import DatasetError
from jack.frameworks import FrameworkError
from jack.methods.registry import METHODS
from jack.options import OPTIONS
from jack.options.common import Options
from jack.options.config import find, read_config
from jack.options.field import Option, OptionError, options_of
from jack.options.values import parse

ERRORS = (OptionError, DatasetError, CheckpointError, FrameworkError)  # the user's to mend: one line, exit code 2

Run = Callable[..., int]
"""Takes a method's options, and the command's own parameters by name; returns the exit code."""


class MethodCommand(click.Command):
    """A command whose long options are written with - or _, and whose lists need no quotes (``--step 25 50``)."""

    program = "jack"  # what errors begin with

    def __init__(self, kind: type[Options], command: str, run: Run, help: str, own: Sequence[click.Parameter]) -> None:
        self.kind, self.run = kind, run
        self.made = {one.name: one for one in options_of(kind, command)}
        config = click.Option(
            ["--config"], metavar="FILE", help="YAML or TOML file with the same names; the command line goes before it."
        )
        params = [*own, config, *(_parameter(one) for one in self.made.values())]
        super().__init__(kind.method, params=list(params), callback=self._call, help=help)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, self._spelled(args))

    def _spelled(self, args: Sequence[str]) -> list[str]:
        lists = {one.flag for one in self.made.values() if get_origin(one.kind) is tuple}
        spelled: list[str] = []
        open_list = False
        for arg in args:
            if arg.startswith("--"):
                name, equals, value = arg.partition("=")
                name = self._flag(name.replace("_", "-"))
                spelled.append(name + equals + value)
                open_list = name in lists and not equals
                first = True
            elif open_list and not arg.startswith("-"):
                if first:
                    spelled.append(arg)
                else:
                    spelled[-1] += f" {arg}"
                first = False
            else:
                spelled.append(arg)
        return spelled

    def _flag(self, name: str) -> str:
        for one in self.made.values():
            if name[2:].replace("-", "_") in one.aliases:
                return one.flag
        return name

    def _call(self, config: str | None, **given: Any) -> None:
        own = {name: value for name, value in given.items() if name not in self.made}
        try:
            values = read_config(Path(config), self.kind) if config else {}
            for name, value in given.items():
                if name in self.made and value is not None:
                    values[name] = parse(self.made[name], value)
            code = self.run(self.kind(**values), **own)
        except ERRORS as error:
            click.echo(f"{self.program}: {error}", err=True)
            code = 2
        raise SystemExit(code)


def _parameter(one: Option) -> click.Option:
    parts = [one.help]
    if one.aliases:
        parts.append(f"Also {', '.join('--' + alias for alias in one.aliases)}.")
    parts.append(f"[{one.unit}; default: {one.default_text()}]" if one.unit else f"[default: {one.default_text()}]")
    metavar = "|".join(one.choices) or ("LIST" if get_origin(one.kind) is tuple else _METAVARS[one.kind])
    if one.kind is bool:  # --dl, or --dl no
        return click.Option(
            [one.flag], is_flag=False, flag_value="yes", default=None, metavar="[yes|no]", help=" ".join(parts)
        )
    return click.Option([one.flag], default=None, metavar=metavar, help=" ".join(parts))


_METAVARS = {str: "TEXT", int: "INTEGER", float: "NUMBER", bool: "[yes|no]"}


class MethodGroup(click.Group):
    """``jack NAME METHOD``: a command for each method.

    Args:
        name: of the group, which is also the name under which options say that they belong to it.
        help: what it does.
        run: what a command does.
        own: makes the parameters that are the command's own and no method's option.
        methods: the names of the methods that have it; None for all.
        program: whose command it is; its errors begin with that.
    """

    def __init__(
        self,
        name: str,
        help: str,
        run: Run,
        own: Callable[[str], Sequence[click.Parameter]] = lambda method: (),
        methods: Sequence[str] | None = None,
        program: str = "jack",
    ) -> None:
        super().__init__(name, help=help, context_settings={"help_option_names": ["-h", "--help"]})
        self.does, self.run_method, self.own = help, run, own
        self.methods = list(methods or OPTIONS)
        self.program = program

    def list_commands(self, ctx: click.Context) -> list[str]:
        return self.methods

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.methods:
            return None
        assert self.name is not None
        help = f"{METHODS[cmd_name].title}. {self.does}"
        command = MethodCommand(OPTIONS[cmd_name], self.name, self.run_method, help, self.own(cmd_name))
        command.program = self.program
        return command


def options_from(method: str, values: dict[str, Any], config: Path | None = None) -> Options:
    """A method's options from names (any spelling) and values (texts or values), as a command would have them.

    Raises:
        OptionError: for an unknown name or a value that does not fit.
    """
    kind = OPTIONS[method]
    found = read_config(config, kind) if config else {}
    for name, value in values.items():
        one = find(kind, name)
        found[one.name] = parse(one, value)
    return kind(**found)
