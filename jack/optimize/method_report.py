"""What optimizing a method gives: what is done, how equal the results are, and the time of a call before and after."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jack.frameworks import get_framework
from jack.methods.registry import METHODS
from jack.optimize.errors import CannotOptimize
from jack.options import BPMGCNOptions, OptionError, Options, VideoEmotionOptions
from jack.testing.weights import load_weights

FIRST_CALLS = 2  # not counted
CTEN_ROWS = 100  # of audio features for each of its segments


@dataclass(frozen=True)
class Report:
    """Figures of one method.

    Attributes:
        method: its name.
        weights: the file, or "initial weights".
        inputs: shapes of what it was called with.
        worst: largest difference to the model's results, relative to the largest magnitude of an output.
        done: sentences on what was done.
        steps: of the engine, in order.
        before: seconds of each call of the model.
        after: seconds of each call of the optimized one.
    """

    method: str
    weights: str
    inputs: list[tuple[int, ...]]
    worst: float
    done: list[str]
    steps: list[str]
    before: list[float]
    after: list[float]

    @property
    def ratio(self) -> float:
        """How many times as fast, by medians."""
        return median(self.before) / median(self.after)

    def as_json(self) -> dict[str, Any]:
        """Everything, made of plain values."""
        return {**asdict(self), "ratio": self.ratio}

    def text(self) -> str:
        """For people."""
        shapes = " and ".join(" x ".join(map(str, shape)) for shape in self.inputs)
        before, after = 1e3 * median(self.before), 1e3 * median(self.after)
        lines = [
            f"{METHODS[self.method].title}, {self.weights}, inputs {shapes}",
            *(f"  {line}" for line in self.done),
            f"  a call took {before:.1f} ms, and takes {after:.1f} ms: {self.ratio:.2f} times as fast"
            f" (medians of {len(self.before)} calls of each, in turns)",
        ]
        return "\n".join(lines)


def shapes_of(options: Options, batch: int, segments: int) -> list[tuple[int, ...]]:
    """Shapes of a method's inputs.

    Args:
        options: of the method.
        batch: videos or walks.
        segments: length of a video, for TSL-Net.
    """
    if isinstance(options, VideoEmotionOptions):
        network = {**METHODS[options.method].defaults("jittor"), **options.network()}
        size = network["sample_size"]
        visual = (batch, network["seq_len"], 3, network["snippet_duration"], size, size)
        rows = network["audio_frames"] if "audio_frames" in network else CTEN_ROWS * network["seq_len"]
        return [visual, (batch, rows, network["audio_bins"])]
    if isinstance(options, BPMGCNOptions):
        network = {**METHODS[options.method].defaults("jittor"), **options.network()}
        places = (network["frames"], network["num_point"], 1)
        return [(batch, network["in_channels_p"], *places), (batch, network["in_channels_m"], *places)]
    return [(batch, segments, 1024), (batch, segments, 32, 60)]


def report(options: Options, batch: int, segments: int, calls: int, tell: Callable[[], None]) -> Report:
    """Optimize a method and measure it on random inputs.

    Args:
        options: of the method; with the weights of ``checkpoint``, or the initial ones.
        batch: videos or walks of a call.
        segments: length of a video, for TSL-Net.
        calls: that are timed, of each side.
        tell: is called after each of them.

    Raises:
        OptionError: if the options ask for another framework or device, or the method cannot be optimized.
        CheckpointError: if the file of weights does not fit.
    """
    if options.framework != "jittor" or options.device != "cpu":
        raise OptionError("optimize is for --framework jittor --device cpu")
    framework = get_framework(options.framework, options.device, options.threads)
    framework.seed(0)
    try:
        model = METHODS[options.method].build(framework.name, **options.network())
    except ValueError as error:  # the constructor's own words
        raise OptionError(f"{options.method}: {error}") from error
    checkpoint = str(options.as_dict()["checkpoint"])
    if checkpoint:
        load_weights(model, options, framework, Path(checkpoint))
    model.eval()

    import jittor as jt

    from jack.optimize.optimized import optimize

    rng = np.random.default_rng(0)
    shapes = shapes_of(options, batch, segments)
    inputs = [jt.array(rng.standard_normal(shape).astype(np.float32)) for shape in shapes]
    try:
        fast = optimize(model, *inputs)
    except (CannotOptimize, ValueError) as error:
        raise OptionError(f"{options.method}: {error}") from error
    before, after = _timed([model, fast], inputs, calls, tell)
    done = fast.report.splitlines()
    weights = checkpoint or "initial weights"
    return Report(options.method, weights, shapes, fast.worst, done, fast.counts.steps, before, after)


def _timed(sides: Sequence[Any], inputs: Sequence[Any], calls: int, tell: Callable[[], None]) -> list[list[float]]:
    """Seconds of each call, the sides in turns; each result is waited for."""
    from jack.optimize.program import arrays

    def called(side: Any) -> list[NDArray[Any]]:
        import jittor as jt

        with jt.no_grad():
            return arrays(side(*inputs))

    found: list[list[float]] = [[] for _ in sides]
    for turn in range(FIRST_CALLS + calls):
        for side, seconds in zip(sides, found):
            start = time.perf_counter()
            called(side)
            if turn >= FIRST_CALLS:
                seconds.append(time.perf_counter() - start)
        if turn >= FIRST_CALLS:
            tell()
    return found
