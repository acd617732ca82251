"""Inference of Jittor models on the CPU, faster: see :func:`optimize`."""

from jack.optimize.errors import CannotOptimize, ModelChanged
from jack.optimize.optimized import Optimized, optimize

__all__ = ["CannotOptimize", "ModelChanged", "Optimized", "optimize"]
