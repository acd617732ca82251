"""The page of a dossier."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

from parity.dossier import repeat
from parity.dossier.checks import Checks
from parity.dossier.conversion import SEVERITIES, Conversion, File
from parity.dossier.difference import Difference, difference
from parity.dossier.reach import Module, modules
from parity.dossier.timings import Timing
from parity.dossier.training import TrainingView, training_view
from parity.dossier.verdict import Verdict, judge
from parity.report.page import render
from parity.report.view import Tile, TraceView, short_target, view
from parity.trace.result import Trace

PACKAGES = ("jack-toolkit", "torch", "jittor", "numpy")


@dataclass
class Material:
    """Everything that a dossier is made of.

    Attributes:
        conversion: of the project.
        command: the words of the command line.
        traces: each with the command that makes it and what that command does not tell.
        trainings: reports, each with the name of its file.
        checks: tables of checks.
        timings: each with the name of its file.
    """

    conversion: Conversion
    command: str
    traces: list[tuple[Trace, str, str]] = field(default_factory=list)
    trainings: list[tuple[dict[str, Any], str]] = field(default_factory=list)
    checks: list[Checks] = field(default_factory=list)
    timings: list[tuple[str, list[Timing]]] = field(default_factory=list)


@dataclass(frozen=True)
class FileView:
    """A file with both its sides."""

    ident: str
    file: File
    difference: Difference
    converted: int
    uses: int


@dataclass(frozen=True)
class Dossier:
    """The dossier as its template shows it."""

    material: Material
    title: str
    made: str
    verdict: Verdict
    tiles: list[Tile]
    files: list[FileView]
    others: int
    codes: list[tuple[str, str, str, int]]
    modules: list[Module]
    traces: list[TraceView]
    trainings: list[TrainingView]
    environment: list[tuple[str, str]]
    commands: list[tuple[str, str, str]]


def dossier_page(material: Material) -> tuple[str, Verdict]:
    """One self-contained page, and the verdict that it gives."""
    dossier = assemble(material)
    return render("dossier.html", dossier=dossier, severities=SEVERITIES), dossier.verdict


def assemble(material: Material) -> Dossier:
    """All that the template needs."""
    conversion = material.conversion
    traces = [trace for trace, _, _ in material.traces]
    views = [view(trace, f"t{at}") for at, trace in enumerate(traces)]
    trainings = [training_view(told, f"training{at}") for at, (told, _) in enumerate(material.trainings)]
    found = modules(conversion, traces)
    verdict = judge(conversion, found, views, trainings, material.checks)
    shown = [file for file in conversion.files if file.torch or file.diagnostics]
    return Dossier(
        material=material,
        title=conversion.project.resolve().name,
        made=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        verdict=verdict,
        tiles=_tiles(conversion, found, views),
        files=[_file(file, at) for at, file in enumerate(shown)],
        others=len(conversion.files) - len(shown),
        codes=_codes(conversion),
        modules=found,
        traces=views,
        trainings=trainings,
        environment=environment(),
        commands=_commands(material),
    )


def _file(file: File, at: int) -> FileView:
    uses = sum(file.answers.values())
    converted = file.answers.get("rewritten", 0) + file.answers.get("kept", 0)
    return FileView(f"file{at}", file, difference(file), converted, uses)


def _tiles(conversion: Conversion, found: Sequence[Module], views: Sequence[TraceView]) -> list[Tile]:
    answers = conversion.answers
    uses = sum(answers.values())
    done = answers["rewritten"] + answers["kept"]
    tiles = [Tile(f"{done:,} of {uses:,}", "uses of Torch converted", "" if done == uses else "partly")]
    tiles.append(Tile(f"{conversion.open:,}", "places left for a person", "partly" if conversion.open else ""))
    if found:
        ran = sum(module.state != "open" for module in found)
        tiles.append(
            Tile(f"{ran} of {len(found)}", "module classes run in both", "" if ran == len(found) else "partly")
        )
    if views:
        equal = sum(each.style == "equal" for each in views)
        style = "" if equal == len(views) else "wrong"
        tiles.append(Tile(f"{equal} of {len(views)}", "models that compute the same", style))
    return tiles


def _codes(conversion: Conversion) -> list[tuple[str, str, str, int]]:
    """Codes with severity, an example of what is said, and how often; the grave ones first."""
    found: dict[tuple[int, str], list[str]] = {}
    for file in conversion.files:
        for each in file.diagnostics:
            found.setdefault((SEVERITIES.index(each.severity), each.code), []).append(each.message)
    return [(code, SEVERITIES[rank], said[0], len(said)) for (rank, code), said in sorted(found.items())]


def _commands(material: Material) -> list[tuple[str, str, str]]:
    """What, the command, and what is to be said of it."""
    project = material.conversion.project
    commands = [("this page", material.command, ""), ("the conversion", f"jack-convert {project} -o converted/", "")]
    commands += [(f"the trace of {short_target(t.torch_target)}", said, note) for t, said, note in material.traces]
    for told, file in material.trainings:
        note = "the report does not tell the seed, nor a bound that was given"
        commands.append((f"the training {told.get('method', '')}", repeat.training_command(told, file), note))
    commands += [(f"the checks of {checks.file}", checks.command, "") for checks in material.checks]
    for file, _ in material.timings:
        command = f"jack-bench run PATH.py:NAME --jittor converted/PATH.py --input ... --json > {file}"
        commands.append((f"the timings of {file}", command, "the file does not tell the model and its inputs"))
    return commands


def environment() -> list[tuple[str, str]]:
    """The machine on which the page was made."""
    rows = [("Python", platform.python_version()), ("system", f"{platform.system()} {platform.machine()}")]
    rows.append(("processors", str(os.cpu_count())))
    for name in PACKAGES:
        try:
            rows.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            rows.append((name, "not installed"))
    return rows
