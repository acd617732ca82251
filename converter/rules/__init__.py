"""Every rule file of this package, found by import: dropping a file into the folder registers its rules."""

from __future__ import annotations

import importlib
import pkgutil

from converter.rules.base import REGISTRY, Answer, Case, Refusal, Registry, Rule

_NOT_RULES = {"base", "inputs", "use"}


def load() -> Registry:
    """Import all rule files once and return the registry."""
    for info in pkgutil.iter_modules(__path__):
        if info.name not in _NOT_RULES:
            importlib.import_module(f"{__name__}.{info.name}")
    return REGISTRY


__all__ = ["REGISTRY", "Answer", "Case", "Refusal", "Registry", "Rule", "load"]
