"""VAANet and CTEN against their authors' code: what is recorded, and how near ours must come."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jack.golden.video_emotion_host import host_sections, recorded_pipeline
from jack.golden.video_emotion_network import (
    AGAINST_FLOAT64,
    BACKBONE_DISTANCE,
    COUNTER,
    FLOAT64,
    Golden,
    framework_sections,
)
from parity.golden.suite import Entry, FrameworkSection, GoldenError, HostSection, Recorded
from parity.tolerances import EXACT, Tolerance

Array = NDArray[Any]

OUTPUT = Tolerance(1e-5, 1e-5)
ROUNDING = Tolerance(1e-4)
CHANCE = Tolerance(0.25)
CHAOTIC = "single outputs are decided by rounding, in Torch as well; how far ours are as a whole is compared"
SOUND = Tolerance(1e-4)  # before its tanh come values of 30 to 180: float32 by itself is 4e-5 from float64 there

# The first pattern that fits says how near ours must be; what none fits is an output.
TOLERANCES = [
    (r"full_eval_1_logits_float64", Tolerance(1e-12)),
    (r"audio_seg0_eval", SOUND),
    (r"head_train_(.*_logits|.*_gamma|.*_alpha|.*_beta|losses)", Tolerance(1e-4)),
    (r"full_train_(.*_alpha|.*_beta)", Tolerance(1e-2, 1e-2)),  # these reach 10
    (r"full_train_(.*_logits|.*_gamma|losses)", Tolerance(1e-2)),
    (r"head_train_grad_norm/.*", Tolerance(1e-5, 2e-3)),
    (r"full_train_grad_norm/.*", Tolerance(1e-4, 2e-2)),
    (r"head_train_bn_norm/.*", Tolerance(1e-5, 1e-4)),
    (r"full_train_bn_norm/.*", Tolerance(1e-4, 1e-3)),
    (r".*_eval_.*logits.*|.*_losses|.*_loss|.*_thr", Tolerance(1e-5)),
    (r"input_sums", Tolerance(0.0, 1e-12)),
]
# Zero in exact arithmetic, because a batch norm or a softmax follows: what is recorded is rounding noise.
NOISE = {
    "vaanet": {"a_fc.0.bias", "conv0.0.bias"},
    "cten": {"a_fc.0.bias", *(f"{block}.0.{part}.bias" for block in ("nl", "nl_a") for part in ("phi", "g", "out"))},
}
NORMS = re.compile(r"(.*_train)_(grad|bn)_norm")


def tolerance_of(name: str) -> Tolerance:
    """How near ours must be for an entry."""
    return next((tolerance for pattern, tolerance in TOLERANCES if re.fullmatch(pattern, name)), OUTPUT)


def inputs(method: str, data: Path) -> dict[str, Array]:
    """Entries ``target`` and ``input_sums``: the recipe of the inputs is theirs."""
    made = Golden.read(method, data).inputs()
    return {"target": made.target, "input_sums": made.sums()}


class VideoEmotionSuite:
    """See :class:`parity.golden.suite.Suite`."""

    def __init__(self, method: str) -> None:
        self.name = method
        self.files = (f"{method}.npz", f"{method}_keys.json", f"{method}_pipeline.npz", f"{method}_pipeline.json")
        self.framework_sections: Mapping[str, FrameworkSection] = framework_sections(method)
        self.host_sections: Mapping[str, HostSection] = {"inputs": partial(inputs, method), **host_sections(method)}

    def recorded(self, data: Path) -> Recorded:
        """Every array of the method's files, either to be compared or with the reason why not."""
        try:
            golden = Golden.read(self.name, data)
            recorded = Recorded(dict(entries(golden)), {"backbone_train": CHAOTIC})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise GoldenError(f"{data} is no golden folder of {self.name}: {error!r}") from error
        pipeline = recorded_pipeline(self.name, data)
        recorded.entries.update(pipeline.entries)
        recorded.not_compared.update(pipeline.not_compared)
        return recorded


def entries(golden: Golden) -> list[tuple[str, Entry]]:
    """The network's entries; a norm is one by itself for each parameter or statistic."""
    states = [f"{key} {shape}" for key, shape in golden.shapes.items() if COUNTER not in key]
    made = [("state_dict", Entry(np.array(states), EXACT)), ("trainable", Entry(np.array(golden.trainable), EXACT))]
    for name, value in golden.arrays.items():
        if name == "backbone_train":
            made.append((BACKBONE_DISTANCE, Entry(np.array(0.0), CHANCE)))
            continue
        if match := NORMS.fullmatch(name):
            owners = [str(owner) for owner in golden.arrays[f"{match[1]}_{match[2]}_names"]]
            if len(owners) != len(value):
                raise ValueError(f"{name} has {len(value)} entries for {len(owners)} names")
            made += [norm_entry(golden.method, f"{name}/{owner}", norm) for owner, norm in zip(owners, value)]
            continue
        tolerance = tolerance_of(name) if value.dtype.kind == "f" else EXACT
        on_host = name in ("target", "input_sums")
        made.append((name, Entry(value, tolerance, not on_host, only="torch" if name == FLOAT64 else "")))
        if name == FLOAT64:
            made.append((AGAINST_FLOAT64, Entry(value, tolerance_of(AGAINST_FLOAT64))))
    return made


def norm_entry(method: str, name: str, norm: Any) -> tuple[str, Entry]:
    """A norm that ours is compared with; for a gradient that is rounding noise, ours only has to be small."""
    kind, _, owner = name.partition("/")
    if kind.endswith("grad_norm") and owner in NOISE[method]:
        return name, Entry(np.array(0.0), ROUNDING, group=f"{kind}/* that are zero but for rounding")
    return name, Entry(np.array(float(norm)), tolerance_of(name), group=f"{kind}/*")
