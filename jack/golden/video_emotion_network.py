"""VAANet and CTEN in a framework, computed for comparison: networks, losses, gradients, batch norms, erasing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jack.golden.recipes import Float32s, VideoAudio, fill_weights, video_audio_inputs
from jack.methods.cten_erasing import keep_masks, thresholds
from parity.arrays import load_arrays
from parity.backends import Backend
from parity.golden.suite import GoldenError

Array = NDArray[Any]

CONFIG = ("seed", "B", "S", "T", "H", "nseg", "alen", "abins")
PENALTY = 0.5  # lambda of the recorded polarity-consistent losses
TRAINED_WITH = {"vaanet": "pcce_ve8", "cten": "ce"}
OUTPUTS = {"vaanet": ("logits", "alpha", "beta", "gamma"), "cten": ("logits", "gamma")}
COUNTER = "num_batches_tracked"
FLOAT64 = "full_eval_1_logits_float64"
BACKBONE_DISTANCE = "backbone_train/relative_distance"
AGAINST_FLOAT64 = "full_eval_1_logits_against_float64"


@dataclass(frozen=True)
class Golden:
    """The recorded arrays of a method, their configuration, the state's shapes by key and what is trained."""

    method: str
    arrays: dict[str, Array]
    config: dict[str, int]
    shapes: dict[str, tuple[int, ...]]
    trainable: list[str]

    @classmethod
    def read(cls, method: str, data: Path) -> Golden:
        listed = json.loads((data / f"{method}_keys.json").read_text(encoding="utf-8"))
        config = {name: int(listed["config"][name]) for name in CONFIG}
        shapes = {key: tuple(shape) for key, shape in listed["keys"].items()}
        return cls(method, load_arrays(data / f"{method}.npz"), config, shapes, list(listed["trainable"]))

    def inputs(self) -> VideoAudio:
        """The inputs that everything was recorded on."""
        return video_audio_inputs(self.method, self.config)

    def weights(self) -> dict[str, Float32s]:
        """The weights that everything was recorded with."""
        return cached_weights(tuple(self.shapes.items()))

    def build(self, backend: Backend) -> Any:
        """The network with the recorded weights, without dropout, for the recorded sizes."""
        model = cached_model(self.method, backend.name, tuple(self.config.items()))
        problems = backend.load_weights(model, self.weights()).problems()
        if problems:
            raise GoldenError(f"the model's state differs from {self.method}_keys.json: {problems}")
        return model

    def criterion(self, backend: Backend, name: str) -> Any:
        """The loss of that name."""
        return our_module("video_losses", backend).make_criterion(name, 8, PENALTY)


@lru_cache(maxsize=1)
def cached_weights(shapes: tuple[tuple[str, tuple[int, ...]], ...]) -> dict[str, Float32s]:
    """A hundred million draws, once for all sections of a process."""
    return fill_weights(dict(shapes))


@lru_cache(maxsize=1)
def cached_model(method: str, framework: str, config: tuple[tuple[str, int], ...]) -> Any:
    """The network of a configuration, once for all sections of a process."""
    size = dict(config)
    options = {"seq_len": size["S"], "snippet_duration": size["T"], "sample_size": size["H"]}
    options.update(audio_n_segments=size["nseg"], audio_bins=size["abins"])
    network = import_module(f"jack.methods.{framework}.{method}")
    if method == "vaanet":
        return network.VAANet(audio_frames=size["alen"], **options)
    return network.CTEN(dropout=0.0, **options)


def our_module(name: str, backend: Backend) -> Any:
    """A module of our methods in the framework of the backend."""
    return import_module(f"jack.methods.{backend.name}.{name}")


class Recording:
    """Stands for a model in a training or validation step: calls a function of it and keeps what that returns."""

    def __init__(self, model: Any, call: Callable[..., Any]) -> None:
        self.model = model
        self.call = call
        self.outputs: list[Sequence[Any]] = []

    def __call__(self, visual: Any, audio: Any) -> Any:
        self.outputs.append(self.call(visual, audio))
        return self.outputs[-1]

    def parameters(self) -> Any:
        return self.model.parameters()


