"""Runs the traces: the programs are converted once, Torch runs once for each, one Jittor process does all mutants."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from parity.check.spec import make_inputs, parse_target
from parity.isolation import Outcome
from parity.trace.result import Finding, Trace
from parity.trace.run import Task, run
from parity.trace.worker import Session
from tests.parity.mutations.catalogue import CONVERTED, HERE, PROGRAMS, Mutation, line_of, mutated

FROM_TORCH = ("torch.json", "torch.npz", "whole_draws.npz", "own_draws.npz")
# What every port has, because stock Jittor has it: batch norm keeps the biased variance of the batch.
TRAPS = [("buffer", "running_var behind")]


@dataclass(frozen=True)
class Verdict:
    """What a trace said about a mutation.

    Attributes:
        found: whether there was a finding at all.
        first: the first finding; None if there was none.
        module, line: whether the finding names the module at fault, and the line; ``line`` is None where no line is
            expected.
        kind: whether it is of the expected kind.
        figure: the largest difference that the first finding shows, as a share of the largest value.
    """

    found: bool
    first: Finding | None
    module: bool
    line: bool | None
    kind: bool
    figure: float | None

    @property
    def ok(self) -> bool:
        return self.found and self.module and self.kind and self.line is not False


class Laboratory:
    """See the text of the module.

    Args:
        folder: an empty folder, in which everything happens.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.session = Session(folder, fused=False)
        self.count = 0
        self.kept: dict[str, Path] = {}  # what Torch gave, by job
        command = [sys.executable, "-m", "converter.cli", str(HERE / "programs"), "-o", str(folder / CONVERTED)]
        subprocess.run(command, check=True, capture_output=True)

    def source(self, program: str, version: str) -> Path:
        """The Jittor program without any error."""
        return (self.folder / CONVERTED if version == CONVERTED else HERE / "ports") / f"{program}.py"

    def trace(self, program: str, version: str, train: bool = False, mutation: Mutation | None = None) -> Trace:
        """Trace a Jittor program, with an error planted in it if one is given."""
        self.count += 1
        folder = self.folder / f"trace{self.count}"
        root = folder / version
        source = self.source(program, version)
        root.mkdir(parents=True)
        file = root / source.name
        text = source.read_text(encoding="utf-8")
        file.write_text(text if mutation is None else mutated(text, mutation), encoding="utf-8")
        helpers = source.with_name("jittor_helpers.py")
        if version == CONVERTED:
            shutil.copyfile(helpers, root / helpers.name)
        found = PROGRAMS[program]
        positional, keywords = make_inputs(found.inputs, seed=0)
        name = "build" if version == CONVERTED else found.port
        task = Task(
            parse_target(f"{HERE}/programs/{program}.py:build"),
            "",
            positional,
            keywords,
            folder,
            parse_target(f"{file}:{name}"),
            train=train,
            timeout=900,
            run_side=self._run_side,
        )
        trace = run(task)
        shutil.rmtree(folder)
        if trace.problem:
            raise AssertionError(f"{program}, {version}: {trace.problem}\n{trace.log}")
        return trace

    def _run_side(self, side: str, job: Path, log: Path, timeout: float) -> Outcome:
        """In the common processes; what Torch gives for a program is kept."""
        if side != "torch" or "lines" in job.name:
            return self.session(side, job, log, timeout)
        text = job.read_text(encoding="utf-8").replace(str(job.parent), "")
        if text not in self.kept:
            outcome = self.session(side, job, log, timeout)
            if not outcome.ok:
                return outcome
            folder = self.folder / f"torch{len(self.kept)}"
            folder.mkdir()
            for name in FROM_TORCH:
                shutil.copyfile(job.parent / name, folder / name)
            self.kept[text] = folder
        for name in FROM_TORCH:
            shutil.copyfile(self.kept[text] / name, job.parent / name)
        return Outcome(True, "", log, 0.0)

    def judge(self, program: str, version: str, mutation: Mutation) -> Verdict:
        """Trace a mutant and hold the first finding against what was planted."""
        text = self.source(program, version).read_text(encoding="utf-8")
        line = line_of(text, mutated(text, mutation), mutation)
        trace = self.trace(program, version, mutation.train, mutation)
        found = self.unexpected(program, version, trace)
        if not found:
            return Verdict(False, None, False, None if line is None else False, False, None)
        first = found[0]
        named = None if first.jittor is None else first.jittor.line
        return Verdict(
            True,
            first,
            first.path == mutation.module,
            None if line is None else named == line,
            first.kind == mutation.kind,
            first.comparison.max_rel if first.comparison else None,
        )

    def unexpected(self, program: str, version: str, trace: Trace) -> list[Finding]:
        """The findings that are not in :data:`TRAPS`."""
        traps = [] if version == CONVERTED else TRAPS
        return [f for f in trace.findings if not any(f.kind == kind and text in f.message for kind, text in traps)]

    def close(self) -> None:
        self.session.close()
