"""The parent of ``jack-parity models``: convert the folder once, run every model on both sides, keep the answers."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from parity.architectures.builders import Builder, Setting, setting_of
from parity.architectures.digest import Digests
from parity.architectures.worker import Worker
from parity.check.compare import JUMP_MARGIN
from parity.check.job import Job, load, save
from parity.check.jumps import PASSES, rounding_may_explain, with_noise
from parity.check.run import Check, Outcome, SideFailed, add_builder, convert, copy_files, judge
from parity.check.spec import Target, make_inputs, parse_target

PREFIX = "jack_parity_build_"
MODES = ("eval", "train")
SETTLED = (
    "equal",
    "rounding",
    "needs you",
    "not run",
)  # the other answers are what somebody works on: they are run again


@dataclass
class Survey:
    """What is to be run and where the answers go.

    Attributes:
        folder: the folder of models; keys are paths below it.
        builders: all models that were found in it.
        settings: how each is run.
        fallback: inputs of those without a setting.
        results: the file with the answers; those in it that are still valid are kept.
        modes: of :data:`MODES`.
        only: searched in the keys; what it does not find is converted, but not run.
        tolerance, gradient_tolerance: largest difference, relative to the largest value of the same tensor.
        timeout: seconds for each model on each side.
        missing: answers measured on another conversion stay (each says on which).
        layers: the builders are classes; those without a setting get arguments and inputs by trying.
        page: title and command for the page that is made of the results.
        say: receives a line for each model.
    """

    folder: Path
    builders: list[Builder]
    settings: list[Setting]
    fallback: tuple[str, ...]
    results: Path
    modes: tuple[str, ...] = MODES
    only: re.Pattern[str] = re.compile("")
    tolerance: float = 1e-4
    gradient_tolerance: float = 1e-3
    timeout: float = 900
    missing: bool = False
    layers: bool = False
    page: dict[str, str] = field(default_factory=dict)
    say: Callable[[str], None] = field(default=lambda line: None)

    def key(self, builder: Builder) -> str:
        """How a model is named in the results."""
        return f"{builder.file.relative_to(self.folder).as_posix()}:{builder.name}"


def read_results(path: Path) -> dict[str, Any]:
    """The stored answers, or an empty set of them.

    Raises:
        OSError, ValueError: the file is there, but cannot be read.
    """
    if not path.exists():
        return {"versions": {}, "diagnostics": {}, "models": {}}
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return told


def write_results(path: Path, told: dict[str, Any]) -> None:
    """Store the answers in one step, models in order."""
    told["models"] = dict(sorted(told["models"].items()))
    write_text(path, json.dumps(told, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file in one step."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def survey(task: Survey, keep: Path | None = None) -> dict[str, Any]:
    """Run what is not yet known; the file of results is current after every model.

    Raises:
        SideFailed: the folder could not be imported or converted at all.
    """
    with tempfile.TemporaryDirectory(prefix="jack-parity-") as temporary:
        return _survey(task, keep or Path(temporary))


def _survey(task: Survey, work: Path) -> dict[str, Any]:
    targets = {task.key(b): parse_target(f"{b.file}:{b.name}") for b in task.builders}
    if not targets:
        return read_results(task.results)
    root = next(iter(targets.values())).root
    torch = Worker("torch", root, work / "torch.log")
    try:
        found = torch.ask({"modules": sorted({target.module for target in targets.values()})}, task.timeout)
        if "error" in found:
            raise SideFailed("Torch", str(found.get("trace", found["error"])))
        source, goal = work / "source", work / "converted"
        shutil.rmtree(source, ignore_errors=True)
        shutil.rmtree(goal, ignore_errors=True)
        copy_files({*map(Path, found["files"]), *(t.path for t in targets.values())}, root, source)
        chosen = {key: setting_of(key, task.settings, task.fallback) for key in targets}
        if task.layers:
            chosen = _probed(task, targets, torch)
            targets = {key: target for key, target in targets.items() if key in chosen}
        for key, target in targets.items():
            if task.layers and not chosen[key].arguments and chosen[key].skip:
                continue
            copied = source / target.path.relative_to(root)
            add_builder(copied, PREFIX + target.name, target.name, chosen[key].arguments)
        task.say(f"jack-convert: {len(list(source.rglob('*.py')))} files")
        dummy = Check(next(iter(targets.values())), "", [], {}, work, timeout=task.timeout)
        left = convert(dummy, source, goal)
        told = read_results(task.results)
        told["diagnostics"] = _by_file(left, task.folder.relative_to(root).as_posix())
        told["models"] = {key: told["models"].get(key, {}) for key in targets}
        told["source"] = {**told.get("source", {}), **_source(task, root)}
        told["files"] = sorted({key.rpartition(":")[0] for key in targets})
        digests = Digests(goal, PREFIX)
        told["digests"] = {k: digests.of(goal / t.path.relative_to(root)) for k, t in targets.items()}
        jittor = Worker("jittor", goal, work / "jittor.log")
        try:
            for mode in task.modes:
                for key in filter(task.only.search, targets):
                    _one(task, told, key, targets[key], mode, chosen[key], work, (torch, jittor))
        finally:
            jittor.close()
    finally:
        torch.close()
    write_results(task.results, told)
    return told


def _probed(task: Survey, targets: dict[str, Target], torch: Worker) -> dict[str, Setting]:
    """A setting for each class of modules, with what the Torch side found; a class without is a row that says why."""
    chosen: dict[str, Setting] = {}
    for key, target in targets.items():
        setting = setting_of(key, task.settings, ())
        if setting.skip:
            chosen[key] = setting
            continue
        asked = {"module": target.module, "name": target.name}
        answer = torch.ask({"probe": {**asked, "arguments": setting.arguments, "inputs": setting.inputs}}, task.timeout)
        if "inputs" in answer:
            chosen[key] = replace(setting, arguments=answer["arguments"], inputs=tuple(answer["inputs"]))
        elif "other" not in answer:
            chosen[key] = replace(setting, skip=str(answer.get("why", answer.get("error", "?"))))
    return chosen


def _source(task: Survey, root: Path) -> dict[str, Any]:
    """What a page says about where the models come from and how they were judged."""
    return {
        **task.page,
        "folder": task.folder.relative_to(root).as_posix(),
        "tolerance": task.tolerance,
        "gradient_tolerance": task.gradient_tolerance,
        "margin": JUMP_MARGIN,
    }


def _by_file(lines: list[str], inside: str) -> dict[str, list[str]]:
    """Diagnostics by the file below the folder of models; elsewhere, by the file below the root."""
    found: dict[str, list[str]] = {}
    for line in lines:
        file, _, rest = line.partition(":")
        found.setdefault(file.removeprefix(inside + "/"), []).append(rest.partition(" ")[2])
    return dict(sorted(found.items()))


def _one(
    task: Survey,
    told: dict[str, Any],
    key: str,
    target: Target,
    mode: str,
    setting: Setting,
    work: Path,
    workers: tuple[Worker, Worker],
) -> None:
    digest = told["digests"][key]
    circumstances = {"arguments": setting.arguments, "inputs": list(setting.inputs), "converted": digest}
    known = told["models"].setdefault(key, {}).get(mode, {})
    same = all(
        known.get(name) == value or (name == "converted" and task.missing and known.get("answer") != "needs you")
        for name, value in circumstances.items()
    )
    if known and same and known["answer"] in SETTLED:
        return
    if why := setting.skip or (setting.skip_train if mode == "train" else ""):
        answer: dict[str, Any] = {"answer": "not run", "reason": why}
    else:
        began = time.monotonic()
        answer = _compare(task, key, target, mode, setting, work, workers)
        answer["seconds"] = round(time.monotonic() - began, 1)
        for name, version in answer.pop("versions", {}).items():
            told["versions"][name] = version
    told["models"][key][mode] = {**answer, **circumstances}
    write_results(task.results, told)
    figures = [f"{answer[name]:.1e}" for name in ("output", "gradient") if name in answer]
    task.say(f"{key} ({mode}): {answer['answer']} {' '.join(figures)} {answer.get('reason', '')[:160]}".rstrip())


def _compare(
    task: Survey, key: str, target: Target, mode: str, setting: Setting, work: Path, workers: tuple[Worker, Worker]
) -> dict[str, Any]:
    """One model on both sides."""
    exchange = work / "exchange"
    shutil.rmtree(exchange, ignore_errors=True)
    exchange.mkdir()
    positional, keywords = make_inputs(setting.inputs, 0)
    save(exchange / "inputs.npz", {"positional": {str(i): a for i, a in enumerate(positional)}, "keywords": keywords})
    train = mode == "train"
    check = Check(target, setting.arguments, positional, keywords, exchange, 0, train)
    check.tolerance, check.gradient_tolerance = task.tolerance, task.gradient_tolerance
    try:
        for worker in workers:
            jittor = worker.side == "jittor"
            name, arguments = (PREFIX + target.name, "") if jittor else (target.name, setting.arguments)
            file = worker.root / target.path.relative_to(target.root)
            common = (str(exchange), str(worker.root), str(file), target.module)
            job = exchange / f"{worker.side}_job.json"
            Job(*common, name, arguments, 0, train, draw_constants=True, no_dropout=True).write(job)
            answer = worker.ask({"job": str(job)}, task.timeout)
            if "error" in answer:
                return {"answer": _failure(worker.side, answer["error"]), "reason": _short(answer["error"], work)}
        outcome = judge(check, [])
        if not outcome.faults and rounding_may_explain(outcome.rows):
            job = exchange / "torch_job.json"
            job.write_text(json.dumps({**json.loads(job.read_text()), "noise": PASSES}))
            workers[0].ask({"job": str(job)}, task.timeout * 2)
            outcome = replace(outcome, rows=with_noise(outcome.rows, exchange, outputs=True))
        return _figures(outcome, exchange)
    finally:
        shutil.rmtree(exchange, ignore_errors=True)


def _failure(side: str, error: str) -> str:
    if side == "torch":
        return "not run"
    return "needs you" if error.startswith("NotConverted") else "cannot run"


def _short(error: str, work: Path) -> str:
    """The first telling line of an error, without the paths of this run."""
    lines = [line.strip() for line in error.replace(str(work), "").splitlines() if line.strip()]
    return (lines[0] if lines else "?")[:300]


def _figures(outcome: Outcome, exchange: Path) -> dict[str, Any]:
    parameters = sum(array.size for array in load(exchange / "torch.npz")["gradients"].values())
    inputs = load(exchange / "inputs.npz")
    parameters -= sum(array.size for group in inputs.values() for array in group.values() if array.dtype.kind == "f")
    jumps = [row for row in outcome.rows if row.jump]
    bad = sorted((row for row in outcome.rows if not row.holds), key=lambda row: -row.badness)
    equal = not bad and not outcome.faults
    rounded = [row for row in jumps if row.group != "gradient"]
    answer = "rounding" if equal and rounded else "equal" if equal else "differs"
    told: dict[str, Any] = {"answer": answer, "parameters": int(parameters)}
    for group in ("output", "gradient", "buffer"):
        rows = [row for row in outcome.rows if row.group == group]
        if not rows:
            continue
        zero = [row for row in rows if row.zero]  # but for rounding
        shown = [row for row in rows if not row.problem and not row.zero and not (row.jump and group != "output")]
        figures = [row.relative for row in shown]
        told[group] = float(f"{max(figures, default=0.0):.3g}")
        told[f"{group}s"] = len(rows)
        told[f"{group}s equal"] = sum(row.holds for row in rows)
        if zero:
            told[f"{group}s zero"] = len(zero)
    reasons = [*outcome.faults, *(f"{r.group} {r.name}: {r.problem or f'{r.relative:.1e}'}" for r in bad)]
    if reasons:
        told["reason"] = "; ".join(reasons[:3]) + (f"; and {len(reasons) - 3} more" if len(reasons) > 3 else "")
    if rounded:
        moved = max(row.noise / row.figures.largest for row in rounded)
        told["reason"] = (
            f"Torch's own outputs and statistics move by {moved:.0e} when inputs and weights change by 1e-7"
        )
    steps = [row for row in jumps if row.group == "gradient"]
    if steps:
        told["jumps"] = len(steps)
        told["jump"] = float(f"{max(row.relative for row in steps):.3g}")
    told["versions"] = outcome.versions
    return told
