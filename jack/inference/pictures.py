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

from jack import fonts
from jack.methods.bpmgcn_graph import INWARD_EDGES

fonts.use()

CHOSEN, OTHER = "#c0392b", "#8fa3b5"
SENTIMENTS = {"n": ("negative", "#34608f"), "p": ("positive", "#d98c21")}
SHOWN_FRAMES = 6
MOST_INTERVALS = 8  # of a sentiment

DIM = 0.4  # light of what the model does not look at

Frame = tuple[NDArray[np.uint8], float]
"""Pixels, H x W x 3, and time in seconds."""


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, whatever the file is called."""
    FigureCanvasAgg(figure)
    figure.savefig(path, format="png", dpi=120)


def halves(figure: Figure, heights: tuple[float, float]) -> tuple[SubFigure, SubFigure]:
    """An upper and a lower part of a figure."""
    grid = figure.add_gridspec(2, 1, height_ratios=heights)
    return figure.add_subfigure(grid[0]), figure.add_subfigure(grid[1])


def draw_emotions(
    path: Path,
    title: str,
    shares: Mapping[str, float],
    frames: Sequence[Frame],
    snippets: Sequence[Mapping[str, Any]],
    seconds: float,
) -> None:
    """Frames of a video, below them the model's attention over time, and bars of the emotions' probabilities.

    Args:
        path: the PNG file.
        title: above.
        shares: probability of each emotion.
        frames: of the video, in order; all of one size.
        snippets: "segment", start and end in seconds, and "attention" of each.
        seconds: length of the video.
    """
    tall, wide = frames[0][0].shape[:2]
    width = 10.0
    strip = min(0.95 * width / len(frames) * tall / wide + 0.4, 4.5)
    heights = (strip, 1.3, 0.7 + 0.28 * len(shares))
    figure = Figure(figsize=(width, sum(heights)), layout="constrained")
    figure.suptitle(title, fontsize=13)
    grid = figure.add_gridspec(3, 1, height_ratios=heights)
    upper = figure.add_subfigure(grid[0])
    for axes, (pixels, at) in zip(np.atleast_1d(upper.subplots(1, len(frames))), frames):
        axes.imshow(pixels)
        axes.set_title(f"{at:.1f} s", fontsize=9)
        axes.axis("off")
    middle = figure.add_subfigure(grid[1]).subplots()
    for row in snippets:
        start, end = row["segment"]
        # A snippet of a few frames in a long video must still be seen.
        middle.bar((start + end) / 2, row["attention"], width=max(end - start, seconds / 150), color=CHOSEN)
    middle.set_xlim(0, seconds)
    middle.set_ylim(0, 1.15 * max(max(row["attention"] for row in snippets), 1e-6))
    middle.set_xlabel("seconds", fontsize=9)
    middle.set_ylabel("attention", fontsize=9)
    middle.tick_params(labelsize=8)
    _open(middle)
    bars(figure.add_subfigure(grid[2]).subplots(), "", shares)
    save(figure, path)


def dimmed(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A frame, H x W x 3, of which only the middle square keeps its light: what lies beside it is not looked at."""
    tall, wide = pixels.shape[:2]
    side = min(tall, wide)
    top, left = (tall - side) // 2, (wide - side) // 2
    found = (pixels * DIM).astype(np.uint8)
    inside = (slice(top, top + side), slice(left, left + side))
    found[inside] = pixels[inside]
    return found


def bars(axes: Axes, title: str, shares: Mapping[str, float]) -> None:
    """Horizontal bars, the longest in another colour; a line where all would be equal.

    The axis ends at 0.25, 0.5 or 1, so that pictures can be compared.
    """
    best = max(shares.values())
    colors = [CHOSEN if share == best else OTHER for share in shares.values()]
    drawn = axes.barh(list(shares), list(shares.values()), color=colors)
    axes.bar_label(drawn, fmt="%.2f", padding=3, fontsize=8)
    axes.axvline(1 / len(shares), color="#555555", linewidth=0.8, linestyle=":", label="all equal", zorder=0)
    axes.legend(loc="upper right", fontsize=8, frameon=False)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.08 * next(end for end in (0.25, 0.5, 1.0) if best <= end))
    axes.set_xlabel("probability", fontsize=9)
    axes.tick_params(labelsize=9)
    axes.set_title(title)
    _open(axes)


def _open(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)


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
