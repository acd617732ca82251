"""Reading a page as a browser does: its structure with the standard library, what its script does with Chromium."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

VOID = {"meta", "link", "br", "hr", "img", "input", "col"}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


class Page(HTMLParser):
    """The structure of a page.

    Attributes:
        tags: how often each element occurs.
        attributes: of every element, as (element, name, value).
        text: what a reader sees without scripts: texts of all elements but ``script`` and ``style``.
        data: the JSON of every ``application/json`` script.
        faults: elements that were closed in a wrong order or not at all.
    """

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.pieces: list[str] = []
        self.data: list[Any] = []
        self.faults: list[str] = []
        self.open: list[str] = []
        self.json = False
        self.feed(source)
        self.close()
        self.faults += [f"<{tag}> never closed" for tag in self.open]
        self.text = re.sub(r"\s+", " ", " ".join(self.pieces))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.json = tag == "script" and ("type", "application/json") in attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> at {self.getpos()} inside {self.open[-3:]}")
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.json:
            self.data.append(json.loads(data))
            self.json = False
        elif not self.open or self.open[-1] not in ("script", "style"):
            self.pieces.append(data)


def check_structure(source: str) -> Page:
    """Assert what holds for every page: closed elements, unique identifiers, working links, nothing from outside."""
    page = Page(source)
    assert page.faults == []
    identifiers = [value for _, name, value in page.attributes if name == "id"]
    assert [value for value, number in Counter(identifiers).items() if number > 1] == []
    for tag, name, value in page.attributes:
        if name in ("href", "src", "action", "data", "poster", "srcset"):
            assert (tag, name) == ("a", "href") and value[1:] in identifiers and value[0] == "#", (tag, name, value)
        if name in ("aria-labelledby", "aria-controls", "for"):
            assert value in identifiers, value
        assert not name.startswith("on"), "scripts stand in one place"
    assert not re.search(r"url\(|@import|https?:(?!//www\.w3\.org/)|//cdn", source)
    return page


def browser() -> str | None:
    """Chromium, if this machine has one."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def in_browser(source: str, code: str, folder: Path, size: str = "1300,900") -> dict[str, Any]:
    """Run a page in Chromium and then ``code`` in it; returns what that told, and every error under ``errors``.

    Args:
        source: the page.
        code: the body of a function of ``told``, an object to write into; ``wait(ms)`` may be awaited.
        folder: for files.
        size: of the window.
    """
    program = browser()
    assert program is not None
    first = "<script>window.faults = []; addEventListener('error', (e) => faults.push(String(e.message)));</script>"
    last = (
        "<script>(async () => { const told = {}; const wait = (ms) => new Promise((done) => setTimeout(done, ms));"
        f"try {{ {code} }} catch (error) {{ faults.push(String(error)); }} told.errors = faults;"
        "const box = document.createElement('pre'); box.id = 'told'; box.textContent = JSON.stringify(told);"
        "document.body.append(box); })();</script>"
    )
    path = folder / "page.html"
    path.write_text(
        source.replace("<head>", "<head>" + first, 1).replace("</body>", last + "</body>"), encoding="utf-8"
    )
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=8000", f"--window-size={size}"]
    command = [program, *options, f"--user-data-dir={folder / 'profile'}", "--dump-dom", path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    found = re.search(r'<pre id="told">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stderr[-2000:]
    told: dict[str, Any] = json.loads(Page(found[1]).text)
    return told
