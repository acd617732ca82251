"""Pictures of results (matplotlib, without a display)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure
from numpy.typing import NDArray

from jack.methods.bpmgcn_graph import INWARD_EDGES

CHOSEN, OTHER = "#c0392b", "#8fa3b5"
SENTIMENTS = {"n": ("negative", "#34608f"), "p": ("positive", "#d98c21")}
SHOWN_FRAMES = 6
MOST_INTERVALS = 8  # of a sentiment

Snippet = tuple[NDArray[np.uint8], float, float]
"""A frame, H x W x 3, its time in seconds, and the model's attention."""


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, whatever the file is called."""
    FigureCanvasAgg(figure)
    figure.savefig(path, format="png", dpi=120)


def halves(figure: Figure, heights: tuple[float, float]) -> tuple[SubFigure, SubFigure]:
    """An upper and a lower part of a figure."""
    grid = figure.add_gridspec(2, 1, height_ratios=heights)
    return figure.add_subfigure(grid[0]), figure.add_subfigure(grid[1])


def draw_emotions(path: Path, title: str, shares: Mapping[str, float], snippets: Sequence[Snippet]) -> None:
    """Bars of the emotions' probabilities, below them a frame of each snippet with the model's attention.

    Args:
        path: the PNG file.
        title: above.
        shares: probability of each emotion.
        snippets: of the video.
    """
    figure = Figure(figsize=(9, 5), layout="constrained")
    upper, lower = halves(figure, (2.4, 1))
    bars(upper.subplots(), title, shares)
    shown = snippets[:: max(1, -(-len(snippets) // 8))]
    for axes, (pixels, seconds, attention) in zip(np.atleast_1d(lower.subplots(1, len(shown))), shown):
        axes.imshow(pixels)
        axes.set_title(f"{seconds:.1f} s\nattention {attention:.2f}", fontsize=8)
        axes.axis("off")
    save(figure, path)


def bars(axes: Axes, title: str, shares: Mapping[str, float]) -> None:
    """Horizontal bars, the longest in another colour."""
    best = max(shares.values())
    colors = [CHOSEN if share == best else OTHER for share in shares.values()]
    drawn = axes.barh(list(shares), list(shares.values()), color=colors)
    axes.bar_label(drawn, fmt="%.2f", padding=3, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.08)
    axes.set_xlabel("probability")
    axes.set_title(title)


def draw_sentiments(
    path: Path, title: str, seconds: float, activation: NDArray[Any], intervals: Sequence[Mapping[str, Any]]
) -> None:
    """The sentiments over a video: what the network sees in each segment, and the intervals that follow from it.

    Args:
        path: the PNG file.
        title: above.
        seconds: length of the video.
        activation: of each segment for negative, positive and background, T x 3.
        intervals: label ("n" or "p"), score, and segment (start and end in seconds).
    """
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1.6, 1))
    edges = np.linspace(0, seconds, len(activation) + 1)
    for index, (name, color) in enumerate(SENTIMENTS.values()):
        upper.stairs(activation[:, index], edges, color=color, label=name, linewidth=1.5)
    upper.stairs(activation[:, 2], edges, color="#999999", label="background", linewidth=0.8)
    upper.set_ylabel("activation")
    upper.set_ylim(0, 1)
    upper.legend(loc="upper right", fontsize=8)
    upper.set_title(title)
    for place, (label, (_, color)) in enumerate(SENTIMENTS.items()):
        best = sorted((row for row in intervals if row["label"] == label), key=lambda row: -row["score"])[
            :MOST_INTERVALS
        ]
        lane = 0.8 / max(len(best), 1)  # each interval has a lane of its own, the best the highest
        for number, row in enumerate(best):
            start, end = row["segment"]
            height = place + 0.4 - (number + 0.5) * lane
            strength = 1.0 - 0.7 * number / max(len(best), 1)
            lower.barh(height, end - start, left=start, color=color, alpha=strength, height=0.8 * lane)
    lower.set_yticks(range(len(SENTIMENTS)), [name for name, _ in SENTIMENTS.values()])
    lower.set_ylim(-0.6, len(SENTIMENTS) - 0.4)
    lower.set_xlim(0, seconds)
    lower.set_xlabel("seconds (intervals by score, the best above)")
    save(figure, path)


def draw_gait(path: Path, title: str, shares: Mapping[str, float], joints: NDArray[Any]) -> None:
    """The skeleton in some frames, from the side on which it moves most, and bars of the probabilities.

    Args:
        path: the PNG file.
        title: above.
        shares: probability of each emotion.
        joints: positions, T x 16 x 3; the second axis is up.
    """
    figure = Figure(figsize=(10, 5), layout="constrained")
    upper, lower = halves(figure, (1.5, 1))
    moved = (joints - joints[:, :1]).std(axis=0).mean(axis=0)
    across = 0 if moved[0] > moved[2] else 2
    flat = joints[..., [across, 1]] - joints[:, :1, [across, 1]] * np.array([1.0, 0.0])
    reach = max(float(np.abs(flat[..., 0]).max()), 1e-3)
    low, high = float(flat[..., 1].min()), float(flat[..., 1].max())
    frames = np.unique(np.linspace(0, len(joints) - 1, SHOWN_FRAMES).astype(int))
    for axes, frame in zip(np.atleast_1d(upper.subplots(1, len(frames))), frames.tolist()):
        for first, second in INWARD_EDGES:
            axes.plot(*flat[frame, [first, second]].T, color=OTHER, linewidth=2)
        axes.plot(*flat[frame].T, "o", color=CHOSEN, markersize=3)
        axes.set_title(f"frame {frame + 1}", fontsize=8)
        axes.set_xlim(-1.1 * reach, 1.1 * reach)
        axes.set_ylim(low - 0.05 * (high - low) - 1e-3, high + 0.05 * (high - low) + 1e-3)
        axes.set_aspect("equal")
        axes.axis("off")
    bars(lower.subplots(), title, shares)
    save(figure, path)
