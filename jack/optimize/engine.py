"""The engine as Python sees it: builds plans through ctypes, runs them as a Jittor operator."""

from __future__ import annotations

import ctypes
import hashlib
import os
import sys
from collections.abc import Callable, Sequence
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jack.optimize.engine_source import HEADER, SOURCE
from jack.optimize.errors import CannotOptimize

Floats = NDArray[np.float32]
NAME = "jack_optimized"
FUNCTIONS = (
    *("plan", "drop", "holds", "input", "convolution", "pooling", "elementwise", "product", "view"),
    *("concat", "affinity", "mixture", "output", "finish"),
)
_keys = count(1)


def new_key() -> int:
    """A number for constants: equal numbers share their memory in all plans."""
    return next(_keys)


def _onednn_flags() -> str:
    """Compiler flags for the oneDNN that Jittor links.

    Raises:
        CannotOptimize: where Jittor runs without it.
    """
    import jittor as jt

    from jack.onednn import folder
    from jack.runtime import jittor_home

    if sys.platform != "linux" or getattr(jt.compile_extern, "mkl_ops", None) is None:
        raise CannotOptimize("Jittor runs without oneDNN here (see jack doctor)")
    home = folder(jittor_home())
    include = os.environ.get("mkl_include_path") or f"{home}/include"
    libraries = os.environ.get("mkl_lib_path") or f"{home}/lib"
    if not Path(libraries, "libmkldnn.so").is_file():
        raise CannotOptimize(f"no oneDNN library in {libraries} (see jack doctor)")
    return f'-fopenmp -I"{include}" -L"{libraries}" -lmkldnn'


@cache
def _library() -> tuple[Any, Any]:
    """The operator, and the functions that build plans; compiled on first use, once for Jittor's cache.

    Raises:
        CannotOptimize: if it cannot be compiled.
    """
    import jittor as jt

    flags = _onednn_flags()
    unique = f"{NAME}_v{hashlib.sha256(f'{HEADER}{SOURCE}{flags}'.encode()).hexdigest()[:12]}"
    class_name = "".join(part[:1].upper() + part[1:] for part in f"{unique}_op".split("_"))
    folder = Path(jt.compiler.cache_path, "custom_ops", unique)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for suffix, text in ((".h", HEADER), (".cc", SOURCE)):
            path = folder / f"{unique}_op{suffix}"
            if not path.exists():
                partial = path.with_suffix(f"{suffix}.{os.getpid()}")
                partial.write_text(text.replace("@OP@", unique).replace("@CLASS@", class_name), encoding="utf-8")
                os.replace(partial, path)
            paths.append(str(path))
        module = jt.compiler.compile_custom_ops(paths, f" {flags} ", return_module=True, gen_name_=f"gen_{unique}")
    except (OSError, RuntimeError, AssertionError) as error:  # what a missing or failing compiler ends in
        reason = (str(error).strip().splitlines() or [type(error).__name__])[-1]
        raise CannotOptimize(f"its operators cannot be compiled: {reason}") from error
    functions = ctypes.CDLL(module.__file__)
    functions.jack_failure.restype = ctypes.c_char_p
    functions.jack_listing.restype = ctypes.c_char_p
    for name in FUNCTIONS:
        getattr(functions, f"jack_{name}").restype = ctypes.c_int64
    return getattr(module.ops, unique), functions


def _numbers(values: Sequence[int]) -> Any:
    return (ctypes.c_int64 * max(len(values), 1))(*values)


class Constant:
    """Values that do not change, under a key.

    Args:
        key: equal keys stand for equal values.
        shape: of the values.
        make: computes them; asked only where no plan holds them yet.
    """

    def __init__(self, key: int, shape: Sequence[int], make: Callable[[], NDArray[Any]]) -> None:
        self.key = key
        self.shape = tuple(shape)
        self.values: Floats | None = None
        if not _library()[1].jack_holds(ctypes.c_int64(key)):
            self.values = np.ascontiguousarray(make(), dtype=np.float32)

    @property
    def pointer(self) -> Any:
        """The address of the values."""
        return ctypes.c_void_p(None if self.values is None else self.values.ctypes.data)


class After:
    """What follows a convolution or a product: letters of the engine, and the constants of the scales."""

    def __init__(self, text: str = "", constants: Sequence[Constant] = ()) -> None:
        self.text = text
        self.constants = list(constants)

    @property
    def given(self) -> tuple[Any, Any, Any]:
        """As the engine's functions take it."""
        pointers = (ctypes.c_void_p * max(len(self.constants), 1))(*(c.pointer.value for c in self.constants))
        return self.text.encode(), _numbers([c.key for c in self.constants]), pointers


