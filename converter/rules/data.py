"""torch.utils.data: helper classes; Jittor's own Dataset is a loader with other defaults."""

from __future__ import annotations

from converter.rules.base import Case, needs_you, rule, snippet

_D = "torch.utils.data."
_NUMBERS = """
class Numbers(torch.utils.data.Dataset):
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        return i * 1.5, i, f"item {i}", np.arange(3, dtype=np.float32) + i

"""
_STREAM = """
class Stream(torch.utils.data.IterableDataset):
    def __iter__(self):
        return iter(range(7))

"""


def _numbers(text: str) -> Case:
    return snippet(_NUMBERS + text, grad=False, tolerance="dtype")


def _plain(text: str) -> Case:
    return snippet(text, grad=False, tolerance="dtype")


rule(
    _D + "Dataset",
    "()",
    to="helpers.Dataset",
    also=[_D + "dataset.Dataset"],
    returns="dataset",
    cases=[
        _numbers("d = Numbers(4)\nreturn len(d), d[2], isinstance(d, torch.utils.data.Dataset)"),
        _numbers("both = Numbers(2) + Numbers(3)\nreturn len(both), both[3], both[-1]"),
    ],
)
rule(
    _D + "IterableDataset",
    "()",
    to="helpers.IterableDataset",
    returns="dataset",
    cases=[
        _plain(_STREAM + "return list(Stream())"),
        _plain(_STREAM + "return list(torch.utils.data.DataLoader(Stream(), batch_size=3))"),
        _plain(_STREAM + "return list(torch.utils.data.DataLoader(Stream(), batch_size=3, drop_last=True))"),
        _plain(_STREAM + "return list(Stream() + Stream())"),
    ],
)
rule(
    _D + "ChainDataset",
    "(datasets)",
    to="helpers.ChainDataset",
    returns="dataset",
    cases=[_plain(_STREAM + "return list(torch.utils.data.ChainDataset([Stream(), Stream()]))")],
)
rule(
    _D + "TensorDataset",
    "(*tensors)",
    to="helpers.TensorDataset",
    returns="dataset",
    cases=[
        _plain("d = torch.utils.data.TensorDataset(A, T)\nreturn len(d), d[1]"),
        _plain("d = torch.utils.data.TensorDataset(A, T)\nreturn list(torch.utils.data.DataLoader(d, batch_size=2))"),
    ],
)
rule(
    _D + "Subset",
    "(dataset, indices)",
    to="helpers.Subset",
    returns="dataset",
    cases=[
        _numbers("d = torch.utils.data.Subset(Numbers(6), [4, 1])\nreturn len(d), d[0], d[1]"),
        _numbers(
            "d = torch.utils.data.Subset(indices=range(3), dataset=Numbers(6))\nreturn len(d), [x for x, *_ in d]"
        ),
    ],
)
rule(
    _D + "ConcatDataset",
    "(datasets)",
    to="helpers.ConcatDataset",
    returns="dataset",
    cases=[
        _numbers("d = torch.utils.data.ConcatDataset([Numbers(2), Numbers(3)])\nreturn len(d), d[1], d[2], d[-1]"),
        _numbers("d = torch.utils.data.ConcatDataset(datasets=[Numbers(2)])\nreturn d.cumulative_sizes"),
    ],
)
rule(
    _D + "random_split",
    "(dataset, lengths, generator=None)",
    to="helpers.random_split",
    returns="list[dataset]",
    restriction="sizes are Torch's, the items that fall into each part are drawn by another generator",
    cases=[
        _numbers(
            "a, b = torch.utils.data.random_split(Numbers(10), [7, 3])\n"
            "return len(a), len(b), sorted([*a.indices, *b.indices])"
        ),
        _numbers(
            "return [len(d) for d in torch.utils.data.random_split(lengths=[0.5, 0.25, 0.25], dataset=Numbers(11))]"
        ),
        _numbers(
            "g = torch.Generator().manual_seed(3)\nh = torch.Generator().manual_seed(3)\n"
            "a, b = torch.utils.data.random_split(Numbers(10), [5, 5], generator=g)\n"
            "c, d = torch.utils.data.random_split(Numbers(10), [5, 5], generator=h)\n"
            "return list(a.indices) == list(c.indices)"
        ),
    ],
)
_L = "torch.utils.data.DataLoader"
rule(
    _L,
    "(dataset, batch_size=1, shuffle=None, sampler=None, batch_sampler=None, num_workers=0, collate_fn=None, "
    "pin_memory=False, drop_last=False, timeout=0, worker_init_fn=None, multiprocessing_context=None, generator=None, "
    "*, prefetch_factor=None, persistent_workers=False, pin_memory_device='', in_order=True)",
    to="helpers.DataLoader",
    also=[_D + "dataloader.DataLoader"],
    returns="loader",
    restriction="workers are threads, not processes; shuffled orders follow manual_seed but are not Torch's; "
    "items that are one-element tensors are put together as a column",
    cases=[
        _numbers(f"return list({_L}(Numbers(5)))"),
        _numbers(f"loader = {_L}(Numbers(5), 2)\nreturn list(loader), len(loader), len(loader.dataset)"),
        _numbers(f"loader = {_L}(drop_last=True, batch_size=2, dataset=Numbers(5))\nreturn list(loader), len(loader)"),
        _numbers(f"loader = {_L}(Numbers(7), batch_size=2, num_workers=2, pin_memory=True)\nreturn list(loader)"),
        _numbers(
            f"loader = {_L}(Numbers(9), batch_size=4, shuffle=True)\n"
            "first = sorted(i for _, batch, *_ in loader for i in batch.tolist())\n"
            "return first, [len(batch[1]) for batch in loader]"
        ),
        _numbers(f"return list({_L}(Numbers(5), batch_size=2, sampler=[3, 1, 0]))"),
        _numbers(f"return list({_L}(Numbers(5), batch_sampler=[[3, 1], [0]]))"),
        _numbers(
            "def collate(items):\n    return [name for _, _, name, _ in items], len(items)\n\n"
            f"return list({_L}(Numbers(5), batch_size=3, collate_fn=collate))"
        ),
        _numbers(f"return list({_L}(Numbers(3), batch_size=None))"),
        _plain(f"return list({_L}(A, batch_size=2))"),
        _plain(f"return list({_L}([{{'x': 1.0, 'y': [1, 2]}}, {{'x': 2.0, 'y': [3, 4]}}], batch_size=2))"),
        _numbers(
            f"loader = {_L}(Numbers(6), batch_size=2)\ntotal = 0\nfor epoch in range(2):\n"
            "    for step, (x, i, name, row) in enumerate(loader):\n        total += row.sum() * step\nreturn total"
        ),
    ],
)
_LENGTH = "\nreturn list(sampler), len(sampler)"
rule(
    _D + "SequentialSampler",
    "(data_source)",
    to="helpers.SequentialSampler",
    returns="unknown",
    cases=[_plain(f"sampler = {_D}SequentialSampler(range(4)){_LENGTH}")],
)
rule(
    _D + "RandomSampler",
    "(data_source, replacement=False, num_samples=None, generator=None)",
    to="helpers.RandomSampler",
    returns="unknown",
    restriction="the orders are not Torch's",
    cases=[
        _plain(f"sampler = {_D}RandomSampler(range(5))\nreturn sorted(sampler), len(sampler)"),
        _plain(
            f"sampler = {_D}RandomSampler(range(5), True, 12)\nfound = list(sampler)\nreturn len(found), max(found) < 5"
        ),
        _plain(
            f"sampler = {_D}RandomSampler(num_samples=7, data_source=range(5))\nreturn len(set(sampler)), len(sampler)"
        ),
    ],
)
rule(
    _D + "SubsetRandomSampler",
    "(indices, generator=None)",
    to="helpers.SubsetRandomSampler",
    returns="unknown",
    also=[_D + "sampler.SubsetRandomSampler"],
    restriction="the orders are not Torch's",
    cases=[_plain(f"sampler = {_D}SubsetRandomSampler([4, 2, 9])\nreturn sorted(sampler), len(sampler)")],
)
rule(
    _D + "WeightedRandomSampler",
    "(weights, num_samples, replacement=True, generator=None)",
    to="helpers.WeightedRandomSampler",
    returns="unknown",
    also=[_D + "sampler.WeightedRandomSampler"],
    restriction="the orders are not Torch's",
    cases=[
        _plain(f"sampler = {_D}WeightedRandomSampler([0.0, 1.0, 0.0], 4){_LENGTH}"),
        _plain(
            f"sampler = {_D}WeightedRandomSampler(P[0], 4, replacement=False)\nreturn sorted(sampler), len(sampler)"
        ),
    ],
)
rule(
    _D + "BatchSampler",
    "(sampler, batch_size, drop_last)",
    to="helpers.BatchSampler",
    returns="unknown",
    also=[_D + "sampler.BatchSampler"],
    cases=[
        _plain(f"sampler = {_D}BatchSampler(range(7), 3, False){_LENGTH}"),
        _plain(f"sampler = {_D}BatchSampler(drop_last=True, batch_size=3, sampler=range(7)){_LENGTH}"),
    ],
)
rule(
    _D + "Sampler",
    "(data_source=None)",
    to="helpers.Sampler",
    returns="unknown",
    also=[_D + "sampler.Sampler"],
    cases=[
        _numbers(
            "class Backwards(torch.utils.data.Sampler):\n    def __init__(self, n):\n        self.n = n\n\n"
            "    def __iter__(self):\n        return iter(range(self.n - 1, -1, -1))\n\n"
            "    def __len__(self):\n        return self.n\n\n"
            f"return list({_L}(Numbers(3), batch_size=2, sampler=Backwards(3)))"
        )
    ],
)
rule(
    _D + "default_collate",
    "(batch)",
    to="helpers.default_collate",
    also=[_D + "dataloader.default_collate", _D + "_utils.collate.default_collate"],
    returns="unknown",
    restriction="one-element tensors are put together as a column, because Jittor has no tensor without dimensions",
    cases=[
        _plain(f"return {_D}default_collate([A, B])"),
        _plain(f"return {_D}default_collate([1, 2, 3]), {_D}default_collate([0.5, 1.5])"),
        _plain(f"return {_D}default_collate(batch=[(A, 1, 'x'), (B, 2, 'y')])"),
        _plain(f"return {_D}default_collate([{{'a': A, 'b': True}}, {{'a': B, 'b': False}}])"),
        _plain(f"return {_D}default_collate([np.float64(1.5), np.float64(2.5)])"),
    ],
)
rule(
    _D + "get_worker_info",
    "()",
    to="helpers.get_worker_info",
    returns="none",
    restriction="always None: all items are loaded in the main process",
    cases=[_plain("return torch.utils.data.get_worker_info()")],
)
needs_you(
    _D + "distributed.DistributedSampler",
    "Jittor runs one process for each device under mpirun, and has no process group to ask",
    workaround="dataset indices [jt.rank::jt.world_size]",
    also=[_D + "DistributedSampler"],
)
