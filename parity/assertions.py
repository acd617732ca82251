"""``assert_parity`` and ``assert_close``: tests of a Torch program against its Jittor twin, in one line each."""

from __future__ import annotations

import ast
import math
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from parity.arrays import Array
from parity.check.compare import JUMP_MARGIN, Row, compare
from parity.check.run import Check, Outcome, SideFailed, run
from parity.check.session import SESSION
from parity.check.spec import SpecError, Target, check_arguments, inputs_from, parse_target
from parity.records import RECORDS, Comparison
from parity.tolerances import row

SHOWN = 8


class ParityError(AssertionError):
    """Both sides do not compute the same, or one failed; the message says where and by how much."""


def assert_parity(
    torch: str,
    *,
    jittor: str | None = None,
    args: str = "",
    jittor_args: str | None = None,
    inputs: Sequence[str | Array] = (),
    keyword_inputs: Mapping[str, str | Array] | None = None,
    train: bool = False,
    gradients: bool = True,
    dropout: bool = True,
    jumps: bool = False,
    op_class: str = "",
    tolerance: float | None = None,
    grad_tolerance: float | None = None,
    seed: int = 0,
    root: str | Path | None = None,
    timeout: float = 600,
) -> Outcome:
    """Run a Torch model or function and its Jittor twin on the same weights and inputs; outputs and gradients agree.

    Each framework runs in a process of its own, which later calls use again.

    Args:
        torch: ``PATH.py:NAME``: a class or a function that builds a model, or a plain function of tensors.  A path
            that is not absolute starts at the folder of the calling file, or else at the current one.
        jittor: the same of a port that was written by hand; None converts the Torch file.
        args: what stands between the parentheses of NAME(...); of a plain function, its further keyword arguments.
        jittor_args: of the port's NAME(...); None for the same.
        inputs: arguments of ``forward`` or of the function: arrays, or texts as for ``jack-parity check --input``
            (``"2x3x32x32"``, ``"2x5:int64:0-100"``, ``"mask=2x5:bool"``, ``"batch.npz"``).
        keyword_inputs: further ones by name.
        train: training mode; buffers are then compared as well.
        gradients: whether gradients of weights and inputs are compared.
        dropout: False switches every dropout layer off, on both sides.
        jumps: True lets a gradient differ by twice what a change of inputs and weights by 1e-7 of their values does to
            it in Torch: a ReLU whose argument is nearly 0, two nearly equal members of a pooling window.
        op_class: row of the table of tolerances; by default ``model``, of a plain function ``default``.
        tolerance, grad_tolerance: in place of the row's: largest difference as a share of the tensor's largest value.
        seed: of weights, random inputs and the gradient's projection.
        root: folder for absolute imports of the Torch file.
        timeout: seconds for each side.

    Returns:
        All figures.

    Raises:
        ParityError: they do not agree, or a side failed, crashed or hung.
        ValueError: the call asks for something that is not there.
    """
    __tracebackhide__ = True
    try:
        target = parse_target(_path(torch), Path(root) if root is not None else None)
        port = parse_target(_path(jittor)) if jittor is not None else None
        positional, keywords = inputs_from(inputs, keyword_inputs or {}, seed)
        texts = check_arguments(args), None if jittor_args is None else check_arguments(jittor_args)
        if op_class and row(op_class).only:
            raise SpecError(f"op_class={op_class!r}: that row is for random numbers, of which no two are compared")
    except (SpecError, KeyError) as error:
        raise ValueError(error.args[0]) from None
    failure = ""
    with tempfile.TemporaryDirectory(prefix="jack-parity-") as folder:
        task = Check(target, texts[0], positional, keywords, Path(folder), seed, train)
        task.tolerance, task.gradient_tolerance, task.timeout = tolerance, grad_tolerance, timeout
        task.port, task.port_arguments, task.op_class = port, texts[1], op_class
        task.gradients, task.no_dropout, task.jumps = gradients, not dropout, jumps
        outcome = None
        try:
            outcome = run(task, SESSION)
        except SideFailed as error:
            failure = _failed(error, f"{_subject(target, port)} ({_place(target)})")
        except SpecError as error:
            raise ValueError(str(error)) from None
    if outcome is None:
        _remember(_subject(target, port), "run", None, _place(target), failure.splitlines()[0])
        raise ParityError(failure)
    for found in outcome.rows:
        _remember(_subject(target, port), _name(found), found, _place(target))
    RECORDS.notes += [f"{_subject(target, port)}: {note}" for note in outcome.notes]
    for fault in outcome.faults:
        _remember(_subject(target, port), "weights and results", None, _place(target), fault)
    if not outcome.holds:
        raise ParityError(_explained(target, port, outcome))
    return outcome


def assert_close(
    ours: Any, reference: Any, *, op_class: str = "default", gradient: bool = False, name: str = "array"
) -> None:
    """Two arrays agree within a row of the table of tolerances.

    Args:
        ours, reference: arrays, or tensors of either framework.
        op_class: row of the table (``docs/tolerances.md``).
        gradient: hold them to what the row says of gradients.
        name: what they are, for messages and the summary.

    Raises:
        ParityError: they do not.
        ValueError: there is no such row, or it says nothing of values.
    """
    __tracebackhide__ = True
    try:
        chosen = row(op_class)
    except KeyError as error:
        raise ValueError(error.args[0]) from None
    if chosen.only:
        raise ValueError(f"op_class={op_class!r}: that row is for random numbers, of which no two are compared")
    a, b = _array(ours), _array(reference)
    found = compare("output", name, b, a, chosen.limit(str(b.dtype), gradient), words=("expected", "given"))
    problem = found.problem
    if not problem and chosen.dtype == "exact" and a.dtype != b.dtype:
        problem = f"{b.dtype} expected, {a.dtype} given"
    _remember(name, f"as {op_class}{' gradient' * gradient}", found, "", problem)
    if problem or not found.holds:
        raise ParityError(f"{name} differs: {problem or _figures(found)}{_entries(found, a, b)}")


