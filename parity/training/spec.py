"""What ``jack-parity train`` is told about a training of the user's: loss, optimizer, schedule, batches."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from parity.arrays import Array
from parity.check.spec import SpecError, Target, check_arguments, make_inputs, parse_target

# Short names of losses, and what Jittor calls them where it differs from Torch.
SHORT = {"mse": "mse_loss", "l1": "l1_loss", "nll": "nll_loss", "bce": "binary_cross_entropy"}
STOCK = {"cross_entropy": "cross_entropy_loss", "binary_cross_entropy": "bce_loss"}
_CALL = re.compile(r"([A-Za-z_][\w.]*)\s*(?:\((.*)\))?\s*", re.DOTALL)


@dataclass(frozen=True)
class Call:
    """``NAME`` or ``NAME(arguments)``.

    Attributes:
        name: of a class or function of the framework, or in a file.
        arguments: text between its parentheses.
        target: the file, for a function of the user's.
    """

    name: str
    arguments: str = ""
    target: Target | None = None


def parse_call(text: str, option: str) -> Call:
    """Read ``SGD(lr=0.1)`` or ``cross_entropy``.

    Raises:
        SpecError: it is neither.
    """
    found = _CALL.fullmatch(text.strip())
    if not found:
        raise SpecError(f"{option} {text}: expected NAME or NAME(ARGUMENTS)")
    try:
        return Call(found[1], check_arguments(found[2] or ""))
    except SpecError:
        raise SpecError(f"{option} {text}: what stands between the parentheses is no list of arguments") from None


def parse_loss(text: str, option: str, root: Path | None) -> Call:
    """Read a loss: ``cross_entropy(label_smoothing=0.1)`` or ``FILE.py:FUNCTION``.

    Raises:
        SpecError: it is neither, or the file does not lie below ``root``.
    """
    if ".py:" in text:
        target = parse_target(text, root)
        return Call(target.name, "", target)
    call = parse_call(text, option)
    return Call(SHORT.get(call.name, call.name), call.arguments)


def stock_loss(loss: Call) -> Call:
    """The loss of a port that was told none: Jittor's of this name.

    Raises:
        SpecError: Torch's is a function of the user's.
    """
    if loss.target is not None:
        raise SpecError("--loss is your own function, so the port needs one too: --jittor-loss PORT.py:FUNCTION")
    return Call(STOCK.get(loss.name, loss.name), loss.arguments)


def make_batches(
    inputs: Sequence[str], targets: Sequence[str], steps: int, size: int | None, seed: int
) -> list[dict[str, Array]]:
    """For every step the arguments of the model and of the loss.

    Args:
        inputs: as for ``jack-parity check``; random ones are drawn anew for each step.
        targets: likewise, what the loss is given after the model's result.
        steps: how many.
        size: rows of stored arrays that make a batch, the next ones in each step and from the start again at the end;
            None takes all in each step.
        seed: of the random values.

    Returns:
        Arrays named ``input_0``, ``input_NAME``, ``target_0`` ...

    Raises:
        SpecError: something cannot be read.
    """
    found = []
    for step in range(steps):
        batch: dict[str, Array] = {}
        for kind, texts, start in (("input", inputs, 2 * step), ("target", targets, 2 * step + 1)):
            if not texts:
                continue
            positional, keywords = make_inputs(tuple(texts), seed * 100_003 + start)
            stored = _stored(texts)
            named = {**{str(i): a for i, a in enumerate(positional)}, **keywords}
            for name, array in named.items():
                batch[f"{kind}_{name}"] = _rows(array, step, size) if stored else array
        found.append(batch)
    return found


def _stored(texts: Sequence[str]) -> bool:
    files = [".npz" in text or ".npy" in text for text in texts]
    if any(files) and not all(files):
        raise SpecError("random arrays beside stored ones: give either files or shapes")
    return all(files)


def _rows(array: Array, step: int, size: int | None) -> Array:
    if size is None or not array.ndim:
        return array
    batches = max(-(-len(array) // size), 1)
    start = step % batches * size
    return np.asarray(array[start : start + size])
