"""The command ``jack-bench``."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

import click

from benchmarks.timing import Timing, WorkerFailed, measure

# Commands of other files, imported when they are called or listed: they need the methods.
ELSEWHERE = {
    "loading": "benchmarks.loading_command:loading",
    "methods": "benchmarks.methods_command:methods",
    "release": "benchmarks.release_command:release",
}


class Commands(click.Group):
    """A group of which some commands are imported late."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *ELSEWHERE])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in ELSEWHERE:
            module, _, name = ELSEWHERE[cmd_name].partition(":")
            command: click.Command = getattr(import_module(module), name)
            return command
        return super().get_command(ctx, cmd_name)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="jack-toolkit", prog_name="jack-bench")
def main() -> None:
    """Measure the methods, or your own model, in Torch and in Jittor; the converter; the reading of data."""


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.2f}"


def table(timings: dict[str, Timing]) -> str:
    """The comparison as text; times in milliseconds."""
    from tabulate import tabulate

    rows = []
    reference = next(iter(timings.values())).median
    for name, timing in timings.items():
        row = [f"{name} {timing.version}", _milliseconds(timing.median), f"{timing.spread:.0%}"]
        row += [f"{timing.median / reference:.2f}x", f"{timing.first * 1e3:.0f}", f"{timing.peak / 2**20:.0f}"]
        rows.append([*row, _milliseconds(statistics.median(timing.returned))])
    head = ["framework", "median ms", "quartiles", "ratio", "first call ms", "peak MiB", "not synchronised ms (*)"]
    note = "(*) until the call returns.  Jittor computes later: to compare this figure is the usual mistake."
    return f"{tabulate(rows, head, disable_numparse=True, stralign='right')}\n{note}"


@main.command()
@click.argument("target", metavar="PATH.py:NAME")
@click.option("--jittor", "converted", required=True, metavar="PATH.py", help="The converted file (or PATH.py:NAME).")
@click.option(
    "--args", "arguments", default="", metavar="TEXT", help="What stands between the parentheses of NAME(...)."
)
@click.option("--input", "inputs", multiple=True, metavar="[KEY=]SHAPE[:KIND[:LOW-HIGH]]|FILE.npz[:NAME]")
@click.option("--train/--eval", default=False, help="Mode of the model.  [default: --eval]")
@click.option("--backward", is_flag=True, help="Time forward and backward, not forward alone.")
@click.option("--warm-up", default=10, show_default=True, type=click.IntRange(0))
@click.option("--rounds", default=20, show_default=True, type=click.IntRange(1))
@click.option("--json", "as_json", is_flag=True, help="Print all measurements as JSON.")
def run(
    target: str,
    converted: str,
    arguments: str,
    inputs: tuple[str, ...],
    train: bool,
    backward: bool,
    warm_up: int,
    rounds: int,
    as_json: bool,
) -> None:
    """Time one model in both frameworks.

    Each runs in its own process; their steps alternate; every step is waited for (jt.sync_all(True)). The first call
    stands apart, because Jittor compiles in it. Whether both compute the same is the business of jack-parity check.
    """
    from parity.check.job import save
    from parity.check.spec import SpecError, check_arguments, make_inputs, parse_target

    try:
        found = parse_target(target)
        other = converted if ".py:" in converted else f"{converted}:{found.name}"
        parse_target(other)
        positional, keywords = make_inputs(inputs, 0)
        text = check_arguments(arguments)
    except SpecError as error:
        click.echo(f"jack-bench: {error}", err=True)
        sys.exit(2)
    with tempfile.TemporaryDirectory(prefix="jack-bench-") as temporary:
        folder = Path(temporary)
        named = {str(index): array for index, array in enumerate(positional)}
        save(folder / "inputs.npz", {"positional": named, "keywords": keywords})
        common = {"arguments": text, "inputs": str(folder / "inputs.npz"), "train": train, "backward": backward}
        jobs = {"torch": {**common, "target": target}, "jittor": {**common, "target": other}}
        try:
            timings = measure(jobs, folder, warm_up, rounds)
        except WorkerFailed as failure:
            click.echo(f"jack-bench: {failure}", err=True)
            sys.exit(1)
    if as_json:
        click.echo(json.dumps({name: asdict(timing) for name, timing in timings.items()}))
    else:
        click.echo(table(timings))


@main.command("convert")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path), metavar="[FOLDER|FILE]...")
def convert_command(folders: tuple[Path, ...]) -> None:
    """Time the converter next to LibCST's own parse, visit and print of the same files.

    Without folders, Torch's own modules and optimizers are measured.
    """
    from benchmarks import converter_speed
    from converter.project import InputError

    try:
        click.echo(converter_speed.table(converter_speed.measure(folders or converter_speed.default_folders())))
    except InputError as error:
        click.echo(f"jack-bench: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
