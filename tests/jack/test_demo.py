"""``make demo`` keeps its promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from jack import demo


@pytest.mark.slow
def test_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert demo.main() == 0
    shown = capfd.readouterr().out
    assert "computes the same" in shown
    # Both programs print their losses side by side.
    rows = [line.split() for line in shown.splitlines() if line.startswith("epoch")]
    assert len(rows) == 12
    for row in rows:
        torch, jittor = (float(row[i + 1].rstrip(",")) for i, word in enumerate(row) if word == "loss")
        assert abs(torch - jittor) < 0.01
