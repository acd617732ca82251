"""The parent of ``jack-parity train`` for a program of the user's: runs Torch, converts, runs Jittor, compares."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from parity.arrays import Array, save_arrays
from parity.check.run import NOISE, convert_tree, copy_files
from parity.check.spec import SpecError, Target
from parity.isolation import Outcome, run_python
from parity.training.judge import Sides, compare_ends, compare_steps, find_problems
from parity.training.result import LoopReport
from parity.training.run import NOISE_THREADS
from parity.training.side import USAGE, Job
from parity.training.trainee import Bounds


@dataclass(frozen=True)
class Program:
    """A file and how its training is started.

    Attributes:
        target: the file; its ``name`` is only for the title.
        call: gives the generator that yields the model and then figures; may name ``batches``.
        text: appended to the file.
        needs: what the command line named; see :class:`parity.training.side.Job`.
    """

    target: Target
    call: str
    text: str = ""
    needs: tuple[tuple[str, str, str], ...] = ()


@dataclass
class Task:
    """What is compared.

    Attributes:
        title: for the report.
        torch: the original.
        port: a Jittor program written by hand; None converts the original.
        batches: for each step its arrays, by name in order; None where the loop has its own data.
        steps: at most; 0 for all.
        seed: of everything that is drawn.
        work: an empty folder.
        timeout: seconds for each side.
        bounds: of figures and of the drift.
        gradients: bound of gradients and updates.
        noise: also run Torch with one thread.
        say: receives a line before each side.
    """

    title: str
    torch: Program
    port: Program | None
    batches: Sequence[dict[str, Array]] | None
    steps: int
    seed: int
    work: Path
    timeout: float = 1800
    bounds: Bounds = Bounds()
    gradients: float = 1e-2
    noise: bool = False
    say: Callable[[str], None] = lambda line: None


def run_loop(task: Task) -> LoopReport:
    """Run both sides, one process each, and compare.

    Raises:
        parity.check.run.SideFailed: the converter could not process a file.
        SpecError: the command line named something that is not there.
    """
    report = LoopReport(task.title, task.bounds, task.gradients, task.steps)
    stored, names = "", tuple[str, ...]()
    if task.batches is not None:
        stored, names = str(task.work / "batches.npz"), tuple(task.batches[0])
        arrays = {f"{step}.{name}": array for step, batch in enumerate(task.batches) for name, array in batch.items()}
        save_arrays(Path(stored), arrays)
    torch, jittor = task.work / "torch", task.work / "jittor"
    job = _job(task, task.torch, "torch", torch, stored, names)
    task.say("Torch")
    if not _side(task, report, job):
        report.taken = {"torch": len(Sides(torch, jittor).logs[0])}
        return report
    program = task.port
    if program is None:
        task.say("jack-convert")
        program = _convert(task, report, json.loads((torch / "told.json").read_text(encoding="utf-8"))["files"])
    task.say("Jittor: compiles its operators when it meets them for the first time")
    other = replace(_job(task, program, "jittor", jittor, stored, names), reference=str(torch), entries=str(torch))
    ended = _side(task, report, other)
    sides = Sides(torch, jittor)
    told = jittor / "told.json"
    find_problems(report, sides, json.loads(told.read_text(encoding="utf-8")) if told.is_file() else {})
    compare_steps(report, sides)
    if ended:
        compare_ends(report, sides)
    for name, log in zip(("torch", "jittor"), sides.logs):
        times = sorted(entry["seconds"] for entry in log)
        report.seconds[name] = times[len(times) // 2] if times else math.nan
    if task.noise:
        _noise(task, report, job, torch)
    return report


def _job(task: Task, program: Program, framework: str, folder: Path, stored: str, names: tuple[str, ...]) -> Job:
    folder.mkdir()
    target = program.target
    place = (str(target.root), str(target.path), target.module)
    job = Job(framework, str(folder), *place, program.call, program.text, stored, names, task.steps, task.seed)
    return replace(job, needs=program.needs)


def _side(task: Task, report: LoopReport, job: Job, environment: dict[str, str] | None = None) -> bool:
    """Run a side; a failure becomes a problem.

    Raises:
        SpecError: the command line named something that is not there.
    """
    path = Path(job.folder) / "job.json"
    job.write(path)
    outcome = run_python("parity.training.side", [str(path)], path.with_name("log.txt"), task.timeout, environment)
    if outcome.reason == f"ended with status {USAGE}":
        raise SpecError(_tail(outcome, 1))
    if not outcome.ok:
        name = {"torch": "Torch", "jittor": "Jittor"}[job.framework]
        report.problems.append(f"{name}: {outcome.reason}; the end of its output:\n{_tail(outcome)}")
    return outcome.ok


def _tail(outcome: Outcome, lines: int = 25) -> str:
    """The end of the log without Jittor's own lines."""
    kept = [line for line in outcome.tail(400).splitlines() if line.strip() and not NOISE.match(line)]
    return "\n".join(kept[-lines:])


def _convert(task: Task, report: LoopReport, files: list[str]) -> Program:
    """Convert the files that Torch used, with the training appended to the one of the target."""
    target = task.torch.target
    source, goal = task.work / "source", task.work / "converted"
    copy_files({*map(Path, files), target.path}, target.root, source)
    within = target.path.relative_to(target.root)
    file = source / within
    file.chmod(0o644)
    text, call = task.torch.text, task.torch.call
    if not text:  # the user's arguments may name Torch and are converted with the file
        call = "jack_parity_training()"
        text = f"\n\ndef jack_parity_training():\n    return {task.torch.call}\n"
    with file.open("ab") as stream:
        stream.write(text.encode())
    report.left = convert_tree(source, goal, task.work / "convert.log", task.timeout)
    return Program(Target(goal / within, target.name, goal, target.module), call)


def _noise(task: Task, report: LoopReport, job: Job, torch: Path) -> None:
    """Train in Torch a second time with one thread, and compare that with the first run."""
    again = task.work / "torch-1-thread"
    again.mkdir()
    task.say("Torch with one thread")
    second = LoopReport(task.title, task.bounds, task.gradients, task.steps)
    if not _side(task, report, replace(job, folder=str(again), entries=str(torch)), NOISE_THREADS):
        return
    sides = Sides(torch, again)
    compare_steps(second, sides)
    compare_ends(second, sides)
    report.noise = [measure.relative for step in second.steps if (measure := step.measure("figure"))]
    report.noise_split, report.noise_drift = second.split, second.drift
