"""SARIF, GitHub annotations and the HTML page: their structure, and figures counted from the trees."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from converter.diagnostics import CODES
from converter.pipeline import convert
from converter.project import Converted, Source
from converter.report.html_report import pairs, render, share

GOOD = "import torch\n\nx = torch.max(torch.ones(2, 3), 1)[0]  # <b>\n"
LEFT = "import torch\n\nx = torch.zeros(2)\ntorch.no_such(x)\n"
BAD = "import torch\ndef f(:\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub dir").mkdir()
    (tmp_path / "good.py").write_text(GOOD)
    (tmp_path / "sub dir/left.py").write_text(LEFT)
    return tmp_path


def run(folder: Path, *args: str) -> tuple[int, str]:
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / ".cache")}
    command = [sys.executable, "-m", "converter.cli", *args]
    done = subprocess.run(command, cwd=folder, capture_output=True, env=environment)
    return done.returncode, done.stdout.decode("utf-8")


def check_sarif(log: dict[str, Any]) -> list[dict[str, Any]]:
    """What the schema of SARIF 2.1.0 requires of the parts that are used here; returns the results."""
    assert set(log) <= {"$schema", "version", "runs", "inlineExternalProperties", "properties"}
    assert log["version"] == "2.1.0" and isinstance(log["runs"], list)
    (part,) = log["runs"]
    assert part["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    driver = part["tool"]["driver"]
    assert isinstance(driver["name"], str) and driver["name"]
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids))
    for rule in driver["rules"]:
        assert rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")
        assert rule["shortDescription"]["text"] and rule["fullDescription"]["text"]
    for invocation in part["invocations"]:
        assert isinstance(invocation["executionSuccessful"], bool)
    uris = [artifact["location"]["uri"] for artifact in part["artifacts"]]
    for result in part["results"]:
        assert result["message"]["text"]
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert all(isinstance(v, str) for v in result["partialFingerprints"].values())
        for location in result["locations"]:
            place = location["physicalLocation"]
            assert place["artifactLocation"]["uri"] in uris
            assert re.fullmatch(r"[!-~]+", place["artifactLocation"]["uri"])  # RFC 3986: ASCII without spaces
            for key, value in place.get("region", {}).items():
                assert key in ("startLine", "startColumn") and isinstance(value, int) and value >= 1
    found: list[dict[str, Any]] = part["results"]
    assert len({r["partialFingerprints"]["jackConvert/v1"] for r in found}) == len(found)
    return found


def test_sarif(folder: Path) -> None:
    status, out = run(folder, "--check", "--output-format", "sarif", ".")
    log = json.loads(out)
    results = check_sarif(log)
    assert status == log["runs"][0]["invocations"][0]["exitCode"] == 1
    (left,) = [r for r in results if r["ruleId"] == "JC101"]
    place = left["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "sub%20dir/left.py"
    assert place["region"] == {"startLine": 4, "startColumn": 1}
    assert left["level"] == CODES["JC101"].severity.value == "error"


def test_sarif_of_a_file_that_fails(folder: Path) -> None:
    (folder / "bad.py").write_text(BAD)
    status, out = run(folder, "--check", "--output-format", "sarif", ".")
    log = json.loads(out)
    assert status == 2
    assert log["runs"][0]["invocations"][0] == {"executionSuccessful": False, "exitCode": 2}
    assert "JC901" in {r["ruleId"] for r in check_sarif(log)}


def test_fingerprints_do_not_depend_on_line_numbers(folder: Path) -> None:
    def marks() -> set[str]:
        return {r["partialFingerprints"]["jackConvert/v1"] for r in check_sarif(json.loads(run(folder, *command)[1]))}

    command = ("--check", "--output-format", "sarif", "sub dir/left.py")
    before = marks()
    (folder / "sub dir/left.py").write_text("# a comment\n\n" + LEFT)
    assert marks() == before != set()


def test_github_annotations(folder: Path) -> None:
    status, out = run(folder, "--check", "--output-format", "github", "sub dir/left.py")
    assert status == 1
    assert out.splitlines()[0].startswith("::error file=sub dir/left.py,line=4,col=1,title=JC101 ")


class Page(HTMLParser):
    """The text of a page, what it loads from elsewhere, and whether its elements are closed in order."""

    EMPTY = frozenset({"meta", "col", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.foreign: list[str] = []
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in self.EMPTY:
            self.open.append(tag)
        self.foreign += [v for k, v in attrs if v and (k == "src" or k == "href" and not v.startswith("#"))]
        self.ids |= {given["id"] or ""} if "id" in given else set()
        self.links |= {(given["href"] or "")[1:]} if "href" in given else set()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def _item(name: str, text: str) -> Converted:
    return Converted(Source(Path(name), Path(name), (Path(),), ""), text, "utf-8", convert(text))


def test_html_is_one_page_that_needs_nothing_else() -> None:
    page = Page()
    page.feed(render([_item("good.py", GOOD), _item("<left>.py", LEFT), _item("bad.py", BAD)]))
    assert page.open == [] and page.foreign == []
    assert page.links <= page.ids
    assert "# <b>" in page.text and "<left>.py" in page.text
    assert "torch.no_such(x)" in page.text and "JC101" in page.text and "JC901" in page.text


def test_percentages_come_from_the_trees() -> None:
    good, left = _item("good.py", GOOD), _item("left.py", LEFT)
    assert (good.result.found, good.result.left) == (2, 0)
    assert (left.result.found, left.result.left) == (2, 1)
    text = render([good, left])
    assert "75.0 %" in text and "50.0 %" in text and "100 %" in text
    assert share(0, 0) is None
    assert ">99.9 %" in render([_item("many.py", "import torch\n" + "torch.ones(1)\n" * 3000 + "torch.no_such()\n")])


def test_every_line_stands_on_its_side() -> None:
    old, new = "a\nb\nc\nd\n", "x\na\nb2\nd\n"
    rows = pairs(old, new)
    assert [r.old for r in rows if r.left] == old.split() and [r.new for r in rows if r.right] == new.split()
    assert [(r.left, r.right) for r in rows if r.same] == [(1, 2), (4, 4)]
