"""The Jittor side: ``jt.random``, and the NumPy generators behind random orders, give what Torch drew."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import jittor as jt
import numpy as np

from parity.arrays import Array
from parity.randomness.matching import Matcher, Request
from parity.randomness.meanings import HELPERS, called
from parity.randomness.modules import RunningModules, being_made
from parity.randomness.tape import load_tape

JITTOR = str(Path(jt.__file__).parent)


class Player:
    """A tape that is played; see :func:`parity.randomness.replay`.

    Attributes:
        running: the modules that are being called.
    """

    def __init__(self, model: Any, path: Path) -> None:
        self._matcher = Matcher(load_tape(path))
        self.running = RunningModules()
        self.running.listeners.append(self._enter)
        self._entered: dict[str, list[int]] = {}
        self._repeating = False
        self._model = model
        self._restore: list[tuple[Any, str, Any]] = []

    def attach(self, model: Any, prefix: str = "") -> None:
        """Draws inside the modules of this model go by their paths, with a prefix, from now on."""
        self.running.watch(model, prefix)
        self._matcher.knows(self.running.classes)

    def __enter__(self) -> Player:
        if self._model is not None:
            self.attach(self._model)
        original = jt.random

        def random(shape: Any, dtype: Any = "float32", type: str = "uniform") -> Any:
            given = self._numbers(tuple(int(n) for n in shape), type, sys._getframe(1))
            return original(shape, dtype, type) if given is None else given

        self._put(jt, "random", random)
        for module in list(sys.modules.values()):
            file = module.__dict__.get("__file__") or ""
            if Path(str(file)).name == HELPERS and "order_generator" in module.__dict__:
                self._put(module, "order_generator", self._ordering(module.__dict__["order_generator"]))
        for loader in (jt.dataset.Dataset, jt.dataset.RandomSampler):
            loader._shuffle_rng = property(self._shuffler, _keep_shuffler)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for owner, name, original in reversed(self._restore):
            setattr(owner, name, original)
        self._restore.clear()
        for loader in (jt.dataset.Dataset, jt.dataset.RandomSampler):
            del loader._shuffle_rng
        self.running.release()

    def _put(self, owner: Any, name: str, value: Any) -> None:
        self._restore.append((owner, name, getattr(owner, name)))
        setattr(owner, name, value)

    def _numbers(self, shape: tuple[int, ...], distribution: str, frame: Any) -> Any:
        by = called(frame, distribution, JITTOR)
        if by.internal or being_made(frame, jt.nn.Module):
            return None
        meaning = by.meaning
        wanted = shape if meaning.shape is None else meaning.shape(by.found)
        limits = {n: float(v) for n, v in meaning.limits(by.found).items() if isinstance(v, (int, float))}
        also = ("bernoulli",) if meaning.kind == "uniform" else ()
        path = self.running.path
        request = Request(path, meaning.kind, by.name, wanted, meaning.drops, limits, by.place, also, by.filling)
        draw = self._matcher.next(request)
        if draw is None:
            return None
        numbers = by.numbers(draw)
        made = jt.array(np.ascontiguousarray(numbers.reshape(shape), dtype=np.float32))
        made.stop_grad()
        return made

    def _order(self, n: int) -> Array | None:
        request = Request(self.running.path, "permutation", "permutation", (n,))
        draw = self._matcher.next(request)
        return None if draw is None else np.asarray(draw.values)

    def _ordering(self, original: Any) -> Any:
        def order_generator(generator: Any = None) -> Any:
            return _Orders(original(generator), self)

        return order_generator

    def _shuffler(self, loader: Any) -> Any:
        return _Orders(loader.__dict__["_shuffle_rng"], self)

    def _enter(self, path: str, args: tuple[Any, ...]) -> None:
        if not self._repeating:
            self._entered.setdefault(path, []).append(self._matcher.moment)

    @contextmanager
    def repeating(self, path: str, index: int) -> Iterator[None]:
        """While open, draws are those that the call number ``index`` of a module had (counted from 0)."""
        moments = self._entered.get(path, [])
        moment = moments[index] if index < len(moments) else self._matcher.moment
        self._repeating = True
        try:
            with self._matcher.again(moment):
                yield
        finally:
            self._repeating = False

    def problems(self) -> list[str]:
        """What differs between the draws of both sides, as sentences."""
        return self._matcher.problems()

    def notes(self) -> list[str]:
        """How draws were matched where both programs are written differently."""
        return self._matcher.notes()


class _Orders:
    """A NumPy generator whose permutations are Torch's."""

    def __init__(self, generator: Any, player: Player) -> None:
        self._generator = generator
        self._player = player

    def permutation(self, x: Any) -> Any:
        """A random order of 0..x-1 or of a sequence."""
        items = np.arange(x) if isinstance(x, int | np.integer) else np.asarray(x)
        order = self._player._order(len(items))
        return self._generator.permutation(x) if order is None else items[order]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._generator, name)


def _keep_shuffler(loader: Any, generator: Any) -> None:
    loader.__dict__["_shuffle_rng"] = generator
