"""One training step of BPM-GCN, its optimizer and its learning rates."""

from __future__ import annotations

from typing import Any

import numpy as np
import jittor as jt
from numpy.typing import NDArray
from . import jittor_helpers as jh

from jack.methods.bpmgcn_options import MOMENTUM, TrainingOptions

from .bpmgcn import BPMGCN, prediction
from .bpmgcn_losses import BPMGCNLoss
from .video_training import accuracy, device_of


def make_optimizer(model: jh.Module, options: TrainingOptions) -> jh.Optimizer:
    """The optimizer over all parameters; weight decay is on all of them, norms and biases too."""
    lr, decay = options.base_lr, options.weight_decay
    if options.optimizer == "Adam":
        return jh.Adam(model.parameters(), lr=lr, weight_decay=decay)
    return jh.SGD(model.parameters(), lr=lr, momentum=MOMENTUM, nesterov=options.nesterov, weight_decay=decay)


def start_epoch(model: jh.Module, optimizer: jh.Optimizer, options: TrainingOptions, epoch: int) -> float:
    """Set the learning rate of an epoch, counted from 0, and what is trained in it.

    Returns:
        the learning rate.
    """
    lr = options.learning_rate(epoch)
    for group in optimizer.param_groups:
        group["lr"] = lr
    if options.only_train_part:
        train_graph(model, options.graph_is_trained(epoch))
    return lr


def train_graph(model: jh.Module, trained: bool) -> None:
    """Train the learned part of the graph, the parameters ``PA``, or leave it as it is."""
    for name, parameter in model.named_parameters():
        if "PA" in name:
            jh.requires_grad_(parameter, trained)


def to_tensor(array: NDArray[Any], device: jh.Device) -> jt.Var:
    """An array of a batch as tensor on the device."""
    return jh.cast_to(jh.from_numpy(np.ascontiguousarray(array)), device)


def batch_loss(
    model: BPMGCN, criterion: BPMGCNLoss, batch: dict[str, NDArray[Any]]
) -> tuple[jt.Var, dict[str, float], tuple[jt.Var, jt.Var, jt.Var]]:
    """Forward pass and losses of a batch; see :func:`training_step` for what a batch is.

    Returns:
        total loss, its terms, the three outputs of the model.
    """
    device = device_of(model)
    outputs = model(to_tensor(batch["joint"], device), to_tensor(batch["movement"], device))
    total, terms = criterion(*outputs, to_tensor(batch["label"], device), to_tensor(batch["feature"], device))
    return total, {name: float(term.item()) for name, term in terms.items()}, outputs


def training_step(
    model: BPMGCN, criterion: BPMGCNLoss, optimizer: jh.Optimizer, batch: dict[str, NDArray[Any]]
) -> dict[str, float]:
    """One step; the mode of the model is the caller's affair.

    Args:
        model: the network.
        criterion: the loss.
        optimizer: as made by :func:`make_optimizer`.
        batch: arrays joint (N x 3 x T x V x 1), movement (N x 8 x T x V x 1), label (N, integer, or N x K),
            feature (N x T * F).

    Returns:
        The total loss and its terms, and acc (top-1, 0..1) where a clip has one label.
    """
    optimizer.zero_grad()
    total, logs, (score_p, _, score_m) = batch_loss(model, criterion, batch)
    optimizer.backward(total)
    optimizer.step()
    if batch["label"].ndim == 1:
        logs["acc"] = accuracy(prediction(score_p, score_m).detach().numpy(), batch["label"])
    return logs


@jh.no_grad()
def scores(model: BPMGCN, joint: NDArray[Any], movement: NDArray[Any]) -> NDArray[Any]:
    """The scores of a batch of clips, N x K; the mode of the model is the caller's affair."""
    device = device_of(model)
    score_p, _, score_m = model(to_tensor(joint, device), to_tensor(movement, device))
    score: jt.Var = prediction(score_p, score_m)
    return score.numpy()
