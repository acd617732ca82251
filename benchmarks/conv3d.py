"""``python -m benchmarks.conv3d``: the layers of a 3-D ResNet-101 in Torch and, as converted, in Jittor (CPU).

Each framework runs in a process of its own, step by step in turn with the other, so that whatever else the machine
does falls on both.  Every step is waited for.  The inputs are clips of 16 frames of 112 x 112, as in VAANet.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

# name: (layer with its arguments, shape of the input); between them all kinds of layers of the network.
LAYERS: dict[str, tuple[str, tuple[int, ...]]] = {
    "stem 7x7x7 s(1,2,2) 3->64": ("Conv3d(3, 64, 7, (1, 2, 2), 3, bias=False)", (2, 3, 16, 112, 112)),
    "3x3x3 64 at 16x56x56": ("Conv3d(64, 64, 3, 1, 1, bias=False)", (2, 64, 16, 56, 56)),
    "1x1x1 64->64 at 8x28x28": ("Conv3d(64, 64, 1, bias=False)", (2, 64, 8, 28, 28)),
    "3x3x3 64 at 8x28x28": ("Conv3d(64, 64, 3, 1, 1, bias=False)", (2, 64, 8, 28, 28)),
    "1x1x1 64->256 at 8x28x28": ("Conv3d(64, 256, 1, bias=False)", (2, 64, 8, 28, 28)),
    "1x1x1 256->64 at 8x28x28": ("Conv3d(256, 64, 1, bias=False)", (2, 256, 8, 28, 28)),
    "3x3x3 s2 128 at 8x28x28": ("Conv3d(128, 128, 3, 2, 1, bias=False)", (2, 128, 8, 28, 28)),
    "1x1x1 s2 256->512 at 8x28x28": ("Conv3d(256, 512, 1, 2, bias=False)", (2, 256, 8, 28, 28)),
    "3x3x3 128 at 4x14x14": ("Conv3d(128, 128, 3, 1, 1, bias=False)", (2, 128, 4, 14, 14)),
    "1x1x1 128->512 at 4x14x14": ("Conv3d(128, 512, 1, bias=False)", (2, 128, 4, 14, 14)),
    "1x1x1 512->128 at 4x14x14": ("Conv3d(512, 128, 1, bias=False)", (2, 512, 4, 14, 14)),
    "3x3x3 256 at 2x7x7": ("Conv3d(256, 256, 3, 1, 1, bias=False)", (2, 256, 2, 7, 7)),
    "1x1x1 1024->256 at 2x7x7": ("Conv3d(1024, 256, 1, bias=False)", (2, 1024, 2, 7, 7)),
    "3x3x3 s2 512 at 2x7x7": ("Conv3d(512, 512, 3, 2, 1, bias=False)", (2, 512, 2, 7, 7)),
    "3x3x3 512 at 1x4x4": ("Conv3d(512, 512, 3, 1, 1, bias=False)", (2, 512, 1, 4, 4)),
    "1x1x1 512->2048 at 1x4x4": ("Conv3d(512, 2048, 1, bias=False)", (2, 512, 1, 4, 4)),
    "small 3x3x3 8->16 with bias": ("Conv3d(8, 16, 3, 1, 1)", (2, 8, 4, 10, 9)),
    "max-pool 3 s2 p1 at 16x56x56": ("MaxPool3d(3, 2, 1)", (2, 64, 16, 56, 56)),
    "avg-pool 2 at 16x56x56": ("AvgPool3d(2)", (2, 64, 16, 56, 56)),
    "avg-pool (1,4,4) at 1x4x4": ("AvgPool3d((1, 4, 4))", (2, 2048, 1, 4, 4)),
    "batch norm, training, 64 at 16x56x56": ("BatchNorm3d(64)", (2, 64, 16, 56, 56)),
    "batch norm, training, 256 at 2x7x7": ("BatchNorm3d(256)", (2, 256, 2, 7, 7)),
    "batch norm, eval, 64 at 16x56x56": ("BatchNorm3d(64).eval()", (2, 64, 16, 56, 56)),
    "batch norm 2-D, training, 64 at 56x56": ("BatchNorm2d(64)", (8, 64, 56, 56)),
}


def _torch() -> Callable[[str, tuple[int, ...], bool], Callable[[], None]]:
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))

    def make(layer: str, shape: tuple[int, ...], backward: bool) -> Callable[[], None]:
        made = eval(f"torch.nn.{layer}", {"torch": torch})
        x = torch.randn(shape, requires_grad=backward)
        targets = [x, *made.parameters()]

        def step() -> None:
            if backward:
                y = made(x)
                torch.autograd.grad(y, targets, torch.ones_like(y))
            else:
                with torch.no_grad():
                    made(x)

        return step

    return make


def _jittor() -> Callable[[str, tuple[int, ...], bool], Callable[[], None]]:
    from jack.runtime import prepare

    prepare()
    import jittor as jt

    from converter import helpers

    namespace: dict[str, Any] = {"__name__": "helpers"}
    names = sorted({layer.partition("(")[0] for layer, _ in LAYERS.values()})
    exec(compile(helpers.render(names), "jittor_helpers.py", "exec"), namespace)

    def make(layer: str, shape: tuple[int, ...], backward: bool) -> Callable[[], None]:
        made = eval(layer, namespace)
        x = jt.randn(shape)
        targets = [x, *made.parameters()]
        jt.sync_all(True)

        def step() -> None:
            if backward:
                y = made(x)
                kept = [y, *jt.grad(y, targets)]  # Jittor takes ones as the gradient of y; it computes what is kept
            else:
                with jt.no_grad():
                    kept = [made(x)]
            jt.sync(kept)
            jt.sync_all(True)

        return step

    return make


def worker(framework: str) -> None:
    """Serve requests: a layer to make, or a step to take; answers are seconds."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what the frameworks print must not mix with the answers
    make = {"torch": _torch, "jittor": _jittor}[framework]()
    step: Callable[[], None] = lambda: None  # noqa: E731
    print(json.dumps("ready"), file=answers)
    for line in sys.stdin:
        request = json.loads(line)
        if request is not None:
            step = make(*request)
            step()
        began = time.perf_counter(), time.process_time()
        step()
        print(json.dumps([time.perf_counter() - began[0], time.process_time() - began[1]]), file=answers)


