"""The Jittor side of the methods is what jack-convert makes of the Torch side, byte for byte."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

METHODS = Path(__file__).parents[2] / "jack" / "methods"


def test_conversion_reproduces_the_committed_files(tmp_path: Path) -> None:
    goal = tmp_path / "jittor"
    command = [sys.executable, "-m", "converter.cli", str(METHODS / "torch"), "-o", str(goal)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    made = {p.name: p.read_bytes() for p in goal.glob("*.py")}
    committed = {p.name: p.read_bytes() for p in (METHODS / "jittor").glob("*.py")}
    assert made.keys() == committed.keys()
    stale = [name for name in made if made[name] != committed[name]]
    assert not stale, "run: jack-convert jack/methods/torch -o jack/methods/jittor --force"
