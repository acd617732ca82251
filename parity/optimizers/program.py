"""What both sides run: the Torch file that is generated, and the same for Jittor's own classes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from parity.arrays import Array
from parity.optimizers.cases import optimizer_call, schedule_call

SHAPES = ((4, 3), (5,), (2,))
UNUSED_STEPS = 2  # the third parameter takes no part in the loss until then, and hence has no gradient
HEAD = '''"""Optimizers and schedules alone; written by jack-parity optimizers."""

import torch
from torch import optim
from torch.optim import lr_scheduler
'''
UPDATES = """

def entry_{number}(start, gradients):
    w = torch.nn.Parameter(torch.from_numpy(start[0]))
    v = torch.nn.Parameter(torch.from_numpy(start[1]))
    u = torch.nn.Parameter(torch.from_numpy(start[2]))
    optimizer = {made}
    for g, h, k in gradients:
        optimizer.zero_grad()
        loss = (w * torch.from_numpy(g)).sum() + (v * torch.from_numpy(h)).sum()
        if k is not None:
            loss = loss + (u * torch.from_numpy(k)).sum()
        loss.backward()
        optimizer.step()
        yield [w, v, u]
"""
RATES = """

def entry_{number}(start, measured):
    w = torch.nn.Parameter(torch.from_numpy(start[0]))
    v = torch.nn.Parameter(torch.from_numpy(start[1]))
    optimizer = optim.SGD([{{'params': [w]}}, {{'params': [v], 'lr': 0.5}}], lr=0.1, momentum=0.9)
    scheduler = {made}
    for value in measured:
        yield [[group['lr'], group['momentum']] for group in optimizer.param_groups]
        optimizer.step()
        scheduler.step({metric})
"""


@dataclass(frozen=True)
class Entry:
    """One optimizer or schedule with its arguments.

    Attributes:
        name: of the class.
        arguments: after the parameters, or after the optimizer.
        schedule: whether it is a schedule.
    """

    name: str
    arguments: str
    schedule: bool

    @property
    def made(self) -> str:
        """The text that makes it."""
        return (schedule_call if self.schedule else optimizer_call)(self.name, self.arguments)

    @property
    def metric(self) -> str:
        """What the schedule's step is given."""
        return "value" if self.name == "ReduceLROnPlateau" else ""


def source(entries: Sequence[Entry]) -> str:
    """The Torch file: a generator function for each entry."""
    text = HEAD
    for number, entry in enumerate(entries):
        form = RATES if entry.schedule else UPDATES
        text += form.format(number=number, made=entry.made, metric=entry.metric)
    return text


def entry_at(text: str) -> dict[int, int]:
    """The number of the entry on each line of the generated file, counted from 1."""
    found: dict[int, int] = {}
    current = -1
    for line, content in enumerate(text.splitlines(), start=1):
        if match := re.match(r"def entry_(\d+)", content):
            current = int(match[1])
        if current >= 0:
            found[line] = current
    return found


def starts(seed: int) -> list[Array]:
    """The parameters before the first step."""
    draw = np.random.default_rng(seed)
    return [draw.standard_normal(shape).astype(np.float32) for shape in SHAPES]


def gradients(seed: int, steps: int) -> list[list[Array | None]]:
    """For each step the gradients of all parameters, of very different sizes; None: the parameter is not used."""
    draw = np.random.default_rng(seed + 1)
    found: list[list[Array | None]] = []
    for step in range(steps):
        scale = 10.0 ** draw.uniform(-3, 1)
        row: list[Array | None] = [(scale * draw.standard_normal(shape)).astype(np.float32) for shape in SHAPES]
        if step < UNUSED_STEPS:
            row[2] = None
        found.append(row)
    return found


def measurements(seed: int, steps: int) -> list[float]:
    """What a schedule that watches a figure is given: it falls, and stays."""
    draw = np.random.default_rng(seed + 2)
    return [float(max(1.0 - 0.2 * step, 0.4) + 0.01 * draw.random()) for step in range(steps)]
