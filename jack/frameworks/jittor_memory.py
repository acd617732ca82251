"""Memory that Jittor has and nobody uses."""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Return it to the system: Jittor keeps what it once had, and so does the C library.

    Building a model and loading its weights leaves as much behind as the weights take.
    """
    import jittor as jt

    jt.gc()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it
    if trim is not None:
        trim(0)
