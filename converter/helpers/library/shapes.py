"""Shapes: what Jittor's tensors lack, refuse, or understand otherwise."""

from __future__ import annotations

import warnings
from typing import Any

import jittor as jt
import numpy as np

from converter.helpers.library.dtypes import result_dtype


def concat(tensors: Any, dim: int = 0, *, axis: int | None = None, out: Any = None) -> Any:
    """Torch's ``cat``: brings the parts to their common dtype and skips empty one-dimensional ones."""
    parts = list(tensors)
    if len({len(p.shape) for p in parts}) > 1:
        parts = [p for p in parts if tuple(p.shape) != (0,)]
    name = result_dtype(*parts)
    parts = [p if str(p.dtype) == name else p.cast(name) for p in parts]
    dim = dim if axis is None else axis
    joined = jt.concat(parts, dim % parts[0].ndim)
    return joined.cast(name) if name == "uint8" else joined  # Jittor's of uint8 is int8


def clone(input: Any, *, memory_format: Any = None) -> Any:
    """A copy with storage of its own.

    Jittor's clone shares its storage, and an assignment to a part of it may be computed in place: then the original
    changes too.
    """
    if str(input.dtype) == "bool":
        return input.logical_or(input)
    return (input * 1).cast(input.dtype)


def stack(tensors: Any, dim: int = 0, *, out: Any = None) -> Any:
    """Torch's ``stack``; Jittor's overwrites the elements of the list that it is given."""
    parts = list(tensors)
    if any(getattr(p, "is_scalar", False) for p in parts):
        return concat(parts)
    if all(tuple(p.shape) == (1,) for p in parts):
        text = "tensors of one element are stacked to a column; if they have no dimension in Torch, it makes a vector"
        warnings.warn(f"{text}: use reshape(()) for those before", RuntimeWarning, stacklevel=2)
    dim %= parts[0].ndim + 1
    return concat([p.unsqueeze(dim) for p in parts], dim)


def stack_scalars(tensors: Any, dim: int = 0, *, out: Any = None) -> Any:
    """``stack`` of tensors that have no dimension in Torch: Jittor's have one element already."""
    parts = list(tensors)
    return concat(parts) if all(p.numel() == 1 for p in parts) else stack(parts, dim)


def unsqueeze_scalar(input: Any, dim: int = 0) -> Any:
    """``unsqueeze`` of a tensor that has no dimension in Torch: Jittor's has one element in one axis already."""
    return input.reshape([1]) if input.numel() == 1 else input.unsqueeze(dim)


def unsqueeze_row(input: Any, dim: int = 0) -> Any:
    """``unsqueeze`` of a part of a tensor, which may be a single element (see :func:`row_of`)."""
    return input.reshape([1]) if getattr(input, "is_scalar", False) else input.unsqueeze(dim)


def row_of(tensor: Any, index: Any) -> Any:
    """``tensor[index]``, marked as a scalar where Torch's result has no dimension."""
    row = tensor[index]
    parts = index if isinstance(index, tuple) else (index,)
    numbers = all(isinstance(i, int | np.integer) and not isinstance(i, bool) for i in parts)
    if isinstance(tensor, jt.Var) and numbers and len(tensor.shape) == len(parts):
        row.is_scalar = True
    return row


def rows_of(tensor: Any) -> Any:
    """The parts of a tensor along its first dimension, marked as scalars where Torch's have no dimension."""
    if not isinstance(tensor, jt.Var):
        return tensor
    return (row_of(tensor, i) for i in range(tensor.shape[0]))


def surely_a_row(value: Any) -> None:
    """Refuse one element that may stand for a scalar or for a row of one column.

    Raises:
        RuntimeError: if it is one.
    """
    if tuple(value.shape) == (1,) and not getattr(value, "is_scalar", False):
        text = "cannot tell whether one element computed from a part of a tensor has a dimension in Torch"
        raise RuntimeError(f"{text}: use reshape(1) or reshape(1, 1) instead of unsqueeze or stack")


def stack_derived(tensors: Any, dim: int = 0, *, out: Any = None) -> Any:
    """``stack`` of what was computed from rows (or elements) of tensors."""
    parts = list(tensors)
    for part in parts:
        surely_a_row(part)
    return stack(parts, dim)


