"""Taking and putting elements by index."""

from __future__ import annotations

from typing import Any

import jittor as jt
import numpy as np

from converter.helpers.library.dtypes import integral
from converter.helpers.library.elementwise import aligned, number_like
from converter.helpers.library.shapes import surely_a_row


def gather(input: Any, dim: int, index: Any, *, sparse_grad: bool = False) -> Any:
    """Elements named by an index tensor along a dimension."""
    dim %= input.ndim
    x = input
    if any(x.shape[d] != index.shape[d] for d in range(x.ndim) if d != dim):
        x = x[tuple(slice(None) if d == dim else slice(0, index.shape[d]) for d in range(x.ndim))]
    return x.gather(dim, index)


def scattered(input: Any, dim: int, index: Any, src: Any, reduce: str) -> Any:
    """A copy in which ``src`` (a tensor or a number) is put at, or added to, the places named along a dimension."""
    dim %= input.ndim
    if not isinstance(src, jt.Var):
        src = number_like(src, input).broadcast(tuple(index.shape))
    if tuple(src.shape) != tuple(index.shape):
        src = src[tuple(slice(0, n) for n in index.shape)]
    return input.scatter(dim, index, src.cast(input.dtype), reduce=reduce)


def scatter(input: Any, dim: int, index: Any, src: Any = None, *, value: Any = None, reduce: str | None = None) -> Any:
    """A copy with ``src`` at the places named by an index tensor; Jittor's takes no numbers."""
    kind = {None: "void", "add": "add", "multiply": "multiply"}[reduce]
    return scattered(input, dim, index, value if src is None else src, kind)


def scatter_add(input: Any, dim: int, index: Any, src: Any) -> Any:
    """A copy with ``src`` added at the places named by an index tensor."""
    return scattered(input, dim, index, src, "add")


def scatter_reduce(input: Any, dim: int, index: Any, src: Any, reduce: str, *, include_self: bool = True) -> Any:
    """A copy with ``src`` reduced (sum, prod, mean, amax, amin) into the places named along a dimension.

    Without ``include_self`` the places that are named do not count what stood there.
    """
    dim %= input.ndim
    src = src[tuple(slice(0, n) for n in index.shape)] if tuple(src.shape) != tuple(index.shape) else src
    src = src.cast(input.dtype)
    ones, start = jt.ones_like(src), jt.zeros_like(input)
    count = scattered(start, dim, index, ones, "add")
    named = count > 0
    empty = {"sum": 0.0, "mean": 0.0, "prod": 1.0, "amax": -np.inf, "amin": np.inf}[reduce]
    x = input if include_self else jt.ternary(named, jt.full_like(input, empty), input)
    if reduce in ("sum", "mean"):
        total = scattered(x, dim, index, src, "add")
        count = count + 1 if include_self else count
        return total if reduce == "sum" else jt.ternary(named, total / count.maximum(1), total)
    kind = {"prod": "multiply", "amax": "maximum", "amin": "minimum"}[reduce]
    if reduce == "prod" or integral(x):
        return scattered(x, dim, index, src, kind)
    # Jittor knows no gradient of these: it goes to the elements that reach the extreme, in equal parts.
    best = scattered(x.detach(), dim, index, src.detach(), kind).stop_grad()
    there, here = src.detach() == best.gather(dim, index), x.detach() == best
    share = here.cast(x.dtype) + scattered(start.detach(), dim, index, there.cast(x.dtype), "add")
    parts = jt.ternary(there, src / share.gather(dim, index), jt.zeros_like(src))
    own = jt.ternary(here, x / share, jt.zeros_like(x))
    total = scattered(own, dim, index, parts, "add")
    exact = jt.ternary(best - best == 0, best + (total - total.detach()), total)  # a third, three times, is not one
    return jt.ternary(best == best, exact, best)


