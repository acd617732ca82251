"""Batches of a data set, read and decoded by worker processes."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from functools import partial
from multiprocessing import get_context, parent_process
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from jack.datasets.clips import Bytes, erased_clips, read_clip, read_clips
from jack.datasets.video_emotion import Batch, VideoEmotion
from jack.errors import DatasetError

B = TypeVar("B")
B_co = TypeVar("B_co", covariant=True)


class Readable(Protocol[B_co]):
    """A data set that can be read in any order and by any process; it is sent to the workers."""

    def __len__(self) -> int: ...

    def read(self, index: int, draw: random.Random) -> Any:
        """One sample.

        Raises:
            DatasetError: if its files are missing or damaged.
        """

    def collate(self, items: Sequence[Any]) -> B_co:
        """Samples as a batch."""


_dataset: Readable[Any] | None = None  # of a worker process


class Batches(Generic[B]):
    """The samples of a data set in batches; a context manager, so that its workers end with it.

    What is drawn for a sample depends on seed, epoch and sample alone, not on the workers or on where an epoch starts:
    a run that is resumed sees what the uninterrupted one would have seen.

    Args:
        dataset: what to read.
        batch_size: samples of a batch; the last one may be smaller.
        seed: of order and sampling.
        shuffle: a new order each epoch, instead of the annotation's (which may be sorted by class).
        drop_last: leave an incomplete last batch out.  For training only: in evaluation it would lose samples.
        workers: processes that decode; 0 decodes in this one.
        ahead: batches to decode in advance.
        rank: which of ``ranks`` processes that train together this is; each reads its own equal part of every batch.
        ranks: how many these are.
        on_bad: is told of a sample that cannot be read, which is then left out of its batch; None lets the error pass.
        chosen: which samples of the data set, all if None.

    Attributes:
        waited: seconds that whoever uses the batches has spent waiting for samples, the erased ones as well.
    """

    def __init__(
        self,
        dataset: Readable[B],
        batch_size: int,
        seed: int = 0,
        shuffle: bool = False,
        drop_last: bool = False,
        workers: int = 0,
        ahead: int = 2,
        rank: int = 0,
        ranks: int = 1,
        on_bad: Callable[[DatasetError], None] | None = None,
        chosen: Sequence[int] | None = None,
    ) -> None:
        if batch_size < 1 or workers < 0 or ahead < 0:
            raise ValueError(f"batch_size {batch_size}, workers {workers} or ahead {ahead} is out of range")
        if not 0 <= rank < ranks or batch_size % ranks or (ranks > 1 and not drop_last):
            raise ValueError(f"{ranks} processes cannot share batches of {batch_size} equally (drop_last: {drop_last})")
        self.chosen = list(range(len(dataset))) if chosen is None else list(chosen)
        if drop_last and batch_size > len(self.chosen):
            raise DatasetError(
                f"{len(self.chosen)} samples make no whole batch of {batch_size}: use a smaller batch size"
            )
        self.dataset, self.batch_size, self.seed = dataset, batch_size, seed
        self.shuffle, self.drop_last, self.ahead, self.on_bad = shuffle, drop_last, ahead, on_bad
        self.waited = 0.0
        self.share = slice(batch_size // ranks * rank, batch_size // ranks * (rank + 1))
        # Not forked: Torch and Jittor have threads by now.
        self.pool = ProcessPoolExecutor(workers, get_context("spawn"), _start_worker, (dataset,)) if workers else None

    def __len__(self) -> int:
        return len(self.indices(0))

    def __enter__(self) -> Batches[B]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the workers."""
        if self.pool:
            self.pool.shutdown(wait=True, cancel_futures=True)

    def indices(self, epoch: int) -> list[list[int]]:
        """Which samples make each batch of an epoch."""
        order = list(self.chosen)
        if self.shuffle:
            random.Random(f"order {self.seed} {epoch}").shuffle(order)
        parts = [order[start : start + self.batch_size] for start in range(0, len(order), self.batch_size)]
        return [part for part in parts if not self.drop_last or len(part) == self.batch_size]

    def epoch(self, epoch: int, first: int = 0) -> Iterator[B]:
        """The batches of an epoch, or this rank's part of them, from number ``first`` on.

        Raises:
            DatasetError: if files are missing or damaged, unless ``on_bad`` takes it.
        """
        return (batch for _, batch in self.numbered(epoch, first) if batch is not None)

    def numbered(self, epoch: int, first: int = 0) -> Iterator[tuple[int, B | None]]:
        """:meth:`epoch` with the number of each batch; None stands for one of which no sample can be read."""
        with closing(self._read_ahead(epoch, first)) as batches:
            while True:
                with self._waiting():
                    found = next(batches, None)
                if found is None:
                    return
                yield found

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            self.waited += time.monotonic() - began

    def _read_ahead(self, epoch: int, first: int) -> Generator[tuple[int, B | None], None, None]:
        parts = [part[self.share] for part in self.indices(epoch)[first:]]
        if not self.pool:
            for number, part in enumerate(parts, start=first):
                reads = [partial(_read, self.dataset, *self._place(epoch, index)) for index in part]
                yield number, self._batch(reads)
            return
        waiting: deque[tuple[int, list[Future[Any]]]] = deque()
        try:
            for number, part in enumerate(parts, start=first):
                waiting.append((number, [self.pool.submit(_read_in_worker, *self._place(epoch, i)) for i in part]))
                if len(waiting) > self.ahead:
                    yield self._awaited(*waiting.popleft())
            while waiting:
                yield self._awaited(*waiting.popleft())
        except BrokenProcessPool as error:
            raise DatasetError("a process that reads the data was ended (out of memory?): use fewer workers") from error
        finally:
            for future in [future for _, batch in waiting for future in batch]:
                future.cancel()

    def _awaited(self, number: int, futures: Sequence[Future[Any]]) -> tuple[int, B | None]:
        return number, self._batch([future.result for future in futures])

    def erased_reader(self, batch: Batch, draw: random.Random | None = None) -> Callable[[NDArray[np.bool_]], Bytes]:
        """What reads a batch's videos once more, without the segments that erasing takes away (CTEN).

        The function takes the segments to keep, B x L, and returns frames, B x L x 3 x T x H x W, read by the workers.
        With ``draw`` it samples and augments as in training, anew at each call; without, everything is the middle.
        A video that cannot be read is told to ``on_bad`` and keeps the frames that it has.
        """

        def read(keep: NDArray[np.bool_]) -> Bytes:
            assert isinstance(self.dataset, VideoEmotion)
            clips = erased_clips(batch.folders, batch.n_frames, keep, self.dataset.shape, draw)
            with self._waiting():
                if self.on_bad is None:
                    return read_clips(clips, self.pool)
                reads = [self.pool.submit(read_clip, c).result if self.pool else partial(read_clip, c) for c in clips]
                return np.stack([self._unless_bad(read, whole) for read, whole in zip(reads, batch.visual)])

        return read

    def _unless_bad(self, read: Callable[[], Bytes], whole: Bytes) -> Bytes:
        """What is read, or the video as it was read first if that fails: its label and sound are in the batch."""
        assert self.on_bad is not None
        try:
            return read()
        except DatasetError as error:
            self.on_bad(error)
            return whole

    def _place(self, epoch: int, index: int) -> tuple[int, str]:
        return index, f"item {self.seed} {epoch} {index}"

    def _batch(self, reads: Sequence[Callable[[], Any]]) -> B | None:
        items = []
        for read in reads:
            try:
                items.append(read())
            except DatasetError as error:
                if self.on_bad is None:
                    raise
                self.on_bad(error)
        return self.dataset.collate(items) if items else None


def _read(dataset: Readable[Any], index: int, seed: str) -> Any:
    # The last bits of a matrix product depend on the threads that share it, and a worker has not those of the main
    # process: the spectrum of a sound would depend on who reads it.
    with threadpool_limits(limits=1, user_api="blas"):
        return dataset.read(index, random.Random(seed))


def _start_worker(dataset: Readable[Any]) -> None:
    global _dataset
    _dataset = dataset
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's to handle
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A main process that is killed (kill -9) tells nobody: without this its workers would wait for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _read_in_worker(index: int, seed: str) -> Any:
    assert _dataset is not None
    return _read(_dataset, index, seed)
