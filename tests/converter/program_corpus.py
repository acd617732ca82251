"""Whole small Torch programs, run in Torch and, converted, in Jittor: ``python -m tests.converter.program_corpus``.

Where the rules' cases prove one API at a time, these prove that APIs work together as people write them.  A program
is *equal*, *differently typed* (values agree, a dtype does not), *reported* (the converter says that something is
left), *error* (it fails in Jittor although nothing was reported) or *wrong* (it runs, and gives other values).
"""

from __future__ import annotations

import argparse
import math
import os
import pickle
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from converter.diagnostics import CODES, Severity
from converter.helpers import render
from converter.pipeline import convert

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(__file__).parent / "programs"
# Trainings of a few steps: float32 rounding grows from step to step.
RELATIVE, ABSOLUTE = 2e-4, 2e-5


@dataclass
class Outcome:
    """What became of one program: ``answer`` as in the module's docstring, ``notes`` what differs."""

    name: str
    answer: str
    notes: list[str] = field(default_factory=list)


def differences(path: str, torch: Any, jittor: Any, values: list[str], types: list[str]) -> None:
    """Append what differs between two encoded results; ``values`` counts as wrong, ``types`` does not."""
    if isinstance(torch, dict) and isinstance(jittor, dict):
        if list(torch) != list(jittor):
            values.append(f"{path}: keys {list(torch)} in Torch, {list(jittor)} in Jittor")
            return
        for key in torch:
            differences(f"{path}.{key}", torch[key], jittor[key], values, types)
    elif isinstance(torch, list) and isinstance(jittor, list):
        if len(torch) != len(jittor):
            values.append(f"{path}: {len(torch)} items in Torch, {len(jittor)} in Jittor")
            return
        for index, (a, b) in enumerate(zip(torch, jittor)):
            differences(f"{path}[{index}]", a, b, values, types)
    elif isinstance(torch, tuple) and isinstance(jittor, tuple):
        if torch[:2] != jittor[:2]:
            types.append(f"{path}: {torch[:2]} in Torch, {jittor[:2]} in Jittor")
        _arrays(path, torch[2], jittor[2], values)
    elif isinstance(torch, float) and isinstance(jittor, float):
        if not (math.isclose(torch, jittor, rel_tol=RELATIVE, abs_tol=ABSOLUTE) or torch != torch and jittor != jittor):
            values.append(f"{path}: {torch} in Torch, {jittor} in Jittor")
    elif type(torch) is not type(jittor):
        close = isinstance(torch, int | float) and isinstance(jittor, int | float) and float(torch) == float(jittor)
        (types if close else values).append(f"{path}: {torch!r} in Torch, {jittor!r} in Jittor")
    elif torch != jittor:
        values.append(f"{path}: {torch!r} in Torch, {jittor!r} in Jittor")


def _arrays(path: str, torch: np.ndarray[Any, Any], jittor: np.ndarray[Any, Any], values: list[str]) -> None:
    # Jittor has no 0-dimensional tensors: one element in one axis stands for them.
    if torch.shape != jittor.shape and not (torch.shape == () and jittor.shape == (1,)):
        values.append(f"{path}: shape {torch.shape} in Torch, {jittor.shape} in Jittor")
        return
    wide = [a.astype(np.float64).reshape(-1) for a in (torch, jittor)]
    finite = wide[0][np.isfinite(wide[0])]
    scale = float(np.abs(finite).max()) if finite.size else 0.0
    if not np.allclose(wide[1], wide[0], rtol=RELATIVE, atol=ABSOLUTE + RELATIVE * scale, equal_nan=True):
        values.append(f"{path}: {torch.tolist()} in Torch, {jittor.tolist()} in Jittor")


def _run_side(side: str, folder: Path, out: Path, names: list[str]) -> dict[str, dict[str, Any]]:
    """Results by name; after a crash another process goes on with the programs that follow."""
    waiting = list(names)
    while waiting:
        command = [sys.executable, "-m", "tests.converter.program_side", side, str(folder), str(out), *waiting]
        with out.with_suffix(".log").open("a") as log:
            subprocess.run(command, cwd=ROOT, env=dict(os.environ), stdout=log, stderr=subprocess.STDOUT, check=False)
        left = [n for n in waiting if not (out / f"{n}.begun").exists()]
        if left == waiting:
            raise RuntimeError(f"{side} does not start: {out.with_suffix('.log').read_text()[-2000:]}")
        waiting = left
    crashed = {"error": "the process crashed", "trace": ""}
    files = {n: out / f"{n}.pkl" for n in names}
    return {n: pickle.loads(f.read_bytes()) if f.exists() else crashed for n, f in files.items()}


def judge(programs: list[Path], folder: Path) -> list[Outcome]:
    """Convert, run and compare the programs; sources and logs stay in ``folder``."""
    outcomes: dict[str, Outcome] = {}
    helpers: set[str] = set()
    for side in ("torch", "jittor"):
        (folder / side).mkdir(parents=True)
    for path in programs:
        source = path.read_text(encoding="utf-8")
        made = convert(source)
        (folder / "torch" / path.name).write_text(source, encoding="utf-8")
        (folder / "jittor" / path.name).write_text(made.code, encoding="utf-8")
        said = [d for d in made.diagnostics if CODES[d.code].severity is not Severity.NOTE]
        if said:
            outcomes[path.stem] = Outcome(path.stem, "reported", [str(d) for d in said])
        else:
            helpers.update(made.helpers)
    (folder / "jittor" / "jittor_helpers.py").write_text(render(sorted(helpers)), encoding="utf-8")
    names = [p.stem for p in programs]
    torch = _run_side("torch", folder / "torch", folder / "out_torch", names)
    jittor = _run_side("jittor", folder / "jittor", folder / "out_jittor", [n for n in names if n not in outcomes])
    for name in names:
        if "error" in torch[name]:
            outcomes[name] = Outcome(name, "broken", [torch[name]["trace"]])
        elif name not in outcomes:
            outcomes[name] = _compared(name, torch[name], jittor[name])
    return [outcomes[name] for name in names]


def _compared(name: str, torch: dict[str, Any], jittor: dict[str, Any]) -> Outcome:
    if "error" in jittor:
        return Outcome(name, "error", [jittor["error"], jittor["trace"]])
    values: list[str] = []
    types: list[str] = []
    differences("", torch["result"], jittor["result"], values, types)
    if torch["printed"] != jittor["printed"]:
        values.append(f"printed {torch['printed']!r} in Torch, {jittor['printed']!r} in Jittor")
    return Outcome(name, "wrong" if values else "differently typed" if types else "equal", values + types)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="programs, by default all")
    parser.add_argument("--keep", help="folder for sources and logs")
    parser.add_argument("--programs", default=str(PROGRAMS), help="folder of the programs")
    options = parser.parse_args()
    found = sorted(Path(options.programs).glob("*.py"))
    chosen = [p for p in found if p.stem != "__init__" and (not options.names or p.stem in options.names)]
    with tempfile.TemporaryDirectory() as temporary:
        outcomes = judge(chosen, Path(options.keep or temporary))
    for outcome in outcomes:
        print(f"{outcome.answer:18} {outcome.name}")
        for note in outcome.notes:
            print("    " + note[-1500:].replace("\n", "\n    "))
    print(dict(Counter(o.answer for o in outcomes)))


if __name__ == "__main__":
    main()