def without_dimension(value: Any) -> Any:
    """A tensor of one element, marked as one that has no dimension in Torch."""
    if isinstance(value, jt.Var) and value.numel() == 1:
        value.is_scalar = True
    return value


def row_shape(value: Any) -> Any:
    """The shape of a part of a tensor, which has none where it is a single element."""
    return () if getattr(value, "is_scalar", False) else value.shape


def derived_shape(value: Any) -> Any:
    """The shape of what was computed from a row (or element) of a tensor."""
    surely_a_row(value)
    return row_shape(value)


def marked_like(value: Any, origin: Any) -> Any:
    """What was computed from a part of a tensor, marked as a scalar where that part is one (see :func:`row_of`)."""
    if getattr(origin, "is_scalar", False) and isinstance(value, jt.Var):
        value.is_scalar = True
    return value


def row_as_index(value: Any) -> Any:
    """A part of a tensor as an index: a number where the part is a single element."""
    return int(value.item()) if getattr(value, "is_scalar", False) else value


def derived_as_index(value: Any) -> Any:
    """What was computed from a row (or element) of a tensor, as an index."""
    if isinstance(value, jt.Var):
        surely_a_row(value)
    return value


def unsqueeze_derived(input: Any, dim: int = 0) -> Any:
    """``unsqueeze`` of what was computed from a row (or element) of a tensor."""
    surely_a_row(input)
    return unsqueeze_row(input, dim)


def hstack(tensors: Any) -> Any:
    """Side by side: along the second dimension, vectors along their only one."""
    parts = list(tensors)
    return concat(parts, 0 if parts[0].ndim == 1 else 1)


def vstack(tensors: Any) -> Any:
    """On top of each other; vectors become rows."""
    return concat([p.unsqueeze(0) if p.ndim == 1 else p for p in tensors], 0)


def dstack(tensors: Any) -> Any:
    """Along the third dimension."""
    return concat([atleast_3d(p) for p in tensors], 2)


def column_stack(tensors: Any) -> Any:
    """Side by side, vectors as columns."""
    return concat([p.unsqueeze(1) if p.ndim == 1 else p for p in tensors], 1)


def atleast_1d(*tensors: Any) -> Any:
    """At least one dimension, which every Jittor tensor has."""
    return tensors[0] if len(tensors) == 1 else tensors


def atleast_2d(*tensors: Any) -> Any:
    """At least two dimensions: vectors become rows."""
    made = tuple(t.unsqueeze(0) if t.ndim == 1 else t for t in tensors)
    return made[0] if len(made) == 1 else made


def atleast_3d(*tensors: Any) -> Any:
    """At least three dimensions: (n) -> (1, n, 1), (n, m) -> (n, m, 1)."""
    wide = [t.unsqueeze(0) if t.ndim == 1 else t for t in tensors]
    made = tuple(t.unsqueeze(2) if t.ndim == 2 else t for t in wide)
    return made[0] if len(made) == 1 else made


