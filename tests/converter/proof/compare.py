"""Compares what both frameworks computed for one trial."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from parity.figures import figures
from parity.tolerances import Row
from tests.converter.proof.encode import Encoded


@dataclass(slots=True)
class Verdict:
    """The outcome of one trial.

    Attributes:
        worst: largest absolute difference of a floating value or gradient.
        allowed: the tolerance at that element.
        problems: what is wrong, in words; empty when the trial passed.
        skipped: why the trial says nothing (defaults that Torch itself refuses or that draw random numbers).
    """

    key: str
    api: str
    style: str
    worst: float = 0.0
    allowed: float = 0.0
    problems: list[str] = field(default_factory=list)
    skipped: str = ""

    @property
    def ok(self) -> bool:
        return not self.problems


def _class(dtype: str) -> str:
    if dtype.startswith(("float", "bfloat")):
        return "float"
    if dtype.startswith("complex"):
        return "complex"
    return "bool" if dtype == "bool" else "int"


def _shape(value: Any) -> tuple[int, ...]:
    return tuple(value.shape) or (1,)  # Jittor has no 0-dimensional tensors


class Comparison:
    """Collects the differences of one trial into its verdict."""

    def __init__(self, verdict: Verdict, tolerance: Row) -> None:
        self.verdict = verdict
        self.tolerance = tolerance

    def problem(self, where: str, text: str) -> None:
        self.verdict.problems.append(f"{where}: {text}")

    def numbers(self, where: str, torch: Any, jittor: Any, gradient: bool = False) -> None:
        """Element by element; nan equals nan, infinities equal themselves."""
        a, b = np.asarray(torch), np.asarray(jittor)
        if _shape(a) != _shape(b):
            return self.problem(where, f"shape {list(b.shape)}, in Torch {list(a.shape)}")
        b = b.reshape(a.shape)
        if a.dtype.kind not in "fc" or b.dtype.kind not in "fc":
            if not np.array_equal(a, b):
                self.problem(where, f"{b.ravel()[:8].tolist()}, in Torch {a.ravel()[:8].tolist()}")
            return None
        double = a.dtype == np.float64 and b.dtype == np.float64
        limit = self.tolerance.limit("float64" if double else "float32", gradient)
        if "c" in (a.dtype.kind, b.dtype.kind):
            a, b = a.astype(np.complex128), b.astype(np.complex128)
        found = figures(b, a, limit)
        if found.problem:
            self.verdict.worst = math.inf
            return self.problem(where, found.problem)
        if found.at < 0:
            return None
        left, right = (complex(v.ravel()[found.at]) for v in (a, b))
        worst, allowed = abs(left - right), limit.allowed(abs(left), found.largest)
        if worst >= self.verdict.worst:
            self.verdict.worst, self.verdict.allowed = worst, allowed
        if not found.ok:
            self.problem(where, f"max difference {worst:.3g} > {allowed:.3g} (Torch {left:.7g}, Jittor {right:.7g})")
        return None

    def tensor(self, where: str, torch: Encoded, jittor: Encoded) -> None:
        left, right = torch[1], jittor[1]
        if self.tolerance.dtype == "exact" and left != right or _class(left) != _class(right):
            self.problem(where, f"dtype {right}, in Torch {left}")
        if self.tolerance.only == "shape":
            if _shape(torch[2]) != _shape(jittor[2]):
                self.problem(where, f"shape {list(jittor[2].shape)}, in Torch {list(torch[2].shape)}")
        elif self.tolerance.only == "moments":
            for name, measure in (("mean", np.mean), ("deviation", np.std)):
                a, b = (np.float64(measure(t[2].astype(np.float64))) for t in (torch, jittor))
                self.numbers(f"{where} {name}", a, b)
        else:
            self.numbers(where, torch[2], jittor[2])

    def number(self, where: str, a: Any, b: Any) -> None:
        classes = [_class(type(v).__name__) for v in (a, b)]
        if classes[0] != classes[1]:
            return self.problem(where, f"Python {type(b).__name__} {b}, in Torch {type(a).__name__} {a}")
        if self.tolerance.only:
            return None
        if isinstance(a, float) and not math.isnan(a) and a == b:
            return None
        return self.numbers(where, np.asarray(a, dtype=type(a)), np.asarray(b))

    def value(self, where: str, torch: Encoded, jittor: Encoded) -> None:
        """Compare two encoded values of any kind."""
        if torch[0] != jittor[0]:
            return self.problem(where, f"is a {_kind(jittor)}, in Torch a {_kind(torch)}")
        if torch[0] == "tensor":
            return self.tensor(where, torch, jittor)
        if torch[0] == "array":
            if _class(torch[1]) != _class(jittor[1]):
                return self.problem(where, f"dtype {jittor[1]}, in Torch {torch[1]}")
            return self.numbers(where, torch[2], jittor[2])
        if torch[0] == "number":
            return self.number(where, torch[1], jittor[1])
        if torch[0] == "sequence":
            if len(torch[1]) != len(jittor[1]):
                return self.problem(where, f"has {len(jittor[1])} elements, in Torch {len(torch[1])}")
            for i, (a, b) in enumerate(zip(torch[1], jittor[1], strict=True)):
                self.value(f"{where}[{i}]", a, b)
            return None
        if torch[0] == "mapping":
            if list(torch[1]) != list(jittor[1]):
                return self.problem(where, f"has keys {list(jittor[1])}, in Torch {list(torch[1])}")
            for k in torch[1]:
                self.value(f"{where}[{k!r}]", torch[1][k], jittor[1][k])
            return None
        if torch[0] == "opaque":
            return self.problem(where, f"a {torch[1]} cannot be compared: return something measurable")
        if torch != jittor:
            self.problem(where, f"{jittor[1]!r}, in Torch {torch[1]!r}")
        return None

    def grads(self, torch: dict[str, Any], jittor: dict[str, Any]) -> None:
        """Gradients; Jittor's zero stands for Torch's None."""
        for name, a in torch.items():
            b = jittor.get(name)
            if a is None and b is None:
                continue
            if a is None:
                a = np.zeros_like(b)
            if b is None:
                b = np.zeros_like(a)
            self.numbers(f"gradient of {name}", a, b, gradient=True)

    def arrays(self, what: str, torch: dict[str, Any], jittor: dict[str, Any]) -> None:
        """States and inputs afterwards, by name.  Torch's batch counter has no counterpart unless one was made."""
        missing, extra = set(torch) - set(jittor), set(jittor) - set(torch)
        if missing or extra:
            self.problem(what, f"names differ: missing {sorted(missing)}, too many {sorted(extra)}")
        for name in sorted(set(torch) & set(jittor)):
            if self.tolerance.only:
                continue
            self.numbers(f"{what} {name}", torch[name], jittor[name])


