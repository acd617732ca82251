"""The parent of ``jack-parity check``: copies what is needed, converts it, runs both sides, compares.

With a port that was written by hand nothing is copied or converted: the port is run as it is.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from parity.check.compare import Limits, Row, compare_group, narrowest
from parity.check.job import Array, Job, load, save
from parity.check.jumps import PASSES, only_gradients_differ, with_noise
from parity.check.spec import SpecError, Target
from parity.check.subject import FUNCTION, MODEL, only_keywords
from parity.tolerances import GRADIENT_FLOOR, row

BUILDER = "jack_parity_build"
NOISE = re.compile(r"^((\x1b\[[\d;]*m)*\[[ivw] \d{4} |\s*Compiling Operators)")  # Jittor's own log lines


class SideFailed(Exception):
    """One side ended with an error.

    Attributes:
        side: ``Torch``, ``jack-convert`` or ``Jittor``.
        log: its output.
    """

    def __init__(self, side: str, log: str) -> None:
        super().__init__(side)
        self.side = side
        self.log = log

    def tail(self, lines: int = 25) -> list[str]:
        """The last lines of the log without Jittor's own."""
        return [line for line in self.log.splitlines() if line.strip() and not NOISE.match(line)][-lines:]


@dataclass
class Check:
    """What is to be compared and how.

    Attributes:
        target: the model.
        arguments: text between the parentheses of its call.
        positional, keywords: what ``forward`` gets.
        folder: exchange folder, empty.
        seed: of weights, projections and random numbers.
        train: training mode.
        tolerance, gradient_tolerance: largest difference, relative to the largest value of the same tensor; None
            leaves it to the table of tolerances.
        timeout: seconds for each side.
        say: receives a line before each step.
        port: a Jittor program written by hand, to be run in place of the conversion.
        port_arguments: text between the parentheses of its call; None for the same as Torch's.
        op_class: row of the table of tolerances; "" for ``model``, of a plain function ``default``.
        gradients: whether gradients are compared.
        no_dropout: switch every dropout layer off.
        jumps: let a gradient differ by what rounding alone decides about in Torch, which is measured if need be.
    """

    target: Target
    arguments: str
    positional: list[Array]
    keywords: dict[str, Array]
    folder: Path
    seed: int = 0
    train: bool = False
    tolerance: float | None = None
    gradient_tolerance: float | None = None
    timeout: float = 1800
    say: Callable[[str], None] = field(default=lambda line: None)
    port: Target | None = None
    port_arguments: str | None = None
    op_class: str = ""
    gradients: bool = True
    no_dropout: bool = False
    jumps: bool = False


@dataclass(frozen=True)
class Outcome:
    """The result of a check.

    Attributes:
        rows: every comparison.
        faults: sentences on what else differs (weights, plain values, randomness).
        left: diagnostics of the converter about the files used, each ``file:line code message``.
        versions: framework to version.
        parameters: number of tensors whose weights were carried over.
        notes: sentences on what does not by itself make a difference: habits of stock Jittor in a port.
        kind: ``model`` or ``function``.
    """

    rows: list[Row]
    faults: list[str]
    left: list[str]
    versions: dict[str, str]
    parameters: int
    notes: list[str] = field(default_factory=list)
    kind: str = MODEL

    @property
    def holds(self) -> bool:
        """Whether everything agrees."""
        return bool(self.rows) and not self.faults and all(row.holds for row in self.rows)


def _child(side: str, command: list[str], log: Path, timeout: float) -> tuple[int, str]:
    """Run a process with its output in ``log``; its own children end with it.

    Raises:
        SideFailed: it took too long.
    """
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            status = process.wait(timeout)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                raise SideFailed(side, log.read_text(errors="replace") + f"\nnot done after {timeout:.0f} s") from None
            raise
    return status, log.read_text(errors="replace")


class RunSide(Protocol):
    """How a side is run."""

    def __call__(self, check: Check, side: str, job: Job) -> None:
        """Run ``Torch`` or ``Jittor`` to its end.

        Raises:
            SideFailed: it did not come to it.
        """