def calls(model: Any, stage: str) -> Recording:
    """The whole model ("full"), or the model after the backbone ("head"), whose input is the backbone's output."""
    return Recording(model, model if stage == "full" else model.classify)


def visuals(inputs: VideoAudio, stage: str) -> list[Float32s]:
    """The first argument of each pass."""
    return inputs.videos if stage == "full" else inputs.head_features


def state(method: str, data: Path, backend: Backend) -> dict[str, Array]:
    """The names, order and shapes of the state, and what of it is trained."""
    golden = Golden.read(method, data)
    model = golden.build(backend)
    entries = [f"{name} {tuple(value.shape)}" for name, value in model.state_dict().items()]
    trained = [name for name, value in model.named_parameters() if value.requires_grad]
    return {
        "state_dict": np.array([entry for entry in entries if COUNTER not in entry]),
        "trainable": np.array(trained),
    }


def evaluation(stage: str, method: str, data: Path, backend: Backend) -> dict[str, Array]:
    """Entries ``head_eval_*`` or ``full_eval_*``, and with the head ``audio_seg0_eval``."""
    golden = Golden.read(method, data)
    inputs = golden.inputs()
    model = golden.build(backend)
    backend.set_training(model, False)
    criteria = [golden.criterion(backend, name) for name in ("ce", "pcce_ve8")]
    audio, target = backend.tensor(inputs.audio), backend.tensor(inputs.target)
    found: dict[str, Array] = {}
    with backend.no_grad():
        for number, visual in enumerate(visuals(inputs, stage), start=1):
            features = backend.tensor(visual)
            if stage == "full":
                features = model.backbone_features(features)
                found["full_eval_backbone_last_pass"] = position_means(backend.numpy(features))
            outputs = model.classify(features, audio)
            name = f"{stage}_eval_{number}"
            found.update({f"{name}_{key}": backend.numpy(value) for key, value in zip(OUTPUTS[method], outputs)})
            losses = [backend.numpy(criterion(outputs[0], target)).reshape(-1)[0] for criterion in criteria]
            found[f"{name}_losses"] = np.array(losses, dtype=np.float64)
            if method == "cten":
                gamma = backend.numpy(outputs[1])
                kept = keep_masks(gamma)
                found.update({f"{name}_thr": thresholds(gamma), f"{name}_keep_for_pass2": kept[0]})
                found[f"{name}_keep_for_pass3"] = kept[1]
        if stage == "head":
            embedded = backend.numpy(model.audio_features(audio))
            found["audio_seg0_eval"] = embedded[:, :, 0] if method == "vaanet" else embedded[:, 0]
    if method == "cten":
        found.update(cten_validation(golden, stage, model, backend, inputs))
    if stage == "full":
        found[AGAINST_FLOAT64] = found["full_eval_1_logits"].astype(np.float64)
        if backend.name == "torch":
            found[FLOAT64] = in_float64(model, inputs)
    return found


def position_means(features: Array) -> Array:
    """N x C x T x H x W to N x C."""
    means: Array = features.reshape(*features.shape[:2], -1).mean(axis=2)
    return means


def cten_validation(golden: Golden, stage: str, model: Any, backend: Backend, inputs: VideoAudio) -> dict[str, Array]:
    """The validation step, with the recorded second video in the place of the erased one."""
    steps = our_module("cten_training", backend)
    first, second = visuals(inputs, stage)[:2]
    batch = {"visual": first, "audio": inputs.audio, "label": inputs.target}
    logs, logits = steps.validation_step(
        calls(model, stage), golden.criterion(backend, "ce"), batch, lambda keep: second
    )
    return {f"{stage}_eval_val_logits": logits, f"{stage}_eval_val_loss": np.array([logs["loss"]])}


def in_float64(model: Any, inputs: VideoAudio) -> Array:
    """The logits of the first pass in double precision, which only Torch has throughout."""
    import torch

    model.double()
    with torch.no_grad():
        outputs = model(torch.from_numpy(inputs.videos[0]).double(), torch.from_numpy(inputs.audio).double())
    model.float()
    logits: Array = outputs[0].numpy()
    return logits


