"""How long the steps of a training take, and how much of it they wait for data."""

from __future__ import annotations

import time

from jack.datasets.batches import Batches


class StepClock:
    """Times steps: everything from one step's end to the next one's, without evaluations and saves.

    Args:
        batches: of the training; they know how long they were waited for.
    """

    def __init__(self, batches: Batches[object]) -> None:
        self.batches = batches
        self.seconds = self.waited = 0.0  # since `clear`
        self.start()

    def start(self) -> None:
        """A step begins: its data will be asked for."""
        self.began, self.waited_before = time.monotonic(), self.batches.waited

    def stop(self) -> dict[str, float]:
        """A step has ended; its ``seconds``, and how many of these it ``waited`` for data."""
        seconds, waited = time.monotonic() - self.began, self.batches.waited - self.waited_before
        self.seconds += seconds
        self.waited += waited
        return {"seconds": seconds, "waited": waited}

    def clear(self) -> None:
        """Begin new sums."""
        self.seconds = self.waited = 0.0

    @property
    def share(self) -> float:
        """Share of the time since :meth:`clear` that went by waiting, 0 to 1."""
        return self.waited / self.seconds if self.seconds else 0.0
