"""Torch behind the interface of :class:`jack.frameworks.Framework`."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from jack.frameworks import Array, FrameworkError, positions, split_state, torch_processes

COUNT = "step"  # a float tensor in Torch's optimizers


class TorchSide:
    """See :class:`jack.frameworks.Framework`."""

    name = "torch"

    def __init__(self) -> None:
        self.device = "cpu"
        self.rank, self.ranks = 0, 1

    def start(self, device: str, threads: int) -> None:
        if device == "cuda" and not torch.cuda.is_available():
            raise FrameworkError("--device cuda: Torch finds no CUDA device; use --device cpu")
        self.device = device
        if threads:
            torch.set_num_threads(threads)
        self.rank, self.ranks = torch_processes.join()
        if device == "cuda" and self.ranks > 1:
            torch.cuda.set_device(self.rank % torch.cuda.device_count())

    def version(self) -> str:
        return str(torch.__version__)

    def seed(self, value: int) -> None:
        random.seed(value)
        np.random.seed(value % 2**32)
        torch.manual_seed(value)

    def place(self, model: Any) -> Any:
        return model.to(self.device)

    def weights(self, model: Any) -> dict[str, Array]:
        return {name: _array(value) for name, value in model.state_dict().items()}

    def optimizer_state(self, model: Any, optimizer: Any) -> dict[str, Array]:
        held = optimizer.state_dict()["state"]
        found: dict[str, Array] = {}
        for name, place in positions(model, optimizer).items():
            for slot, value in held.get(place, {}).items():
                if slot == COUNT:
                    found[f"{name}/{slot}"] = np.array(int(value), dtype=np.int64)
                elif value is not None:
                    found[f"{name}/{slot}"] = _array(value)
        return found

    def load_optimizer_state(self, model: Any, optimizer: Any, state: Mapping[str, Array]) -> None:
        places, loaded = positions(model, optimizer), optimizer.state_dict()
        for name, slots in split_state(state).items():
            if name not in places:
                raise ValueError(f"the optimizer has no parameter {name}")
            loaded["state"][places[name]] = {slot: _slot(slot, array) for slot, array in slots.items()}
        optimizer.load_state_dict(loaded)

    def finish(self) -> None:
        if self.device == "cuda":
            torch.cuda.synchronize()

    def share(self, model: Any, optimizer: Any, norms: bool) -> None:
        torch_processes.share_gradients(optimizer)
        if norms:
            torch_processes.share_norms(model)

    def agree(self, figures: Mapping[str, float]) -> dict[str, float]:
        return torch_processes.average(figures) if self.ranks > 1 else dict(figures)


def _array(value: torch.Tensor) -> Array:
    array: Array = value.detach().cpu().numpy().copy()
    return array


def _slot(slot: str, array: Array) -> torch.Tensor:
    if slot == COUNT:
        return torch.tensor(float(array.reshape(())), dtype=torch.float32)
    return torch.from_numpy(np.array(array))


SIDE = TorchSide()
