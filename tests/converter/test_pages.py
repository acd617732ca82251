"""The generated pages are current."""

from __future__ import annotations

import pytest

from converter.report.pages import DOCS, PAGES


@pytest.mark.parametrize("name", sorted(PAGES))
def test_page_is_current(name: str) -> None:
    written = (DOCS / name).read_text(encoding="utf-8")
    assert written == PAGES[name](), "run: python -m converter.report.pages"
