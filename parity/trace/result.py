"""What a trace found: plain values, from which the terminal, JSON and HTML reports are made."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FORMAT = "jack-parity-trace/1"

# Verdicts on a module call.
EQUAL = "equal"  # everything that was compared is within its tolerance
CARRIED = "carried"  # its own code is right, but what it got was already different
BACKWARD = "backward"  # its own code and its results are right; what comes back in the backward pass is different
WRONG = "wrong"  # its own code, on Torch's inputs, gives something else
ROUNDING = "rounding"  # as "carried", but no wrong code lies before it: accumulated rounding
UNPAIRED = "unpaired"  # no counterpart in Jittor, or never called there
FAILED = "failed"  # raised an error in Jittor


@dataclass(frozen=True)
class Comparison:
    """One tensor of both sides.

    Attributes:
        name: ``output``, ``args[0]``, ``gradient of weight``, ...
        shape: Torch's shape.
        max_abs: largest absolute difference; None where there is nothing to subtract.
        max_rel: the same, as a share of the largest magnitude on the Torch side.
        max_ulp: the largest distance in units in the last place.
        cosine: of the angle between both, as vectors.
        outside: share of the entries that are outside the tolerance, 0 to 1.
        tolerance: what ``max_rel`` is held against.
        ok: whether both agree.
        problem: what is wrong beside the figures (shape, kind of number, missing, NaN), "" when nothing.
    """

    name: str
    shape: tuple[int, ...]
    max_abs: float | None
    max_rel: float | None
    max_ulp: float | None
    cosine: float | None
    outside: float | None
    tolerance: float
    ok: bool
    problem: str = ""


@dataclass(frozen=True)
class Place:
    """A line of a program; ``text`` is the line itself, without indentation."""

    file: str
    line: int
    text: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Half:
    """A module on one side.

    Attributes:
        path: its name, as in ``named_modules()``; "" is the model itself.
        type: name of its class.
        made: where the program made it; None if unknown.
        code: where its ``forward`` or ``execute`` begins; None for code of the framework.
    """

    path: str
    type: str
    made: Place | None = None
    code: Place | None = None


@dataclass
class Node:
    """One call of one module of the Torch side, and its counterpart.

    Attributes:
        number: index in the list of nodes; calls are in the order in which they begin.
        parent: number of the call inside which it happened; -1 for the model itself.
        depth: how many calls it lies inside.
        call: how many times the module had been called before.
        torch: the module.
        jittor: its counterpart; None if there is none.
        verdict: one of the constants of this module.
        inputs, outputs: as they were in the whole run.
        gradients: of the outputs in the whole run: what comes back to this module in the backward pass.
        own_outputs: its own code alone: results on Torch's inputs, also what it hands to the modules inside it.
        own_gradients: gradients of its own code alone, and buffers that it changed.
        notes: sentences: attributes that differ, arguments that are no tensors, errors.
    """

    number: int
    parent: int
    depth: int
    call: int
    torch: Half
    jittor: Half | None
    verdict: str = EQUAL
    inputs: list[Comparison] = field(default_factory=list)
    outputs: list[Comparison] = field(default_factory=list)
    gradients: list[Comparison] = field(default_factory=list)
    own_outputs: list[Comparison] = field(default_factory=list)
    own_gradients: list[Comparison] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass
class Finding:
    """Something that is not the same in both programs.

    Attributes:
        kind: ``forward``, ``backward``, ``buffer``, ``attribute``, ``weights``, ``training`` (what an optimizer would
            train), ``random``, ``crash``, ``structure``.
        node: number of the module call, -1 if it belongs to none.
        path: of the module, or the name of the tensor.
        message: one sentence.
        torch, jittor: the lines of both programs that part.
        comparison: the figures that show it, if figures do.
    """

    kind: str
    node: int
    path: str
    message: str
    torch: Place | None = None
    jittor: Place | None = None
    comparison: Comparison | None = None


@dataclass
class StateRow:
    """A parameter or buffer and its counterpart.

    Attributes:
        torch, jittor: its name on each side; "" if it is only on the other.
        how: ``name``, ``renamed`` (by shape and order), ``only torch``, ``only jittor``, ``shape``.
        shape: Torch's, or Jittor's if Torch lacks it.
        trained: whether an optimizer would train it on the Torch side, on the Jittor side.
    """

    torch: str
    jittor: str
    how: str
    shape: tuple[int, ...]
    trained: tuple[bool, bool]


@dataclass
class Trace:
    """Everything that a trace found.

    Attributes:
        torch_target, jittor_target: ``FILE:NAME(ARGUMENTS)``; the second is the converted copy or a port.
        converted: whether the Jittor side was made by the converter.
        train: training mode.
        seed: of weights, inputs and projections.
        inputs: name, shape and dtype of what the model got.
        versions: of both frameworks.
        environment: machine, threads, Python; names and values.
        state: all parameters and buffers.
        nodes: all calls of modules on the Torch side.
        findings: the first divergence first; empty if both programs are the same.
        left: what the converter reported about the files, a line each.
        seconds: wall time of each side.
        problem: if a side did not come to its end: one line; ``log`` is then the end of its output.
    """

    torch_target: str
    jittor_target: str
    converted: bool
    train: bool
    seed: int
    inputs: list[tuple[str, tuple[int, ...], str]]
    versions: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    state: list[StateRow] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    problem: str = ""
    log: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.problem and not self.findings and bool(self.nodes)

    def as_json(self) -> dict[str, Any]:
        """Plain values; what is not finite is None."""
        plain: dict[str, Any] = finite({"format": FORMAT, "ok": self.ok, **asdict(self)})
        return plain

    @staticmethod
    def from_json(value: dict[str, Any]) -> Trace:
        """The inverse of :meth:`as_json`.

        Raises:
            ValueError: if it is no trace.
        """
        if value.get("format") != FORMAT:
            raise ValueError(f"no trace (format {value.get('format')!r}, expected {FORMAT!r})")
        rest = {name: item for name, item in value.items() if name not in ("format", "ok")}
        rest["inputs"] = [(name, tuple(shape), kind) for name, shape, kind in rest["inputs"]]
        rest["state"] = [
            StateRow(**{**row, "shape": tuple(row["shape"]), "trained": tuple(row["trained"])}) for row in rest["state"]
        ]
        rest["nodes"] = [_node(item) for item in rest["nodes"]]
        rest["findings"] = [_finding(item) for item in rest["findings"]]
        return Trace(**rest)

    @staticmethod
    def read(path: Path) -> Trace:
        """Read the JSON report.

        Raises:
            OSError: if the file cannot be read.
            ValueError: if it is no trace.
        """
        return Trace.from_json(json.loads(path.read_text(encoding="utf-8")))


def _comparison(value: dict[str, Any]) -> Comparison:
    return Comparison(**{**value, "shape": tuple(value["shape"])})


def _place(value: dict[str, Any] | None) -> Place | None:
    return None if value is None else Place(**value)


def _half(value: dict[str, Any] | None) -> Half | None:
    return None if value is None else Half(**{**value, "made": _place(value["made"]), "code": _place(value["code"])})


def _node(value: dict[str, Any]) -> Node:
    groups = ("inputs", "outputs", "gradients", "own_outputs", "own_gradients")
    halves = {side: _half(value[side]) for side in ("torch", "jittor")}
    return Node(**{**value, **halves, **{name: [_comparison(item) for item in value[name]] for name in groups}})


def _finding(value: dict[str, Any]) -> Finding:
    figures = value["comparison"]
    places = {side: _place(value[side]) for side in ("torch", "jittor")}
    return Finding(**{**value, **places, "comparison": None if figures is None else _comparison(figures)})


def finite(value: Any) -> Any:
    """The same nested value; a number that is not finite is None."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