class Worker:
    """One framework in a process of its own."""

    def __init__(self, framework: str, threads: int, log: Any) -> None:
        command = [sys.executable, "-m", "benchmarks.conv3d", "--worker", framework]
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env=environment
        )
        self.framework = framework
        self.answer()

    def answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise click.ClickException(f"the {self.framework} process ended ({self.process.wait()}); see --log")
        return json.loads(line)

    def ask(self, request: Any) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self.answer()


def compare(workers: list[Worker], layer: str, shape: tuple[int, ...], backward: bool, rounds: int) -> Any:
    """Seconds of every round, per framework: wall clock and processor time."""
    for each in workers:
        each.ask([layer, list(shape), backward])
    found: list[list[tuple[float, float]]] = [[] for _ in workers]
    for _ in range(rounds):
        for each, times in zip(workers, found):
            times.append(each.ask(None))
    return found


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--layers", default="", metavar="TEXT", help="Only layers whose name contains this.")
@click.option("--rounds", default=15, show_default=True, type=click.IntRange(1))
@click.option("--threads", default=len(os.sched_getaffinity(0)), show_default=True, type=click.IntRange(1))
@click.option(
    "--clock",
    default="wall",
    show_default=True,
    type=click.Choice(["wall", "cpu"]),
    help="cpu: processor time, with --threads 1 a fair measure on a machine that others use too.",
)
@click.option("--log", type=click.Path(path_type=Path), help="File for what the two processes print.")
@click.option("--worker", "framework", type=click.Choice(["torch", "jittor"]), hidden=True)
def main(layers: str, rounds: int, threads: int, clock: str, log: Path | None, framework: str | None) -> None:
    """Time the layers of a 3-D ResNet-101 in Torch and in Jittor; above 1, Jittor is the faster one."""
    from tabulate import tabulate

    if framework:
        return worker(framework)
    column = ["wall", "cpu"].index(clock)
    rows = []
    with open(log, "w") if log else tempfile.TemporaryFile("w") as stream:
        workers = [Worker(name, threads, stream) for name in ("torch", "jittor")]
        for name, (layer, shape) in LAYERS.items():
            if layers not in name:
                continue
            row: list[str] = [name]
            for backward in (False, True):
                times = [[t[column] for t in found] for found in compare(workers, layer, shape, backward, rounds)]
                medians = [statistics.median(t) for t in times]
                best = min(times[0]) / min(times[1])
                row += [*(f"{m * 1e3:.2f}" for m in medians), f"{medians[0] / medians[1]:.2f}", f"{best:.2f}"]
            rows.append(row)
            click.echo(" ".join(row), err=True)
        for each in workers:
            each.process.terminate()
            each.process.wait()
    head = ["layer", *("Torch ms", "Jittor ms", "ratio", "of minima") * 2]
    click.echo(tabulate(rows, head, disable_numparse=True, stralign="right"))
    click.echo(f"medians of {rounds} rounds, {threads} threads, {clock} clock; forward, then forward and backward")
    return None


if __name__ == "__main__":
    main()
