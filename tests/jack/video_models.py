"""Small VAANets and CTENs for tests, and the distributions that their parameters start from.

Everything takes a backend, so that Torch's side and the converted one go through the same code.
"""

import math
import re
from dataclasses import dataclass
from importlib import import_module

import numpy as np

SMALL = {"vaanet": {"audio_n_segments": 2, "audio_frames": 128}, "cten": {"audio_n_segments": 2, "dropout": 0.0}}
BATCH, SEGMENTS, FRAMES, SIZE = 2, 2, 8, 64
AUDIO = {"vaanet": (128, 32), "cten": (100 * SEGMENTS, 128)}


def module(name, framework="torch"):
    return import_module(f"jack.methods.{framework}.{name}")


def small_model(method, framework="torch", **options):
    """One block a stage, two segments, frames of 64 x 64."""
    kind = getattr(module(method, framework), {"vaanet": "VAANet", "cten": "CTEN"}[method])
    sizes = {"seq_len": SEGMENTS, "snippet_duration": FRAMES, "sample_size": SIZE}
    layers = {"backbone_layers": (1, 1, 1, 1), "audio_layers": (1, 1, 1, 1)}
    return kind(**{**sizes, **layers, **SMALL[method], **options})


def pixels(draw, batch=BATCH, size=SIZE):
    return draw.integers(0, 256, (batch, SEGMENTS, 3, FRAMES, size, size)).astype(np.float32)


def small_batch(method, seed=0, batch=BATCH):
    draw = np.random.default_rng(seed)
    audio = draw.standard_normal((batch, *AUDIO[method])).astype(np.float32)
    return {"visual": pixels(draw, batch), "audio": audio, "label": draw.integers(0, 8, batch)}


@dataclass(frozen=True)
class Start:
    """How a parameter starts: constant, normal with this deviation or uniform between -scale and scale."""

    kind: str
    scale: float


def start_of(method, name, shapes):
    """The distribution that the authors' code draws a parameter from."""
    shape = shapes[name]
    owner, _, leaf = name.rpartition(".")
    weight = shapes.get(f"{owner}.weight")
    if name.endswith(".alpha"):
        return Start("constant", 0.0)
    if method == "vaanet" and name == "ta_net.fc.bias":
        return Start("constant", 1.0)
    if len(weight) == 1:  # a batch norm
        return Start("constant", 1.0 if leaf == "weight" else 0.0)
    own = r"resnet\..*|a_resnet\.[4-7]\..*"  # both residual networks, but for the new first audio convolution
    if method == "vaanet":
        own += r"|conv0\..*|(sa|ta|cwa)_net\.conv\..*"
    if leaf == "weight" and re.fullmatch(own, name):
        return Start("normal", math.sqrt(2 / (shape[0] * np.prod(shape[2:]))))
    return Start("uniform", 1 / math.sqrt(np.prod(weight[1:])))


def summary(array):
    """Size, mean, standard deviation, largest magnitude and kurtosis (3 for a normal, 1.8 for a uniform variable)."""
    x = array.astype(np.float64).reshape(-1)
    centred = x - x.mean()
    variance = (centred**2).mean()
    kurtosis = (centred**4).mean() / variance**2 if variance else 0.0
    return np.array([x.size, x.mean(), math.sqrt(variance), np.abs(x).max(), kurtosis])


def fits(start, found):
    """Whether a summary is what such a distribution gives, within five standard errors."""
    size, mean, deviation, largest, kurtosis = found
    if start.kind == "constant":
        return mean == start.scale and deviation == 0
    if start.kind == "uniform" and largest > start.scale:
        return False
    wanted = start.scale if start.kind == "normal" else start.scale / math.sqrt(3)
    if abs(mean) > 5 * wanted / math.sqrt(size):
        return False
    if size < 30:
        return True
    spread = math.sqrt((2 if start.kind == "normal" else 0.8) / size) / 2  # relative error of the deviation
    if abs(deviation / wanted - 1) > 5 * spread:
        return False
    return size < 1000 or (kurtosis > 2.4) == (start.kind == "normal")
