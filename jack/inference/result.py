"""The result of an inference: what is printed, and what is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tabulate import tabulate

from jack.files import replacing
from jack.frameworks import Framework, get_framework
from jack.inference.optimizing import optimized_later
from jack.methods.registry import METHODS
from jack.options import OptionError, Options
from jack.testing.weights import load_weights

Draw = Callable[[Path], None]
"""Writes a picture to a file."""


@dataclass(frozen=True)
class Result:
    """What a model says about one input.

    Attributes:
        name: of the input, for the names of the files.
        content: everything, as JSON.
        rows: what is printed, below ``headers``.
        headers: names of the columns.
        draw: writes the picture.
    """

    name: str
    content: dict[str, Any]
    rows: Sequence[Sequence[Any]]
    headers: Sequence[str]
    draw: Draw

    def table(self) -> str:
        """What is printed."""
        return tabulate(self.rows, headers=self.headers, floatfmt=".3f")

    def text(self) -> str:
        """The content as JSON."""
        return json.dumps(self.content, indent=1, ensure_ascii=False)

    def save(self, folder: Path) -> tuple[Path, Path]:
        """Write NAME.METHOD.json and NAME.METHOD.png; each appears when it is complete.

        Raises:
            DatasetError: if one cannot be written.
        """
        stem = f"{self.name}.{self.content['method']}"
        data, picture = folder / f"{stem}.json", folder / f"{stem}.png"
        with replacing(data) as partial:
            partial.write_text(self.text() + "\n", encoding="utf-8")
        with replacing(picture) as partial:
            self.draw(partial)
        return data, picture


def trained_model(options: Options) -> tuple[Framework, Any]:
    """The framework, and the method's model with the weights of ``checkpoint``.

    Raises:
        OptionError: if no checkpoint is given, or options of the model do not go together.
        CheckpointError: if the file does not fit.
        FrameworkError: if there is no such device.
    """
    checkpoint = checkpoint_of(options)
    if not checkpoint:
        raise OptionError("give the weights of a trained model: --checkpoint FILE")
    framework = get_framework(options.framework, options.device, options.threads)
    try:
        model = METHODS[options.method].build(framework.name, **options.network())
    except ValueError as error:  # the constructor's own words
        raise OptionError(f"{options.method}: {error}") from error
    load_weights(model, options, framework, Path(checkpoint))
    placed = framework.place(model)
    return framework, optimized_later(placed, options) if options.optimize else placed


def checkpoint_of(options: Options) -> str:
    """The file of weights, which every method has as an option."""
    return str(options.as_dict()["checkpoint"])


def about(options: Options, source: str) -> dict[str, Any]:
    """What every result begins with."""
    return {
        "method": options.method,
        "input": source,
        "framework": options.framework,
        "checkpoint": checkpoint_of(options),
    }


def probabilities(logits: NDArray[Any], labels: Sequence[str]) -> dict[str, float]:
    """Softmax of one row of logits, by label."""
    row = np.asarray(logits, dtype=np.float64).reshape(-1)
    exponents = np.exp(row - row.max())
    return dict(zip(labels, (exponents / exponents.sum()).tolist(), strict=True))


def most_probable(shares: dict[str, float]) -> str:
    """The label with the largest share."""
    return max(shares, key=lambda label: shares[label])
