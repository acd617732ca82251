"""Seeds and generators."""

from __future__ import annotations

import os
from typing import Any

import jittor as jt
import numpy as np

# The generator of random orders (shuffling, splitting).  Torch draws those and the values of tensors from one
# generator; Jittor's cannot be drawn from on the host, so orders have one of their own, seeded together with it.
HOST_RANDOM = {"seed": 0, "orders": np.random.default_rng()}


def manual_seed(seed: Any) -> Any:
    """``torch.manual_seed``: seeds Jittor's generator and that of random orders; returns the default generator.

    Unlike ``jt.set_global_seed`` it leaves Python's and NumPy's generators alone, as Torch does.  The numbers drawn
    are not those that Torch draws from the same seed.
    """
    seed = int(seed)
    jt.sync_all()  # Jittor draws late: what was asked for before must not draw from the new seed
    jt.set_seed(seed % 2**31)
    HOST_RANDOM["seed"] = seed
    HOST_RANDOM["orders"] = np.random.default_rng(seed % 2**64)
    return default_generator


def manual_seed_all(seed: Any) -> Any:
    """``torch.cuda.manual_seed`` and ``manual_seed_all``: one generator serves all devices here.

    In Torch they leave the CPU's generator alone.  Without CUDA this does nothing, as in Torch.
    """
    if jt.flags.use_cuda:
        jt.set_seed(int(seed) % 2**31)


def seed() -> Any:
    """``torch.seed``: a seed from the operating system; returns it."""
    chosen = int.from_bytes(os.urandom(8), "little") >> 1
    manual_seed(chosen)
    return chosen


def initial_seed() -> Any:
    """``torch.initial_seed``: the seed given last."""
    return HOST_RANDOM["seed"]


class Generator:
    """``torch.Generator``: a generator with a seed of its own, for random orders and tensors of random values.

    Jittor's own generator serves the whole program; what asks for this one draws from NumPy's.
    """

    def __init__(self, device: Any = None) -> None:
        self.seeded = 67280421310721
        self.orders = np.random.default_rng(self.seeded)

    def manual_seed(self, seed: Any) -> Any:
        self.seeded = int(seed)
        self.orders = np.random.default_rng(self.seeded % 2**64)
        return self

    def initial_seed(self) -> Any:
        return self.seeded

    def seed(self) -> Any:
        self.manual_seed(int.from_bytes(os.urandom(8), "little") >> 1)
        return self.seeded


class DefaultGenerator(Generator):
    """``torch.default_generator``: what ``manual_seed`` seeds."""

    def __init__(self) -> None:
        pass

    def manual_seed(self, seed: Any) -> Any:
        manual_seed(seed)
        return self

    def initial_seed(self) -> Any:
        return HOST_RANDOM["seed"]

    def seed(self) -> Any:
        return seed()


default_generator = DefaultGenerator()


def own_orders(generator: Any = None) -> Any:
    """The NumPy generator of a generator object with a seed of its own; None for the default one."""
    return getattr(generator, "orders", None)


def order_generator(generator: Any = None) -> Any:
    """The NumPy generator behind a generator object, or the default one."""
    return getattr(generator, "orders", None) or HOST_RANDOM["orders"]
