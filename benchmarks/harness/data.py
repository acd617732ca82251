"""Batches of an invented data set, made tensors."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from jack.datasets.synthetic.write import Sizes, write_synthetic
from jack.frameworks import Framework
from jack.options import OPTIONS
from jack.options.common import Options
from jack.training.tasks import make_task
from parity.backends import get_backend

# Enough for a batch; a data set is read again and again, as epochs do.
SIZES = {"vaanet": Sizes(1, 1), "cten": Sizes(1, 1), "tslnet": Sizes(24, 2), "bpmgcn": Sizes(16, 2)}


def options_for(method: str, framework: str, batch: int, folder: Path) -> Options:
    """Options of a training on the invented data set in a folder."""
    values: dict[str, Any] = {"framework": framework, "batch_size": batch, "num_workers": 0, "select_on": "none"}
    if method in ("vaanet", "cten"):
        values |= {"root_path": str(folder), "video_path": "img", "audio_path": "mp3"}
        values |= {"annotation_path": "annotation.json"}
    else:
        values |= {"data_path": str(folder), "seed": 0}
    return OPTIONS[method](**values)


def batches_of(method: str, framework: Framework, batch: int, folder: Path) -> Iterator[list[Any]]:
    """Batches without end, each read when it is asked for, by this process alone.

    Args:
        method: whose data set it is.
        framework: of the tensors.
        batch: samples of a batch.
        folder: where the data set lies; it is written if it does not.
    """
    data = folder / f"data-{method}"
    if not data.exists():
        write_synthetic(method, data, SIZES[method])
    task = make_task(framework, options_for(method, framework.name, batch, data), None)
    backend = get_backend(framework.name)
    for epoch in count():
        for arrays in map(task.arrays, task.batches.epoch(epoch)):
            yield [backend.tensor(array) for array in arrays.values() if array.dtype.kind in "fiu"]
