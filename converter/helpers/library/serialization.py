"""``torch.save`` and ``torch.load``."""

from __future__ import annotations

import pickle
from typing import Any

import jittor as jt

from converter.helpers.library.torch_checkpoints import LEGACY_START, read_torch_legacy, read_torch_zip


def packed(value: Any) -> Any:
    """The value with tensors replaced by what can be pickled."""
    if isinstance(value, jt.Var):
        return {"jittor tensor": value.numpy(), "dtype": str(value.dtype), "trained": bool(value.requires_grad)}
    if type(value) is tuple or type(value) is list:
        return type(value)(packed(v) for v in value)
    if isinstance(value, dict):
        made = value.copy()
        for key, inner in value.items():
            made[key] = packed(inner)
        return made
    return value


def unpacked(value: Any) -> Any:
    """The reverse of ``packed``."""
    if isinstance(value, dict):
        if "jittor tensor" in value:
            made = jt.array(value["jittor tensor"], dtype=value["dtype"])
            return made if value["trained"] else made.stop_grad()
        for key, inner in value.items():
            value[key] = unpacked(inner)
        return value
    if type(value) is tuple or type(value) is list:
        return type(value)(unpacked(v) for v in value)
    return value


def save(
    obj: Any,
    f: Any,
    pickle_module: Any = pickle,
    pickle_protocol: Any = pickle.HIGHEST_PROTOCOL,
    _use_new_zipfile_serialization: Any = True,
) -> Any:
    """``torch.save``: pickles nested dictionaries, lists and tuples of tensors, numbers and other objects.

    Tensors keep their dtype and values.  ``jt.save`` refuses a suffix that it does not know and narrows integers.
    The file is a plain pickle: this module's ``load`` reads it, Torch does not.
    """
    data = packed(obj)
    if hasattr(f, "write"):
        pickle_module.dump(data, f, protocol=pickle_protocol)
        return
    with open(f, "wb") as file:
        pickle_module.dump(data, file, protocol=pickle_protocol)


def load(
    f: Any,
    map_location: Any = None,
    pickle_module: Any = pickle,
    *,
    weights_only: Any = None,
    mmap: Any = None,
    **pickle_load_args: Any,
) -> Any:
    """``torch.load``: reads what ``save`` wrote, and checkpoints that Torch wrote.

    Pickles can run code: load only files that you trust, whatever ``weights_only`` says.

    Raises:
        pickle.UnpicklingError: when a checkpoint of Torch's holds more than tensors and what Python itself knows.
    """
    if not hasattr(f, "read"):
        with open(f, "rb") as file:
            return load(file, pickle_module=pickle_module)
    start = f.tell()
    head = f.read(len(LEGACY_START))
    f.seek(start)
    if head[:2] == b"PK":
        return read_torch_zip(f)
    if head == LEGACY_START:
        return read_torch_legacy(f)
    return unpacked(pickle_module.load(f))
