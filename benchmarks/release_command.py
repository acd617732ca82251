"""``jack-bench release``."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

SIDES = ("torch", "jittor")
STEPS = 30


@click.command(short_help="Repeat the first release's table for TSL-Net.")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@click.option("--threads", type=click.IntRange(1), default=None, help="Of each side.  [default: CPUs of this process]")
@click.option("--segments", type=click.IntRange(8), default=200, show_default=True, help="Length of the video.")
@click.option("--steps", type=click.IntRange(1), default=STEPS, show_default=True, help="Of the training by Torch.")
@click.option("--quick", is_flag=True, help="Time for a few seconds only.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default="bench-results",
    show_default=True,
    metavar="FOLDER",
    help="For release-tslnet.json.",
)
def release(device: str, threads: int | None, segments: int, steps: int, quick: bool, out: Path) -> None:
    """Repeat the table of JACK's first public release for TSL-Net with a clock that waits.

    Forward pass, memory and training step in both frameworks; and mAP, pAP, nAP and F2 of the same weights, trained by
    Torch on the invented data set of `jack prepare --synthetic tslnet`, tested by `jack test` in each framework.
    """
    from benchmarks.harness.cells import Cell
    from benchmarks.harness.machine import describe
    from benchmarks.harness.run import QUICK, Protocol, measure
    from benchmarks.report import release as report
    from jack.errors import DatasetError
    from jack.runtime import available_threads

    protocol = replace(QUICK, warm_up=2, seconds=3.0) if quick else Protocol()
    count = threads or available_threads()
    try:
        with tempfile.TemporaryDirectory(prefix="jack-bench-") as temporary:
            folder = Path(temporary)
            scores = _scores(folder, device, steps, lambda line: click.echo(line, err=True))
            cells = [
                measure(
                    Cell("tslnet", phase, 1, segments, SIDES),
                    protocol,
                    device,
                    count,
                    folder,
                    "",
                    partial(_say, f"tslnet {phase}"),
                )
                for phase in ("inference", "step")
            ]
        trained = f"of the same weights, after {steps} steps of training in Torch, on the invented test videos"
        found = report.Release(describe(device), cells[0], cells[1], scores, trained)
        path = out / "release-tslnet.json"
        report.write(path, found)
    except (CommandFailed, DatasetError) as error:
        click.echo(f"jack-bench: {error}", err=True)
        sys.exit(1)
    click.echo(report.table(found))
    for cell in cells:
        for side, one in cell.sides.items():
            if one.problem:
                click.echo(f"No figure: {cell.key}, {side}: {one.problem}")
        for doubt in cell.doubts():
            click.echo(f"noisy: {cell.key}: {doubt}")
    click.echo(f"written: {path}", err=True)


def _say(what: str, line: str) -> None:
    click.echo(f"{what}: {line}", err=True)


class CommandFailed(Exception):
    """A command of ``jack`` failed; its last line."""


def _jack(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", "jack.cli", *words], capture_output=True, text=True, errors="replace")
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise CommandFailed(f"jack {words[0]}: {lines[-1] if lines else f'exit status {done.returncode}'}")


def _scores(folder: Path, device: str, steps: int, say: Callable[[str], None]) -> dict[str, dict[str, float]]:
    """mAP, pAP, nAP and F2 (means over the thresholds) of the same weights in each framework."""
    from jack.datasets.synthetic.write import write_synthetic

    data, run = folder / "data", folder / "run"
    say("writing the invented data set")
    write_synthetic("tslnet", data)
    common = ("--data-path", str(data), "--device", device)
    say(f"training {steps} steps in Torch")
    places = [word for name in ("output", "model", "log") for word in (f"--{name}-path", str(run / name))]
    rates = ("--lr", f"[0.0001]*{steps}", "--batch-size", "4", "--select-on", "none")
    _jack("train", "tslnet", "--framework", "torch", *common, *places, *rates)
    found_weights = sorted((run / "model").rglob("*.safetensors"))
    weights = next(path for path in found_weights if "state" not in path.name)
    found = {}
    for side in SIDES:
        say(f"testing in {side}")
        where = folder / f"test-{side}"
        _jack("test", "tslnet", "--framework", side, *common, "--checkpoint", str(weights), "--output", str(where))
        told = json.loads((where / "test.json").read_text(encoding="utf-8"))
        found[side] = score_names(told)
    return found


def score_names(told: Mapping[str, Any]) -> dict[str, float]:
    """The four figures out of the report of ``jack test tslnet``; 0 where it has none, as for a class never found."""
    names = {"mAP": "average mAP", "pAP": "average pAP", "nAP": "average nAP", "F2": "F2@AVG"}
    return {short: float(told[long] or 0.0) for short, long in names.items()}
