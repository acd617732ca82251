"""The subcommand ``jack-parity train``."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click

from parity.check.spec import SpecError, check_arguments, parse_target
from parity.training.trainee import Trainee, TrainingError, available

_EPILOG = """
\b
Examples:
  jack-parity train --method tslnet --noise
  jack-parity train net.py:Net --input 8x3x32x32 --target 8:int64:0-10 --loss cross_entropy \\
      --optimizer "SGD(lr=0.1, momentum=0.9)" --scheduler "StepLR(step_size=10)"
  jack-parity train net.py:Net --jittor port.py:Net --input 8x20 --target 8x3 --loss mse
  jack-parity train --loop train.py:run --args "epochs=2"

\b
Exit status: 0 all steps agree; 1 they do not, or a side failed; 2 wrong usage.
"""


@dataclass(frozen=True)
class Options:
    """The command line; see the help texts."""

    target: str | None
    methods: tuple[str, ...]
    loop: str | None
    arguments: str
    inputs: tuple[str, ...]
    targets: tuple[str, ...]
    batch_size: int | None
    loss: str | None
    optimizer: str | None
    scheduler: str | None
    port: str | None
    port_arguments: str | None
    port_loss: str | None
    port_optimizer: str | None
    port_scheduler: str | None
    steps: int | None
    seed: int
    bound: float | None
    gradient_bound: float
    noise: bool
    root: Path | None
    keep: Path | None
    timeout: float
    output_format: str


@click.command(epilog=_EPILOG, context_settings={"max_content_width": 100})
@click.argument("target", required=False, metavar="[PATH.py:NAME]")
@click.option("--method", "methods", multiple=True, metavar="NAME", help="A training that is installed; repeatable.")
@click.option(
    "--loop",
    metavar="PATH.py:FUNCTION",
    help="A generator function that yields its model, and then a loss or a dict of figures after each step.",
)
@click.option("--args", "arguments", default="", metavar="TEXT", help="Between the parentheses of NAME or FUNCTION.")
@click.option(
    "--input", "inputs", multiple=True, metavar="SPEC", help="An argument of forward, as for check; new in each step."
)
@click.option("--target", "targets", multiple=True, metavar="SPEC", help="What the loss gets after the result.")
@click.option("--batch-size", type=click.IntRange(1), help="Rows of stored arrays in a step.  [default: all]")
@click.option("--loss", metavar="NAME[(ARGS)]|PATH.py:FUNCTION", help="Of torch.nn.functional, or your own.")
@click.option("--optimizer", metavar="NAME(ARGS)", help="Of torch.optim.  [default: SGD(lr=0.01)]")
@click.option("--scheduler", metavar="NAME(ARGS)", help="Of torch.optim.lr_scheduler, stepped after each step.")
@click.option("--jittor", "port", metavar="PATH.py:NAME", help="A port written by hand; nothing is converted.")
@click.option("--jittor-args", "port_arguments", metavar="TEXT", help="Of the port.  [default: --args]")
@click.option("--jittor-loss", "port_loss", metavar="NAME|PATH.py:FUNCTION", help="Of jittor.nn.  [default: --loss]")
@click.option("--jittor-optimizer", "port_optimizer", metavar="NAME(ARGS)", help="Of jittor.optim.")
@click.option("--jittor-scheduler", "port_scheduler", metavar="NAME(ARGS)", help="Of jittor.lr_scheduler.")
@click.option("--steps", type=click.IntRange(1), help="Optimizer steps.  [default: 30; of a loop, all]")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Of the weights and the batches.")
@click.option(
    "--bound",
    type=float,
    metavar="RATIO",
    help="Largest relative difference of the figures.  [default: 1e-3; of a method, its own]",
)
@click.option(
    "--grad-bound",
    "gradient_bound",
    default=1e-2,
    show_default=True,
    metavar="RATIO",
    help="Of each gradient and each update, relative to its length.",
)
@click.option(
    "--noise", is_flag=True, help="Also train a second time in Torch with one thread: what rounding alone does."
)
@click.option("--root", type=click.Path(exists=True, file_okay=False, path_type=Path), help="For absolute imports.")
@click.option("--keep", type=click.Path(path_type=Path), metavar="DIR", help="Keep all files and logs there.")
@click.option("--timeout", default=1800.0, show_default=True, metavar="SECONDS", help="For each process.")
@click.option("--output-format", default="text", show_default=True, type=click.Choice(["text", "json"]))
def train(**given: Any) -> None:
    """Train in both frameworks with the same weights, batches and random draws, and find the step where they part.

    Trained are: a model of yours, whose training is written around it and converted with it (or a port is trained with
    Jittor's own classes); a whole loop of yours (--loop); or the trainings that installed packages offer (--method;
    without any of these, all of them).
    """
    options = Options(**{field.name: given[field.name] for field in fields(Options)})
    try:
        if options.target is not None or options.loop is not None:
            ok = _own(options)
        else:
            ok = _methods(options)
    except (TrainingError, SpecError) as error:
        click.echo(f"jack-parity train: {error}", err=True)
        sys.exit(2)
    sys.exit(0 if ok else 1)


def _own(options: Options) -> bool:
    """A program of the user's."""
    from parity.check.run import SideFailed
    from parity.training.loop import run_loop
    from parity.training.loop_table import as_json, as_text

    keep = options.keep
    if keep is not None and keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        raise SpecError(f"--keep {keep}: exists and is not an empty folder")
    with tempfile.TemporaryDirectory(prefix="jack-parity-") as temporary:
        work = Path(temporary)
        task = _loop_task(options, work) if options.loop is not None else _model_task(options, work)
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            task.work = keep.absolute()
        try:
            report = run_loop(task)
        except SideFailed as failure:
            click.echo("\n".join([f"{failure.side} failed:", *failure.tail()]), err=True)
            return False
    click.echo(json.dumps(as_json(report), indent=1) if options.output_format == "json" else as_text(report))
    return report.ok


