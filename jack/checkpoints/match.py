"""Match the names of a file to those of a model, and account for every one of both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module

import numpy as np

from jack.checkpoints.dtypes import Array
from jack.checkpoints.errors import CheckpointError
from jack.checkpoints.keys import Expected, Spec
from jack.methods.registry import Backbone

COUNTER = "num_batches_tracked"  # of Torch's batch norms; Jittor's have none
Shape = tuple[int, ...]


@dataclass
class Match:
    """Where every name of the file and of the model went.

    Attributes:
        weights: what fits, by the model's names, in the model's order; fixed tables that are kept come last.
        matched: names that are the same in both.
        renamed: (name in the file, name in the model, how).
        added: names of the model that the file need not have, with their value.
        missing: names of the model that the file lacks, with their shapes.
        mismatched: (name, shape in the file, shape in the model).
        left_over: names of the file that the model has no place for: shape, and why if it is known.
        scope: the part of the model that the file is for; ``""`` for all of it.
        outside: number of names of the model beyond that part.
        notes: sentences that the user should know.
    """

    weights: dict[str, Array] = field(default_factory=dict)
    matched: list[str] = field(default_factory=list)
    renamed: list[tuple[str, str, str]] = field(default_factory=list)
    added: dict[str, str] = field(default_factory=dict)
    missing: dict[str, Shape] = field(default_factory=dict)
    mismatched: list[tuple[str, Shape, Shape]] = field(default_factory=list)
    left_over: dict[str, tuple[Shape, str]] = field(default_factory=dict)
    scope: str = ""
    outside: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether the file has every weight of (its part of) the model, in its shape."""
        return not self.missing and not self.mismatched

    def problems(self) -> str:
        """What is missing or of another shape, in one line; empty if nothing is."""
        parts = []
        if self.missing:
            parts.append(f"{len(self.missing)} missing ({shortened(self.missing)})")
        if self.mismatched:
            name, found, wanted = self.mismatched[0]
            parts.append(f"{len(self.mismatched)} of another shape ({name}: {list(found)} for {list(wanted)})")
        return ", ".join(parts)


def shortened(names: Iterable[str], count: int = 3) -> str:
    """The first names, and how many more there are."""
    every = list(names)
    return ", ".join(every[:count]) + (f" and {len(every) - count} more" if len(every) > count else "")


@dataclass(frozen=True)
class _Source:
    name: str  # in the file
    how: str  # it became what it is called now


def without_prefix(names: Iterable[str], prefix: str = "module.") -> dict[str, str]:
    """Names without the prefix, repeated or not, if every one has it; by the name in the file."""
    current = {name: name for name in names}
    while current and all(name.startswith(prefix) and len(name) > len(prefix) for name in current.values()):
        current = {source: name.removeprefix(prefix) for source, name in current.items()}
    return current


def match(
    weights: Mapping[str, Array],
    expected: Expected,
    *,
    backbones: tuple[Backbone, ...] = (),
    as_backbone: bool | None = None,
    keep_tables: bool = False,
) -> Match:
    """Match weights to a model.

    Args:
        weights: by the names of the file.
        expected: what the model has.
        backbones: published networks that parts of the model start from.
        as_backbone: the file is one of those (True), is not (False), or it is to be found out (None).
        keep_tables: keep fixed tables that the file holds though the model does not save them.

    Raises:
        CheckpointError: if two names of the file become one, or nothing fits at all.
    """
    made = Match()
    named = _renamed(weights, expected)
    backbone = None
    if as_backbone is not False:
        backbone = _backbone_of(named, weights, expected, backbones)
        if backbone is None and as_backbone:
            known = ", ".join(b.prefix.rstrip(".") for b in backbones) or "none"
            raise CheckpointError(f"no published network that a part of this model starts from (parts: {known})")
    if backbone is not None:
        named = _as_backbone(named, weights, backbone, made)
    wanted = {name: spec for name, spec in expected.state.items() if name.startswith(made.scope)}
    _assign(named, weights, wanted, expected.tables, keep_tables, made)
    if not made.weights and not made.mismatched:
        raise CheckpointError(
            f"no name fits: the file has {shortened(weights, 2)}; the model has {shortened(expected.state, 2)}"
        )
    _complete(wanted, made, backbone)
    _order(expected.state, made)
    return made


def _renamed(weights: Mapping[str, Array], expected: Expected) -> dict[str, _Source]:
    """Names without what wrappers put before them: the common first part goes if more names fit without it."""
    current = {name: _Source(name, "") for name in weights}
    best = dict(current)
    while current:
        first = next(iter(current)).partition(".")[0] + "."
        if not all(name.startswith(first) and len(name) > len(first) for name in current):
            break
        current = {
            name.removeprefix(first): _Source(s.name, f"prefix {s.name.removesuffix(name)}{first} removed")
            for name, s in current.items()
        }
        gain = _fit(current, expected) - _fit(best, expected)
        if gain > 0 or (first == "module." and gain == 0):
            best = current
    # Checkpoints of models that were wrapped in part: what stands before the last "module." goes.
    made: dict[str, _Source] = {}
    for name, source in best.items():
        last = name.rpartition("module.")[2]
        if name not in expected.state and last != name and last in expected.state and last not in best:
            name, source = last, _Source(source.name, f"prefix {source.name.removesuffix(last)} removed")
        if name in made:
            raise CheckpointError(f"both {made[name].name} and {source.name} would be {name}")
        made[name] = source
    return made


