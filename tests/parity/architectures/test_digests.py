"""Which change makes an answer older: of what the model reaches, and of nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.architectures.digest import Digests
from parity.architectures.page import as_page

FILES = {
    "jittor_helpers.py": 'def used(x):\n    return _inner(x)\n\n\ndef _inner(x):\n    """Text."""\n    return x\n\n\n'
    "def unused(x):\n    return x\n",
    "zoo/__init__.py": "from .layers import Norm\nfrom .other import *\n",
    "zoo/layers.py": "import jittor_helpers as jh\n\n\nclass Norm:\n    f = jh.used\n",
    "zoo/other.py": "def other():\n    pass\n",
    "zoo/apart.py": "apart = 1\n",
    "zoo/nets.py": "from zoo import Norm, other\n\n\n"
    "def net():\n    return Norm()\n\n\ndef build_net():\n    return net()\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "old", "new", "same"),
    [
        ("zoo/nets.py", "Norm()", "Norm(1)", False),
        ("zoo/layers.py", "f = jh", "g = jh", False),
        ("zoo/other.py", "pass", "return 1", False),
        ("jittor_helpers.py", "return _inner(x)", "return _inner(x) + 1", False),
        ("jittor_helpers.py", '"""Text."""\n    return x', '"""Text."""\n    return -x', False),
        ("jittor_helpers.py", "Text", "Other text", True),
        ("jittor_helpers.py", "def unused(x):\n    return x", "def unused(x):\n    return 1", True),
        ("zoo/apart.py", "1", "2", True),
        ("zoo/layers.py", "    f = jh", "    # a comment\n    f = jh", True),
        ("zoo/nets.py", "return net()", "return net(2)", True),
    ],
)
def test_what_a_model_reaches(tree: Path, file: str, old: str, new: str, same: bool) -> None:
    net = tree / "zoo" / "nets.py"
    before = Digests(tree, "build_").of(net)
    text = (tree / file).read_text()
    assert old in text
    (tree / file).write_text(text.replace(old, new, 1))
    assert (Digests(tree, "build_").of(net) == before) is same


def test_the_page_marks_what_is_older() -> None:
    answer = {"answer": "equal", "output": 1e-7, "outputs": 1, "converted": "a", "parameters": 12, "seconds": 1.0}
    source = {"title": "T", "command": "c", "folder": "f", "tolerance": 1, "gradient_tolerance": 1, "margin": 2}
    told = {"models": {"n.py:net": {"eval": answer}}, "source": source, "files": ["n.py"], "diagnostics": {}}
    told["versions"] = {}
    for digest, mark in (("a", False), ("b", True)):
        page = as_page({**told, "digests": {"n.py:net": digest}})
        assert ("equal (older)" in page) is mark and ("1 of them older" in page) is mark
