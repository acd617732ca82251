"""BPM-GCN in a framework, computed for comparison: outputs, inner points, losses, gradients, three steps."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jack.golden.recipes import bpmgcn_inputs, fill_weights
from jack.methods.bpmgcn_options import PARSER
from parity.arrays import load_arrays
from parity.backends import Backend
from parity.golden.suite import GoldenError

Array = NDArray[Any]

GAINS = {"eval": 1.0, "eval_half": 0.5}
OUTPUTS = ("output_p", "affective", "output_m")
LOSSES = ("loss_1m", "loss_1p", "loss_2", "loss")
STEPS = 3
# What the three steps were recorded with: SGD, momentum 0.9.
TRAINED_WITH = replace(PARSER, base_lr=0.01, weight_decay=1e-3, nesterov=True)
# A norm or a softmax over the joints takes away what these add, so their true gradient is zero.
WITHOUT_GRADIENT = re.compile(r".*\.(conv_a\.\d|conv_d\.\d|tcn1\.conv|down\.0|residual\.conv)\.bias")


@dataclass(frozen=True)
class Golden:
    """The recorded arrays, their configuration and the state's entries (key, shape, dtype, trained)."""

    arrays: dict[str, Array]
    config: dict[str, int]
    keys: list[tuple[str, list[int], str, bool]]
    num_parameters: int

    @classmethod
    def read(cls, data: Path) -> Golden:
        arrays = load_arrays(data / "bpmgcn.npz")
        recorded = json.loads((data / "bpmgcn_keys.json").read_text(encoding="utf-8"))
        config = {"salt": 0, "classes": 4, "constraints": 31, **json.loads(str(arrays["config"]))}
        keys = [(key, shape, dtype, trained) for key, shape, dtype, trained in recorded["keys"]]
        return cls(arrays, config, keys, recorded["num_parameters"])

    def weights(self, gain: float) -> dict[str, NDArray[np.float32]]:
        """The weights that everything was recorded with."""
        return fill_weights({key: shape for key, shape, _, _ in self.keys}, self.config["salt"], gain)

    def inputs(self) -> dict[str, Array]:
        """joint, movement, feature, label, made again from the seed."""
        config = self.config
        return bpmgcn_inputs(config["seed"], config["batch"], config["constraints"], config["classes"])

    def batch(self, precision: str) -> dict[str, Array]:
        """The recorded inputs as a training step takes them."""
        dtype = dtype_of(precision)
        floats = {name: self.arrays[name].astype(dtype) for name in ("joint", "movement", "feature")}
        return {**floats, "label": self.arrays["label"]}


def dtype_of(precision: str) -> np.dtype[Any]:
    """The NumPy type of "f32" or "f64"."""
    return np.dtype({"f32": np.float32, "f64": np.float64}[precision])


def our_modules(backend: Backend) -> tuple[ModuleType, ModuleType, ModuleType]:
    """Network, losses and training in the framework of the backend."""
    names = ("bpmgcn", "bpmgcn_losses", "bpmgcn_training")
    network, losses, training = (import_module(f"jack.methods.{backend.name}.{name}") for name in names)
    return network, losses, training


def make_model(golden: Golden, backend: Backend, gain: float, precision: str) -> Any:
    """The network with the recorded weights; in float64 it is made from the float32 one, the skeleton included."""
    network, _, _ = our_modules(backend)
    model = network.BPMGCN(num_class=golden.config["classes"], num_constraints=golden.config["constraints"])
    problems = backend.load_weights(model, golden.weights(gain)).problems()
    if problems:
        raise GoldenError(f"the model's state differs from bpmgcn_keys.json: {problems}")
    return model.double() if precision == "f64" else model


def state(data: Path, backend: Backend) -> dict[str, Array]:
    """Names, shapes and types of the state, and what of it is trained."""
    golden = Golden.read(data)
    model = make_model(golden, backend, 1.0, "f32")
    entries = {name: array for name, array in backend.state(model).items() if not name.endswith("num_batches_tracked")}
    trained = backend.named_parameters(model)
    return {
        "state_dict": np.array([f"{name} {array.shape} {array.dtype}" for name, array in entries.items()]),
        "train_names": np.array(list(trained)),
        "bn_names": np.array([name for name in entries if "running_" in name]),
        "num_parameters": np.array(sum(int(np.prod(parameter.shape)) for parameter in trained.values())),
    }