def _kind(value: Encoded) -> str:
    return {"number": type(value[1]).__name__}.get(value[0], value[0]) if len(value) > 1 else value[0]


def compare(verdict: Verdict, tolerance: Row, torch: dict[str, Any], jittor: dict[str, Any]) -> None:
    """Fill the verdict from the results of both processes."""
    if "error" in torch:
        if verdict.style == "defaults":
            verdict.skipped = "Torch refuses these inputs with the defaults"
        else:
            verdict.problems.append(f"Torch itself fails: {torch['error']}")
        return
    if "error" in jittor:
        verdict.problems.append(f"Jittor fails: {jittor['error']}")
        return
    comparison = Comparison(verdict, tolerance)
    if "twice" in torch and not tolerance.only:
        trial = Comparison(Verdict("", "", ""), tolerance)
        trial.value("", torch["value"], torch["twice"])
        if trial.verdict.problems:
            verdict.skipped = "the defaults draw random numbers"
            return
    comparison.value("value", torch["value"], jittor["value"])
    if tolerance.only:
        return
    comparison.grads(torch.get("grads", {}), jittor.get("grads", {}))
    comparison.arrays("input afterwards", torch["after"], jittor["after"])
    if "state" in torch:
        comparison.arrays("state", torch["state"], jittor["state"])
