"""TSL-Net in a framework, computed for comparison: network, losses, gradients, one optimizer step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jack.golden.recipes import fill_weights, tslnet_inputs
from parity.arrays import load_arrays
from parity.backends import Backend
from parity.golden.suite import GoldenError

Array = NDArray[Any]

LEARNING_RATE = 1e-5
SEED_INPUTS = {"prediction": -1.0, "vid_ldl": (0.3, 0.7), "label_distribution": (0.5, 0.5)}


def read_meta(arrays: Mapping[str, Array]) -> dict[str, Any]:
    """The configuration that a golden file carries."""
    if "meta" not in arrays:
        raise GoldenError("the file has no entry 'meta'")
    try:
        meta = json.loads(str(arrays["meta"]))
        return {"salt": 0, "lambdas": [2, 1, 0.5, 1], "lr": LEARNING_RATE, **meta}
    except (ValueError, TypeError) as error:
        raise GoldenError(f"the entry 'meta' is no JSON object: {error}") from error


@dataclass(frozen=True)
class Golden:
    """The recorded arrays, their configuration and the state's entries (key, shape, dtype)."""

    arrays: dict[str, Array]
    meta: dict[str, Any]
    keys: list[tuple[str, list[int], str]]

    @classmethod
    def read(cls, data: Path) -> Golden:
        arrays = load_arrays(data / "tslnet.npz")
        keys = json.loads((data / "tslnet_keys.json").read_text(encoding="utf-8"))
        return cls(arrays, read_meta(arrays), [(key, shape, dtype) for key, shape, dtype in keys])

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """The weights that everything was recorded with."""
        return fill_weights({key: shape for key, shape, _ in self.keys}, salt=self.meta["salt"])

    def mean_move(self, mode: str) -> Array:
        """Recorded size (RMS) of the move of each parameter's entries in the optimizer's step.

        It is the unit for the mean of the moves: the two groups of parameters move differently far.
        """
        sizes = {key: float(np.prod(shape)) for key, shape, _ in self.keys}
        entries = np.sqrt([sizes[name] for name in map(str, self.arrays["param_names"])])
        return np.asarray(self.arrays[f"{mode}/adam_delta_norm"] / entries)


def our_modules(backend: Backend) -> tuple[ModuleType, ModuleType, ModuleType]:
    """Network, losses and training in the framework of the backend."""
    names = ("tslnet", "tslnet_losses", "tslnet_training")
    network, losses, training = (import_module(f"jack.methods.{backend.name}.{name}") for name in names)
    return network, losses, training


def make_model(golden: Golden, backend: Backend, weights: Mapping[str, Array]) -> Any:
    """The network with the recorded weights, without dropout."""
    network, _, _ = our_modules(backend)
    model = network.TSLNet(dropout=0.0)
    problems = backend.load_weights(model, weights).problems()
    if problems:
        raise GoldenError(f"the model's state differs from tslnet_keys.json: {problems}")
    return model


def inference(data: Path, backend: Backend) -> dict[str, Array]:
    """Entries ``eval/*``, ``long/*`` and the names of the state."""
    golden = Golden.read(data)
    meta, stored = golden.meta, golden.arrays
    model = make_model(golden, backend, golden.weights())
    backend.set_training(model, False)
    found: dict[str, Array] = {
        "state_dict": np.array([f"{name} {array.shape}" for name, array in comparable_state(model, backend).items()]),
        "param_names": np.array(list(backend.named_parameters(model))),
    }
    with backend.no_grad():
        rgb, mel = (backend.tensor(array[None]) for array in tslnet_inputs(meta["seed"], meta["T"]))
        score, activation, features = (backend.numpy(value) for value in model(rgb, mel))
        cas, cas_dis, _, _ = model.cls_module(rgb, mel, False)
        audio = backend.numpy(model.cls_module.audio_features(mel))[0]
        visual = backend.numpy(model.cls_module.visual_features(rgb))[0]
        found.update(
            {
                "eval/vid_score": score,
                "eval/cas_sigmoid_fuse": activation,
                "eval/features_every8": thinned(features, stored["eval/features_every8"]),
                "eval/audio": thinned(audio, stored["eval/audio"]),
                "eval/v_align": thinned(visual, stored["eval/v_align"]),
                "eval/cas": backend.numpy(cas)[0],
                "eval/cas_dis": backend.numpy(cas_dis)[0],
            }
        )
        rgb, mel = (backend.tensor(array[None]) for array in tslnet_inputs(meta["seed"] + 1, meta["T_long"]))
        score, activation, features = (backend.numpy(value) for value in model(rgb, mel))
        found.update(
            {
                "long/vid_score": score,
                "long/cas_sigmoid_fuse": activation,
                "long/feature_mean": features.mean(axis=2),
            }
        )
    return found


def comparable_state(model: Any, backend: Backend) -> dict[str, Array]:
    """The state without the counters of batches, which Jittor lacks."""
    return {n: array for n, array in backend.state(model).items() if not n.endswith("num_batches_tracked")}


