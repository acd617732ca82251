"""Which recorded draw a request of the Jittor side gets, and what is wrong about it.  No framework is needed here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from parity.randomness.tape import KINDS, OUTSIDE, Draw, Tape, same_layout

NEARLY = 1e-6  # probabilities that are written differently: 0.1 and 1 - 0.9


@dataclass(frozen=True)
class Request:
    """A draw that the Jittor side is about to make.

    Attributes:
        path, kind, name, shape, drops, limits, place: as in :class:`parity.randomness.tape.Draw`.
        also: kinds that will do if there is none of this kind: a hand-written dropout compares uniform numbers.
        optional: it is no fault if Torch has none: perhaps these are initial weights.
    """

    path: str
    kind: str
    name: str
    shape: tuple[int, ...]
    drops: bool = False
    limits: Mapping[str, float] = field(default_factory=dict)
    place: str = ""
    also: tuple[str, ...] = ()
    optional: bool = False

    def as_draw(self) -> Draw:
        """The same as a draw without values."""
        return Draw(self.path, self.kind, 0, self.name, self.shape, self.drops, self.limits, self.place)


class Matcher:
    """Gives out the draws of a tape.

    A request gets the next draw of its kind in the module of its path.  Where Torch drew nothing there, it gets the
    next draw of its kind and shape from a module that the Jittor side does not have, or that lies inside or around
    its own: ports name modules differently, or drop in a function where Torch has a module.

    Args:
        tape: what Torch drew.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self._known: set[str] = set()
        self._taken: list[int] = []  # in order, so that its length marks a moment
        self._streams: dict[tuple[str, str], list[int]] = {}
        self._quiet = False
        self._found: Counter[str] = Counter()
        self._moved: dict[tuple[str, str], None] = {}
        self._converted: dict[str, None] = {}
        for number, draw in enumerate(tape.draws):
            self._streams.setdefault((draw.path, draw.kind), []).append(number)

    def knows(self, paths: Iterable[str]) -> None:
        """Modules that the Jittor side has."""
        self._known.update(paths)

    def next(self, request: Request) -> Draw | None:
        """The draw to give; None: there is none that fits."""
        taken = set(self._taken)
        for kind in (request.kind, *request.also):
            stream = self._streams.get((request.path, kind), ())
            number = next((n for n in stream if n not in taken), None)
            if number is not None:
                return self._give(number, request)
        for kind in (request.kind, *request.also):
            number = self._elsewhere(request, kind, taken)
            if number is not None:
                if not self._quiet:
                    self._moved[self.tape.draws[number].where(), request.as_draw().where()] = None
                return self._give(number, request)
        wanted = request.as_draw()
        if not request.optional:
            self._say(f"Jittor {wanted.what()} at {wanted.where()} in shape {wanted.shape}, Torch does not")
        return None

    def _give(self, number: int, request: Request) -> Draw | None:
        draw = self.tape.draws[number]
        self._taken.append(number)
        if not same_layout(draw.shape, request.shape):
            self._say(
                f"Torch {draw.what()} at {draw.where()} in shape {draw.shape}, Jittor in shape {tuple(request.shape)}"
            )
            return None
        for limit, theirs in draw.limits.items():
            ours = request.limits.get(limit)
            comparable = draw.kind == request.kind and draw.kind in ("bernoulli", "integers")
            if comparable and ours is not None and abs(ours - theirs) > NEARLY * max(abs(theirs), 1.0):
                wanted = request.as_draw().what()
                self._say(f"Torch {draw.what()} at {draw.where()}, Jittor {wanted}")
                break
        if draw.kind != request.kind and not self._quiet:
            self._converted[
                f"at {draw.where()} Torch {draw.what()}, and Jittor draws {KINDS[request.kind]} ({request.place}): "
                "they are given so that the same is kept"
            ] = None
        return draw

    def _elsewhere(self, request: Request, kind: str, taken: set[int]) -> int | None:
        candidates = []
        for number, draw in enumerate(self.tape.draws):
            if number in taken or draw.kind != kind or not same_layout(draw.shape, request.shape):
                continue
            if draw.path not in self._known or _related(draw.path, request.path):
                candidates.append(number)
        wanted = request.limits.get("p")
        for number in candidates:  # the same probability is a better sign than the order
            if wanted is not None and abs(self.tape.draws[number].limits.get("p", -1) - wanted) <= NEARLY:
                return number
        return candidates[0] if candidates else None

    @property
    def moment(self) -> int:
        """Marks how much was given out."""
        return len(self._taken)

    @contextmanager
    def again(self, moment: int) -> Iterator[None]:
        """While open, what was given out after a moment is given out again; nothing is held against the program."""
        kept, quiet = self._taken, self._quiet
        self._taken, self._quiet = kept[:moment], True
        try:
            yield
        finally:
            self._taken, self._quiet = kept, quiet

    def _say(self, sentence: str) -> None:
        if not self._quiet:
            self._found[sentence] += 1

    def problems(self) -> list[str]:
        """What differs between the draws of both sides, one sentence each."""
        taken = set(self._taken)
        left: Counter[str] = Counter()
        for number, draw in enumerate(self.tape.draws):
            if number not in taken:
                left[f"Torch {draw.what()} at {draw.where()} in shape {draw.shape}, Jittor does not"] += 1
        return [_times(text, count) for text, count in (left + self._found).items()]

    def notes(self) -> list[str]:
        """How draws were matched where both programs are written differently."""
        found = []
        if self._moved:
            pairs = list(self._moved)
            shown = "; ".join(f"{theirs} is {ours}" for theirs, ours in pairs[:3])
            more = f"; and {len(pairs) - 3} more" if len(pairs) > 3 else ""
            found.append(f"draws were matched by kind, shape and order, because the modules differ: {shown}{more}")
        return found + list(self._converted)


def _times(text: str, count: int) -> str:
    return text if count == 1 else f"{text} ({count} times)"


def _related(one: str, other: str) -> bool:
    """Whether one module lies inside the other."""
    if OUTSIDE in (one, other):
        return one == other or "" in (one, other)
    return _inside(one, other) or _inside(other, one)


def _inside(inner: str, outer: str) -> bool:
    return not outer or inner == outer or inner.startswith(f"{outer}.")


def describe(found: Sequence[str], limit: int = 10) -> list[str]:
    """At most so many sentences, and how many more there are."""
    more = [f"and {len(found) - limit} more of this kind"] if len(found) > limit else []
    return [*found[:limit], *more]
