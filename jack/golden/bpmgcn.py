"""BPM-GCN against its authors' code: what is recorded, and how near ours must come."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jack.golden.bpmgcn_host import augmentations, graph, inputs
from jack.golden.bpmgcn_network import Golden, inference, split_by_gradient, split_by_step, state, training
from parity.golden.suite import Entry, FrameworkSection, GoldenError, HostSection, Recorded
from parity.tolerances import EXACT, Tolerance

Array = NDArray[Any]

CONFIGURATION = "the configuration"
INPUT = "an input of other entries"
FLOAT64 = Tolerance(0.0, 1e-9, of_largest=True)
# In float32 what can be asked for depends on the weights: how far the recorded float32 is from float64 tells.
OUTPUT = Tolerance(0.0, 1e-5, of_largest=True)
ILL_CONDITIONED_OUTPUT = Tolerance(0.0, 2e-4, of_largest=True)  # a softmax is saturated
GRADIENT = Tolerance(1e-5, 2e-3, of_largest=True)
ILL_CONDITIONED_GRADIENT = Tolerance(1e-3, 2e-3, of_largest=True)  # a sum of terms that nearly cancel
ON_HOST = ("joint", "movement", "feature", "label", "adjacency", "aug/")
# Jittor computes these too (gradients to 2e-8), but its convolutions in float64 are plain loops on the CPU: oneDNN has
# no such kernel, and the backward passes take a hundred times as long.
FLOAT64_TRAINING = "f64/train/"

# The first pattern that fits says how near ours must be.
TOLERANCES = [
    (r"f64/train/grad_norm_zero", Tolerance(1e-9)),
    (r"f64/.*", FLOAT64),
    (r"f32/eval_half/.*", Tolerance(2e-6)),
    (r"f32/train/grad_norm_zero", Tolerance(1e-3, 2e-3)),
    (r"f32/train/grad_norm", Tolerance(2e-4, 2e-3)),  # float32 alone: 5e-5, measured on other seeds
    (r"f32/train/(bn_after1|bn_after1_norm)(/.*)?", Tolerance(0.0, 1e-5)),
    (r"f32/train/param_after1_norm", Tolerance(1e-4)),
    (r"f32/train/losses_later_steps", Tolerance(0.0, 2e-3)),
    (r"f32/train/(output_p|affective|output_m|losses_first_step)", Tolerance(1e-5)),
    (r"aug/.*|joint|movement.*|feature", Tolerance(1e-6)),
]


class BPMGCNSuite:
    """See :class:`parity.golden.suite.Suite`.

    Args:
        name: what the suite is called.
        precisions: "f32", "f64" or both.
    """

    files: tuple[str, ...] = ("bpmgcn.npz", "bpmgcn_keys.json")
    host_sections: Mapping[str, HostSection] = {"graph": graph, "inputs": inputs, "augmentations": augmentations}

    def __init__(self, name: str = "bpmgcn", precisions: Sequence[str] = ("f32", "f64")) -> None:
        self.name, self.precisions = name, precisions
        self.framework_sections: Mapping[str, FrameworkSection] = {"state": state} | {
            f"{section.__name__}_{precision}": partial(section, precision)
            for precision in precisions
            for section in (inference, training)
        }

    def recorded(self, data: Path) -> Recorded:
        """Every array of the folder, either to be compared or with the reason why not."""
        try:
            golden = Golden.read(data)
            stored = comparable(golden, self.precisions)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise GoldenError(f"{data} is no golden folder of bpmgcn: {error!r}") from error
        recorded = Recorded(not_compared={"config": CONFIGURATION, "aug/clip": INPUT})
        for name, value in stored.items():
            tolerance = tolerance_of(name, golden) if value.dtype.kind == "f" and name != "adjacency" else EXACT
            point = re.fullmatch(r"(f\d\d/\w+/mid)/\w+/(\w+)", name)
            group = f"{point[1]}/*/{point[2]}" if point else ""
            only = "torch" if name.startswith(FLOAT64_TRAINING) else ""
            recorded.entries[name] = Entry(value, tolerance, not name.startswith(ON_HOST), group, only)
        return recorded


def comparable(golden: Golden, precisions: Sequence[str]) -> dict[str, Array]:
    """The recorded arrays under the names that our sections give them."""
    found: dict[str, Array] = {}
    for name, value in golden.arrays.items():
        prefix, _, leaf = name.rpartition("/")
        if name in ("config", "aug/clip") or (name[:4] in ("f32/", "f64/") and name[:3] not in precisions):
            continue
        if leaf == "losses_m_p_aff_total":
            found.update({f"{prefix}/{part}": rows for part, rows in split_by_step(value).items()})
        elif leaf == "grad_norm":
            norms = dict(zip(map(str, golden.arrays["train_names"]), value.tolist()))
            found.update({f"{prefix}/{part}": array for part, array in split_by_gradient(norms).items()})
        else:
            found[name] = value
    states = [f"{k} {tuple(s)} {dtype}" for k, s, dtype, _ in golden.keys if not k.endswith("num_batches_tracked")]
    found["state_dict"] = np.array(states)
    found["train_names"] = np.array([key for key, _, _, trained in golden.keys if trained])
    found["num_parameters"] = np.array(golden.num_parameters)
    found["movement_of_joint"] = golden.arrays["movement"]
    return found


def tolerance_of(name: str, golden: Golden) -> Tolerance:
    """How near ours must be for an entry."""
    for pattern, tolerance in TOLERANCES:
        if re.fullmatch(pattern, name):
            return tolerance
    gradient = name.startswith("f32/train/grad/")
    well, ill = (GRADIENT, ILL_CONDITIONED_GRADIENT) if gradient else (OUTPUT, ILL_CONDITIONED_OUTPUT)
    exact = golden.arrays.get(f"f64{name.removeprefix('f32')}")
    if exact is None:
        return well
    gap, largest = float(np.abs(golden.arrays[name] - exact).max()), float(np.abs(exact).max())
    return well if 2 * gap <= well.absolute + well.relative * largest else ill


SUITE = BPMGCNSuite()
