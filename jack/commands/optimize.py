"""``jack optimize METHOD``: what `jack.optimize` makes of a method on this machine."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from jack.methods.registry import METHODS
from jack.options import INFER, OPTIONS
from jack.options.command_line import MethodCommand, MethodGroup
from jack.options.common import Options

HELP = """Say how much faster a method runs in Jittor on this CPU when it is optimized for inference, and that it stays
the same.

Batch norms are folded into the convolutions before them, ReLUs and sums are done by them, weights are laid out once as
oneDNN likes them, and the results are compared with the model's. In a program of your own:

\b
    from jack.optimize import optimize
    fast = optimize(model, *example_inputs)

Nothing is written. Without --checkpoint the weights are initial ones, which are as fast. `jack infer --optimize` uses
it.
"""


def _own(method: str) -> Sequence[click.Parameter]:
    least = click.IntRange(min=1)
    what = "walks" if method == "bpmgcn" else "videos"
    found = [
        click.Option(["--batch"], type=least, default=1, show_default=True, help=f"How many {what} a call is given."),
        click.Option(["--calls"], type=least, default=20, show_default=True, help="How many calls of each are timed."),
        click.Option(["--steps"], is_flag=True, help="Also list what oneDNN does, step by step."),
        click.Option(["--json", "as_json"], is_flag=True, help="Print everything as JSON."),
    ]
    if method == "tslnet":
        help = "Length of the video, in segments of 16 frames."
        found.append(click.Option(["--segments"], type=least, default=64, show_default=True, help=help))
    return found


def _run(options: Options, batch: int, calls: int, steps: bool, as_json: bool, segments: int = 0) -> int:
    from jack.optimize.method_report import report
    from jack.runs.progress import steps_shown

    with steps_shown("timing", calls) as tell:
        found = report(options, batch, segments, calls, tell)
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=1))
        return 0
    click.echo(found.text())
    for step in found.steps if steps else ():
        click.echo(f"    {step}")
    return 0


class _Group(MethodGroup):
    """The methods' options are those of ``jack infer``, without the one that asks for this command's work."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.methods:
            return None
        help = f"{METHODS[cmd_name].title}. {self.does}"
        command = MethodCommand(OPTIONS[cmd_name], INFER, self.run_method, help, self.own(cmd_name))
        command.params = [param for param in command.params if param.name != "optimize"]
        return command


optimize = _Group("optimize", HELP, _run, _own)
