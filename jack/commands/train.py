"""``jack train METHOD``."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence

import click

from jack.options.command_line import MethodGroup
from jack.options.common import Options

RESUME = "--resume"


def _run(options: Options, resume: bool) -> int:
    from jack.training.run import run_train

    words = ["jack", *sys.argv[1:]]
    return run_train(options, resume, shlex.join(words if RESUME in words else [*words, RESUME]))


def _own(method: str) -> Sequence[click.Parameter]:
    return [click.Option([RESUME], is_flag=True, help="Go on with the run that lies where the options say.")]


train = MethodGroup("train", "Train a method; files of the run lie where its options say.", _run, _own)