def split(tensor: Any, split_size_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:
    """Parts of a size, or of the sizes listed, along a dimension."""
    dim %= tensor.ndim
    length, sizes = tensor.shape[dim], split_size_or_sections
    if isinstance(sizes, int):
        sizes = [min(sizes, length - start) for start in range(0, length, sizes)]
    if sum(sizes) != length:
        raise ValueError(f"split: sizes {list(sizes)} do not add up to {length}")
    ends = np.cumsum(sizes).tolist()
    head = (slice(None),) * dim
    return tuple(tensor[(*head, slice(end - size, end))] for end, size in zip(ends, sizes))


def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """About equal parts along a dimension, a tuple (Jittor gives a list, and one part too few when some are empty)."""
    return split(input, max(1, -(-input.shape[dim] // chunks)), dim)


def tensor_split(
    input: Any, indices_or_sections: Any = None, dim: int = 0, *, indices: Any = None, sections: Any = None
) -> tuple[Any, ...]:
    """Parts along a dimension: a number of nearly equal ones, or cut before the indices listed."""
    given = [cuts for cuts in (indices_or_sections, indices, sections) if cuts is not None]
    if len(given) != 1:
        raise TypeError(f"tensor_split takes indices or a number of sections, got {len(given)} of them")
    length, cuts = input.shape[dim], given[0]
    if isinstance(cuts, int):
        sizes = [length // cuts + (i < length % cuts) for i in range(cuts)]
    else:
        edges = [0, *cuts, length]
        sizes = [b - a for a, b in zip(edges, edges[1:])]
    return split(input, sizes, dim)


def unbind(input: Any, dim: int = 0) -> tuple[Any, ...]:
    """The slices along a dimension, without it."""
    dim %= input.ndim
    head = (slice(None),) * dim
    return tuple(input[(*head, i)] for i in range(input.shape[dim]))


def squeeze(input: Any, dim: Any = None) -> Any:
    """Without the dimensions of size 1, or those of the ones named; others are left (Jittor asserts)."""
    dims = range(input.ndim) if dim is None else (dim,) if isinstance(dim, int) else dim
    gone = {d % input.ndim for d in dims if input.shape[d] == 1}
    return input.reshape([n for i, n in enumerate(input.shape) if i not in gone] or [1])


def reshape(input: Any, *shape: Any) -> Any:
    """Torch's ``reshape``, with its keyword and the empty shape of a scalar."""
    wanted = shape[0] if len(shape) == 1 and not isinstance(shape[0], int | np.integer) else shape
    return input.reshape(tuple(wanted) or (1,))


def unflatten(input: Any, dim: int, sizes: Any) -> Any:
    """One dimension laid out as several."""
    dim %= input.ndim
    return input.reshape([*input.shape[:dim], *sizes, *input.shape[dim + 1 :]])


def permute(input: Any, *dims: Any) -> Any:
    """Dimensions in a new order.  Jittor's ``x.permute(0, 1)`` swaps the two dimensions of a matrix."""
    order = tuple(dims[0]) if len(dims) == 1 and not isinstance(dims[0], int) else dims
    return input.permute(tuple(d % input.ndim for d in order))


def swap_dims(input: Any, dim0: int, dim1: int) -> Any:
    """Two dimensions exchanged."""
    order = list(range(input.ndim))
    order[dim0], order[dim1] = order[dim1], order[dim0]
    return input.permute(tuple(order))


def transpose_2d(input: Any) -> Any:
    """Torch's ``t``: a matrix transposed, a vector as it is."""
    return input if input.ndim < 2 else swap_dims(input, 0, 1)


def reverse_dims(input: Any) -> Any:
    """Torch's ``x.T``: all dimensions in reverse order."""
    return input.permute(tuple(reversed(range(input.ndim)))) if input.ndim > 1 else input


def movedim(input: Any, source: Any, destination: Any) -> Any:
    """Dimensions moved to other places, the rest in order."""
    pair = ((v,) if isinstance(v, int) else tuple(v) for v in (source, destination))
    sources, targets = ([d % input.ndim for d in dims] for dims in pair)
    order = [d for d in range(input.ndim) if d not in sources]
    for target, moved in sorted(zip(targets, sources)):
        order.insert(target, moved)
    return input.permute(tuple(order))


def expand(input: Any, *sizes: Any) -> Any:
    """Broadcast to sizes, -1 for "as it is"; also accepts Torch's ``size=`` form."""
    wanted = list(sizes[0]) if len(sizes) == 1 and not isinstance(sizes[0], int) else list(sizes)
    extra = len(wanted) - input.ndim
    shape = [input.shape[i - extra] if n == -1 else n for i, n in enumerate(wanted)]
    return input.broadcast(shape or [1])


def expand_as(input: Any, other: Any) -> Any:
    """Broadcast to the shape of another tensor."""
    return input.broadcast(tuple(other.shape))


def repeat(input: Any, *repeats: Any) -> Any:
    """Copies along every dimension, new ones in front."""
    times = list(repeats[0]) if len(repeats) == 1 and not isinstance(repeats[0], int) else list(repeats)
    shape = [1] * (len(times) - input.ndim) + list(input.shape)
    mixed, spread = [], []
    for size, count in zip(shape, times):
        mixed += [1, size]
        spread += [count, size]
    return input.reshape(mixed).broadcast(spread).reshape([n * count for n, count in zip(shape, times)])


def tile(input: Any, *dims: Any) -> Any:
    """:func:`repeat`, with 1 for the first dimensions that are not named."""
    times = list(dims[0]) if len(dims) == 1 and not isinstance(dims[0], int) else list(dims)
    return repeat(input, [1] * (input.ndim - len(times)) + times)


def repeat_interleave(input: Any, repeats: Any, dim: int | None = None, *, output_size: int | None = None) -> Any:
    """Every element repeated in place, a number of times or its own number from a tensor."""
    x, dim = (input.reshape(-1), 0) if dim is None else (input, dim % input.ndim)
    counts = repeats.numpy() if isinstance(repeats, jt.Var) else repeats
    index = jt.array(np.repeat(np.arange(x.shape[dim]), counts), dtype="int32")
    return x[(slice(None),) * dim + (index,)]


def roll(input: Any, shifts: Any, dims: Any = None) -> Any:
    """Elements moved along dimensions; those pushed out come in again at the other end."""
    if dims is None:
        return roll(input.reshape(-1), shifts, 0).reshape(tuple(input.shape))
    pairs = (
        [(shifts, dims)] if isinstance(dims, int) else list(zip([shifts] if isinstance(shifts, int) else shifts, dims))
    )
    for shift, dim in pairs:
        length, head = input.shape[dim], (slice(None),) * (dim % input.ndim)
        cut = (length - shift) % length
        if cut:
            input = concat([input[(*head, slice(cut, None))], input[(*head, slice(0, cut))]], dim % input.ndim)
    return input


def flip(input: Any, *places: Any, dims: Any = ()) -> Any:
    """Reversed along dimensions: ``flip(x, [0, 1])``, ``x.flip(0, 1)``, ``x.flip(dims=[0])``."""
    wanted = places[0] if len(places) == 1 and not isinstance(places[0], int) else places or dims
    wanted = (wanted,) if isinstance(wanted, int) else wanted
    gone = {d % input.ndim for d in wanted}
    order = [f"xshape{i}-1-i{i}" if i in gone else f"i{i}" for i in range(input.ndim)]
    return input.reindex(list(input.shape), order) if gone else input


def fliplr(input: Any) -> Any:
    """Reversed along the second dimension."""
    return flip(input, 1)


def flipud(input: Any) -> Any:
    """Reversed along the first dimension."""
    return flip(input, 0)


def rot90(input: Any, k: int = 1, dims: Any = (0, 1)) -> Any:
    """Turned by k quarter turns in the plane of two dimensions."""
    first, second = dims
    turns = {
        0: lambda x: x,
        1: lambda x: swap_dims(flip(x, second), first, second),
        2: lambda x: flip(x, first, second),
    }
    turns[3] = lambda x: flip(swap_dims(x, first, second), second)
    return turns[k % 4](input)


def narrow(input: Any, dim: int, start: int, length: int) -> Any:
    """``length`` elements from ``start`` along a dimension."""
    dim, start = dim % input.ndim, start + (input.shape[dim] if start < 0 else 0)
    return input[(slice(None),) * dim + (slice(start, start + length),)]


def select(input: Any, dim: int, index: int) -> Any:
    """One slice along a dimension, without it."""
    return input[(slice(None),) * (dim % input.ndim) + (index,)]


def unfold_windows(input: Any, dimension: int, size: int, step: int) -> Any:
    """Torch's ``x.unfold``: windows of a size at every step of a dimension, laid out in a new last dimension."""
    dim = dimension % input.ndim
    count = (input.shape[dim] - size) // step + 1
    shape = [*input.shape[:dim], count, *input.shape[dim + 1 :], size]
    order = [f"i{i}*{step}+i{input.ndim}" if i == dim else f"i{i}" for i in range(input.ndim)]
    return input.reindex(shape, order)


def tensor_size(input: Any, dim: int | None = None) -> Any:
    """Torch's ``x.size()``: the shape, or one of its numbers."""
    return input.shape if dim is None else input.shape[dim]


def view_like(input: Any, other: Any) -> Any:
    """The shape of another tensor."""
    return input.reshape(tuple(other.shape))


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Any, ...]:
    """Grids of coordinates, rows first (``"ij"``, Torch's default) or columns first (``"xy"``)."""
    parts = list(tensors[0]) if len(tensors) == 1 and not isinstance(tensors[0], jt.Var) else list(tensors)
    swap = indexing == "xy" and len(parts) > 1
    if swap:
        parts[0], parts[1] = parts[1], parts[0]
    shape = [p.numel() for p in parts]
    grids = [p.reshape([-1 if i == k else 1 for i in range(len(parts))]).broadcast(shape) for k, p in enumerate(parts)]
    if swap:
        grids[0], grids[1] = grids[1], grids[0]
    return tuple(grids)


def cartesian_prod(*tensors: Any) -> Any:
    """All combinations of the elements of vectors, one in each row."""
    if len(tensors) == 1:
        return tensors[0]
    return stack([g.reshape(-1) for g in meshgrid(*tensors)], 1)


def triangle_of(input: Any, keep: Any) -> Any:
    """The matrix (or batch) with zeros where the boolean array ``keep`` is false."""
    mask = jt.array(np.broadcast_to(keep, tuple(input.shape)).copy())
    return jt.ternary(mask, input, jt.zeros_like(input))


def tril(input: Any, diagonal: int = 0) -> Any:
    """The lower triangle, the rest zero."""
    return triangle_of(input, np.tril(np.ones(tuple(input.shape[-2:]), dtype=bool), diagonal))


def triu(input: Any, diagonal: int = 0) -> Any:
    """The upper triangle, the rest zero."""
    return triangle_of(input, np.triu(np.ones(tuple(input.shape[-2:]), dtype=bool), diagonal))


def tril_indices(row: int, col: int, offset: int = 0, **options: Any) -> Any:
    """Rows and columns of the lower triangle, int64."""
    return jt.array(np.stack(np.tril_indices(row, offset, col)), dtype="int64")


def triu_indices(row: int, col: int, offset: int = 0, **options: Any) -> Any:
    """Rows and columns of the upper triangle, int64."""
    return jt.array(np.stack(np.triu_indices(row, offset, col)), dtype="int64")


def diagonal_of(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """The elements of a diagonal of two dimensions, in a new last one."""
    first, second = dim1 % input.ndim, dim2 % input.ndim
    rest = [d for d in range(input.ndim) if d not in (first, second)]
    x = input.permute((*rest, first, second)) if rest or first > second else input
    rows, columns = x.shape[-2], x.shape[-1]
    count = min(rows, columns - offset) if offset >= 0 else min(rows + offset, columns)
    index = np.arange(max(0, count))
    flat = x.reshape([*x.shape[:-2], rows * columns])
    place = jt.array((index + max(0, -offset)) * columns + index + max(0, offset), dtype="int32")
    return flat[(slice(None),) * len(rest) + (place,)]


def diag(input: Any, diagonal: int = 0) -> Any:
    """A vector as the diagonal of a matrix, or the diagonal of a matrix (where ``jt.diag`` asserts)."""
    if input.ndim == 1:
        size = input.shape[0] + max(diagonal, -diagonal)
        mask = np.eye(size, k=diagonal, dtype=bool)
        place = np.zeros((size, size), dtype="int32")
        place[mask] = np.arange(input.shape[0])
        picked = input[jt.array(place.reshape(-1))].reshape([size, size])
        return jt.ternary(jt.array(mask), picked, jt.zeros_like(picked))
    return diagonal_of(input, diagonal)


def diag_embed(input: Any, offset: int = 0) -> Any:
    """Vectors in the last dimension as diagonals of matrices in the last two."""
    rows = [diag(v, offset) for v in input.reshape([-1, input.shape[-1]])]
    return stack(rows, 0).reshape([*input.shape[:-1], *rows[0].shape])


def trace(input: Any) -> Any:
    """The sum of a matrix's diagonal."""
    return diagonal_of(input).sum()


def broadcast_tensors(*tensors: Any) -> list[Any]:
    """Tensors broadcast to their common shape."""
    shape = np.broadcast_shapes(*(tuple(t.shape) for t in tensors))
    return [t.broadcast(shape) for t in tensors]


def broadcast_to(input: Any, size: Any) -> Any:
    """Broadcast to a shape, -1 for "as it is"."""
    return expand(input, tuple(size))


def ravel(input: Any) -> Any:
    """All elements in one dimension."""
    return input.reshape(-1)


def matrix_transpose(input: Any) -> Any:
    """The last two dimensions exchanged."""
    return swap_dims(input, input.ndim - 2, input.ndim - 1)


def element_count(input: Any) -> int:
    """How many elements a tensor has."""
    return int(input.numel())


def size_numel(size: Any) -> int:
    """How many elements a tensor of this shape has."""
    return int(np.prod(tuple(size)))
