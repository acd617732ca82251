"""The parent of ``jack-parity trace``: converts, runs both sides, compares, and follows the lines of what differs."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from parity.check.job import Array, save
from parity.check.run import BUILDER, Check, SideFailed, add_builder, convert, copy_files
from parity.check.spec import Target
from parity.isolation import Outcome, run_python
from parity.trace import store
from parity.trace.findings import find
from parity.trace.job import Job
from parity.trace.judge import Evidence, nodes_of, state_of
from parity.trace.parting import Parting, partings, read
from parity.trace.result import Finding, Node, Place, Trace

FOLLOWED = 8  # modules whose lines are followed
FOLLOW = ("forward", "crash")  # kinds of findings that lines explain


class RunSide(Protocol):
    """How a side is run."""

    def __call__(self, side: str, job: Path, log: Path, timeout: float) -> Outcome:
        """Run ``torch`` or ``jittor`` on a job file; what it prints goes to ``log``."""


def in_new_process(side: str, job: Path, log: Path, timeout: float) -> Outcome:
    """Run a side in a process of its own that ends with it; see :class:`RunSide`."""
    return run_python(f"parity.trace.{side}_side", [str(job)], log, timeout)


@dataclass
class Task:
    """What is to be traced and how.

    Attributes:
        target: the Torch model.
        arguments: text between the parentheses of its call.
        positional, keywords: what ``forward`` gets.
        folder: exchange folder, empty.
        port: a hand-written Jittor program; None to convert the Torch program.
        port_arguments: text between the parentheses of its call.
        seed: of weights, random numbers and projections.
        train: training mode.
        fused: let Jittor compile operators together, as programs usually run; else each by itself, which compiles
            much less.
        draw_constants: draw weights that the constructor set to one value at random: a scale of 0 hides what is behind.
        timeout: seconds for each process.
        say: receives a line before each step.
        run_side: how a side is run.
    """

    target: Target
    arguments: str
    positional: list[Array]
    keywords: dict[str, Array]
    folder: Path
    port: Target | None = None
    port_arguments: str = ""
    seed: int = 0
    train: bool = False
    draw_constants: bool = True
    fused: bool = True
    timeout: float = 1800
    say: Callable[[str], None] = field(default=lambda line: None)
    run_side: RunSide = in_new_process


def run(task: Task) -> Trace:
    """Do all of it.  A side that crashes or hangs is told in ``problem`` and ``log`` of the result."""
    folder, target = task.folder, task.target
    port = task.port
    ours = f"{port.path}:{port.name}({task.port_arguments})" if port else f"the conversion of {target.path.name}"
    inputs = {**{str(i): a for i, a in enumerate(task.positional)}, **task.keywords}
    trace = Trace(
        f"{target.path}:{target.name}({task.arguments})",
        ours,
        port is None,
        task.train,
        task.seed,
        [(name, tuple(array.shape), str(array.dtype)) for name, array in inputs.items()],
        environment=environment(),
    )
    save(
        folder / "inputs.npz",
        {"positional": {str(i): a for i, a in enumerate(task.positional)}, "keywords": task.keywords},
    )
    theirs = Job(
        folder=str(folder),
        root=str(target.root),
        file=str(target.path),
        module=target.module,
        name=target.name,
        arguments=task.arguments,
        seed=task.seed,
        train=task.train,
        draw_constants=task.draw_constants,
        entry=target.name,
    )
    task.say(f"Torch: {target.path.name}:{target.name}({task.arguments})")
    if not _side(trace, task, "torch", theirs):
        return trace
    told: dict[str, Any] = json.loads((folder / "torch.json").read_text(encoding="utf-8"))
    try:
        mine, where = _jittor_job(trace, task, theirs, told)
    except SideFailed as failure:
        trace.problem, trace.log = f"{failure.side} failed", "\n".join(failure.tail())
        return trace
    task.say("Jittor: compiles its operators when it meets them for the first time")
    if not _side(trace, task, "jittor", mine):
        return trace
    jittor: dict[str, Any] = json.loads((folder / "jittor.json").read_text(encoding="utf-8"))
    trace.versions = {"torch": told["version"], "jittor": jittor["version"]}
    evidence = Evidence(told, jittor, store.Stored(folder / "torch.npz"), store.Stored(folder / "jittor.npz"))
    trace.nodes = nodes_of(evidence)
    trace.state = state_of(evidence)
    trace.findings = find(evidence, trace.nodes, trace.state)
    _follow(trace, task, theirs, mine)
    _name_files(trace, where)
    return trace


def _jittor_job(trace: Trace, task: Task, theirs: Job, told: dict[str, Any]) -> tuple[Job, dict[str, str]]:
    """The job of the Jittor side, and what its files are called for the reader."""
    port = task.port
    if port is not None:
        mine = replace(
            theirs,
            root=str(port.root),
            file=str(port.path),
            module=port.module,
            name=port.name,
            arguments=task.port_arguments,
            converted=False,
            kind=told["kind"],
            entry=port.name,
            fused=task.fused,
        )
        return mine, {}
    target, folder = task.target, task.folder
    source, goal = folder / "source", folder / "converted"
    copy_files({*map(Path, told["files"]), target.path}, target.root, source)
    add_builder(source / target.path.relative_to(target.root), BUILDER, target.name, task.arguments, told["kind"])
    count = len(list(source.rglob("*.py")))
    task.say(f"jack-convert: {count} file{'s' if count != 1 else ''}")
    check = Check(target, task.arguments, task.positional, task.keywords, folder, timeout=task.timeout)
    trace.left = convert(check, source, goal)
    file = goal / target.path.relative_to(target.root)
    mine = replace(theirs, root=str(goal), file=str(file), name=BUILDER, arguments="", converted=True)
    mine = replace(mine, kind=told["kind"], entry=target.name, fused=task.fused)
    return mine, {str(goal) + os.sep: "converted" + os.sep}


def _side(trace: Trace, task: Task, side: str, job: Job, stem: str = "") -> bool:
    """Run one process; False, with the trace's problem set, if it did not come to its end."""
    path = task.folder / f"{side}{stem}_job.json"
    job.write(path)
    log = task.folder / f"{side}{stem}.log"
    began = time.monotonic()
    outcome = task.run_side(side, path, log, task.timeout)
    trace.seconds[side + stem] = time.monotonic() - began
    if not outcome.ok:
        trace.problem = f"the {side.capitalize()} side {outcome.reason}"
        trace.log = outcome.tail()
    return outcome.ok


