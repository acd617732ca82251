"""The parent of ``jack-parity check``: copies what is needed, converts it, runs both sides, compares."""

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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parity.check.compare import Row, compare_group
from parity.check.job import Array, Job, load, save
from parity.check.spec import Target

BUILDER = "jack_parity_build"
NOISE = re.compile(r"^((\x1b\[[\d;]*m)*\[[ivw] \d{4} |\s*Compiling Operators)")  # Jittor's own log lines
GRADIENT_FLOOR = 1e-6  # times the largest gradient of the model: below lies what rounding leaves of a true zero


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
        tolerance, gradient_tolerance: largest difference, relative to the largest value of the same tensor.
        timeout: seconds for each side.
        say: receives a line before each step.
    """

    target: Target
    arguments: str
    positional: list[Array]
    keywords: dict[str, Array]
    folder: Path
    seed: int = 0
    train: bool = False
    tolerance: float = 1e-4
    gradient_tolerance: float = 1e-3
    timeout: float = 1800
    say: Callable[[str], None] = field(default=lambda line: None)


@dataclass(frozen=True)
class Outcome:
    """The result of a check.

    Attributes:
        rows: every comparison.
        faults: sentences on what else differs (weights, plain values, randomness).
        left: diagnostics of the converter about the files used, each ``file:line code message``.
        versions: framework to version.
        parameters: number of tensors whose weights were carried over.
    """

    rows: list[Row]
    faults: list[str]
    left: list[str]
    versions: dict[str, str]
    parameters: int

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


def _side(check: Check, side: str, job: Job) -> None:
    lower = side.lower()
    path = check.folder / f"{lower}_job.json"
    job.write(path)
    command = [sys.executable, "-m", f"parity.check.{lower}_side", str(path)]
    status, log = _child(side, command, check.folder / f"{lower}.log", check.timeout)
    if status != 0:
        raise SideFailed(side, log if log.strip() else f"exit status {status}")


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


def add_builder(file: Path, builder: str, name: str, arguments: str) -> None:
    """Append a function without arguments that builds the model: the user's arguments are converted with the file."""
    file.chmod(0o644)
    with file.open("ab") as stream:
        stream.write(f"\n\ndef {builder}():\n    return {name}({arguments}\n    )\n".encode())


def convert(check: Check, source: Path, goal: Path) -> list[str]:
    """Run the converter on a tree; returns its diagnostics as lines (notes left out).

    Raises:
        SideFailed: it could not process a file.
    """
    command = [sys.executable, "-m", "converter.cli", str(source), "-o", str(goal), "--output-format", "json"]
    log = check.folder / "convert.log"
    status, text = _child("jack-convert", command, log, check.timeout)
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


def run(check: Check) -> Outcome:
    """Do all of it.

    Raises:
        SideFailed: a side did not come to its end.
    """
    target, folder = check.target, check.folder
    named = {f"{index}": array for index, array in enumerate(check.positional)}
    save(folder / "inputs.npz", {"positional": named, "keywords": check.keywords})

    def job(root: Path, name: str, arguments: str) -> Job:
        file = root / target.path.relative_to(target.root)
        return Job(str(folder), str(root), str(file), target.module, name, arguments, check.seed, check.train)

    check.say(f"Torch: {target.path.name}:{target.name}({check.arguments})")
    _side(check, "Torch", job(target.root, target.name, check.arguments))
    told = json.loads((folder / "torch.json").read_text(encoding="utf-8"))

    source, goal = folder / "source", folder / "converted"
    copy_files({*map(Path, told["files"]), target.path}, target.root, source)
    add_builder(source / target.path.relative_to(target.root), BUILDER, target.name, check.arguments)
    count = len(list(source.rglob("*.py")))
    check.say(f"jack-convert: {count} file{'s' if count != 1 else ''}")
    left = convert(check, source, goal)

    check.say("Jittor: compiles its operators when it meets them for the first time")
    began = time.monotonic()
    _side(check, "Jittor", job(goal, BUILDER, ""))
    check.say(f"Jittor: done in {time.monotonic() - began:.0f} s")
    return judge(check, left)


def judge(check: Check, left: list[str]) -> Outcome:
    """Compare what both sides stored in the exchange folder."""
    folder = check.folder
    torch, jittor = load(folder / "torch.npz"), load(folder / "jittor.npz")
    torch_told = json.loads((folder / "torch.json").read_text(encoding="utf-8"))
    jittor_told = json.loads((folder / "jittor.json").read_text(encoding="utf-8"))

    faults: list[str] = []
    if torch_told["random"]:
        faults.append(
            "the Torch model gives another result for another random seed (dropout?), so that no two frameworks can "
            "agree: use --eval, or switch the randomness off with --args"
        )
    # Torch counts batches; Jittor does not, and nothing but momentum=None reads the count.
    missing = [name for name in jittor_told["missing"] if not name.endswith("num_batches_tracked")]
    faults += [f"weight {name}: only in Torch" for name in missing]
    faults += [f"weight {name}: only in Jittor" for name in jittor_told["added"]]
    faults += [f"weight {name}: {how}" for name, how in jittor_told["misfits"].items()]
    for path in sorted(torch_told["plain"].keys() | jittor_told["plain"].keys()):
        pair = torch_told["plain"].get(path, "nothing"), jittor_told["plain"].get(path, "nothing")
        if pair[0] != pair[1]:
            faults.append(f"{path}: {pair[0]} in Torch, {pair[1]} in Jittor")

    rows = compare_group("output", torch["outputs"], jittor["outputs"], check.tolerance)
    largest = max((float(abs(g).max()) for g in torch["gradients"].values() if g.size), default=0.0)
    floor = GRADIENT_FLOOR * largest
    rows += compare_group("gradient", torch["gradients"], jittor["gradients"], check.gradient_tolerance, floor)
    rows += compare_group(
        "buffer",
        {name: array for name, array in torch["buffers"].items() if not name.endswith("num_batches_tracked")},
        {name: array for name, array in jittor["buffers"].items() if not name.endswith("num_batches_tracked")},
        check.tolerance,
    )
    versions = {"Torch": torch_told["version"], "Jittor": jittor_told["version"]}
    return Outcome(rows, faults, left, versions, len(torch["weights"]))
