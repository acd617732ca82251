"""One training step and one validation step of VAANet, and its optimizer."""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn

from . import video_training
from .vaanet import VAANet
from .video_training import Batch, accuracy, device_of, to_labels, to_tensor

LEARNING_RATE = 2e-4
WEIGHT_DECAY = 0.0


def make_optimizer(model: nn.Module, lr: float = LEARNING_RATE, weight_decay: float = WEIGHT_DECAY) -> torch.optim.Adam:
    """Adam over all but the visual backbone; there is no schedule.  The unused ``fc`` is in it and never moves."""
    return video_training.make_optimizer(model, lr, weight_decay)


def training_step(
    model: VAANet, criterion: nn.Module, optimizer: torch.optim.Optimizer, batch: Batch
) -> dict[str, float]:
    """One step on a batch; the mode of the model is the caller's affair.

    Args:
        model: the network.
        criterion: as made by ``video_losses.make_criterion``; the authors' default is ``pcce_ve8``.
        optimizer: as made by :func:`make_optimizer`.
        batch: visual (B x L x 3 x T x H x W, 0..255), audio (B x 4096 x 32), label (B).

    Returns:
        loss and acc (top-1, 0..1) of the batch.
    """
    device = device_of(model)
    visual = to_tensor(batch["visual"], device)
    audio = to_tensor(batch["audio"], device)
    label = to_labels(batch["label"], device)
    optimizer.zero_grad()
    logits, _, _, _ = model(visual, audio)
    loss = criterion(logits, label)
    loss.backward()
    optimizer.step()
    # Read at the end: what is read must first be waited for.
    return {"loss": float(loss.item()), "acc": accuracy(logits.detach().cpu().numpy(), batch["label"])}


def validation_step(model: VAANet, criterion: nn.Module, batch: Batch) -> tuple[dict[str, float], NDArray[Any]]:
    """Loss, acc and logits (B x n_classes) of a batch, see :func:`training_step`; nothing is learned."""
    device = device_of(model)
    with torch.no_grad():
        visual = to_tensor(batch["visual"], device)
        audio = to_tensor(batch["audio"], device)
        logits, _, _, _ = model(visual, audio)
        loss = criterion(logits, to_labels(batch["label"], device))
        found = logits.detach().cpu().numpy()
    return {"loss": float(loss.item()), "acc": accuracy(found, batch["label"])}, found
