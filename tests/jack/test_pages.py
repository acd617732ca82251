"""The pages' links."""

from __future__ import annotations

from pathlib import Path

import pytest

from jack import pages

PROJECT = Path(__file__).resolve().parents[2]


def test_pages_of_the_project() -> None:
    names = ["README.md", "README.zh-CN.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs"]
    assert pages.main([str(PROJECT / name) for name in names]) == 0


def test_broken_links_are_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.md").write_text(
        "# One Two!\n[ok](#one-two) [ok](b.md) [no](c.md) [no](#three)\n```\n[x](y.md)\n```\n"
    )
    (tmp_path / "b.md").write_text("[far](https://example.org)")
    assert pages.main([str(tmp_path)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{tmp_path}/a.md: c.md",
        f"{tmp_path}/a.md: #three",
        "2 pages, 2 broken links",
    ]
