"""One proof run: sources are written, converted, executed by two processes, and compared."""

from __future__ import annotations

import ast
import contextlib
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from converter.diagnostics import CODES, Severity
from converter.helpers import render
from converter.pipeline import convert
from converter.rules.base import Rule
from parity.tolerances import row
from tests.converter.proof.compare import Verdict, compare
from tests.converter.proof.expand import Trial, expand

ROOT = Path(__file__).resolve().parents[3]
CHUNK = 100
_HEADER = """\
import math
import random
from collections import OrderedDict

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


"""


@dataclass
class Outcome:
    """What a run found out.

    Attributes:
        verdicts: one per trial, and one per ``alone`` case.
        torch_text / jittor_text: key -> source of the trial's functions on either side.
        seconds: where the time went.
    """

    verdicts: list[Verdict] = field(default_factory=list)
    torch_text: dict[str, str] = field(default_factory=dict)
    jittor_text: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def of(self, api: str) -> list[Verdict]:
        return [v for v in self.verdicts if v.api == api]

    def explain(self, verdict: Verdict) -> str:
        """The problems with the sources of both sides, for an assertion message."""
        return "\n".join(
            [
                f"{verdict.key}: max difference {verdict.worst:.3g}, tolerance {verdict.allowed:.3g}",
                *(f"  {p}" for p in verdict.problems[:12]),
                "--- Torch",
                self.torch_text.get(verdict.key, ""),
                "--- Jittor",
                self.jittor_text.get(verdict.key, ""),
            ]
        )


def _alone(rules: Iterable[Rule], outcome: Outcome) -> None:
    for rule in rules:
        for index, case in enumerate(rule.cases):
            if case.form != "alone":
                continue
            verdict = Verdict(f"{rule.api}#{index}:alone", rule.api, "alone")
            code = convert(case.text).code
            outcome.torch_text[verdict.key], outcome.jittor_text[verdict.key] = case.text, code
            if code != case.text:
                verdict.problems.append("conversion must leave this source alone, byte for byte")
            outcome.verdicts.append(verdict)


def _functions(code: str) -> dict[str, tuple[str, int, int]]:
    """Top-level functions: name -> (text, first line, last line)."""
    lines = code.splitlines()
    found = {}
    for node in ast.parse(code).body:
        if isinstance(node, ast.FunctionDef):
            end = node.end_lineno or node.lineno
            found[node.name] = ("\n".join(lines[node.lineno - 1 : end]), node.lineno, end)
    return found


def _line(diagnostic: Any) -> int:
    """The 1-based line of the input that a diagnostic is about."""
    for holder in (diagnostic, getattr(diagnostic, "place", None), getattr(diagnostic, "range", None)):
        line = getattr(holder, "line", None)
        if isinstance(line, int):
            return line
    return 0


def _mentions_torch(text: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == "torch" for n in ast.walk(ast.parse(text)))


@dataclass
class _Converted:
    code: str
    helpers: list[str]
    problems: dict[str, list[str]]  # trial key -> what was not converted
    texts: dict[str, str]  # trial key -> converted source


def _convert(trials: Sequence[Trial]) -> _Converted:
    """Convert the source of these trials; one that makes the converter fail is found and left out."""
    source = _HEADER + "\n\n".join(t.text for t in trials)
    try:
        result = convert(source)
    except Exception as error:
        if len(trials) == 1:
            key = trials[0].key
            return _Converted("", [], {key: [f"the converter fails: {type(error).__name__}: {error}"]}, {key: ""})
        middle = len(trials) // 2
        left, right = _convert(trials[:middle]), _convert(trials[middle:])
        code = left.code + "\n\n" + right.code
        helpers = sorted({*left.helpers, *right.helpers})
        return _Converted(code, helpers, {**left.problems, **right.problems}, {**left.texts, **right.texts})
    before, after = _functions(source), _functions(result.code)
    problems: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    for trial in trials:
        said: list[str] = []
        names = [n for n in (trial.maker, trial.function) if n in before]
        for name in names:
            _, first, last = before[name]
            for diagnostic in result.diagnostics:
                serious = CODES[diagnostic.code].severity is not Severity.NOTE
                if serious and first <= _line(diagnostic) <= last:
                    said.append(f"not converted: {diagnostic.code} {getattr(diagnostic, 'message', diagnostic)}")
            if name not in after:
                said.append(f"{name} is not in the output")
            elif not said and _mentions_torch(after[name][0]):
                said.append("torch is left in the output")
        problems[trial.key] = said
        texts[trial.key] = "\n\n".join(after[n][0] for n in names if n in after)
    # Asked of the output itself, so that the proof also holds when what the converter reports were wrong.
    helpers = sorted(set(re.findall(r"\bjh\.(\w+)", result.code)))
    return _Converted(result.code, helpers, problems, texts)


def _judged(
    trials: list[Trial], unconverted: dict[str, list[str]], torch: dict[str, Any], jittor: dict[str, Any]
) -> list[Verdict]:
    verdicts = []
    for trial in trials:
        verdict = Verdict(trial.key, trial.api, trial.style)
        verdict.problems += unconverted[trial.key]
        if not verdict.problems:
            compare(verdict, row(trial.case.tolerance), torch[trial.key], jittor.get(trial.key, {}))
        elif "error" in torch[trial.key] and trial.style == "defaults":
            verdict.problems.clear()
            verdict.skipped = "Torch refuses these inputs with the defaults"
        verdicts.append(verdict)
    return verdicts


