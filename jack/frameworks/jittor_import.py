"""The first import of Jittor in a command of ours, without its lines about itself."""

from __future__ import annotations

import os
import sys
from contextlib import redirect_stdout
from typing import Any

import numpy as np


def import_jittor() -> None:
    """Import Jittor; what it says goes to standard error, where warnings, errors and the progress of compiling stay.

    Left to itself Jittor begins with ten lines about paths and compilers, some of them on standard output, where the
    JSON of a command is expected.  A user who set ``log_v`` or ``log_silent`` gets what they asked for.
    """
    if "jittor" in sys.modules:
        return
    import jittor_utils

    # Jittor's libraries flush the smallest numbers to zero, which numpy complains of where it measures them later.
    for kind in (np.float16, np.float32, np.float64):
        np.finfo(kind)
    with redirect_stdout(sys.stderr):
        if {"log_v", "log_silent"} & os.environ.keys():
            import jittor as jt

            return
        log = jittor_utils.LOG
        log.i = _nothing
        warn, log.w = log.w, _warning
        # The core's own two lines can be hidden only by a flag that hides its warnings as well; so just for the import.
        os.environ["log_silent"] = "1"
        try:
            import jittor as jt
        finally:
            del os.environ["log_silent"]
            log.w = warn
        jt.flags.log_silent = 0


def _nothing(*_: Any) -> None:
    return


def _warning(*parts: Any) -> None:
    print("jittor:", "".join(str(part() if callable(part) else part) for part in parts), file=sys.stderr)
