"""The confusion matrix as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from jack import fonts
from jack.files import replacing

fonts.use()

INCHES_A_CLASS, MARGIN = 0.7, 2.2


def draw_confusion(path: Path, confusion: NDArray[np.int64], classes: Sequence[str], title: str) -> None:
    """Draw a confusion matrix, rows the true classes; the shade is the share of the row, the number the count.

    Args:
        path: a .png file; it appears when it is complete.
        confusion: counts, K x K.
        classes: names, K.
        title: above it.

    Raises:
        DatasetError: if it cannot be written.
    """
    counts = np.asarray(confusion, dtype=np.float64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = INCHES_A_CLASS * len(classes) + MARGIN
    # Not pyplot: it keeps figures and chooses a screen.
    figure = Figure(figsize=(size, size), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, ax=axes, shrink=0.7, label="share of the true class")
    places = range(len(classes))
    axes.set(title=title, xlabel="predicted", ylabel="true", xticks=places, yticks=places)
    axes.set_xticklabels(classes, rotation=45, ha="right")
    axes.set_yticklabels(classes)
    for row in places:
        for column in places:
            colour = "white" if shares[row, column] > 0.6 else "black"
            axes.text(column, row, str(int(counts[row, column])), ha="center", va="center", color=colour)
    with replacing(path) as partial:
        FigureCanvasAgg(figure)
        figure.savefig(partial, format="png")
