"""Checks, and functions whose activations Torch would compute again."""

from typing import Any


def check(condition: Any, message: str) -> None:
    """``torch._assert``: an assertion that a compiler would keep."""
    assert condition, message


def checkpoint(function: Any, *args: Any, use_reentrant: Any = None, **kwargs: Any) -> Any:
    """``torch.utils.checkpoint``: the same values and gradients, without saving memory."""
    for name in ("preserve_rng_state", "context_fn", "determinism_check", "debug", "early_stop"):
        kwargs.pop(name, None)
    return function(*args, **kwargs)


def checkpoint_sequential(functions: Any, segments: int, input: Any, use_reentrant: Any = None, **kwargs: Any) -> Any:
    """One function after the other, without saving memory."""
    for function in functions.children() if hasattr(functions, "children") else functions:
        input = function(input)
    return input