def training(stage: str, method: str, data: Path, backend: Backend) -> dict[str, Array]:
    """Entries ``head_train_*`` or ``full_train_*``: what our training step computes and leaves behind."""
    golden = Golden.read(method, data)
    inputs = golden.inputs()
    model = golden.build(backend)
    backend.set_training(model, True)
    steps = our_module(f"{method}_training", backend)
    optimizer = steps.make_optimizer(model)
    criterion = golden.criterion(backend, TRAINED_WITH[method])
    calling = calls(model, stage)
    passes = visuals(inputs, stage)
    batch = {"visual": passes[0], "audio": inputs.audio, "label": inputs.target}
    if method == "vaanet":
        logs = steps.training_step(calling, criterion, optimizer, batch)
        losses = [logs["loss"], logs["loss"]]
    else:
        erased = iter(passes[1:])
        logs = steps.training_step(calling, criterion, optimizer, batch, lambda keep: next(erased))
        losses = [logs["loss1"], logs["loss2"], logs["loss3"], logs["loss"]]

    found: dict[str, Array] = {f"{stage}_train_losses": np.array(losses)}
    for number, outputs in enumerate(calling.outputs, start=1):
        values = {key: backend.numpy(value) for key, value in zip(OUTPUTS[method], outputs)}
        found.update({f"{stage}_train_{number}_{key}": value for key, value in values.items()})
    gradients = our_module("video_training", backend).gradient_norms(model)
    found[f"{stage}_train_grad_names"] = np.array(list(gradients))
    found.update({f"{stage}_train_grad_norm/{name}": np.array(norm) for name, norm in gradients.items()})
    statistics = dict(statistic_norms(model, backend))
    if stage == "head":
        statistics = {name: norm for name, norm in statistics.items() if not name.startswith("resnet.")}
    found[f"{stage}_train_bn_names"] = np.array(list(statistics))
    found.update({f"{stage}_train_bn_norm/{name}": np.array(norm) for name, norm in statistics.items()})
    return found


def statistic_norms(model: Any, backend: Backend) -> list[tuple[str, float]]:
    """The L2 norm of every running mean and variance."""
    arrays = {name: array.astype(np.float64) for name, array in backend.state(model).items() if "running_" in name}
    return [(name, float(np.sqrt((array**2).sum()))) for name, array in arrays.items()]


def backbone(method: str, data: Path, backend: Backend) -> dict[str, Array]:
    """Entries ``backbone_*``: the stem and the four stages, without a pool, in either mode.

    In training mode with the recorded batch, the last stage's norms have three values a channel.  Rounding grows
    through a hundred such norms until single outputs are a matter of chance: Torch on one thread in place of two
    moves some by 0.2, float64 by 1.7 (outputs reach 5.5).  What is steady is the distance of all outputs together: 1 %
    and 3 %.  One norm in the wrong mode gives 38 % (the last of 104) to 101 %, measured for 19 of them; an eps of 1e-3
    in the first 88 %, in the middle 31 %.
    """
    golden = Golden.read(method, data)
    normalised = our_module("resnet3d", backend).normalised
    model = golden.build(backend)
    found = {}
    for mode in ("eval", "train"):
        backend.set_training(model, mode == "train")
        with backend.no_grad():
            features = normalised(backend.tensor(golden.inputs().clips))
            for module in list(model.resnet.children())[:8]:
                features = module(features)
            found[f"backbone_{mode}"] = position_means(backend.numpy(features))
    found[BACKBONE_DISTANCE] = np.array(relative_distance(found.pop("backbone_train"), golden.arrays["backbone_train"]))
    return found


def relative_distance(ours: Array, reference: Array) -> float:
    """The root mean square of the differences, as a share of that of the reference."""
    gap = ours.astype(np.float64) - reference
    return float(np.sqrt((gap**2).mean() / (reference.astype(np.float64) ** 2).mean()))


def framework_sections(method: str) -> dict[str, Callable[[Path, Backend], Mapping[str, Array]]]:
    """All of the above for a method, cheap ones first."""
    return {
        "state": partial(state, method),
        "head_eval": partial(evaluation, "head", method),
        "head_train": partial(training, "head", method),
        "backbone": partial(backbone, method),
        "full_eval": partial(evaluation, "full", method),
        "full_train": partial(training, "full", method),
    }