def _by_themselves(folder: Path, plan: list[dict[str, Any]], keys: set[str]) -> dict[str, Any]:
    """Run single trials again, one by one, in processes of their own."""
    goal = folder / "again"
    goal.mkdir(exist_ok=True)
    for path in [*folder.glob("*.py"), folder / "torch.pkl"]:
        shutil.copy(path, goal)
    wanted = [{**c, "items": [i for i in c["items"] if i["key"] in keys]} for c in plan]
    wanted = [chunk for chunk in wanted if chunk["items"]]
    (goal / "plan.pkl").write_bytes(pickle.dumps(wanted))
    for old in (p for pattern in ("*.singles", "*.done", "jittor.pkl") for p in goal.glob(pattern)):
        old.unlink()
    for chunk in wanted:
        (goal / f"{Path(chunk['jittor']).stem}.begun").touch()
    _process("run_jittor", goal)
    return dict(pickle.loads((goal / "jittor.pkl").read_bytes()))


MOST_PROCESSES = 40
QUIET_SECONDS = 150


def _process(module: str, folder: Path) -> float:
    """Run one side; its terminal output goes to a log in the folder.

    Raises:
        RuntimeError: with the end of the log, when the process did not end well.
    """
    started = time.perf_counter()
    # An nvcc without a usable CUDA runtime would make Jittor's import fail; the proofs are about the CPU.
    environment = {**os.environ, "nvcc_path": "", "PYTHONPATH": str(ROOT)}
    log = folder / f"{module}.log"
    finished = folder / f"{module.removeprefix('run_')}.pkl"
    # Jittor crashes or hangs now and then in the threads that compile: another process then goes on.
    for _ in range(MOST_PROCESSES):
        with log.open("a") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", f"tests.converter.proof.{module}", str(folder)],
                cwd=ROOT,
                env=environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            code = _wait(process, log)
        if finished.exists() and code == 0:
            return time.perf_counter() - started
        if module != "run_jittor":
            break
    raise RuntimeError(f"{module} ended with {code}:\n{log.read_text(errors='replace')[-4000:]}")


def _wait(process: subprocess.Popen[bytes], log: Path) -> int | str:
    """The exit status; a process that says nothing for long hangs and is ended with its children."""
    while True:
        try:
            return process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            if time.time() - log.stat().st_mtime > QUIET_SECONDS:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                return f"nothing for {QUIET_SECONDS} seconds"
        finally:
            if process.poll() is not None:
                _end_group(process.pid)


def _end_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def prove(rules: Iterable[Rule], folder: Path) -> Outcome:
    """Prove all cases of the rules; generated sources, logs and results stay in the folder."""
    rules = list(rules)
    folder.mkdir(parents=True, exist_ok=True)
    for old in (p for pattern in ("*.begun", "*.singles", "*.done", "*.pkl", "*.log") for p in folder.glob(pattern)):
        old.unlink()
    outcome = Outcome()
    started = time.perf_counter()
    _alone(rules, outcome)
    trials = expand(rules)
    plan: list[dict[str, Any]] = []
    helpers: set[str] = set()
    unconverted: dict[str, list[str]] = {}
    for start in range(0, len(trials), CHUNK):
        part = trials[start : start + CHUNK]
        name = f"cases_{start // CHUNK:03d}"
        converted = _convert(part)
        helpers.update(converted.helpers)
        unconverted.update(converted.problems)
        outcome.torch_text.update({t.key: t.text for t in part})
        outcome.jittor_text.update(converted.texts)
        (folder / f"torch_{name}.py").write_text(_HEADER + "\n\n".join(t.text for t in part))
        (folder / f"jittor_{name}.py").write_text(converted.code)
        items = [
            {
                "key": t.key,
                "style": t.style,
                "form": t.case.form,
                "function": t.function,
                "maker": t.maker,
                "train": t.case.train,
                "grad": t.case.grad and not row(t.case.tolerance).only,
                "inputs": t.inputs,
                "at_once": "seed(" in t.text,
                "unconverted": bool(converted.problems[t.key]),
            }
            for t in part
        ]
        plan.append({"torch": f"torch_{name}.py", "jittor": f"jittor_{name}.py", "items": items})
    (folder / "jittor_helpers.py").write_text(render(sorted(helpers)))
    (folder / "plan.pkl").write_bytes(pickle.dumps(plan))
    outcome.seconds["convert"] = time.perf_counter() - started
    if not trials:
        return outcome
    outcome.seconds["torch"] = _process("run_torch", folder)
    outcome.seconds["jittor"] = _process("run_jittor", folder)
    torch = pickle.loads((folder / "torch.pkl").read_bytes())
    jittor = pickle.loads((folder / "jittor.pkl").read_bytes())
    outcome.verdicts = [*outcome.verdicts, *_judged(trials, unconverted, torch, jittor)]
    failing = {v.key for v in outcome.verdicts if v.problems and not unconverted.get(v.key)}
    if failing and not any(v.key not in torch for v in outcome.verdicts if v.key in failing):
        again = _by_themselves(folder, plan, failing)
        retried = {v.key: v for v in _judged([t for t in trials if t.key in failing], unconverted, torch, again)}
        for index, verdict in enumerate(outcome.verdicts):
            better = retried.get(verdict.key)
            if better is not None and not better.problems:
                # Jittor computes some cases wrongly only in a graph of a hundred others: said, not hidden.
                said = f"{verdict.key}: wrong in a large batch, right by itself: {verdict.problems[0][:200]}"
                warnings.warn(said, stacklevel=2)
                outcome.verdicts[index] = better
    return outcome