def index_put(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """A copy with ``values`` put at, or added to, the places that a tuple of index tensors names together."""
    places = list(indices)
    if len(places) == 1 and str(places[0].dtype) == "bool":
        places = list(nonzero(places[0], as_tuple=True))
    shape = np.broadcast_shapes(*(tuple(p.shape) for p in places))
    flat = jt.zeros(shape).int64()
    for size, place in zip(input.shape, places):
        place = place.int64().broadcast(shape) if tuple(place.shape) != shape else place.int64()
        flat = flat * size + jt.ternary(place < 0, place + size, place)
    rest = tuple(input.shape)[len(places) :]
    values = values if isinstance(values, jt.Var) else number_like(values, input)
    wide = (*shape, *rest)
    values = values.broadcast(wide) if tuple(values.shape) != wide else values
    rows = input.reshape((int(np.prod(tuple(input.shape)[: len(places)])), -1))
    put = index_add if accumulate else index_copy
    source = values.reshape((flat.numel(), -1)).cast(input.dtype)
    return put(rows, 0, flat.reshape(-1), source).reshape(input.shape)


def filled_diagonal(input: Any, fill_value: Any, wrap: bool = False) -> Any:
    """A copy with a number on the diagonal (Torch's ``wrap`` goes on below it in tall matrices)."""
    rows, columns = input.shape[0], input.shape[-1]
    place = np.zeros(tuple(input.shape), dtype=bool)
    for i in range(rows if wrap else min(input.shape)):
        column = i % (columns + 1) if wrap else i
        if column < columns:
            place[(i,) * (input.ndim - 1) + (column,)] = True
    return jt.ternary(*aligned(jt.array(place), number_like(fill_value, input), input))


def index_select(input: Any, dim: int, index: Any) -> Any:
    """The slices named by a vector of indices (Jittor's own reads the wrong memory for dim >= 1)."""
    return input[(slice(None),) * (dim % input.ndim) + (index.reshape(-1),)]


def spread_index(input: Any, dim: int, index: Any, shape: Any) -> Any:
    """A vector of indices along a dimension, as an index tensor of a full shape."""
    place = [-1 if i == dim else 1 for i in range(input.ndim)]
    return index.reshape(place).broadcast(shape)


def index_add(input: Any, dim: int, index: Any, source: Any, *, alpha: Any = 1) -> Any:
    """A copy with slices added at the indices, repeated ones adding up (in Jittor the last one wins)."""
    dim %= input.ndim
    added = source if alpha == 1 else source * alpha
    return scattered(input, dim, spread_index(input, dim, index, tuple(source.shape)), added, "add")


def index_copy(input: Any, dim: int, index: Any, source: Any) -> Any:
    """A copy with slices put at the indices."""
    dim %= input.ndim
    return scattered(input, dim, spread_index(input, dim, index, tuple(source.shape)), source, "void")


def index_fill(input: Any, dim: int, index: Any, value: Any) -> Any:
    """A copy with a number put in the slices at the indices."""
    dim %= input.ndim
    number = value.item() if isinstance(value, jt.Var) else value
    hit = (jt.array(np.arange(input.shape[dim]), dtype="int64").unsqueeze(1) == index.reshape([1, -1])).any(1)
    mask = hit.reshape([-1 if i == dim else 1 for i in range(input.ndim)])
    return jt.ternary(*aligned(mask, number_like(number, input), input))


def masked_select(input: Any, mask: Any) -> Any:
    """The elements where the mask is true, in one dimension."""
    x, keep = aligned(input, mask.bool())
    return x[keep]


def masked_scatter(input: Any, mask: Any, source: Any) -> Any:
    """A copy in which the places where the mask is true take the elements of ``source`` in order."""
    x, keep = aligned(input, mask.bool())
    order = np.cumsum(keep.numpy().reshape(-1)) - 1
    index = jt.array(np.maximum(order, 0).reshape(tuple(x.shape)), dtype="int32")
    taken = source.reshape(-1)[index.reshape(-1)].reshape(tuple(x.shape))
    return jt.ternary(keep, taken.cast(x.dtype), x)


def nonzero(input: Any, *, out: Any = None, as_tuple: bool = False) -> Any:
    """Indices (int64) of the elements that are not zero: rows of a matrix, or one vector per dimension."""
    found = jt.nonzero(input != 0).int64()
    return tuple(found[:, i] for i in range(input.ndim)) if as_tuple else found


def take(input: Any, index: Any) -> Any:
    """Elements by their place in the flattened tensor."""
    return input.reshape(-1)[index.reshape(-1)].reshape(tuple(index.shape))


def take_along_dim(input: Any, indices: Any, dim: int | None = None) -> Any:
    """Elements along a dimension, indices broadcast against the tensor."""
    if dim is None:
        return take(input, indices.reshape(-1))
    dim %= input.ndim
    shape = np.broadcast_shapes(
        tuple(1 if i == dim else n for i, n in enumerate(input.shape)),
        tuple(1 if i == dim else n for i, n in enumerate(indices.shape)),
    )
    wide = [n if i != dim else -1 for i, n in enumerate(shape)]
    x = input.broadcast([input.shape[dim] if n == -1 else n for n in wide])
    return x.gather(dim, indices.broadcast([indices.shape[dim] if n == -1 else n for n in wide]))


def searchsorted(sorted_sequence: Any, input: Any, *, right: bool = False, out_int32: bool = False) -> Any:
    """Where numbers would be put into sorted rows to keep them sorted (int64, or int32)."""
    numbers = input if isinstance(input, jt.Var) else jt.array(np.array([input]), dtype=str(sorted_sequence.dtype))
    edges = sorted_sequence.unsqueeze(-2) if sorted_sequence.ndim > 1 else sorted_sequence
    # Counted from above, so that nan lies above all edges.
    above = edges > numbers.unsqueeze(-1) if right else edges >= numbers.unsqueeze(-1)
    places = above.logical_not().int64().sum(-1)
    return places.int32() if out_int32 else places


def bucketize(input: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False) -> Any:
    """In which interval between sorted boundaries each number lies (int64, or int32)."""
    return searchsorted(boundaries, input, right=right, out_int32=out_int32)


def to_array(input: Any) -> Any:
    """The NumPy array of a tensor, without dimensions where the tensor is marked as one that has none in Torch."""
    return input.numpy().reshape(()) if getattr(input, "is_scalar", False) else input.numpy()


def scalar_to_array(input: Any) -> Any:
    """The NumPy array of a tensor that has no dimension in Torch."""
    return input.numpy().reshape(()) if input.numel() == 1 else input.numpy()


def derived_to_array(input: Any) -> Any:
    """The NumPy array of what was computed from a row (or element) of a tensor."""
    surely_a_row(input)
    return to_array(input)


def to_list(input: Any) -> Any:
    """Nested lists of Python numbers; a tensor of one element in one dimension gives a list, as in Torch."""
    return to_array(input).tolist()


def scalar_to_list(input: Any) -> Any:
    """The number of a tensor that has no dimension in Torch."""
    return scalar_to_array(input).tolist()


def derived_to_list(input: Any) -> Any:
    """The numbers of what was computed from a row (or element) of a tensor."""
    surely_a_row(input)
    return to_list(input)
