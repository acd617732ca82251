"""How fast samples are read and put into batches, and what share of its time a training waits for them.

The first is measured on the batches of ``jack train``, with nobody computing meanwhile; the second by ``jack train``
itself, whose loop notes for each step how long it took and waited (``timing.jsonl``).  Files are read once before, and
not counted, so that every measurement finds them in the memory of the operating system.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tabulate import tabulate

from jack.frameworks import Framework, get_framework
from jack.options import BPMGCNOptions, Options, TSLNetOptions, VideoEmotionOptions
from jack.options.config import write_config
from jack.runs.places import training_places
from jack.training.tasks import make_task

Say = Callable[[str], None]


class TrainingFailed(Exception):
    """`jack train` ended with an error; the message is its last line."""


@dataclass(frozen=True)
class Row:
    """A measurement with so many worker processes.

    Attributes:
        workers: 0 reads in the main process.
        start: seconds until the first batch was there: with workers, these had to start.
        samples: a second, after the first batch.
        frames: of these a second; None where a sample has none.
        step: median seconds of a training step.
        waited: share of the steps' time in which they waited for data, 0 to 1.
        steps: seconds, and of these waited, of each step that counts.
    """

    workers: int
    start: float
    samples: float
    frames: float | None
    step: float
    waited: float
    steps: list[dict[str, float]]


@dataclass(frozen=True)
class Machine:
    """What the figures depend on.

    Attributes:
        cpus: that this process may use.
        processor: its name.
        load: mean number of processes that wanted a CPU in the minute before, and in the last minute of, the
            measurements.
        framework: name and version of what computed the steps.
    """

    cpus: int
    processor: str
    load: tuple[float, float]
    framework: str


def measure(
    options: Options, workers: Sequence[int], batches: int, warm_up: int, folder: Path, say: Say
) -> tuple[Machine, list[Row]]:
    """Measure the options of a training with each number of workers.

    Args:
        options: of `jack train`; those that say where a run is written, how long it is and what it is selected on do
            not matter.
        workers: numbers of processes.
        batches: that are read, and steps that are trained, and count.
        warm_up: steps before these.
        folder: for what the trainings write.
        say: hears what is being done.

    Raises:
        DatasetError, OptionError, FrameworkError: for data and options that do not fit.
        TrainingFailed: if `jack train` fails.
    """
    before = os.getloadavg()[0]
    framework = get_framework(options.framework, options.device, options.threads)
    say(f"reading {batches} batches once, not counted")
    _read(framework, _with(options, max(workers), batches), batches)
    rows = []
    for count in workers:
        say(f"{count} workers: reading {batches} batches")
        chosen = _with(options, count, warm_up + batches)
        start, speed = _read(framework, chosen, batches)
        say(f"{count} workers: {warm_up} and {batches} steps of training")
        steps = _train(chosen, folder / str(count), warm_up)
        seconds, waited = (sum(step[name] for step in steps) for name in ("seconds", "waited"))
        frames = frames_of(options)
        rows.append(
            Row(
                count,
                start,
                speed,
                None if frames is None else speed * frames,
                statistics.median(step["seconds"] for step in steps),
                waited / seconds,
                steps,
            )
        )
    return Machine(
        len(os.sched_getaffinity(0)),
        _processor(),
        (before, os.getloadavg()[0]),
        f"{framework.name} {framework.version()}",
    ), rows


def frames_of(options: Options) -> int | None:
    """Frames of a sample as a model gets it; TSL-Net gets features."""
    if isinstance(options, VideoEmotionOptions):
        return options.seq_len * options.snippet_duration
    return options.window_size if isinstance(options, BPMGCNOptions) else None


def _with(options: Options, workers: int, steps: int) -> Options:
    """The options of a training of so many steps that does nothing but train."""
    values: dict[str, Any] = {"num_workers": workers, "max_steps": steps, "select_on": "none", "save_every": 0}
    values["seed"] = max(options.seed, 0)
    if isinstance(options, TSLNetOptions):
        values["lr"] = str((options.rates() * steps)[:steps])
    else:
        values["num_epoch" if isinstance(options, BPMGCNOptions) else "n_epochs"] = steps
    return options.replaced(values)


def _read(framework: Framework, options: Options, count: int) -> tuple[float, float]:
    """Read batches as a training would; seconds until the first is there, and samples a second from then on."""
    task = make_task(framework, options, None)
    try:
        began = time.perf_counter()
        arrived: list[float] = []
        sizes: list[int] = []
        epoch = 0
        while len(arrived) <= count:
            for batch in task.batches.epoch(epoch):
                arrived.append(time.perf_counter())
                sizes.append(task.size(batch))
                if len(arrived) > count:
                    break
            epoch += 1
    finally:
        task.close()
    return arrived[0] - began, sum(sizes[1:]) / (arrived[-1] - arrived[0])


def _train(options: Options, folder: Path, warm_up: int) -> list[dict[str, float]]:
    """Train in a process of its own; seconds and waited of each step after the first ``warm_up``."""
    options = _placed(options, folder)
    folder.mkdir()
    config = folder / "options.yaml"
    write_config(config, options.as_dict())
    command = [sys.executable, "-m", "jack.cli", "train", options.method, "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise TrainingFailed(lines[-1] if lines else f"jack train ended with status {done.returncode}")
    lines = training_places(options, resume=False).timing.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines][warm_up:]


def _placed(options: Options, folder: Path) -> Options:
    """The options of a run whose files lie in a folder."""
    where = str(folder.resolve())
    if isinstance(options, VideoEmotionOptions):
        return options.replaced({"result_path": where, "expr_name": "run", "debug": False})
    if isinstance(options, BPMGCNOptions):
        return options.replaced({"work_dir": where, "model_saved_name": ""})
    return options.replaced({"output_path": where, "model_path": where, "log_path": where})


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def table(options: Options, machine: Machine, rows: Sequence[Row]) -> str:
    """The measurements as text."""
    head = ["workers", "first batch s", "samples/s", "frames/s", "training step ms", "of it waiting"]
    cells = [
        [
            row.workers,
            f"{row.start:.2f}",
            f"{row.samples:.1f}",
            "-" if row.frames is None else f"{row.frames:.0f}",
            f"{row.step * 1e3:.0f}",
            f"{row.waited:.1%}",
        ]
        for row in rows
    ]
    text = tabulate(cells, head, disable_numparse=True, stralign="right")
    load = " to ".join(f"{value:.1f}" for value in machine.load)
    notes = [
        f"{options.method}, {machine.framework}, {machine.cpus} CPUs ({machine.processor}), load {load}"
        f" (mean of a minute; this measurement is part of the second)",
        "Samples and frames: read and batched with nothing else to do, after the first batch; recurring frames count.",
        "Waiting: of the time of jack train's steps, in sum; the first ones are left out.",
    ]
    if machine.load[0] > machine.cpus / 2:
        notes.append("The machine had other work: repeat this on a quiet one before you decide anything.")
    return "\n".join((text, *notes))
