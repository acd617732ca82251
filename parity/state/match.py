"""Match parameters and buffers of a Torch program to those of a Jittor program.

By name; what is left, by shape and order, where the last part of the name (``weight``, ``bias``) is the same if it
can be.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

Shape = tuple[int, ...]
COUNTER = "num_batches_tracked"  # Jittor has none, and nothing but momentum=None reads it


@dataclass(frozen=True)
class Pair:
    """A tensor of the state on both sides.

    Attributes:
        torch, jittor: names; "" where only the other side has it.
        shape: Torch's, or Jittor's where Torch lacks it.
        other: Jittor's shape where it is another, else None.
        how: ``name``, ``renamed``, ``shape`` (the names agree, the shapes do not), ``only torch``, ``only jittor``.
    """

    torch: str
    jittor: str
    shape: Shape
    how: str
    other: Shape | None = None

    @property
    def usable(self) -> bool:
        """Whether the values can be carried over."""
        return self.how in ("name", "renamed")


def match(
    torch: Mapping[str, Shape], jittor: Mapping[str, Shape], known: Mapping[str, str] | None = None
) -> list[Pair]:
    """Pairs in Torch's order, then what only Jittor has.

    Args:
        torch: names and shapes in the order of the state; batch counters are passed over.
        jittor: likewise.
        known: pairs that are certain though the names differ, Torch's name to Jittor's.
    """
    theirs = {name: _shape(shape) for name, shape in torch.items() if name.rpartition(".")[2] != COUNTER}
    ours = {name: _shape(shape) for name, shape in jittor.items() if name.rpartition(".")[2] != COUNTER}
    found = {name: name for name in theirs if ours.get(name) == theirs[name]}
    for name, other in (known or {}).items():
        if name not in found and other not in found.values():
            found[name] = other

    def last(name: str, shape: Shape) -> Hashable:
        return (name.rpartition(".")[2], shape)

    def only_shape(name: str, shape: Shape) -> Hashable:
        return shape

    for key in (last, only_shape):
        left = [name for name in theirs if name not in found and name not in ours]
        free = [name for name in ours if name not in found.values() and name not in theirs]
        found.update(_aligned(left, free, theirs, ours, key))
    pairs = []
    for name, shape in theirs.items():
        if name in found:
            how = "name" if found[name] == name else "renamed"
            pairs.append(Pair(name, found[name], shape, how))
        elif name in ours:
            pairs.append(Pair(name, name, shape, "shape", ours[name]))
        else:
            pairs.append(Pair(name, "", shape, "only torch"))
    taken = {pair.jittor for pair in pairs}
    pairs += [Pair("", name, shape, "only jittor") for name, shape in ours.items() if name not in taken]
    return pairs


def _aligned(
    left: Sequence[str],
    free: Sequence[str],
    theirs: Mapping[str, Shape],
    ours: Mapping[str, Shape],
    key: Callable[[str, Shape], Hashable],
) -> dict[str, str]:
    """Names in the same order whose keys are equal; what stands elsewhere goes by its order among its equals."""
    one, other = [key(n, theirs[n]) for n in left], [key(n, ours[n]) for n in free]
    found: dict[str, str] = {}
    for block in SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks():
        found.update(zip(left[block.a : block.a + block.size], free[block.b : block.b + block.size]))
    taken = set(found.values())
    for name, wanted in zip(left, one):
        if name not in found:
            rest = [n for n, k in zip(free, other) if k == wanted and n not in taken]
            if rest:
                found[name] = rest[0]
                taken.add(rest[0])
    return found


def _shape(shape: Shape) -> Shape:
    return tuple(shape) or (1,)  # Jittor has no scalars
