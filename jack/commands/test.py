"""``jack test METHOD``."""

from __future__ import annotations

from collections.abc import Sequence

import click

from jack.options.command_line import MethodGroup
from jack.options.common import Options


def _run(options: Options, output: str | None) -> int:
    from jack.testing.run import run_test

    return run_test(options, output)


def _own(method: str) -> Sequence[click.Parameter]:
    return [click.Option(["--output"], metavar="FOLDER", help="Where the results go, in place of the method's folder.")]


test = MethodGroup(
    "test",
    "Evaluate weights on the test set: every sample, also those of an incomplete last batch.",
    _run,
    _own,
)