def _follow(trace: Trace, task: Task, theirs: Job, mine: Job) -> None:
    """Find the lines of what differs: both programs once more, with their lines watched."""
    wanted: dict[int, None] = {}
    for finding in trace.findings:
        if finding.kind in FOLLOW and finding.node >= 0 and trace.nodes[finding.node].torch.code is not None:
            wanted[finding.node] = None
    numbers = tuple(sorted(list(wanted)[:FOLLOWED]))
    if not numbers:
        return
    task.say(f"following the lines of {len(numbers)} module{'s' if len(numbers) > 1 else ''}")
    alone = tuple(sorted({node.torch.path for node in trace.nodes if node.jittor is None}))
    for side, job in (("torch", theirs), ("jittor", mine)):
        if not _side(trace, task, side, replace(job, lines=numbers, alone=alone), "-lines"):
            trace.problem = trace.log = ""  # the findings stand without it
            return
    shown = {f.node: f.comparison.name for f in trace.findings if f.kind in FOLLOW and f.comparison}
    found = partings(read(task.folder, "torch"), read(task.folder, "jittor"), shown)
    for finding in trace.findings:
        parting = found.get(finding.node)
        if finding.kind in FOLLOW and parting is not None:
            _sharpen(finding, parting, trace.nodes[finding.node])


def _sharpen(finding: Finding, parting: Parting, node: Node) -> None:
    finding.torch, finding.jittor = parting.torch or finding.torch, parting.jittor or finding.jittor
    figures = parting.comparison
    if figures is not None:
        apart = figures.problem or f"{figures.max_rel or 0:.1e} of the largest value apart"
        node.notes.append(f"the first value that differs is {parting.name}: {apart}")
        finding.message += f"; the first value that differs there is {parting.name} ({apart})"


def _name_files(trace: Trace, names: dict[str, str]) -> None:
    """Files of the exchange folder, which will be gone, go by a name that says what they are."""

    def named(at: Place | None) -> Place | None:
        for start, name in names.items():
            if at is not None and at.file.startswith(start):
                return replace(at, file=name + at.file[len(start) :])
        return at

    for node in trace.nodes:
        if node.jittor is not None:
            node.jittor = replace(node.jittor, made=named(node.jittor.made), code=named(node.jittor.code))
    for finding in trace.findings:
        finding.jittor = named(finding.jittor)


def environment() -> dict[str, str]:
    """The machine, as far as figures may depend on it."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": str(os.cpu_count()),
        "threads": os.environ.get("OMP_NUM_THREADS", "framework's choice"),
    }
