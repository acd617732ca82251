"""Jittor's first import in a command: standard output is the command's own, warnings are seen."""

import os
import subprocess
import sys

PROGRAM = """
import numpy as np
from jack.frameworks.jittor_side import SIDE
SIDE.start("cpu", 1)
import jittor as jt
str(np.finfo(np.float64).smallest_subnormal)
jt.LOG.w("a warning of today")
jt.LOG.i("what nobody asked for")
jt.sync_all(True)
print("{}")
"""


def test_standard_output_is_the_command_s_own_and_warnings_stay():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    assert "a warning of today" in said and "nobody asked" not in said and "Found " not in said
    assert "subnormal" not in done.stderr
    assert done.stdout.splitlines()[-1] == "{}"
    assert [line for line in done.stdout.splitlines() if "a warning" not in line] == ["{}"]


def test_who_asks_for_jittor_s_lines_gets_them():
    program = "from jack.frameworks.jittor_side import SIDE\nSIDE.start('cpu', 1)\nprint('{}')"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=600, env={**os.environ, "log_v": "0"}
    )
    assert done.returncode == 0, done.stderr
    assert "cache_path" in done.stderr and done.stdout == "{}\n"