def in_new_process(check: Check, side: str, job: Job) -> None:
    """Run a side in a process of its own that ends with it; see :class:`RunSide`."""
    lower = side.lower()
    path = write_job(check, side, job)
    command = [sys.executable, "-m", f"parity.check.{lower}_side", str(path)]
    status, log = _child(side, command, check.folder / f"{lower}.log", check.timeout)
    if status != 0:
        raise SideFailed(side, log if log.strip() else f"exit status {status}")


def write_job(check: Check, side: str, job: Job) -> Path:
    """Where a side finds its job."""
    path = check.folder / f"{side.lower()}_job.json"
    job.write(path)
    return path


def copy_files(files: Iterable[Path], root: Path, goal: Path) -> None:
    """Copy files with the folders that hold them below ``root``.

    A package whose ``__init__`` was not needed gets an empty one, so that the converter still sees a package.
    """
    for file in files:
        place = goal / file.relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)
        for folder in file.parents:
            if folder == root:
                break
            init = goal / folder.relative_to(root) / "__init__.py"
            if (folder / "__init__.py").is_file() and not init.exists():
                init.parent.mkdir(parents=True, exist_ok=True)
                init.touch()


def add_builder(file: Path, builder: str, name: str, arguments: str, kind: str = MODEL) -> None:
    """Append a function that builds the model, or calls the function: the user's arguments are converted with the file.

    The builder of a model takes no arguments; the other one takes those of the function.
    """
    text = f"def {builder}():\n    return {name}({arguments}\n    )"
    if kind == FUNCTION:
        text = f"def {builder}(*inputs, **keywords):\n    return {name}(*inputs, **keywords, {arguments}\n    )"
    file.chmod(0o644)
    with file.open("ab") as stream:
        stream.write(f"\n\n{text}\n".encode())


def convert(check: Check, source: Path, goal: Path) -> list[str]:
    """:func:`convert_tree`, with the log beside the other files of a check."""
    return convert_tree(source, goal, check.folder / "convert.log", check.timeout)


def convert_tree(source: Path, goal: Path, log: Path, timeout: float) -> list[str]:
    """Run the converter on a tree; returns its diagnostics as lines ``FILE:LINE CODE MESSAGE`` (notes left out).

    Raises:
        SideFailed: it could not process a file.
    """
    command = [sys.executable, "-m", "converter.cli", str(source), "-o", str(goal), "--output-format", "json"]
    status, text = _child("jack-convert", command, log, timeout)
    start = text.find("{")
    try:
        told: dict[str, Any] = json.loads(text[start:]) if start >= 0 else {}
    except ValueError:
        told = {}
    lines: list[str] = []
    failed: list[str] = []
    for file in told.get("files", []):
        name = Path(file["path"]).relative_to(source)
        for found in file["diagnostics"]:
            if found.get("severity") != "note":
                line = f"{name}:{found.get('line', 0)} {found['code']} {found['message']}"
                (failed if file.get("failed") else lines).append(line)
    if status not in (0, 1) or not told:
        raise SideFailed("jack-convert", "\n".join(failed) or text)
    return lines


def run(check: Check, run_side: RunSide = in_new_process) -> Outcome:
    """Do all of it.

    Raises:
        SideFailed: a side did not come to its end.
        SpecError: the arguments of a plain function have no names.
    """
    folder = check.folder
    named = {f"{index}": array for index, array in enumerate(check.positional)}
    save(folder / "inputs.npz", {"positional": named, "keywords": check.keywords})

    check.say(f"Torch: {check.target.path.name}:{check.target.name}({check.arguments})")
    original = _job(check, check.target, check.target.root, check.arguments)
    run_side(check, "Torch", original)
    told = json.loads((folder / "torch.json").read_text(encoding="utf-8"))
    kind = told["kind"]
    left: list[str] = []
    if check.port is not None:
        arguments = check.arguments if check.port_arguments is None else check.port_arguments
        if kind == FUNCTION and not only_keywords(arguments):
            raise SpecError(f"arguments of a function need names, because its inputs come first: {arguments}")
        check.say(f"Jittor: {check.port.path.name}:{check.port.name}({arguments})")
        job = replace(_job(check, check.port, check.port.root, arguments), kind=kind, port=True)
    else:
        goal = folder / "converted"
        left = _convert(check, kind, [Path(file) for file in told["files"]], goal)
        check.say("Jittor: compiles its operators when it meets them for the first time")
        job = replace(_job(check, check.target, goal, ""), kind=kind, name=BUILDER)
    began = time.monotonic()
    run_side(check, "Jittor", job)
    check.say(f"Jittor: done in {time.monotonic() - began:.0f} s")
    outcome = judge(check, left)
    if check.jumps and not outcome.faults and only_gradients_differ(outcome.rows):
        check.say("Torch: how far rounding alone moves the gradients")
        run_side(check, "Torch", replace(original, noise=PASSES))
        outcome = replace(outcome, rows=with_noise(outcome.rows, folder))
    return outcome


