"""The progress of a command that hears how much is done, and of how much, as it goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from jack.runs.progress import make_progress


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar, and the function that moves it; its arguments are what is done, and of how much.

    Args:
        what: is being done.
    """
    with make_progress() as bar:
        task = bar.add_task(what, total=None, figures="")

        def tell(done: int, of: int) -> None:
            bar.update(task, completed=done, total=of)

        yield tell
