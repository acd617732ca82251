"""Files of weights in every form that programs have written, for the tests of jack.checkpoints."""

from __future__ import annotations

import io
import pickle
import struct
import tarfile
from pathlib import Path

import ml_dtypes
import numpy as np
import torch

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)


def array_of(tensor):
    """A tensor's elements in numpy."""
    own = tensor.detach().cpu().contiguous()
    return own.view(torch.int16).numpy().view(BFLOAT16) if own.dtype == torch.bfloat16 else own.numpy()


def state(seed=0):
    """Tensors of many types, shapes and strides, among them views of one storage."""
    torch.manual_seed(seed)
    base = torch.randn(6, 4)
    special = torch.tensor([float("nan"), float("inf"), -0.0, 1e-45])
    return {
        "conv.weight": torch.randn(2, 3, 1, 2),
        "bn.running_mean": torch.randn(3),
        "bn.num_batches_tracked": torch.tensor(7),
        "transposed": base.t(),
        "slice": base[1:5:2, 1:3],
        "special": special,
        "half": special.half(),
        "bfloat16": torch.tensor([[1.5, -0.0], [float("nan"), 3e38]]).bfloat16(),
        "double": torch.randn(2, dtype=torch.float64),
        "large": torch.tensor([2**62, -(2**40)]),
        "int32": torch.arange(3, dtype=torch.int32),
        "bytes": torch.arange(3, dtype=torch.uint8),
        "bool": torch.tensor([True, False]),
        "empty": torch.zeros(0, 3),
        "parameter": torch.nn.Parameter(torch.randn(2, 2)),
    }


class _OldPickler(pickle._Pickler):
    """Writes texts and bytes as Python 2 did: both as byte strings."""

    dispatch = dict(pickle._Pickler.dispatch)

    def _byte_string(self, value):
        data = value.encode("latin1") if isinstance(value, str) else value
        head = b"U" + bytes([len(data)]) if len(data) < 256 else b"T" + struct.pack("<i", len(data))
        self.write(head + data)
        self.memoize(value)

    dispatch[str] = _byte_string
    dispatch[bytes] = _byte_string


def python2_pickle(value) -> bytes:
    """A pickle as Python 2 wrote it with protocol 2."""
    buffer = io.BytesIO()
    _OldPickler(buffer, protocol=2, fix_imports=True).dump(value)
    return buffer.getvalue()


def write_tar(path: Path, tensors) -> None:
    """Torch's first format; ``tensors`` are float32."""

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return f"{1000 + list(tensors).index(value.name)}" if isinstance(value, Named) else None

    class Named:
        def __init__(self, name):
            self.name = name

    storages, records, pickled = io.BytesIO(), io.BytesIO(), io.BytesIO()
    pickle.dump(len(tensors), storages, protocol=2)
    pickle.dump(len(tensors), records, protocol=2)
    for index, tensor in enumerate(tensors.values()):
        flat = tensor.untyped_storage()
        pickle.dump((index, "cpu", torch.FloatStorage), storages, protocol=2)
        storages.write(struct.pack("<q", len(flat) // 4))
        storages.write(bytes(flat))
        pickle.dump((1000 + index, index, torch.FloatTensor), records, protocol=2)
        dims = tensor.dim()
        records.write(struct.pack("<ii", dims, 0))
        records.write(struct.pack(f"<{dims}q", *tensor.shape))
        records.write(struct.pack(f"<{dims}q", *tensor.stride()))
        records.write(struct.pack("<q", tensor.storage_offset()))
    pickle.dump([], storages, protocol=2)
    Pickler(pickled, protocol=2).dump({name: Named(name) for name in tensors})
    with tarfile.open(path, "w:") as tar:
        for name, content in (
            ("sys_info", io.BytesIO()),
            ("storages", storages),
            ("tensors", records),
            ("pickle", pickled),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(content.getvalue())
            tar.addfile(info, io.BytesIO(content.getvalue()))
