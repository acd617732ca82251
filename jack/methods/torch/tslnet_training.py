"""One training step of TSL-Net, its optimizer and its learning rates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from .tslnet import TSLNet
from .tslnet_losses import TotalLoss
from .video_training import device_of

AUDIO_LR_SCALE = 10.0  # the audio extractor is trained from scratch, ten times faster than the rest


def make_optimizer(model: nn.Module, lr: float, weight_decay: float = 5e-4) -> torch.optim.Adam:
    """Adam with two groups: everything but the audio extractor, then the extractor at ten times the rate."""
    audio: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        if "a_extractor" in name:
            audio.append(parameter)
        else:
            rest.append(parameter)
    groups = [
        {"params": rest, "lr": lr, "lr_scale": 1.0},
        {"params": audio, "lr": AUDIO_LR_SCALE * lr, "lr_scale": AUDIO_LR_SCALE},
    ]
    return torch.optim.Adam(groups, lr=lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=weight_decay)


def set_learning_rate(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Give every group its multiple of lr.  (The authors' code gives all groups lr itself at the first change.)"""
    for group in optimizer.param_groups:
        group["lr"] = lr * group["lr_scale"]


def to_tensor(array: NDArray[Any], device: torch.device) -> torch.Tensor:
    """An array of one video as float32 tensor on the device, with a batch axis of 1 in front."""
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32)).to(device).unsqueeze(0)


def video_loss_terms(
    model: TSLNet, criterion: TotalLoss, video: dict[str, NDArray[Any]]
) -> tuple[torch.Tensor, dict[str, float], tuple[torch.Tensor, ...]]:
    """Forward pass and losses of one video; see :func:`training_step` for what a video is.

    Returns:
        total loss, the logged terms, the six training outputs of the model followed by act_seed and bkg_seed.
    """
    device = device_of(model)
    rgb = to_tensor(video["rgb"], device)
    mel = to_tensor(video["mel"], device)
    label = to_tensor(video["label"], device)
    label_distribution = to_tensor(video["label_distribution"], device)
    point_anno = to_tensor(video["point_anno"], device)

    outputs = model(rgb, mel, label)
    _, cas_sigmoid_fuse, _, _, vid_ldl, prediction = outputs
    total, terms, act_seed, bkg_seed = criterion(vid_ldl, cas_sigmoid_fuse, prediction, label_distribution, point_anno)
    logs = {name: float(term.item()) for name, term in terms.items()}
    logs.update(seed_counts(act_seed.detach().cpu().numpy(), bkg_seed.detach().cpu().numpy()))
    return total, logs, (*outputs, act_seed, bkg_seed)


def seed_counts(act_seed: NDArray[Any], bkg_seed: NDArray[Any]) -> dict[str, float]:
    """How many segments carry a sentiment (act_seed B x T x 3) and a background seed (B x T), and their ratio."""
    positive = float(np.count_nonzero(act_seed.max(axis=2) > 0))
    negative = float(np.count_nonzero(bkg_seed > 0))
    ratio = positive / negative if negative else float("inf")
    return {"pos_neg_rage": ratio, "pos_num": positive, "neg_num": negative}  # the authors' spelling


def training_step(
    model: TSLNet,
    criterion: TotalLoss,
    optimizer: torch.optim.Optimizer,
    videos: Sequence[dict[str, NDArray[Any]]],
) -> dict[str, float]:
    """One step on the mean loss of some videos; the mode of the model is the caller's affair.

    Each video goes backward by itself, which adds up to the gradient of the mean with the activations of a single
    video in memory; the authors keep those of all sixteen.

    Args:
        model: the network.
        criterion: the loss.
        optimizer: as made by :func:`make_optimizer`.
        videos: arrays of each video: rgb (T x 1024), mel (T x 32 x 60), label (2), label_distribution (2),
            point_anno (T x 2).

    Returns:
        The terms of the loss and the counts of seeds, averaged over the videos.
    """
    optimizer.zero_grad()
    sums: dict[str, float] = {}
    for video in videos:
        total, logs, _ = video_loss_terms(model, criterion, video)
        (total / len(videos)).backward()
        for name, value in logs.items():
            sums[name] = sums.get(name, 0.0) + value
    optimizer.step()
    return {name: value / len(videos) for name, value in sums.items()}


def scores(model: TSLNet, rgb: NDArray[Any], mel: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Scores of a video (2) and activations of its segments (T x 3); the mode of the model is the caller's affair."""
    device = device_of(model)
    with torch.no_grad():
        of_video, activation, _ = model(to_tensor(rgb, device), to_tensor(mel, device))
    return of_video.cpu().numpy()[0], activation.cpu().numpy()[0]
