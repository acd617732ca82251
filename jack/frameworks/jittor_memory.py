"""Memory that Jittor has and nobody uses."""

from __future__ import annotations

import ctypes


def trim() -> None:
    """What the C library keeps of freed memory goes back to the system; of any process."""
    trimmed = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it
    if trimmed is not None:
        trimmed(0)


def give_back() -> None:
    """Return it to the system: Jittor keeps what it once had, and so does the C library.

    Building a model and loading its weights leaves as much behind as the weights take.
    """
    import jittor as jt

    jt.gc()
    trim()
