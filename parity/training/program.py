"""The little training that is written around a user's model, in Torch for the converter, in Jittor around a port."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from parity.training.spec import Call

FUNCTION = "jack_parity_training"
TORCH_PLACES = {"loss": "torch.nn.functional", "optimizer": "torch.optim", "scheduler": "torch.optim.lr_scheduler"}
JITTOR_PLACES = {"loss": "jittor.nn", "optimizer": "jittor.optim", "scheduler": "jittor.lr_scheduler"}

_TORCH = """

import torch
{imports}

def {function}(batches):
    model = {made}
    model.train()
    optimizer = torch.optim.{optimizer}
{scheduler}    yield model
    for {names} in batches:
        optimizer.zero_grad()
        loss = {loss}
        loss.backward()
        optimizer.step()
{step}        yield {{"loss": loss}}
"""

_JITTOR = """

import jittor
import jittor.lr_scheduler
{imports}

def {function}(batches):
    model = {made}
    model.train()
    optimizer = {optimizer}
{scheduler}    yield model
    for {names} in batches:
        loss = {loss}
        optimizer.step(loss)
{step}        yield {{"loss": loss}}
"""


@dataclass(frozen=True)
class Training:
    """A model with what trains it, as texts.

    Attributes:
        name, arguments: of the model's class, or of the function that makes it.
        loss: a function of ``torch.nn.functional`` (``jittor.nn``), or one of the user's.
        optimizer: a class of ``torch.optim`` (``jittor.optim``).
        scheduler: a class of ``torch.optim.lr_scheduler`` (``jittor.lr_scheduler``), stepped after each step.
    """

    name: str
    arguments: str
    loss: Call
    optimizer: Call
    scheduler: Call | None


def torch_text(training: Training, names: Iterable[str], module: str) -> str:
    """What is appended to the user's file.

    Args:
        training: see there.
        names: of the arrays of a batch.
        module: the file's dotted name; a loss of another file is imported.
    """
    loss = training.loss
    function = loss.name if loss.target else f"torch.nn.functional.{loss.name}"
    scheduler = _after("torch.optim.lr_scheduler.", training.scheduler, "optimizer")
    optimizer = _after("", training.optimizer, "model.parameters()")
    return _fill(_TORCH, training, names, module, function, optimizer, scheduler)


def jittor_text(training: Training, names: Iterable[str], module: str) -> str:
    """The same around a port, as a program by hand is written: stock classes, ``optimizer.step(loss)``."""
    loss = training.loss
    function = loss.name if loss.target else f"jittor.nn.{loss.name}"
    scheduler = ""
    if training.scheduler is not None:
        name = training.scheduler.name
        place = "jittor.optim." if name == "LambdaLR" else "jittor.lr_scheduler."
        scheduler = _after(place, training.scheduler, "optimizer")
    optimizer = _after("jittor.optim.", training.optimizer, "model.parameters()")
    return _fill(_JITTOR, training, names, module, function, optimizer, scheduler)


def needs(training: Training, prefix: str) -> tuple[tuple[str, str, str], ...]:
    """What must be there, as (option, module, name).

    Args:
        training: see there.
        prefix: of the options: "" for Torch's, ``jittor-`` for those of a port.
    """
    places = JITTOR_PLACES if prefix else TORCH_PLACES
    found = [("", "", training.name), (f"--{prefix}optimizer", places["optimizer"], training.optimizer.name)]
    if training.loss.target is None:
        found.append((f"--{prefix}loss", places["loss"], training.loss.name))
    if training.scheduler is not None:
        place = "jittor.optim" if prefix and training.scheduler.name == "LambdaLR" else places["scheduler"]
        found.append((f"--{prefix}scheduler", place, training.scheduler.name))
    return tuple(found)


def _after(place: str, call: Call | None, first: str) -> str:
    """The text of a call whose first argument is given."""
    if call is None:
        return ""
    return f"{place}{call.name}({first}{', ' if call.arguments else ''}{call.arguments})"


def _fill(
    form: str, training: Training, names: Iterable[str], module: str, function: str, optimizer: str, scheduler: str
) -> str:
    given = list(names)
    inputs = [_argument(name, "input_") for name in given if name.startswith("input_")]
    targets = [_argument(name, "target_") for name in given if name.startswith("target_")]
    loss = training.loss
    last = [loss.arguments] if loss.arguments else []
    told = ", ".join([f"model({', '.join(inputs)})", *targets, *last])
    imported = loss.target is not None and loss.target.module != module
    plateau = training.scheduler is not None and training.scheduler.name == "ReduceLROnPlateau"
    return form.format(
        function=FUNCTION,
        imports=f"from {loss.target.module} import {loss.name}\n" if imported and loss.target else "",
        made=f"{training.name}({training.arguments}\n    )",
        optimizer=optimizer,
        scheduler=f"    scheduler = {scheduler}\n" if scheduler else "",
        names=", ".join(given) + ("," if len(given) == 1 else ""),
        loss=f"{function}({told})",
        step=f"        scheduler.step({'loss.item()' if plateau else ''})\n" if scheduler else "",
    )


def _argument(name: str, kind: str) -> str:
    """``input_0`` is positional, ``input_mask`` the keyword ``mask``."""
    last = name[len(kind) :]
    return name if last.isdigit() else f"{last}={name}"
