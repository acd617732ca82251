"""``make docs``: every relative link in the pages must lead to a file, every anchor to a heading."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def anchors(text: str) -> set[str]:
    """Anchors that a page's headings get on common hosts."""
    titles = re.findall(r"^#+ (.+)$", _FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken(page: Path) -> list[str]:
    """The links of a page that lead nowhere, each as ``page: link``."""
    found = []
    for link in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, anchor = link.partition("#")
        goal = page.parent / name if name else page
        if not goal.exists() or (anchor and anchor not in anchors(goal.read_text(encoding="utf-8"))):
            found.append(f"{page}: {link}")
    return found


def main(arguments: Iterable[str]) -> int:
    """Check files and folders; 1 when a link is broken."""
    pages = [
        page for name in map(Path, arguments) for page in (sorted(name.rglob("*.md")) if name.is_dir() else [name])
    ]
    problems = [problem for page in pages for problem in broken(page)]
    for problem in problems:
        print(problem)
    print(f"{len(pages)} pages, {len(problems)} broken links")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