def _task(options: Options, title: str, programs: Any, batches: Any, steps: int, work: Path) -> Any:
    from parity.training.loop import Task
    from parity.training.trainee import Bounds

    bounds = Bounds() if options.bound is None else Bounds(options.bound)
    torch, port = programs
    return Task(
        title,
        torch,
        port,
        batches,
        steps,
        options.seed,
        work,
        options.timeout,
        bounds,
        options.gradient_bound,
        options.noise,
        lambda line: click.echo(line, err=True),
    )


def _loop_task(options: Options, work: Path) -> Any:
    from parity.training.loop import Program

    for name in ("target", "methods", "inputs", "targets", "loss", "optimizer", "scheduler", "port_loss"):
        if getattr(options, name):
            raise SpecError("--loop has its own model, data, loss and optimizer: give it nothing but --args")
    target = parse_target(str(options.loop), options.root)
    text = check_arguments(options.arguments)
    port = None
    if options.port is not None:
        place = parse_target(options.port)
        port_text = text if options.port_arguments is None else check_arguments(options.port_arguments)
        port = Program(place, f"{place.name}({port_text})", needs=(("", "", place.name),))
    title = f"{target.path.name}:{target.name}({text})"
    torch = Program(target, f"{target.name}({text})", needs=(("", "", target.name),))
    return _task(options, title, (torch, port), None, options.steps or 0, work)


def _model_task(options: Options, work: Path) -> Any:
    from parity.training.loop import Program
    from parity.training.program import FUNCTION, Training, jittor_text, needs, torch_text
    from parity.training.spec import make_batches, parse_call, parse_loss, stock_loss

    if options.methods:
        raise SpecError("--method is for trainings that are installed: give either a file or methods")
    if options.loss is None:
        raise SpecError("--loss is missing: cross_entropy, mse, ... or PATH.py:FUNCTION")
    target = parse_target(str(options.target), options.root)
    text = check_arguments(options.arguments)
    steps = options.steps or 30
    batches = make_batches(options.inputs, options.targets, steps, options.batch_size, options.seed)
    loss = parse_loss(options.loss, "--loss", target.root)
    optimizer = parse_call(options.optimizer or "SGD(lr=0.01)", "--optimizer")
    scheduler = parse_call(options.scheduler, "--scheduler") if options.scheduler else None
    training = Training(target.name, text, loss, optimizer, scheduler)
    call = f"{FUNCTION}(batches)"
    torch = Program(target, call, torch_text(training, batches[0], target.module), needs(training, ""))
    port = None
    if options.port is not None:
        place = parse_target(options.port)
        told = Training(
            place.name,
            text if options.port_arguments is None else check_arguments(options.port_arguments),
            stock_loss(loss)
            if options.port_loss is None
            else parse_loss(options.port_loss, "--jittor-loss", place.root),
            optimizer if options.port_optimizer is None else parse_call(options.port_optimizer, "--jittor-optimizer"),
            scheduler if options.port_scheduler is None else parse_call(options.port_scheduler, "--jittor-scheduler"),
        )
        port = Program(place, call, jittor_text(told, batches[0], place.module), needs(told, "jittor-"))
    elif options.port_arguments or options.port_loss or options.port_optimizer or options.port_scheduler:
        raise SpecError("--jittor-...: of which port?  Name it with --jittor PORT.py:NAME")
    title = f"{target.path.name}:{target.name}({text}), {options.optimizer or 'SGD(lr=0.01)'}"
    return _task(options, title, (torch, port), batches, steps, work)


def _methods(options: Options) -> bool:
    """The trainings that packages offer."""
    from parity.training.run import run_training
    from parity.training.table import as_json, as_text

    reports = []
    for trainee in _chosen(options.methods):
        with tempfile.TemporaryDirectory(prefix="jack-parity-") as work:
            steps = options.steps or 30
            reports.append(
                run_training(trainee, options.seed, steps, Path(work), options.timeout, options.noise, options.bound)
            )
        if options.output_format == "text":
            click.echo(as_text(reports[-1]) + "\n")
    if options.output_format == "json":
        click.echo(json.dumps([as_json(report) for report in reports], indent=1))
    return all(report.ok for report in reports)


def _chosen(methods: tuple[str, ...]) -> list[Trainee]:
    trainees = available()
    if not trainees:
        raise TrainingError("no installed package offers a training (entry points jack_parity.training)")
    unknown = [name for name in methods if name not in trainees]
    if unknown:
        raise TrainingError(f"unknown method {', '.join(unknown)}; there are: {', '.join(trainees)}")
    return [trainees[name] for name in dict.fromkeys(methods)] or list(trainees.values())