class Plan:
    """Work of the engine for inputs of fixed shapes.  Values are numbered by what the methods return."""

    def __init__(self) -> None:
        self._operator, self._functions = _library()
        self._number = ctypes.c_int64(self._call("plan"))
        self.bytes = 0

    def __del__(self) -> None:
        if hasattr(self, "_number"):
            self._functions.jack_drop(self._number)

    def _call(self, name: str, *given: Any) -> int:
        found: int = getattr(self._functions, f"jack_{name}")(*given)
        if found < 0:
            raise CannotOptimize(f"{name}: {self._functions.jack_failure().decode()}")
        return found

    def input(self, shape: Sequence[int]) -> int:
        """The next operand of :meth:`__call__`."""
        return self._call("input", self._number, len(shape), _numbers(shape))

    def convolution(
        self,
        source: int,
        weight: Constant,
        bias: Constant | None,
        geometry: tuple[Sequence[int], Sequence[int], Sequence[int], Sequence[int]],
        groups: int = 1,
        after: After | None = None,
        residual: int = -1,
        overwrite: bool = False,
        layout: int = 0,
    ) -> int:
        """A convolution of (N, C, ...).

        Args:
            source: its input.
            weight: outputs x inputs / groups x kernel.
            bias: of the outputs.
            geometry: stride, dilation, padding before and after each axis.
            groups: of channels.
            after: what follows.
            residual: what ``+`` adds.
            overwrite: whether nobody else needs the residual.
            layout: 0 as oneDNN likes it, 1 channels last.
        """
        shape = weight.shape
        extra = after or After()
        numbers = [_numbers(part) for part in geometry]
        return self._call(
            "convolution",
            *(self._number, source, residual, int(overwrite), len(shape), _numbers(shape), ctypes.c_int64(groups)),
            *(ctypes.c_int64(weight.key), weight.pointer),
            *(ctypes.c_int64(bias.key if bias else 0), bias.pointer if bias else None),
            *numbers,
            *extra.given,
            layout,
        )

    def pooling(self, source: int, way: int, kernel: Sequence[int], stride: Sequence[int], padding: Any) -> int:
        """A pool: ``way`` 0 is the maximum, 1 the mean, 2 the mean without the padding."""
        before, behind = padding
        sizes = (_numbers(kernel), _numbers(stride), _numbers(before), _numbers(behind))
        return self._call("pooling", self._number, source, way, len(kernel), *sizes)

    def elementwise(self, source: int, after: After, other: int = -1) -> int:
        """The letters of ``after`` on their own; ``+`` may only be the first."""
        return self._call("elementwise", self._number, source, other, *after.given)

    def product(self, source: int, weight: Constant, bias: Constant | None, after: After | None = None) -> int:
        """(N, I) times the transpose of (O, I)."""
        return self._call(
            "product",
            *(self._number, source, _numbers(weight.shape), ctypes.c_int64(weight.key), weight.pointer),
            *(ctypes.c_int64(bias.key if bias else 0), bias.pointer if bias else None),
            *(after or After()).given,
        )

    def view(self, source: int, shape: Sequence[int]) -> int:
        """The same elements in another shape."""
        return self._call("view", self._number, source, len(shape), _numbers(shape))

    def concat(self, sources: Sequence[int]) -> int:
        """Values beside one another along the channels."""
        return self._call("concat", self._number, len(sources), (ctypes.c_int * len(sources))(*sources))

    def affinity(
        self, source: int, starts: Sequence[tuple[int, int]], size: int, divisor: float, fixed: Constant
    ) -> int:
        """Graphs of (N, C, T, V) for each subset, N x K x V x V: softmax of the joints' similarity, plus a fixed one.

        Args:
            source: both embeddings of all subsets, one after another.
            starts: first channel of both embeddings of each subset.
            size: channels of an embedding.
            divisor: of the inner products.
            fixed: K x V x V.
        """
        places = _numbers([place for pair in starts for place in pair])
        return self._call(
            "affinity",
            *(self._number, source, len(starts), places, ctypes.c_int64(size), ctypes.c_double(divisor)),
            *(ctypes.c_int64(fixed.key), fixed.pointer),
        )

    def mixture(self, source: int, graph: int, subsets: int) -> int:
        """(N, C, T, V) times each of the graphs, N x K x V x V, along the joints; the subsets' channels in a row."""
        return self._call("mixture", self._number, source, graph, subsets)

    def output(self, source: int) -> None:
        """The next result of :meth:`__call__`."""
        self._call("output", self._number, source)

    def finish(self) -> None:
        """Lay out the memory; afterwards the plan can run."""
        self.bytes = self._call("finish", self._number)

    def listing(self) -> list[str]:
        """What the plan does, step by step."""
        text: str = self._functions.jack_listing(self._number).decode()
        return text.splitlines()

    def __call__(self, inputs: Sequence[Any]) -> list[Any]:
        """The results for these Vars (float32)."""
        found = self._operator(list(inputs), self._number.value)
        return list(found) if isinstance(found, list | tuple) else [found]
