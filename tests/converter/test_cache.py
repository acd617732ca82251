"""Unchanged files are not converted again, and nothing stale is ever used."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter import cache, context, project
from converter.cache import Cache
from converter.pipeline import Options, convert

SOURCE = "import torch\nfrom torch.nn import Linear\n\nx = torch.max(torch.ones(2), 0)  # é\ntorch.nothing()\n"


@pytest.fixture
def memory(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def test_what_is_remembered_is_what_was_found(memory: Cache) -> None:
    result = convert(SOURCE)
    assert memory.get(SOURCE, Options()) is None
    memory.put(SOURCE, Options(), result)
    assert memory.get(SOURCE, Options()) == result


@pytest.mark.parametrize(
    "options",
    [
        Options(guess=True),
        Options(annotate=False),
        Options(helper_import="from . import jittor_helpers"),
        Options(exported=frozenset({"Linear"})),
        Options(own_package="torchlike"),
        Options(among_torch=True),
    ],
)
def test_every_circumstance_counts(memory: Cache, options: Options) -> None:
    memory.put(SOURCE, Options(), convert(SOURCE))
    assert memory.get(SOURCE, options) is None
    assert memory.get(SOURCE + "\n", Options()) is None


def test_another_converter_or_other_rules_start_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Cache(tmp_path)
    first.put(SOURCE, Options(), convert(SOURCE))
    assert Cache(tmp_path).get(SOURCE, Options()) is not None
    assert Cache(tmp_path, b"my rules").get(SOURCE, Options()) is None
    monkeypatch.setattr(cache, "fingerprint", lambda: "another version")
    assert Cache(tmp_path).get(SOURCE, Options()) is None


def test_damage_and_unwritable_folders_do_no_harm(memory: Cache, tmp_path: Path) -> None:
    memory.put(SOURCE, Options(), convert(SOURCE))
    memory.place(SOURCE, Options()).write_text("{")
    assert memory.get(SOURCE, Options()) is None
    (tmp_path / "file").write_text("")
    nowhere = Cache(tmp_path / "file" / "cache")
    nowhere.put(SOURCE, Options(), convert(SOURCE))
    assert nowhere.get(SOURCE, Options()) is None


def test_what_another_file_imports_makes_a_new_result(tmp_path: Path, memory: Cache) -> None:
    (tmp_path / "layers.py").write_text("from torch.nn import Linear, GRU\n\nlayer = Linear(1, 2)\n")
    (tmp_path / "net.py").write_text("import layers\n")

    def layers() -> str:
        found = project.convert_all(project.find([tmp_path]), Options(), 1, memory)
        return next(item.result.code for item in found if item.source.path.name == "layers.py")

    assert "GRU" not in layers() and "GRU" not in layers()
    (tmp_path / "net.py").write_text("from layers import GRU\n")
    assert "GRU" in layers()


def test_modules_of_other_files_are_known_without_a_torch_import(tmp_path: Path) -> None:
    (tmp_path / "base.py").write_text("import torch.nn as nn\n\n\nclass Base(nn.Module):\n    pass\n")
    (tmp_path / "net.py").write_text(
        "from base import Base\n\n\nclass Net(Base):\n    def forward(self, x):\n        return x\n"
    )
    (tmp_path / "turtle.py").write_text("class Turtle(Animal):\n    def forward(self, x):\n        return x\n")
    found = {i.source.path.name: i.result.code for i in project.convert_all(project.find([tmp_path]), Options(), 1)}
    assert "def execute" in found["net.py"]
    assert "def forward" in found["turtle.py"]


def test_context_needs_torch_somewhere() -> None:
    text = "def f(x):\n    return x.unsqueeze(0)\n"
    assert not context.gather({Path("a.py"): text, Path("b.py"): ""})[Path("a.py")].among_torch
    assert context.gather({Path("a.py"): text, Path("b.py"): "import torch\n"})[Path("a.py")].among_torch
