"""What programs take from Torch's inner modules: sizes as tuples, checks, choices of kernels."""

import collections.abc
import contextlib
from collections.abc import Iterator
from typing import Any

import jittor as jt
import numpy as np

# The version of Torch that the conversion is proved against; Jittor's own is jt.__version__.
TORCH_VERSION = "2.13.0"


def tuple_maker(n: int, name: str = "parse") -> Any:
    """``torch.nn.modules.utils._ntuple``: a function that repeats a number n times and lets sequences pass."""

    def parse(x: Any) -> tuple[Any, ...]:
        return tuple(x) if isinstance(x, (collections.abc.Iterable, jt.NanoVector)) else (x,) * n

    parse.__name__ = name
    return parse


as_single = tuple_maker(1, "_single")
as_pair = tuple_maker(2, "_pair")
as_triple = tuple_maker(3, "_triple")
as_quadruple = tuple_maker(4, "_quadruple")


def reversed_and_repeated(t: Any, n: int) -> tuple[Any, ...]:
    """Paddings of a convolution in the order of ``F.pad``: from the last dimension on, each n times."""
    return tuple(x for x in reversed(t) for _ in range(n))


def broadcast_shapes(*shapes: Any) -> Any:
    """The shape that tensors of these shapes are broadcast to."""
    found = [(s,) if isinstance(s, int) else tuple(int(n) for n in s) for s in shapes]
    try:
        return tuple(np.broadcast_shapes(*found))
    except ValueError as error:
        raise RuntimeError(f"Shape mismatch: objects cannot be broadcast to a single shape: {found}") from error


def check_condition(cond: Any, message: Any = None) -> None:
    """``torch._check``: RuntimeError with the text that ``message`` returns, where the condition does not hold."""
    if not cond:
        raise RuntimeError(str(message()) if message is not None else "Expected cond to be True, but got False.")


def assert_true(input: Any, assert_msg: str | None = None) -> None:
    """``torch._assert_async``, at once: RuntimeError where the tensor's single element is zero."""
    if not input.item():
        raise RuntimeError(assert_msg or "Expected Tensor with single nonzero value, but got zero")


@contextlib.contextmanager
def attention_kernel(backends: Any, set_priority: bool = False) -> Iterator[None]:
    """``torch.nn.attention.sdpa_kernel``: there is one way to compute attention, whichever is asked for."""
    yield
