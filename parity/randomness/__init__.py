"""Random draws of a Torch program, recorded and given to its Jittor twin, so that both see the same dropout masks.

In the Torch process ``with record(model) as tape: ...`` then ``tape.save(path)``; in the Jittor process
``with replay(model, path) as player: ...`` and afterwards ``player.problems()``.  Python's and NumPy's generators are
not recorded: seed both sides alike (:meth:`parity.backends.Backend.seed`).
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from parity.randomness.jittor_player import Player
    from parity.randomness.torch_recorder import TapeRecorder

__all__ = ["record", "replay"]


def record(model: Any = None) -> AbstractContextManager[TapeRecorder]:
    """While open, every random draw of Torch is noted with the module in which it happens.

    Args:
        model: the program's model; where it is made inside, give it later: ``tape.attach(model)``.
    """
    from parity.randomness.torch_recorder import TapeRecorder

    return TapeRecorder(model)


def replay(model: Any, path: Path) -> AbstractContextManager[Player]:
    """While open, Jittor's random draws give what Torch drew at the same place.

    Args:
        model: the Jittor program's model, or None: ``player.attach(model)`` then.
        path: what ``tape.save`` wrote.

    Raises:
        OSError, ValueError: when the file cannot be read.
    """
    from parity.randomness.jittor_player import Player

    return Player(model, path)
