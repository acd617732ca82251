"""The parent of ``jack-parity optimizers``: lists, converts, runs every entry on both sides and compares the steps."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from parity.arrays import load_arrays
from parity.check.run import convert_tree
from parity.figures import figures, incomparable
from parity.optimizers.program import Entry, entry_at
from parity.tolerances import Tolerance, row
from parity.workers import Worker

EQUAL, DIFFERS, REFUSED, ABSENT, FAILED = "equal", "differs", "refused", "not in Jittor", "failed"


@dataclass
class Row:
    """What came of an entry.

    Attributes:
        entry: see :class:`parity.optimizers.program.Entry`.
        verdict: ``equal``, ``differs``, ``refused`` (the converter says that it has no equal), ``not in Jittor``,
            ``failed`` (a side ended with an error).
        tolerance: of parameters, or of rates.
        differences: the largest difference of any parameter (or rate, or momentum) after each step.
        first: the first step beyond the tolerance, counted from 1; 0 for none.
        note: what the converter or the error said.
        log: the end of the output of a side that failed.
    """

    entry: Entry
    verdict: str
    tolerance: Tolerance
    differences: list[float] = field(default_factory=list)
    first: int = 0
    note: str = ""
    log: str = ""

    @property
    def worst(self) -> float:
        """The largest difference of all steps; NaN when there is none."""
        return max(self.differences, default=math.nan)


@dataclass(frozen=True)
class Survey:
    """What is run.

    Attributes:
        folder: an empty folder.
        steps: how many.
        seed: of parameters and gradients.
        stock: compare with Jittor's own classes, not with the conversion.
        only: searched in the names.
        timeout: seconds for each entry on each side.
        say: receives a line for each entry.
    """

    folder: Path
    steps: int = 10
    seed: int = 0
    stock: bool = False
    only: re.Pattern[str] = re.compile("")
    timeout: float = 600
    say: Callable[[str], None] = lambda line: None


class SurveyFailed(Exception):
    """Nothing could be compared; the message says why."""


def run(survey: Survey) -> list[Row]:
    """One row for each entry, in Torch's order.

    Raises:
        SurveyFailed: Torch cannot list its classes.
        parity.check.run.SideFailed: the converter failed.
    """
    arguments = (str(survey.folder), str(survey.seed), str(survey.steps))
    torch = Worker("parity.optimizers.worker", ("torch", *arguments), survey.folder / "torch.log")
    stock = ("stock",) if survey.stock else ()
    jittor = Worker("parity.optimizers.worker", ("jittor", *arguments, *stock), survey.folder / "jittor.log")
    try:
        listed = torch.ask({"do": "list"}, survey.timeout)
        if "error" in listed:
            raise SurveyFailed(f"Torch: {listed['error']}\n{torch.last_log()}")
        entries = [Entry(**entry) for entry in listed["entries"]]
        refused = {} if survey.stock else convert(survey)
        rows = []
        for number, entry in enumerate(entries):
            if survey.only.search(entry.name):
                survey.say(f"{entry.name}({entry.arguments})")
                rows.append(_row(survey, torch, jittor, number, entry, refused.get(number, "")))
        return rows
    finally:
        torch.close()
        jittor.close()


def convert(survey: Survey) -> dict[int, str]:
    """Convert the generated file; returns for each entry that is not fully converted what was said of it."""
    source, goal = survey.folder / "source", survey.folder / "converted"
    lines = convert_tree(source, goal, survey.folder / "convert.log", survey.timeout)
    entry_of = entry_at((source / "program.py").read_text(encoding="utf-8"))
    refused: dict[int, str] = {}
    for line in lines:
        match = re.match(r"[^:]*:(\d+) (\S+) (.*)", line)
        if match:
            refused.setdefault(entry_of[int(match[1])], f"{match[2]} {match[3]}")
    return refused


def _row(survey: Survey, torch: Worker, jittor: Worker, number: int, entry: Entry, refused: str) -> Row:
    found = Row(entry, EQUAL, row("host" if entry.schedule else "optimizer").value)
    if refused:
        found.verdict, found.note = REFUSED, refused
        return found
    question = {"do": "run", "number": number, "entry": asdict(entry)}
    sides = [("Torch", torch), ("Jittor", jittor)]
    for name, worker in sides[::-1] if survey.stock else sides:  # what Jittor lacks need not run in Torch
        answer = worker.ask(question, survey.timeout)
        if answer.get("absent"):
            found.verdict = ABSENT
            return found
        if "error" in answer:
            found.verdict, found.note = FAILED, f"{name}: {answer['error'].splitlines()[0]}"
            found.log = answer.get("trace", worker.last_log())
            return found
    _compare(found, survey, number)
    return found


def _compare(found: Row, survey: Survey, number: int) -> None:
    theirs, ours = (load_arrays(survey.folder / f"{side}-{number}.npz") for side in ("torch", "jittor"))
    for step in range(survey.steps):
        names = [name for name in theirs if name.startswith(f"{step}.")]
        pairs = [
            figures(ours[name], theirs[name], found.tolerance) if name in ours else incomparable("missing in Jittor")
            for name in names
        ]
        found.differences.append(max(pair.max_abs for pair in pairs))
        if not found.first and not all(pair.ok for pair in pairs):
            found.verdict, found.first = DIFFERS, step + 1
            found.note = next((pair.problem for pair in pairs if pair.problem), "")