def _job(check: Check, target: Target, root: Path, arguments: str) -> Job:
    file = root / target.path.relative_to(target.root)
    common = (str(check.folder), str(root), str(file), target.module, target.name, arguments, check.seed, check.train)
    return Job(*common, no_dropout=check.no_dropout, gradients=check.gradients)


def _convert(check: Check, kind: str, files: list[Path], goal: Path) -> list[str]:
    """Copy the files that Torch used, and convert the copies; returns what the converter left."""
    target, source = check.target, check.folder / "source"
    copy_files({*files, target.path}, target.root, source)
    add_builder(source / target.path.relative_to(target.root), BUILDER, target.name, check.arguments, kind)
    count = len(list(source.rglob("*.py")))
    check.say(f"jack-convert: {count} file{'s' if count != 1 else ''}")
    return convert(check, source, goal)


def judge(check: Check, left: list[str]) -> Outcome:
    """Compare what both sides stored in the exchange folder."""
    folder = check.folder
    torch, jittor = load(folder / "torch.npz"), load(folder / "jittor.npz")
    torch_told = json.loads((folder / "torch.json").read_text(encoding="utf-8"))
    jittor_told = json.loads((folder / "jittor.json").read_text(encoding="utf-8"))

    faults: list[str] = list(jittor_told["draws"])
    missing = [name for name in jittor_told["missing"] if not name.endswith("num_batches_tracked")]
    faults += [f"weight {name}: only in Torch" for name in missing]
    faults += [f"weight {name}: only in Jittor" for name in jittor_told["added"]]
    faults += [f"weight {name}: {how}" for name, how in jittor_told["misfits"].items()]
    for path in sorted(torch_told["plain"].keys() | jittor_told["plain"].keys()):
        pair = torch_told["plain"].get(path, "nothing"), jittor_told["plain"].get(path, "nothing")
        if pair[0] != pair[1]:
            faults.append(f"{path}: {pair[0]} in Torch, {pair[1]} in Jittor")

    kind = torch_told["kind"]
    chosen = row(check.op_class or ("model" if kind == MODEL else "default"))
    given = load(folder / "inputs.npz")
    computed = narrowest([*torch["weights"].values(), *(a for group in given.values() for a in group.values())])
    limits = Limits(chosen, check.tolerance, check.gradient_tolerance, computed)
    rows = compare_group("output", torch["outputs"], jittor["outputs"], limits)
    largest = max((float(abs(g).max()) for g in torch["gradients"].values() if g.size), default=0.0)
    floor = GRADIENT_FLOOR * largest if kind == MODEL else 0.0
    rows += compare_group("gradient", torch["gradients"], jittor["gradients"], limits, floor)
    rows += compare_group("buffer", _without_counts(torch["buffers"]), _without_counts(jittor["buffers"]), limits)
    versions = {"Torch": torch_told["version"], "Jittor": jittor_told["version"]}
    return Outcome(rows, faults, left, versions, len(torch["weights"]), jittor_told["notes"], kind)


def _without_counts(buffers: dict[str, Array]) -> dict[str, Array]:
    """Torch counts batches; Jittor does not, and nothing but momentum=None reads the count."""
    return {name: array for name, array in buffers.items() if not name.endswith("num_batches_tracked")}