def _failed(error: SideFailed, what: str) -> str:
    """The reason, then the end of the log."""
    *log, reason = error.tail(80) or ["it said nothing"]
    # After a crash Python lists the frames of every thread; the one that crashed stands last.
    crashed = [number for number, line in enumerate(log) if line.startswith("Current thread")]
    frames = [line for line in log[crashed[-1] :] if line.startswith("  File")] if crashed else []
    before = [
        line for line in log if not line.startswith(("Thread 0x", "Current thread", "  File", "Extension modules"))
    ]
    lines = (
        [f"{error.side} failed on {what}: {reason}", *before, *frames]
        if crashed
        else [f"{error.side} failed on {what}: {reason}", *log]
    )
    return "\n  ".join(lines)


def _array(value: Any) -> Array:
    """An array of a tensor; numpy has no bfloat16, whose values all fit into float32."""
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        value = value.detach().cpu()
        value = value.float() if "bfloat16" in str(value.dtype) else value
    made: Array = np.asarray(value.numpy() if callable(getattr(value, "numpy", None)) else value)
    return made


def _path(text: str) -> str:
    """A relative path below the folder of the file that calls ``assert_parity``, if it lies there."""
    import sys

    beside = Path(sys._getframe(2).f_code.co_filename).parent
    file = text.rpartition(":")[0]
    return str(beside / file) + text[len(file) :] if file and (beside / file).is_file() else text


def _subject(target: Target, port: Target | None) -> str:
    if port is None:
        return f"{target.path.name}:{target.name}"
    # The folder only where the files' names do not tell them apart.
    parts = 2 if target.path.name == port.path.name else 1
    return " and ".join(f"{'/'.join(t.path.parts[-parts:])}:{t.name}" for t in (target, port))


def _place(target: Target) -> str:
    """``file:line`` where the target is defined, the file as seen from the current folder."""
    line = 1
    tree: ast.AST = ast.parse(target.path.read_bytes())
    for part in target.name.split("."):
        for node in ast.iter_child_nodes(tree):
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name == part:
                tree, line = node, node.lineno
    return f"{os.path.relpath(target.path)}:{line}"


def _name(found: Row) -> str:
    return found.name if found.group == "output" else f"{found.group} {found.name}"


def _figures(found: Row) -> str:
    figures = found.figures
    return (
        f"max abs {figures.max_abs:.3g}, relative {found.relative:.3g}, tolerance {found.tolerance} "
        f"({figures.used:.3g} times), {figures.outside:.2%} of the entries outside"
    )


def _entries(found: Row, ours: Array, reference: Array) -> str:
    """The worst entry of both."""
    at = found.figures.at
    if at < 0 or ours.size != reference.size:
        return ""
    index = [int(i) for i in np.unravel_index(at, reference.shape)]
    return f"; {ours.reshape(-1)[at]}, expected {reference.reshape(-1)[at]} at {index}"


def _explained(target: Target, port: Target | None, outcome: Outcome) -> str:
    """The message of a failure: what differs, the worst first."""
    first = f"{_subject(target, port)} do{'' if port else 'es'} not compute the same in both frameworks"
    lines = [f"{first} ({_place(target)})", *(f"  {fault}" for fault in outcome.faults[:SHOWN])]
    bad = sorted((r for r in outcome.rows if not r.holds), key=lambda r: (r.group != "output", -r.badness))
    lines += [f"  {_name(found)}: {found.problem or _figures(found)}" for found in bad[:SHOWN]]
    if len(bad) > SHOWN:
        lines.append(f"  and {len(bad) - SHOWN} more")
    good = len(outcome.rows) - len(bad)
    lines.append(f"  {good} of {len(outcome.rows)} comparisons are within their tolerance")
    lines += [f"  note: {note}" for note in outcome.notes]
    lines += [f"  the converter left {line}" for line in outcome.left[:SHOWN]]
    return "\n".join(lines)


def _remember(subject: str, name: str, found: Row | None, place: str, problem: str = "") -> None:
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0]
    if found is None:
        blank = (math.inf, math.inf, math.inf, math.nan, 1.0, "", math.inf, False)
        RECORDS.comparisons.append(Comparison(subject, name, *blank, problem, place, test))
        return
    f = found.figures
    tolerance, used = str(found.tolerance), f.used
    if found.zero:
        tolerance, used = f"{found.floor:.0e} (zero)", found.absolute / found.floor
    if found.jump:
        limit = JUMP_MARGIN * found.noise
        tolerance, used = f"{limit:.0e} (jump)", found.absolute / limit
    figures = (f.max_abs, f.max_rel, f.max_ulp, f.cosine, f.outside, tolerance)
    problem = problem or found.problem
    judged = (used, found.holds and not problem, problem)
    RECORDS.comparisons.append(Comparison(subject, name, *figures, *judged, place, test))
