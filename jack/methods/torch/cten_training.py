"""One training step and one validation step of CTEN, with their erased passes, and its optimizer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from jack.methods.cten_erasing import keep_masks

from . import video_training
from .cten import CTEN
from .video_training import Batch, accuracy, device_of, to_labels, to_tensor

LEARNING_RATE = 2e-4
WEIGHT_DECAY = 5e-4

ReadErased = Callable[[NDArray[np.bool_]], NDArray[Any]]
"""Which segments of each video to keep (B x L) to frames of these only (B x L x 3 x T x H x W, 0..255)."""


def make_optimizer(model: nn.Module, lr: float = LEARNING_RATE, weight_decay: float = WEIGHT_DECAY) -> torch.optim.Adam:
    """Adam over all but the visual backbone; there is no schedule."""
    return video_training.make_optimizer(model, lr, weight_decay)


def backward_pass(
    model: CTEN, criterion: nn.Module, visual: NDArray[Any], audio: torch.Tensor, label: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """One of the three passes: forward, and a third of its loss backward.

    The passes go backward one by one, which adds up to the gradient of the mean with the activations of a single pass
    in memory; the authors keep those of all three.

    Returns:
        loss (scalar), logits (B x n_classes), gamma (B x L).
    """
    logits, gamma = model(to_tensor(visual, device_of(model)), audio)
    loss = criterion(logits, label)
    (loss / 3).backward()
    return loss, logits, gamma


def training_step(
    model: CTEN,
    criterion: nn.Module,
    optimizer: torch.optim.Optimizer,
    batch: Batch,
    read_erased: ReadErased,
) -> dict[str, float]:
    """One step on the mean loss of three passes; the mode of the model is the caller's affair.

    The first pass sees the video as it is.  The second sees it without its key segments, the third without the rest,
    as the first one's attention has it; the sound is whole in all of them.

    Args:
        model: the network.
        criterion: as made by ``video_losses.make_criterion``; the authors' default is ``ce``.
        optimizer: as made by :func:`make_optimizer`.
        batch: visual (B x L x 3 x T x H x W, 0..255), audio (B x 100L x 128), label (B).
        read_erased: gives the videos of the second and third pass; called twice, in this order.

    Returns:
        loss, and of each pass loss1 to loss3 and acc1 to acc3 (top-1, 0..1).
    """
    device = device_of(model)
    audio = to_tensor(batch["audio"], device)
    label = to_labels(batch["label"], device)
    optimizer.zero_grad()
    loss1, logits1, gamma = backward_pass(model, criterion, batch["visual"], audio, label)
    without_key, without_context = keep_masks(gamma.detach().cpu().numpy())
    loss2, logits2, _ = backward_pass(model, criterion, read_erased(without_key), audio, label)
    loss3, logits3, _ = backward_pass(model, criterion, read_erased(without_context), audio, label)
    optimizer.step()
    losses = torch.stack([loss1, loss2, loss3]).detach().cpu().numpy().astype(np.float64).reshape(-1)
    logs = {"loss": float(losses.mean())}
    logs.update({f"loss{number}": float(value) for number, value in enumerate(losses, start=1)})
    logs["acc1"] = accuracy(logits1.detach().cpu().numpy(), batch["label"])
    logs["acc2"] = accuracy(logits2.detach().cpu().numpy(), batch["label"])
    logs["acc3"] = accuracy(logits3.detach().cpu().numpy(), batch["label"])
    return logs


def validation_step(
    model: CTEN, criterion: nn.Module, batch: Batch, read_erased: ReadErased
) -> tuple[dict[str, float], NDArray[Any]]:
    """The mean of the logits of the whole video and of the video without its key segments; nothing is learned.

    Args:
        model: the network.
        criterion: the loss.
        batch: see :func:`training_step`.
        read_erased: gives the videos of the second pass.

    Returns:
        loss (mean of loss1 and loss2), acc (of the mean logits), acc1, acc2; the mean logits, B x n_classes.
    """
    device = device_of(model)
    with torch.no_grad():
        audio = to_tensor(batch["audio"], device)
        label = to_labels(batch["label"], device)
        logits1, gamma = model(to_tensor(batch["visual"], device), audio)
        without_key, _ = keep_masks(gamma.detach().cpu().numpy())
        logits2, _ = model(to_tensor(read_erased(without_key), device), audio)
        loss1, loss2 = criterion(logits1, label), criterion(logits2, label)
        first, second = logits1.detach().cpu().numpy(), logits2.detach().cpu().numpy()
    losses = (float(loss1.item()), float(loss2.item()))
    mean = (first + second) / 2
    logs = {"loss": sum(losses) / 2, "loss1": losses[0], "loss2": losses[1], "acc": accuracy(mean, batch["label"])}
    logs.update({"acc1": accuracy(first, batch["label"]), "acc2": accuracy(second, batch["label"])})
    return logs, mean