def thinned(array: Array, stored: Array) -> Array:
    """Every n-th channel, as many as are stored."""
    return array[..., :: array.shape[-1] // stored.shape[-1]]


def training(mode: str, data: Path, backend: Backend) -> dict[str, Array]:
    """Entries ``evalmode/*`` or ``trainmode/*``: a training step with the batch norms in that mode."""
    golden = Golden.read(data)
    meta, stored = golden.meta, golden.arrays
    _, losses, steps = our_modules(backend)
    rgb, mel = tslnet_inputs(meta["seed"], meta["T"])
    video = {"rgb": rgb, "mel": mel, "point_anno": stored["train_in/point_anno"][0]}
    video.update({name: stored[f"train_in/{name}"][0] for name in ("label", "label_distribution")})
    criterion = losses.TotalLoss(meta["lambdas"])

    weights = golden.weights()
    model = make_model(golden, backend, weights)
    backend.set_training(model, mode == "trainmode")
    optimizer = steps.make_optimizer(model, meta["lr"])
    steps.training_step(model, criterion, optimizer, [video])
    after = comparable_state(model, backend)
    moved = [after[name].astype(np.float64) - weights[name] for name in map(str, stored["param_names"])]
    found: dict[str, Array] = {
        "adam_delta_norm": np.array([np.sqrt((delta**2).sum()) for delta in moved]),
        "adam_delta_mean": np.array([delta.mean() for delta in moved]) / golden.mean_move(mode),
    }
    found.update({f"buffer_after/{name}": array for name, array in after.items() if "running_" in name})

    backend.load_weights(model, weights)
    total, logs, outputs = steps.video_loss_terms(model, criterion, video)
    gradients = backend.gradients(total, backend.named_parameters(model))
    names = ("vid_score", "cas_sigmoid_fuse", "cas_softmax_dis", None, "vid_ldl", "cpc_loss", "act_seed", "bkg_seed")
    found.update({name: backend.numpy(value) for name, value in zip(names, outputs) if name})
    found.update({name: np.float32(value) for name, value in logs.items() if name.startswith("loss_")})
    found.update(counts(logs, "loss_"))
    found["grad_norm"] = np.array([norm(gradient) for gradient in gradients.values()])
    return {f"{mode}/{name}": np.asarray(array) for name, array in found.items()}


def norm(gradient: Array | None) -> float:
    """L2 norm; -1 for no gradient, as it is recorded."""
    return -1.0 if gradient is None else float(np.sqrt((gradient.astype(np.float64) ** 2).sum()))


def counts(logs: Mapping[str, float], prefix: str) -> dict[str, Array]:
    """The counts of seeds under the recorded names."""
    return {
        f"{prefix}pos_neg_rage": np.float32(logs["pos_neg_rage"]).reshape(1),
        f"{prefix}pos_num": np.array([logs["pos_num"]], dtype=np.int64),
        f"{prefix}neg_num": np.array(logs["neg_num"], dtype=np.int64),
    }


def seed_search(data: Path, backend: Backend) -> dict[str, Array]:
    """Entries ``seedNN/*`` and ``xseedNN/*``: losses and gradients on stored activations."""
    golden = Golden.read(data)
    _, losses, steps = our_modules(backend)
    criterion = losses.TotalLoss(golden.meta["lambdas"])
    found: dict[str, Array] = {}
    for stored in (golden.arrays, load_arrays(data / "tslnet_seeds.npz")):
        for case in dict.fromkeys(name.split("/")[0] for name in stored if name.endswith("/fuse")):
            if f"{case}/act_seed" in stored:
                results = search_case(stored[f"{case}/fuse"], stored[f"{case}/point"], criterion, steps, backend)
                found.update({f"{case}/{n}": array for n, array in results.items() if f"{case}/{n}" in stored})
    return found


def search_case(fuse: Array, point: Array, criterion: Any, steps: ModuleType, backend: Backend) -> dict[str, Array]:
    """One case: activations and labels, T x 3 each."""
    constants = {name: np.array([value], dtype=np.float32) for name, value in SEED_INPUTS.items()}
    leaves = {
        "grad_fuse": backend.tensor(fuse[None], requires_grad=True),
        "grad_ldl": backend.tensor(constants["vid_ldl"], requires_grad=True),
    }
    total, terms, act_seed, bkg_seed = criterion(
        leaves["grad_ldl"],
        leaves["grad_fuse"],
        backend.tensor(constants["prediction"]),
        backend.tensor(constants["label_distribution"]),
        backend.tensor(point[None, :, :2]),
    )
    act, bkg = backend.numpy(act_seed), backend.numpy(bkg_seed)
    found = {name: backend.numpy(term) for name, term in terms.items()}
    found.update(counts(steps.seed_counts(act, bkg), ""))
    found.update({"act_seed": act[0], "bkg_seed": bkg[0]})
    for name, gradient in backend.gradients(total, leaves).items():
        if gradient is not None:
            found[name] = gradient[0]
    return found
