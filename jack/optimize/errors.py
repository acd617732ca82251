"""What can go wrong."""

from __future__ import annotations


class CannotOptimize(Exception):
    """The model cannot be made faster here and stay the same; the message says why."""


class ModelChanged(RuntimeError):
    """The model is no longer the one that was optimized: its weights, mode, modules or hooks have changed."""