def _fit(names: Mapping[str, _Source], expected: Expected) -> int:
    return sum(name in expected.state or name in expected.tables for name in names)


def _backbone_of(
    named: Mapping[str, _Source],
    weights: Mapping[str, Array],
    expected: Expected,
    backbones: tuple[Backbone, ...],
) -> Backbone | None:
    probe = "layer1.0.conv1.weight"
    if probe not in named or _fit(named, expected) > len(named) // 2:
        return None
    dimensions = weights[named[probe].name].ndim
    return next((b for b in backbones if b.dimensions == dimensions), None)


def _as_backbone(
    named: Mapping[str, _Source], weights: Mapping[str, Array], backbone: Backbone, made: Match
) -> dict[str, _Source]:
    stages = import_module(f"jack.methods.torch.{backbone.module}").STAGES
    made.scope = backbone.prefix
    moved = {}
    for name, source in named.items():
        first, _, rest = name.partition(".")
        if first in stages:
            goal = f"{backbone.prefix}{stages[first]}.{rest}"
            how = f"{first} is {backbone.prefix}{stages[first]}"
            moved[goal] = _Source(source.name, f"{source.how}, {how}" if source.how else how)
        else:
            why = f"{first} of the published network is not used" if first in backbone.dropped else ""
            made.left_over[source.name] = (weights[source.name].shape, why)
    return moved


def _assign(
    named: Mapping[str, _Source],
    weights: Mapping[str, Array],
    wanted: Mapping[str, Spec],
    tables: Mapping[str, Array],
    keep_tables: bool,
    made: Match,
) -> None:
    for name, source in named.items():
        array = weights[source.name]
        if name in tables:
            _table(name, source.name, array, tables[name], keep_tables, made)
        elif name not in wanted:
            made.left_over[source.name] = (array.shape, "")
        else:
            how = source.how
            shape = wanted[name].shape
            if array.shape != shape and {array.shape, shape} == {(), (1,)}:
                # Jittor has no scalars.
                array = array.reshape(shape)
                how = f"{how}, scalar as {list(shape)}" if how else f"scalar as {list(shape)}"
            if array.shape != shape:
                made.mismatched.append((name, array.shape, shape))
                continue
            made.weights[name] = array
            if how:
                made.renamed.append((source.name, name, how))
            else:
                made.matched.append(name)


def _table(name: str, source: str, array: Array, own: Array, keep: bool, made: Match) -> None:
    if array.shape != own.shape:
        made.left_over[source] = (array.shape, "a fixed table of another shape than the model's")
        return
    apart = float(np.max(np.abs(array.astype(np.float64) - own.astype(np.float64)))) if own.size else 0.0
    word = "the same as the model's" if apart == 0 else f"up to {apart:.2g} from the model's"
    if keep:
        made.weights[name] = array
        made.matched.append(name)
        made.notes.append(
            f"warning: {name} is a fixed table, {word}; it is kept, and Torch's own loader will refuse it"
        )
    else:
        made.left_over[source] = (array.shape, f"a fixed table, {word}; --keep-tables keeps it")


def _complete(wanted: Mapping[str, Spec], made: Match, backbone: Backbone | None) -> None:
    """Account for the names of the model that the file does not have."""
    present = {*made.weights, *(name for name, _, _ in made.mismatched)}
    # A dropped first convolution is one that the model has instead: it stays as it was initialised.
    replaced = f"{backbone.prefix}0." if backbone is not None and "conv1" in backbone.dropped else None
    for name, spec in wanted.items():
        if name in present:
            continue
        if replaced is not None and name.startswith(replaced):
            made.outside += 1
            made.notes.append(f"{name} is the model's own: it stays as it was initialised")
        elif name.endswith(f".{COUNTER}") and name.removesuffix(COUNTER) + "running_mean" in present:
            made.weights[name] = np.zeros(spec.shape, dtype=spec.dtype)
            made.added[name] = "0"
        else:
            made.missing[name] = spec.shape


def _order(state: Mapping[str, Spec], made: Match) -> None:
    made.outside += sum(not name.startswith(made.scope) for name in state)
    tables = {name: array for name, array in made.weights.items() if name not in state}
    made.weights = {name: made.weights[name] for name in state if name in made.weights} | tables
    other = [name for name, array in made.weights.items() if name in state and array.dtype.name != state[name].dtype]
    if other:
        kinds = sorted({made.weights[name].dtype.name for name in other})
        made.notes.append(
            f"{len(other)} of another type than the model's ({', '.join(kinds)}); the file's type is kept"
        )


def fitting_sizes(made: Match, sizes: Mapping[str, tuple[str, int]]) -> dict[str, int]:
    """Constructor options that would give mismatched names the shapes that they have in the file."""
    found = {name: (shape, wanted) for name, shape, wanted in made.mismatched}
    fitting = {}
    for option, (name, axis) in sizes.items():
        shape, wanted = found.get(name, ((), ()))
        if len(shape) == len(wanted) > axis and shape[axis] != wanted[axis]:
            fitting[option] = shape[axis]
    return fitting
