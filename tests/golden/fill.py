"""Deterministic weights from a state_dict's keys and shapes: no weight files needed (numpy only).

Every golden output in this folder was made by the authors' own model filled by this rule.
"""

import zlib

import numpy as np


def value_for(key, shape, salt=0, gain=1.0):
    """float32 array for one entry, or None where the entry stays as it is (num_batches_tracked)."""
    shape = tuple(int(s) for s in shape)
    leaf = key.rsplit(".", 1)[-1]
    if leaf == "num_batches_tracked":
        return None
    n = np.random.default_rng(zlib.crc32(key.encode()) + salt).standard_normal(shape)
    if leaf == "PA":  # BPM-GCN's learned adjacency
        v = 1e-2 * n
    elif leaf == "running_mean":
        v = 0.05 * n
    elif leaf == "running_var":
        v = 1.0 + 0.1 * np.abs(n)
    elif leaf == "weight" and len(shape) == 1:  # batch-norm scale
        v = 1.0 + 0.05 * n
    elif len(shape) >= 2:
        v = gain * n / np.sqrt(float(np.prod(shape[1:])))
    else:  # biases and other vectors
        v = 0.05 * n
    return np.ascontiguousarray(v, dtype=np.float32)


def fill(shapes, salt=0, gain=1.0):
    """{key: shape} -> {key: float32 array}; untouched keys are left out."""
    values = {key: value_for(key, shape, salt, gain) for key, shape in shapes.items()}
    return {key: value for key, value in values.items() if value is not None}
