"""TSL-Net against its authors' code: what is recorded, and how near ours must come."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jack.golden.tslnet_host import (
    dataset,
    evaluation,
    labels_and_table,
    named_values,
    pipeline,
    proposals,
    read_json,
    result_rows,
)
from jack.golden.tslnet_network import Golden, inference, seed_search, training
from parity.arrays import load_arrays
from parity.golden.suite import Entry, FrameworkSection, GoldenError, HostSection, Recorded
from parity.tolerances import EXACT, Tolerance

Array = NDArray[Any]

OUTPUT = Tolerance(2e-5)
LOSS = Tolerance(1e-4)
GRADIENT = Tolerance(1e-6, 5e-3)
FIGURE = Tolerance(1e-9)  # float64 on the host

INPUT = "an input of other entries"
CONFIGURATION = "the configuration"
GUARDED = "NaN in the authors' code, which divides by 0 where no segment is background; ours leaves the term out"
NO_POINTS = "NaN in the authors' code (0 / 0 for a video without points); ours is 0"

CASE = re.compile(r"(x?seed)\d+/(.+)")
INPUTS = re.compile(r"train_in/point_(index|class)|x?seed\d+/(fuse|point)|prop/raw|pipeline/.+/(fuse|vid_score)")
ON_HOST = ("tpe_rows", "train_in/", "prop/", "pipeline/", "dataset/", "evaluation/")

# The first pattern that fits says how near ours must be; what none fits is an output.
TOLERANCES = [
    (r"x?seed\d+/(act|bkg)_seed|dataset/(train|test)/.+/(label|point)", EXACT),
    (r"x?seed\d+/grad_fuse|x?seed\d+/grad_ldl", Tolerance(1e-6, 1e-3)),
    (r".*/grad_norm", GRADIENT),
    (r".*/adam_delta_norm", Tolerance(0.0, 5e-3)),
    # In units of the size of a move, so a mean of signs; where a gradient is rounding noise, so is its sign.
    (r".*/adam_delta_mean", Tolerance(2e-2)),
    (r".*/loss_.*|.*pos_neg_rage|.*/cpc_loss", LOSS),
    # Computed in float32 by them, and so by us where their sums are not in our order.
    (
        r"prop/(fuse|vid_score|oic_score.*)|tpe_rows.*|train_in/.*|dataset/.*/(mel_first|label_distribution)",
        Tolerance(1e-6),
    ),
    (r"dataset/.*_sum", Tolerance(1e-2, 1e-6)),
    (r"(prop|pipeline|evaluation)/.*", FIGURE),
]


def tolerance_of(name: str) -> Tolerance:
    """How near ours must be for an entry."""
    return next((tolerance for pattern, tolerance in TOLERANCES if re.fullmatch(pattern, name)), OUTPUT)


class TSLNetSuite:
    """See :class:`parity.golden.suite.Suite`."""

    name = "tslnet"
    files: tuple[str, ...] = (
        "tslnet.npz",
        "tslnet_seeds.npz",
        "tslnet_keys.json",
        *(f"tslnet/eval_{part}.json" for part in ("gt", "pred", "metrics")),
        *(f"tslnet/pipeline_{part}.json" for part in ("gt", "result", "metrics")),
        "tslnet/pipeline_best_record.txt",
    )
    framework_sections: Mapping[str, FrameworkSection] = {
        "inference": inference,
        "evalmode": partial(training, "evalmode"),
        "trainmode": partial(training, "trainmode"),
        "seed_search": seed_search,
    }
    host_sections: Mapping[str, HostSection] = {
        "labels_and_table": labels_and_table,
        "proposals": proposals,
        "pipeline": pipeline,
        "evaluation": evaluation,
        "dataset": dataset,
    }

    def recorded(self, data: Path) -> Recorded:
        """Every array of the folder, either to be compared or with the reason why not."""
        try:
            golden = Golden.read(data)
            stored = {**golden.arrays, **load_arrays(data / "tslnet_seeds.npz"), **recorded_texts(data)}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise GoldenError(f"{data} is no golden folder of tslnet: {error!r}") from error
        states = [f"{key} {tuple(shape)}" for key, shape, _ in golden.keys if not key.endswith("num_batches_tracked")]
        stored["state_dict"] = np.array(states)
        for mode in ("evalmode", "trainmode"):
            stored[f"{mode}/adam_delta_mean"] = stored[f"{mode}/adam_delta_mean"] / golden.mean_move(mode)
        recorded = Recorded()
        for name, value in stored.items():
            reason = why_not_compared(name, value)
            if reason:
                recorded.not_compared[name] = reason
                continue
            case = CASE.fullmatch(name)
            group = f"{case[1]}*/{case[2]}" if case else ""
            tolerance = tolerance_of(name) if value.dtype.kind == "f" else EXACT
            recorded.entries[name] = Entry(value, tolerance, not name.startswith(ON_HOST), group)
        return recorded


def why_not_compared(name: str, value: Array) -> str:
    """The reason why an array is not compared; empty if it is."""
    if name == "meta":
        return CONFIGURATION
    if INPUTS.fullmatch(name):
        return INPUT
    if value.dtype.kind == "f" and np.isnan(value).any():
        if CASE.fullmatch(name):
            return GUARDED
        if name.startswith("dataset/test/") and name.endswith("/label_distribution"):
            return NO_POINTS
    return ""


def recorded_texts(data: Path) -> dict[str, Array]:
    """What is recorded in texts, as arrays under the names that our side gives them."""
    metrics = read_json(data, "eval_metrics.json")
    labels = sorted(metrics.pop("activity_index").items(), key=lambda pair: int(pair[1]))
    found: dict[str, Array] = {f"evaluation/{name}": np.array(value) for name, value in metrics.items()}
    found["evaluation/activity_index"] = np.array([label for label, _ in labels])
    found.update(result_rows(read_json(data, "pipeline_result.json")))
    metrics = read_json(data, "pipeline_metrics.json")
    info = [(name, values[-1]) for name, values in metrics["test_info"].items()]
    found.update(named_values("pipeline/test_info", info))
    found.update(named_values("pipeline/logged", [(name, value) for name, value in metrics["logged"]]))
    text = (data / "tslnet" / "pipeline_best_record.txt").read_text(encoding="utf-8")
    found["pipeline/best_record"] = np.array(text)
    return found


SUITE = TSLNetSuite()
