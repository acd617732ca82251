"""In words: what was converted, what is shown to agree, what differs, and what nobody has looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parity.dossier.checks import Checks
from parity.dossier.conversion import Conversion
from parity.dossier.reach import RIGHT, Module
from parity.dossier.training import TrainingView
from parity.report.page import count
from parity.report.view import TraceView, reach

_NAMED = 12  # classes that are named in a sentence


@dataclass(frozen=True)
class Verdict:
    """The summary.

    Attributes:
        style: ``wrong`` when a comparison found a difference or a run failed, ``equal`` when everything was converted,
            run and found equal, ``partly`` otherwise.
        sentence: the same in words.
        converted, shown, differs, unshown: sentences.
    """

    style: str
    sentence: str
    converted: list[str]
    shown: list[str]
    differs: list[str]
    unshown: list[str]


def judge(
    conversion: Conversion,
    modules: Sequence[Module],
    traces: Sequence[TraceView],
    trainings: Sequence[TrainingView],
    checks: Sequence[Checks],
) -> Verdict:
    """Weigh everything; nothing counts as shown that was not run."""
    shown: list[str] = []
    differs: list[str] = []
    for each in traces:
        text = f"{each.torch}: {each.sentence}"
        if each.style == "equal":
            shown.append(f"{text} {reach(each.trace)}")
        else:
            differs.append(text)
    for training in trainings:
        (shown if training.style == "equal" else differs).append(f"Training {training.method}: {training.sentence}")
    for told in checks:
        equal = sum(row.state == "equal" for row in told.rows)
        if equal:
            shown.append(f"{told.file}: {equal} of {count(len(told.rows), 'check')} hold.")
        differs += [
            f"{told.file}: {row.subject} ({row.kind}): {row.remark}" for row in told.rows if row.state == "wrong"
        ]
    unshown = _unshown(conversion, modules, traces, trainings, checks)
    style, sentence = _overall(conversion, bool(shown), differs, modules)
    return Verdict(style, sentence, _converted(conversion), shown, differs, unshown)


def _overall(
    conversion: Conversion, evidence: bool, differs: Sequence[str], modules: Sequence[Module]
) -> tuple[str, str]:
    if conversion.failed:
        return "wrong", f"{count(conversion.failed, 'file')} could not be processed."
    if differs:
        return (
            "wrong",
            f"Not the same: {count(len(differs), 'comparison')} found a difference or did not come to an end.",
        )
    left = f"{count(conversion.open, 'place')} {'is' if conversion.open == 1 else 'are'} left for a person"
    if not evidence:
        if conversion.complete:
            return "partly", "Converted completely; nothing has been compared yet."
        return "partly", f"Converted in part: {left}; nothing has been compared yet."
    if not conversion.complete:
        return "partly", f"What was compared agrees; {left}."
    if any(module.state == "open" for module in modules):
        return "partly", "Converted completely, and what was compared agrees; not every module was compared."
    return "equal", "Converted completely; every module was run in both frameworks, and everything compared agrees."


def _converted(conversion: Conversion) -> list[str]:
    files = conversion.files
    torch = [file for file in files if file.torch]
    answers = conversion.answers
    uses = sum(answers.values())
    done = answers["rewritten"] + answers["kept"]
    said = [
        f"{len(torch)} of {count(len(files), 'file')} {'has' if len(torch) == 1 else 'have'} to do with Torch; "
        f"{sum(file.changed for file in files)} changed."
    ]
    if uses:
        said.append(
            f"{done:,} of {count(uses, 'use')} of Torch were converted: {answers['rewritten']:,} rewritten by "
            f"rules, {answers['kept']:,} kept because the same spelling means the same in Jittor."
        )
    if conversion.found:
        said.append(f"{conversion.left:,} of {conversion.found:,} names of Torch are left in the output.")
    if conversion.helpers:
        said.append(f"The output uses {count(len(conversion.helpers), 'helper')} from jittor_helpers.py beside it.")
    return said


def _unshown(
    conversion: Conversion,
    modules: Sequence[Module],
    traces: Sequence[TraceView],
    trainings: Sequence[TrainingView],
    checks: Sequence[Checks],
) -> list[str]:
    said = []
    if conversion.open:
        where = sum(bool(file.count("error") + file.count("warning")) for file in conversion.files)
        said.append(
            f"{count(conversion.open, 'place')} in {count(where, 'file')} were not converted: see the diagnostics."
        )
    if conversion.failed:
        verb = "is" if conversion.failed == 1 else "are"
        said.append(f"{count(conversion.failed, 'file')} could not be processed and {verb} left out.")
    open_ = [module for module in modules if module.state == "open"]
    if open_:
        names = ", ".join(module.name for module in open_[:_NAMED])
        more = f" and {len(open_) - _NAMED} more" if len(open_) > _NAMED else ""
        known = count(len(modules), "module class", "module classes")
        said.append(f"No trace ran {len(open_)} of {known}: {names}{more}.")
    unpaired = sum(node.verdict not in RIGHT for view in traces for node in view.trace.nodes)
    if unpaired:
        verbs = "is not right or has" if unpaired == 1 else "are not right or have"
        said.append(f"{count(unpaired, 'module call')} of the traces {verbs} no counterpart.")
    if traces:
        said.append(
            "A trace holds for its arguments, inputs, mode and seed; other branches of the same code were not run."
        )
    if not trainings:
        said.append(
            "No training was compared: optimizers, schedules and data loading are converted, not shown to agree."
        )
    skipped = sum(row.state == "open" for told in checks for row in told.rows)
    if skipped:
        said.append(f"{count(skipped, 'check')} could not be made.")
    return said
