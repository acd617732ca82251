"""Which module of the Jittor program stands for which module of the Torch program.

By the tensors that they hold (matched by name, else by shape and order), by name, by what lies inside them; modules
without tensors, by type and order among their siblings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from parity.state.match import Pair


@dataclass(frozen=True)
class Module:
    """A module: its path and its class."""

    path: str
    type: str


def pair_modules(torch: Sequence[Module], jittor: Sequence[Module], state: Iterable[Pair]) -> dict[str, str]:
    """Torch path to Jittor path, for all that have a counterpart.

    Args:
        torch, jittor: all modules, outer ones before inner ones; the model itself has the path "".
        state: the matched tensors.
    """
    there = {module.path: module for module in jittor}
    found = {"": ""}

    def free(path: str) -> bool:
        return path in there and path not in taken

    taken = {""}
    votes: dict[str, Counter[str]] = {}
    for pair in state:
        if pair.torch and pair.jittor:
            votes.setdefault(_owner(pair.torch), Counter())[_owner(pair.jittor)] += 1
    for module in torch:
        choices = [path for path, _ in votes.get(module.path, Counter()).most_common()]
        if module.path not in found:
            chosen = next((path for path in choices if free(path)), None)
            if chosen is not None:
                found[module.path] = chosen
                taken.add(chosen)
    for module in torch:  # those without tensors of their own, by name
        if module.path not in found and module.path not in votes and free(module.path):
            found[module.path] = module.path
            taken.add(module.path)
    for module in torch:  # containers, by what lies inside; outer ones first
        inside = [found[m.path] for m in torch if m.path in found and m.path.startswith(module.path + ".")]
        if module.path not in found and inside:
            around = _around(inside)
            owners = Counter(_owner(path) for path in inside if path.startswith(around + "."))
            choices = [*_widened(around, found.values()), *(path for path, _ in owners.most_common())]
            chosen = next((path for path in choices if free(path)), None)
            if chosen is not None:
                found[module.path] = chosen
                taken.add(chosen)
    for module in torch:  # the rest, by type and order among siblings; not what holds counterparts of something else
        if module.path in found:
            left = [m for m in torch if _child_of(m.path, module.path) and not _in_or_below(m.path, found)]
            rest = [m for m in jittor if _child_of(m.path, found[module.path]) and not _in_or_below(m.path, taken)]
            for one, other in _alike(left, rest):
                found[one] = other
                taken.add(other)
    return found


def _alike(left: Sequence[Module], rest: Sequence[Module]) -> list[tuple[str, str]]:
    one, other = [_kind(m.type) for m in left], [_kind(m.type) for m in rest]
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return [(left[b.a + i].path, rest[b.b + i].path) for b in blocks for i in range(b.size)]


def _kind(name: str) -> str:
    return name.lower().replace("_", "")


def _owner(path: str) -> str:
    return path.rpartition(".")[0]


def _around(paths: Sequence[str]) -> str:
    """The innermost module that holds all of these."""
    split = [path.split(".")[:-1] for path in paths]
    common: list[str] = []
    for parts in zip(*split):
        if len(set(parts)) > 1:
            break
        common.append(parts[0])
    return ".".join(common)


def _widened(path: str, paths: Iterable[str]) -> list[str]:
    """The modules that hold nothing else of these paths than this one does, the outermost first, and itself."""
    found = [path]
    while outer := _owner(found[0]):
        if any(other.startswith(outer + ".") and not _in_or_below(found[0], [other]) for other in paths):
            break
        found.insert(0, outer)
    return found


def _in_or_below(path: str, paths: Iterable[str]) -> bool:
    return any(other == path or other.startswith(path + ".") for other in paths)


def _child_of(path: str, parent: str) -> bool:
    return bool(path) and _owner(path) == parent


def inverse(pairs: Mapping[str, str]) -> dict[str, str]:
    """Jittor path to Torch path."""
    return {jittor: torch for torch, jittor in pairs.items()}
