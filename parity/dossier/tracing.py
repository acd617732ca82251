"""Tracing a model that the command line names."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from parity.check.job import Array
from parity.check.spec import SpecError, Target, check_arguments, make_inputs, parse_target
from parity.dossier.conversion import DossierError
from parity.trace.result import Trace


@dataclass
class Model:
    """What the command line says of one model.

    Attributes:
        target: ``PATH.py:NAME``.
        arguments: text between the parentheses of its call.
        inputs: as ``--input`` takes them.
        train: training mode.
    """

    target: str
    arguments: str = ""
    inputs: tuple[str, ...] = ()
    train: bool = False

    def command(self, seed: int) -> str:
        """What repeats the trace."""
        words = ["jack-parity", "trace", self.target]
        words += ["--args", self.arguments] if self.arguments else []
        words += [word for text in self.inputs for word in ("--input", text)]
        words += ["--train"] if self.train else []
        words += ["--seed", str(seed)] if seed else []
        return shlex.join(words)


@dataclass(frozen=True)
class Prepared:
    """A model that can be run: everything that may be wrong with the command line was looked at."""

    model: Model
    target: Target
    arguments: str
    positional: list[Array]
    keywords: dict[str, Array]


def prepare(model: Model, root: Path | None, seed: int) -> Prepared:
    """Look at the target and make its inputs.

    Raises:
        DossierError: one of them cannot be used.
    """
    try:
        target = parse_target(model.target, root)
        positional, keywords = make_inputs(model.inputs, seed)
        return Prepared(model, target, check_arguments(model.arguments), positional, keywords)
    except SpecError as error:
        raise DossierError(f"--model {model.target}: {error}") from None


def trace(prepared: Prepared, seed: int, timeout: float, say: Callable[[str], None]) -> Trace:
    """Run it in both frameworks."""
    from parity.trace.run import Task, run

    with tempfile.TemporaryDirectory(prefix="jack-parity-") as folder:
        task = Task(
            target=prepared.target,
            arguments=prepared.arguments,
            positional=prepared.positional,
            keywords=prepared.keywords,
            folder=Path(folder).resolve(),
            seed=seed,
            train=prepared.model.train,
            timeout=timeout,
            say=say,
        )
        return run(task)
