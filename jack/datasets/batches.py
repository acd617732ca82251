"""Batches of a video data set, decoded by worker processes."""

from __future__ import annotations

import random
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from jack.datasets.clips import Bytes, erased_clips, read_clips
from jack.datasets.video_emotion import Batch, Item, VideoEmotion, collate
from jack.errors import DatasetError

_dataset: VideoEmotion | None = None  # of a worker process


class Batches:
    """The videos of a data set in batches; a context manager, so that its workers end with it.

    What is drawn for a video depends on seed, epoch and video alone, not on the workers or on where an epoch starts:
    a run that is resumed sees what the uninterrupted one would have seen.

    Args:
        dataset: what to read.
        batch_size: videos of a batch; the last one may be smaller.
        seed: of order and sampling.
        shuffle: a new order each epoch, instead of the annotation's (which may be sorted by class).
        drop_last: leave an incomplete last batch out.  For training only: in evaluation it would lose videos.
        workers: processes that decode; 0 decodes in this one.
        ahead: batches to decode in advance.
        rank: which of ``ranks`` processes that train together this is; each reads its own equal part of every batch.
        ranks: how many these are.
        on_bad: is told of a video that cannot be read, which is then left out of its batch; None lets the error pass.
    """

    def __init__(
        self,
        dataset: VideoEmotion,
        batch_size: int,
        seed: int = 0,
        shuffle: bool = False,
        drop_last: bool = False,
        workers: int = 0,
        ahead: int = 2,
        rank: int = 0,
        ranks: int = 1,
        on_bad: Callable[[DatasetError], None] | None = None,
    ) -> None:
        if batch_size < 1 or workers < 0 or ahead < 0:
            raise ValueError(f"batch_size {batch_size}, workers {workers} or ahead {ahead} is out of range")
        if not 0 <= rank < ranks or batch_size % ranks or (ranks > 1 and not drop_last):
            raise ValueError(f"{ranks} processes cannot share batches of {batch_size} equally (drop_last: {drop_last})")
        if drop_last and batch_size > len(dataset):
            raise DatasetError(f"{len(dataset)} videos make no whole batch of {batch_size}: use a smaller batch size")
        self.dataset, self.batch_size, self.seed = dataset, batch_size, seed
        self.shuffle, self.drop_last, self.ahead, self.on_bad = shuffle, drop_last, ahead, on_bad
        self.share = slice(batch_size // ranks * rank, batch_size // ranks * (rank + 1))
        # Not forked: Torch and Jittor have threads by now.
        self.pool = ProcessPoolExecutor(workers, get_context("spawn"), _start_worker, (dataset,)) if workers else None

    def __len__(self) -> int:
        return len(self.indices(0))

    def __enter__(self) -> Batches:
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
        """Which videos make each batch of an epoch."""
        order = list(range(len(self.dataset)))
        if self.shuffle:
            random.Random(f"order {self.seed} {epoch}").shuffle(order)
        parts = [order[start : start + self.batch_size] for start in range(0, len(order), self.batch_size)]
        return [part for part in parts if not self.drop_last or len(part) == self.batch_size]

    def epoch(self, epoch: int, first: int = 0) -> Iterator[Batch]:
        """The batches of an epoch, or this rank's part of them, from number ``first`` on.

        Raises:
            DatasetError: if media are missing or damaged, unless ``on_bad`` takes it.
        """
        parts = [part[self.share] for part in self.indices(epoch)[first:]]
        if not self.pool:
            for part in parts:
                yield from self._batch([partial(_read, self.dataset, *self._place(epoch, index)) for index in part])
            return
        waiting: deque[list[Future[Item]]] = deque()
        try:
            for part in parts:
                waiting.append([self.pool.submit(_read_in_worker, *self._place(epoch, index)) for index in part])
                if len(waiting) > self.ahead:
                    yield from self._batch([future.result for future in waiting.popleft()])
            while waiting:
                yield from self._batch([future.result for future in waiting.popleft()])
        except BrokenProcessPool as error:
            raise DatasetError("a process that decodes videos was ended (out of memory?): use fewer workers") from error
        finally:
            for future in [future for batch in waiting for future in batch]:
                future.cancel()

    def erased_reader(self, batch: Batch, draw: random.Random | None = None) -> Callable[[NDArray[np.bool_]], Bytes]:
        """What reads a batch's videos once more, without the segments that erasing takes away (CTEN).

        The function takes the segments to keep, B x L, and returns frames, B x L x 3 x T x H x W, read by the workers.
        With ``draw`` it samples and augments as in training, anew at each call; without, everything is the middle.
        """

        def read(keep: NDArray[np.bool_]) -> Bytes:
            clips = erased_clips(batch.folders, batch.n_frames, keep, self.dataset.shape, draw)
            return read_clips(clips, self.pool)

        return read

    def _place(self, epoch: int, index: int) -> tuple[int, str]:
        return index, f"item {self.seed} {epoch} {index}"

    def _batch(self, reads: Sequence[Callable[[], Item]]) -> Iterator[Batch]:
        items = []
        for read in reads:
            try:
                items.append(read())
            except DatasetError as error:
                if self.on_bad is None:
                    raise
                self.on_bad(error)
        if items:
            yield collate(items)


def _read(dataset: VideoEmotion, index: int, seed: str) -> Item:
    return dataset.read(index, random.Random(seed))


def _start_worker(dataset: VideoEmotion) -> None:
    global _dataset
    _dataset = dataset
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's to handle


def _read_in_worker(index: int, seed: str) -> Item:
    assert _dataset is not None
    return _read(_dataset, index, seed)