def inference(precision: str, data: Path, backend: Backend) -> dict[str, Array]:
    """Entries ``eval/*`` and ``eval_half/*``."""
    golden = Golden.read(data)
    network, _, _ = our_modules(backend)
    batch = golden.batch(precision)
    found: dict[str, Array] = {}
    for case, gain in GAINS.items():
        prefix = f"{precision}/{case}"
        model = make_model(golden, backend, gain, precision)
        backend.set_training(model, False)
        points = [name.split("/")[3] for name in golden.arrays if re.fullmatch(f"{prefix}/mid/.+/slice", name)]
        kept = keep_outputs(model, points)
        with backend.no_grad():
            outputs = model(backend.tensor(batch["joint"]), backend.tensor(batch["movement"]))
            score = network.prediction(outputs[0], outputs[2])
            found[f"{prefix}/score"] = backend.numpy(score)
            found.update({f"{prefix}/{name}": backend.numpy(value) for name, value in zip(OUTPUTS, outputs)})
            for point in points:
                array = backend.numpy(kept[point])
                found.update({f"{prefix}/mid/{point}/{n}": value for n, value in summary(array).items()})
    return found


def keep_outputs(model: Any, points: list[str]) -> dict[str, Any]:
    """A dictionary that a forward pass fills with the outputs of layers (``l4_p``) and of fusions (``fusion1_m``)."""
    kept: dict[str, Any] = {}

    def keeper(point: str, part: int | None) -> Callable[[Any, Any, Any], None]:
        def keep(module: Any, inputs: Any, output: Any) -> None:
            kept[point] = output if part is None else output[part]

        return keep

    for point in points:
        layer, stream = point.rsplit("_", 1)
        if layer.startswith("fusion"):
            getattr(model, layer).register_forward_hook(keeper(point, "pm".index(stream)))
        else:
            getattr(model, point).register_forward_hook(keeper(point, None))
    return kept


def summary(array: Array) -> dict[str, Array]:
    """What is recorded of an inner point, N x C x T x V."""
    values = array.astype(np.float64)
    return {
        "shape": np.array(array.shape),
        "stats": np.array([values.mean(), values.std(ddof=1), np.abs(values).max()]),
        "slice": array[0, :8, ::6, :4],
    }


def training(precision: str, data: Path, backend: Backend) -> dict[str, Array]:
    """Entries ``train/*``: a forward pass with its gradients, then three steps from the same weights.

    Nothing in float64 with Jittor, whose convolutions are too slow there.
    """
    if precision == "f64" and backend.name == "jittor":
        return {}
    golden = Golden.read(data)
    _, losses, steps = our_modules(backend)
    batch = golden.batch(precision)
    criterion = losses.BPMGCNLoss()
    model = make_model(golden, backend, 1.0, precision)
    backend.set_training(model, True)

    total, _, outputs = steps.batch_loss(model, criterion, batch)
    found = {name: backend.numpy(value) for name, value in zip(OUTPUTS, outputs)}
    buffers = {name: array for name, array in backend.state(model).items() if "running_" in name}
    found["bn_after1_norm"] = np.array([norm(array) for array in buffers.values()])
    gradients = {n: np.asarray(g) for n, g in backend.gradients(total, backend.named_parameters(model)).items()}
    norms = {name: norm(gradient) for name, gradient in gradients.items()}
    found.update(split_by_gradient(norms))
    for name in (name.removeprefix(f"{precision}/train/") for name in golden.arrays):
        kind, _, key = name.partition("/")
        if kind == "grad":
            found[name] = gradients[key]
        elif kind == "bn_after1":
            found[name] = buffers[key]

    backend.load_weights(model, golden.weights(1.0))
    optimizer = steps.make_optimizer(model, TRAINED_WITH)
    rows = []
    for step in range(STEPS):
        logs = steps.training_step(model, criterion, optimizer, batch)
        rows.append([logs[name] for name in LOSSES])
        if step == 0:
            parameters = backend.named_parameters(model).values()
            found["param_after1_norm"] = np.array([norm(backend.numpy(parameter)) for parameter in parameters])
    found.update(split_by_step(np.array(rows)))
    return {f"{precision}/train/{name}": array for name, array in found.items()}


def norm(array: Array) -> float:
    """L2 norm, computed in float64."""
    return float(np.sqrt((array.astype(np.float64) ** 2).sum()))


def split_by_gradient(norms: Mapping[str, float]) -> dict[str, Array]:
    """Norms of gradients by parameter, those apart whose true value is zero: they show rounding only."""
    zero = {name for name in norms if WITHOUT_GRADIENT.fullmatch(name)}
    return {
        "grad_norm": np.array([value for name, value in norms.items() if name not in zero]),
        "grad_norm_zero": np.array([value for name, value in norms.items() if name in zero]),
    }


def split_by_step(losses: Array) -> dict[str, Array]:
    """Losses, a row for each step: the first step's, and those after it, which diverge by rounding."""
    return {"losses_first_step": losses[:1], "losses_later_steps": losses[1:]}
