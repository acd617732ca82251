"""``torch.utils.data``: datasets, samplers and the loader."""

from __future__ import annotations

import bisect
import collections
import itertools
import math
from concurrent import futures
from typing import Any

import jittor as jt
import numpy as np

from converter.helpers.library.random_state import order_generator
from converter.helpers.library.shapes import concat, row_of


class Dataset:
    """``torch.utils.data.Dataset``.  Jittor's own is a loader too: its length is a number of batches or of items."""

    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")

    def __class_getitem__(cls, item: Any) -> Any:
        return cls

    def __add__(self, other: Any) -> Any:
        return ConcatDataset([self, other])


class IterableDataset(Dataset):
    """``torch.utils.data.IterableDataset``: a stream of items."""

    def __iter__(self) -> Any:
        raise NotImplementedError("Subclasses of IterableDataset should implement __iter__.")

    def __add__(self, other: Any) -> Any:
        return ChainDataset([self, other])


class ChainDataset(IterableDataset):
    """``torch.utils.data.ChainDataset``: streams one after another."""

    def __init__(self, datasets: Any) -> None:
        self.datasets = datasets

    def __iter__(self) -> Any:
        return itertools.chain.from_iterable(self.datasets)

    def __len__(self) -> Any:
        return sum(len(d) for d in self.datasets)


class TensorDataset(Dataset):
    """``torch.utils.data.TensorDataset``: the rows of tensors of equal length."""

    def __init__(self, *tensors: Any) -> None:
        if any(t.shape[0] != tensors[0].shape[0] for t in tensors):
            raise AssertionError("Size mismatch between tensors")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> Any:
        # A row of a one-dimensional tensor has no dimension in Torch; here it has one element and says so.
        return tuple(row_of(t, index) for t in self.tensors)

    def __len__(self) -> Any:
        return int(self.tensors[0].shape[0])


class Subset(Dataset):
    """``torch.utils.data.Subset``."""

    def __init__(self, dataset: Any, indices: Any) -> None:
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __len__(self) -> Any:
        return len(self.indices)


class ConcatDataset(Dataset):
    """``torch.utils.data.ConcatDataset``."""

    def __init__(self, datasets: Any) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("datasets should not be an empty iterable")
        self.cumulative_sizes = list(itertools.accumulate(len(d) for d in self.datasets))

    def __len__(self) -> Any:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: Any) -> Any:
        if index < 0:
            if -index > len(self):
                raise ValueError("absolute value of index should not exceed dataset length")
            index += len(self)
        which = bisect.bisect_right(self.cumulative_sizes, index)
        return self.datasets[which][index - (self.cumulative_sizes[which - 1] if which else 0)]


def random_split(dataset: Any, lengths: Any, generator: Any = None) -> Any:
    """``torch.utils.data.random_split``: disjoint random subsets of the given lengths (or fractions).

    The sizes are Torch's; which items fall into which part is drawn by another generator.
    """
    lengths = list(lengths)
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1 or any(isinstance(n, float) for n in lengths):
        sizes = [math.floor(len(dataset) * fraction) for fraction in lengths]
        for i in range(len(dataset) - sum(sizes)):
            sizes[i % len(sizes)] += 1
        lengths = sizes
    if sum(lengths) != len(dataset):
        raise ValueError("Sum of input lengths does not equal the length of the input dataset!")
    indices = order_generator(generator).permutation(len(dataset)).tolist()
    ends = list(itertools.accumulate(lengths))
    return [Subset(dataset, indices[end - n : end]) for end, n in zip(ends, lengths)]


class Sampler:
    """``torch.utils.data.Sampler``: an iterable of indices."""

    def __init__(self, data_source: Any = None) -> None:
        pass

    def __class_getitem__(cls, item: Any) -> Any:
        return cls

    def __iter__(self) -> Any:
        raise NotImplementedError


class SequentialSampler(Sampler):
    """``torch.utils.data.SequentialSampler``."""

    def __init__(self, data_source: Any) -> None:
        self.data_source = data_source

    def __iter__(self) -> Any:
        return iter(range(len(self.data_source)))

    def __len__(self) -> Any:
        return len(self.data_source)


