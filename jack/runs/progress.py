"""Progress bars; none where the output is not a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def make_progress(shown: bool = True) -> Progress:
    """Bars with a description, a count, the fields ``figures`` and the time left; unless ``shown``, none.

    What ``print`` (not ``click.echo``) writes meanwhile appears above them.
    """
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[figures]}"),
        TimeRemainingColumn(),
    )
    return Progress(
        *columns,
        console=console,
        transient=True,
        redirect_stdout=sys.stdout.isatty(),  # lines that go to a file must arrive there
        disable=not (shown and console.is_terminal),
    )


@contextmanager
def steps_shown(what: str, count: int) -> Iterator[Callable[[], None]]:
    """A bar of ``count`` steps; call what it gives after each."""
    with make_progress() as progress:
        task = progress.add_task(what, total=count, figures="")
        yield lambda: progress.advance(task)
