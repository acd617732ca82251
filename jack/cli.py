"""The command ``jack``: one click group; each subcommand imports what it needs when it runs."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from jack import __version__

# Commands that live beside what they command; imported when they are called or listed.
ELSEWHERE = {
    "convert-checkpoint": "jack.checkpoints.command:convert_checkpoint",
    "make-weights": "jack.checkpoints.command:make_weights",
    "test": "jack.commands.test:test",
    "train": "jack.commands.train:train",
    "infer": "jack.commands.infer:infer",
    "optimize": "jack.commands.optimize:optimize",
    "prepare": "jack.commands.prepare:prepare",
}


class Commands(click.Group):
    """A group whose commands are imported late, so that each starts fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *ELSEWHERE])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in ELSEWHERE:
            module, _, name = ELSEWHERE[cmd_name].partition(":")
            command: click.Command = getattr(import_module(module), name)
            return command
        if super().get_command(ctx, cmd_name) is None and (legacy := import_module("jack.legacy")).find_method(
            cmd_name
        ):
            command = legacy.command(cmd_name)
            return command
        return super().get_command(ctx, cmd_name)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="jack")
def main() -> None:
    """Use the reference methods, and look after the machine they run on."""


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON instead of a table.")
@click.option(
    "--timeout",
    default=900,
    show_default=True,
    metavar="SECONDS",
    help="How long Jittor may take to start (its first start compiles its core for minutes).",
)
@click.option("--no-start", is_flag=True, help="Look only; do not start Jittor.")
def doctor(as_json: bool, timeout: int, no_start: bool) -> None:
    """Say whether Jittor can run here, what is wrong, and the command that mends it.

    Exit status: 0 when Jittor runs, 1 when it cannot, 2 for a wrong command line.
    """
    from jack.doctor import examine, print_json, print_table

    # On standard error, so that --json stays JSON.
    findings = examine(start=not no_start, timeout=timeout, progress=lambda line: click.echo(line, err=True))
    if as_json:
        print_json(findings)
    else:
        print_table(findings)
    sys.exit(1 if any(f.fatal for f in findings) else 0)


if __name__ == "__main__":
    main()
