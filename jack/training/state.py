"""What a resumed run needs, in one file of plain arrays: weights, optimizer, and where the run is.

There are no states of random generators in it: what is drawn in a step depends on the run's seed and the number of the
step alone (:func:`step_seed`), and what is drawn for a sample on seed, epoch and sample.  So the learning rate, which
depends on the step or the epoch.  The names of parameters stand for their places in the optimizer, so that a run begun
in one framework can be continued in the other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from jack import __version__
from jack.checkpoints import CheckpointError, load_checkpoint
from jack.checkpoints.write import replacing
from jack.frameworks import Array, Framework
from jack.options.common import Options
from jack.options.field import OptionError, options_of
from jack.testing.weights import MODEL

OPTIMIZER = "optimizer/"
FORM = "jack training state 1"


@dataclass
class RunState:
    """Where a run is.

    Attributes:
        seed: of the run, drawn if the option was -1.
        step: steps done.
        epoch: that is under way, counted from 0.
        position: batches of it that are done.
        sums: of the figures of each sample since the last evaluation.
        samples: since the last evaluation.
        best: score of the best model; None before the first evaluation.
        best_step: steps that it had done.
        history: a record for each evaluation.
        skipped: a line for each sample that could not be read.
        log_bytes: length of the log.
        samples_of: a checksum of the names of the training samples.
        seconds: of all parts of the run together.
    """

    seed: int
    step: int = 0
    epoch: int = 0
    position: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    samples: int = 0
    best: float | None = None
    best_step: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    log_bytes: int = 0
    samples_of: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Saved:
    """What a file of :func:`save_state` holds."""

    path: Path
    state: RunState
    method: str
    framework: str
    options: dict[str, Any]
    weights: dict[str, Array]
    optimizer: dict[str, Array]


def step_seed(seed: int, step: int, rank: int = 0) -> int:
    """The seed of what a process draws in a step; step 0 is the making of the model, training begins with step 1."""
    words = [seed % 2**64, step, rank] if rank else [seed % 2**64, step]
    return int(np.random.SeedSequence(words).generate_state(1)[0])


def save_state(path: Path, state: RunState, framework: Framework, model: Any, optimizer: Any, options: Options) -> None:
    """Write the file; it takes the place of an earlier one when it is complete.

    Raises:
        CheckpointError: if it cannot be written, such as on a full disk; the earlier one is still there.
    """
    arrays = {MODEL + name: array for name, array in framework.weights(model).items()}
    arrays.update({OPTIMIZER + name: a for name, a in framework.optimizer_state(model, optimizer).items()})
    content = {
        "form": FORM,
        "jack": __version__,
        "method": options.method,
        "framework": framework.name,
        "version": framework.version(),
        "options": options.as_dict(),
        "state": asdict(state),
    }
    write_arrays(path, arrays, {"jack": json.dumps(content)})


def write_arrays(path: Path, arrays: Mapping[str, Array], metadata: Mapping[str, str]) -> None:
    """Write arrays as safetensors; see :func:`save_state` for errors."""
    data = safetensors.numpy.save({n: np.asarray(a, order="C") for n, a in arrays.items()}, metadata=dict(metadata))
    with replacing(path) as file:
        file.write(data)


def load_state(path: Path) -> Saved:
    """Read the file.

    Raises:
        CheckpointError: if it is missing, damaged, or something else.
    """
    checkpoint = load_checkpoint(path)
    try:
        content = json.loads(checkpoint.metadata["jack"])
        if content["form"] != FORM:
            raise KeyError
        state = RunState(**content["state"])
    except (KeyError, TypeError, ValueError):
        raise CheckpointError(f"{path}: not the state of a training run of this version of jack") from None
    parts: dict[str, dict[str, Array]] = {MODEL: {}, OPTIMIZER: {}}
    for name, array in checkpoint.weights.items():
        for start, part in parts.items():
            if name.startswith(start):
                part[name.removeprefix(start)] = array
    return Saved(
        path, state, content["method"], content["framework"], content["options"], parts[MODEL], parts[OPTIMIZER]
    )


def check_same_run(saved: Saved, options: Options) -> None:
    """Refuse to go on with another method, or with options under which the run would have gone another way.

    Raises:
        OptionError: naming the first such option.
    """
    if saved.method != options.method:
        raise OptionError(f"{saved.path}: a run of {saved.method}, not of {options.method}")
    for one in options_of(type(options)):
        now, then = getattr(options, one.name), saved.options.get(one.name, one.default)
        then = tuple(then) if isinstance(then, list) else then
        if one.name == "seed" and now < 0:
            continue  # the one that was drawn goes on
        if not one.changeable and now != then:
            raise OptionError(
                f"{one.flag} was {then!r} when the run began and is {now!r} now: the losses would not be those of one"
                " run; give the old value to resume, or begin a new run in another folder"
            )