class RandomSampler(Sampler):
    """``torch.utils.data.RandomSampler``; its orders follow ``manual_seed`` but are not Torch's."""

    def __init__(
        self, data_source: Any, replacement: Any = False, num_samples: Any = None, generator: Any = None
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self.wanted = num_samples
        self.generator = generator

    @property
    def num_samples(self) -> Any:
        return len(self.data_source) if self.wanted is None else self.wanted

    def __iter__(self) -> Any:
        n, orders = len(self.data_source), order_generator(self.generator)
        if self.replacement:
            return iter(orders.integers(0, n, self.num_samples).tolist())
        rounds = -(-self.num_samples // n) if n else 0
        drawn = itertools.chain.from_iterable(orders.permutation(n).tolist() for _ in range(rounds))
        return itertools.islice(drawn, self.num_samples)

    def __len__(self) -> Any:
        return self.num_samples


class SubsetRandomSampler(Sampler):
    """``torch.utils.data.SubsetRandomSampler``."""

    def __init__(self, indices: Any, generator: Any = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Any:
        return iter([self.indices[i] for i in order_generator(self.generator).permutation(len(self.indices)).tolist()])

    def __len__(self) -> Any:
        return len(self.indices)


class WeightedRandomSampler(Sampler):
    """``torch.utils.data.WeightedRandomSampler``."""

    def __init__(self, weights: Any, num_samples: Any, replacement: Any = True, generator: Any = None) -> None:
        values = weights.numpy() if isinstance(weights, jt.Var) else weights
        self.weights = np.asarray(values, dtype=np.float64).reshape(-1)
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Any:
        share = self.weights / self.weights.sum()
        drawn = order_generator(self.generator).choice(len(share), self.num_samples, self.replacement, share)
        return iter(drawn.tolist())

    def __len__(self) -> Any:
        return self.num_samples


class BatchSampler(Sampler):
    """``torch.utils.data.BatchSampler``: lists of indices."""

    def __init__(self, sampler: Any, batch_size: Any, drop_last: Any) -> None:
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Any:
        indices = iter(self.sampler)
        while batch := list(itertools.islice(indices, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def __len__(self) -> Any:
        n = len(self.sampler)
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)


def default_collate(batch: Any) -> Any:
    """``torch.utils.data.default_collate``: a list of items becomes an item of batches.

    Torch stacks tensors without dimensions to one dimension.  Jittor's have one element: those marked as scalars
    (rows of a TensorDataset) are treated like Torch's, any other tensor of shape [1] becomes a column.
    """
    first = batch[0]
    if isinstance(first, jt.Var):
        return jt.concat(batch) if getattr(first, "is_scalar", False) else concat([t.unsqueeze(0) for t in batch])
    if isinstance(first, np.ndarray | np.generic):
        if isinstance(first, np.ndarray) and first.dtype.kind in "SUO":
            raise TypeError(f"default_collate: batch must not contain arrays of {first.dtype}")
        stacked = np.stack([np.asarray(b) for b in batch])
        return jt.array(stacked, dtype=str(stacked.dtype))
    if isinstance(first, bool):
        return jt.array(np.array(batch, dtype=bool))
    if isinstance(first, float):
        return jt.array(np.array(batch, dtype=np.float64), dtype="float64")
    if isinstance(first, int):
        return jt.array(np.array(batch, dtype=np.int64), dtype="int64")
    if isinstance(first, str | bytes):
        return batch
    if isinstance(first, collections.abc.Mapping):
        return {key: default_collate([b[key] for b in batch]) for key in first}
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*(default_collate(list(part)) for part in zip(*batch)))
    if isinstance(first, list | tuple):
        if any(len(b) != len(first) for b in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        return [default_collate(list(part)) for part in zip(*batch)]
    raise TypeError(
        f"default_collate: batch must contain tensors, arrays, numbers, dicts or lists; found {type(first)}"
    )


def default_convert(data: Any) -> Any:
    """``torch.utils.data.default_convert``: arrays become tensors, the rest stays."""
    if isinstance(data, np.ndarray | np.generic) and np.asarray(data).dtype.kind not in "SUO":
        return jt.array(np.asarray(data), dtype=str(data.dtype))
    if isinstance(data, collections.abc.Mapping):
        return {key: default_convert(value) for key, value in data.items()}
    if isinstance(data, list | tuple) and not hasattr(data, "_fields"):
        return type(data)(default_convert(value) for value in data)
    return data


class DataLoader:
    """``torch.utils.data.DataLoader``.

    Jittor's own loader is the data set itself (a second loader overwrites the first), has 16 items a batch unless
    told, a fixed shuffle order, and the number of items for its length.  Here ``num_workers`` items are loaded at
    once by threads, not processes: Jittor's graph does not survive a fork.  Code in ``__getitem__`` that is plain
    Python gains nothing from them; decoding and NumPy do.  ``worker_init_fn`` is called once per iteration for
    worker 0..n-1 in the main process.  Memory is never pinned.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: Any = 1,
        shuffle: Any = None,
        sampler: Any = None,
        batch_sampler: Any = None,
        num_workers: Any = 0,
        collate_fn: Any = None,
        pin_memory: Any = False,
        drop_last: Any = False,
        timeout: Any = 0,
        worker_init_fn: Any = None,
        multiprocessing_context: Any = None,
        generator: Any = None,
        *,
        prefetch_factor: Any = None,
        persistent_workers: Any = False,
        pin_memory_device: Any = "",
        in_order: Any = True,
    ) -> None:
        if num_workers < 0:
            raise ValueError("num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.")
        self.stream = isinstance(dataset, IterableDataset)
        if self.stream and (shuffle or sampler is not None or batch_sampler is not None):
            raise ValueError("DataLoader with IterableDataset: expected unspecified shuffle, sampler and batch_sampler")
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
                )
            batch_size = None
        elif batch_size is None and drop_last:
            raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
        if sampler is None and not self.stream:
            sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_size is not None and batch_sampler is None and not self.stream:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.dataset = dataset
        self.batch_size = batch_size
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.num_workers = num_workers
        self.drop_last = drop_last
        self.pin_memory = pin_memory
        self.timeout = timeout
        self.generator = generator
        self.worker_init_fn = worker_init_fn
        self.prefetch_factor = prefetch_factor
        self.batched = batch_size is not None or batch_sampler is not None
        self.collate_fn = collate_fn or (default_collate if self.batched else default_convert)

    def __len__(self) -> Any:
        if self.stream:
            n = len(self.dataset)
            if self.batch_size is None:
                return n
            return n // self.batch_size if self.drop_last else -(-n // self.batch_size)
        return len(self.batch_sampler if self.batched else self.sampler)

    def __iter__(self) -> Any:
        for worker in range(self.num_workers if self.worker_init_fn else 0):
            self.worker_init_fn(worker)
        if self.stream:
            return self._from_stream()
        return self._with_threads() if self.num_workers else map(self._load, self._requests())

    def _requests(self) -> Any:
        return iter(self.batch_sampler if self.batched else self.sampler)

    def _load(self, request: Any) -> Any:
        if not self.batched:
            return self.collate_fn(self.dataset[request])
        if hasattr(self.dataset, "__getitems__"):
            return self.collate_fn(self.dataset.__getitems__(request))
        return self.collate_fn([self.dataset[i] for i in request])

    def _from_stream(self) -> Any:
        items = iter(self.dataset)
        if not self.batched:
            yield from map(self.collate_fn, items)
            return
        while batch := list(itertools.islice(items, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield self.collate_fn(batch)

    def _with_threads(self) -> Any:
        """Items are read ahead by threads, in order; batches are put together by the caller's thread."""
        waiting: collections.deque[list[futures.Future[Any]]] = collections.deque()
        requests = self._requests()
        ahead = self.num_workers * (self.prefetch_factor or 2)
        pool = futures.ThreadPoolExecutor(self.num_workers)

        def submit() -> Any:
            request = next(requests, None)
            if request is not None:
                indices = request if self.batched else [request]
                waiting.append([pool.submit(self.dataset.__getitem__, i) for i in indices])

        try:
            for _ in range(ahead):
                submit()
            while waiting:
                items = [f.result() for f in waiting.popleft()]
                submit()
                yield self.collate_fn(items if self.batched else items[0])
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def get_worker_info() -> Any:
    """``torch.utils.data.get_worker_info``: None, as in Torch's main process, where all items are loaded here."""
    return None
