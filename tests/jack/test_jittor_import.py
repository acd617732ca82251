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


TORCH_AFTERWARDS = """
import sys
from jack.frameworks.jittor_side import SIDE
SIDE.start("cpu", 1)
import jittor as jt
product = jt.matmul(jt.ones((40, 30)), jt.ones((30, 20))).sum().item()
assert "torch" not in sys.modules
import torch
net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.Flatten(), torch.nn.Linear(144, 2))
optimizer = torch.optim.Adam(net.parameters())
net(torch.ones(1, 3, 8, 8)).sum().backward()
optimizer.step()
for reshape in (lambda: torch.ones(3).reshape(4), lambda: jt.ones(3).reshape((4,)).sync()):
    try:
        reshape()
    except RuntimeError:  # one that crossed from C++ to Python
        continue
    raise SystemExit("no error")
assert jt.matmul(jt.ones((40, 30)), jt.ones((30, 20))).sum().item() == product == 24000
"""


def test_torch_is_not_imported_and_works_afterwards():
    done = subprocess.run([sys.executable, "-c", TORCH_AFTERWARDS], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
