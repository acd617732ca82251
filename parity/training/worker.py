"""One run of a training: ``python -m parity.training.worker NAME FRAMEWORK SEED STEPS OUT [START]``.

Writes OUT/start.npz (the state before the first step), OUT/steps.jsonl (a line after each step, so that a crash
leaves those before it) and OUT/end.npz (the state after the last).  START is the start.npz of another run.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from parity.arrays import Array, load_arrays, save_arrays
from parity.backends import get_backend
from parity.training.trainee import available

COUNTER = "num_batches_tracked"  # Jittor has none


def main(name: str, framework: str, seed: int, steps: int, out: Path, start: Path | None) -> None:
    """Train and write what happened.

    Raises:
        ValueError: if the start does not fit the model.
    """
    backend = get_backend(framework)
    trainee = available()[name]
    backend.seed(seed)
    model = trainee.make_model(backend)
    if start is not None:
        problems = backend.load_weights(model, load_arrays(start)).problems()
        if problems:
            raise ValueError(f"the state of the {framework} model is another: {problems}")
    before = {key: array for key, array in backend.state(model).items() if not key.endswith(COUNTER)}
    save_arrays(out / "start.npz", before)
    (out / "trained.json").write_text(json.dumps(list(backend.named_parameters(model))), encoding="utf-8")
    with (out / "steps.jsonl").open("w", encoding="utf-8") as log:
        began = time.monotonic()
        for figures in trainee.steps(backend, model, seed, steps):
            trained = backend.named_parameters(model)
            moves = {key: distance(backend.numpy(value), before[key]) for key, value in trained.items()}
            seconds = time.monotonic() - began
            log.write(json.dumps({"figures": dict(figures), "moves": moves, "seconds": seconds}) + "\n")
            log.flush()
            began = time.monotonic()
    save_arrays(out / "end.npz", {key: a for key, a in backend.state(model).items() if not key.endswith(COUNTER)})


def distance(one: Array, other: Array) -> float:
    """L2 distance of two arrays, summed in float64."""
    return float(np.sqrt(np.square(one.astype(np.float64) - other.astype(np.float64)).sum()))


if __name__ == "__main__":
    main(
        sys.argv[1],
        sys.argv[2],
        int(sys.argv[3]),
        int(sys.argv[4]),
        Path(sys.argv[5]),
        Path(sys.argv[6]) if len(sys.argv) > 6 else None,
    )
