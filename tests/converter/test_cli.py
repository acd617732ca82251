"""``jack-convert`` as a user meets it: outputs, exit codes, bad input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = "import torch\nfrom torch import nn\n\nnet = nn.Linear(2, 3)  # a layer\n"
LEFT = GOOD + "torch.no_such_function(net)\n"
HELPED = "from torch import nn\n\nnorm = nn.BatchNorm2d(3)\n"


def run(*args: str, cwd: Path, stdin: bytes | None = None) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "converter.cli", *args],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        env={**os.environ, "NO_COLOR": "1"},
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.py").write_text(GOOD)
    (tmp_path / "left.py").write_text(LEFT)
    (tmp_path / "helped.py").write_text(HELPED)
    return tmp_path


def test_prints_to_standard_output(folder: Path) -> None:
    status, out, err = run("good.py", cwd=folder)
    assert status == 0
    assert ".Linear(2, 3)  # a layer" in out
    assert "torch" not in out
    assert "0 Torch names left" in err


def test_exit_1_when_something_is_left(folder: Path) -> None:
    status, out, err = run("left.py", cwd=folder)
    assert status == 1
    assert "# jack: JC101 torch.no_such_function" in out
    assert "left.py:5:1: JC101" in err
    assert "1 Torch name left" in err


def test_output_file_and_helper_beside_it(folder: Path) -> None:
    status, _, _ = run("helped.py", "-o", "out/net.py", cwd=folder)
    assert status == 0
    assert "import jittor_helpers as jh" in (folder / "out/net.py").read_text()
    helper = (folder / "out/jittor_helpers.py").read_text()
    assert "class BatchNorm2d" in helper
    assert "class LSTM" not in helper
    assert "converter" not in helper and "torch." not in helper.replace("Torch", "").split('"""')[0]


def test_folder(folder: Path) -> None:
    (folder / "pkg/sub").mkdir(parents=True)
    for name in ("pkg/__init__.py", "pkg/sub/__init__.py"):
        (folder / name).write_text("")
    (folder / "pkg/sub/layers.py").write_text(HELPED)
    status, _, err = run("pkg", "-o", "out", cwd=folder)
    assert status == 0, err
    assert "from .. import jittor_helpers as jh" in (folder / "out/sub/layers.py").read_text()
    assert (folder / "out/jittor_helpers.py").exists()
    assert (folder / "out/__init__.py").exists()


def test_folder_needs_a_place(folder: Path) -> None:
    status, _, err = run(".", cwd=folder)
    assert status == 2
    assert err.count("\n") == 1


def test_existing_output_is_not_replaced(folder: Path) -> None:
    (folder / "out.py").write_text("mine = 1\n")
    status, _, err = run("good.py", "-o", "out.py", cwd=folder)
    assert status == 2
    assert "exists already" in err
    assert (folder / "out.py").read_text() == "mine = 1\n"
    assert run("good.py", "-o", "out.py", "--force", cwd=folder)[0] == 0
    assert "jittor" in (folder / "out.py").read_text()
    assert run("good.py", "-o", "out.py", cwd=folder)[0] == 0  # the same content again is no conflict


def test_check_and_diff_write_nothing(folder: Path) -> None:
    before = sorted(p.name for p in folder.iterdir())
    assert run("--check", "good.py", cwd=folder)[0] == 1
    status, out, _ = run("--diff", "good.py", cwd=folder)
    assert status == 0
    assert "-from torch import nn" in out and "+import jittor_helpers as jh" in out
    assert sorted(p.name for p in folder.iterdir()) == before
    (folder / "plain.py").write_text("x = 1\n")
    assert run("--check", "plain.py", cwd=folder)[0] == 0


def test_write_in_place(folder: Path) -> None:
    assert run("--write", "helped.py", cwd=folder)[0] == 0
    assert "jh.BatchNorm2d" in (folder / "helped.py").read_text()
    assert (folder / "jittor_helpers.py").exists()


def test_standard_input(folder: Path) -> None:
    status, out, _ = run("-", cwd=folder, stdin=GOOD.encode())
    assert status == 0
    assert "jittor" in out


def test_json(folder: Path) -> None:
    status, out, _ = run("--output-format", "json", "left.py", cwd=folder)
    report = json.loads(out)
    assert status == 1
    (file,) = report["files"]
    assert file["answers"]["unknown"] == 1
    assert file["torch_names_left"] == 1
    assert file["diagnostics"][0]["code"] == "JC101"


def test_exclude(folder: Path) -> None:
    status, out, _ = run("--output-format", "json", "--check", "--exclude", "left.py", ".", cwd=folder)
    assert {Path(f["path"]).name for f in json.loads(out)["files"]} == {"good.py", "helped.py"}
    assert status == 1


def test_explain(folder: Path) -> None:
    status, out, _ = run("--explain", "JC203", cwd=folder)
    assert status == 0
    assert "in-place" in out
    assert run("--explain", "JC999", cwd=folder)[0] == 2


BAD = [
    ("syntax.py", b"import torch\ndef f(:\n", "JC901"),
    ("binary.py", b"import torch\0\x01\x02", "JC902"),
    ("latin.py", b"import torch\nx = '\xe9'\n", "JC902"),
    ("unknown_coding.py", b"# -*- coding: no-such-code -*-\nimport torch\n", "JC902"),
]


@pytest.mark.parametrize(("name", "content", "code"), BAD, ids=[b[0] for b in BAD])
def test_bad_files_get_one_line(folder: Path, name: str, content: bytes, code: str) -> None:
    (folder / name).write_bytes(content)
    status, out, err = run(name, "-o", "out.py", cwd=folder)
    assert status == 2
    assert code in err
    assert "Traceback" not in err
    assert len([line for line in err.splitlines() if name in line]) == 1
    assert not (folder / "out.py").exists()
    assert out == ""


def test_one_bad_file_does_not_stop_the_rest(folder: Path) -> None:
    (folder / "bad.py").write_text("import torch\ndef f(:\n")
    status, _, err = run(".", "-o", "out", cwd=folder)
    assert status == 2
    assert (folder / "out/good.py").exists() and (folder / "out/helped.py").exists()
    assert not (folder / "out/bad.py").exists()
    assert "1 failed" in err


def test_missing_empty_and_pythonless(folder: Path) -> None:
    status, _, err = run("nowhere.py", cwd=folder)
    assert (status, err.count("\n")) == (2, 1)
    (folder / "empty.py").write_text("")
    status, out, err = run("empty.py", cwd=folder)
    assert (status, out) == (0, "")
    assert "empty" in err
    (folder / "nothing").mkdir()
    status, _, err = run("nothing", "-o", "out", cwd=folder)
    assert status == 2
    assert "no Python files" in err


def test_coding_line_is_kept(folder: Path) -> None:
    (folder / "old.py").write_bytes(
        "# -*- coding: latin-1 -*-\nimport torch\nx = torch.nn.Linear(2, 3)  # caf\xe9\n".encode("latin-1")
    )
    assert run("old.py", "-o", "out.py", cwd=folder)[0] == 0
    assert "caf\xe9".encode("latin-1") in (folder / "out.py").read_bytes()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
def test_unreadable(folder: Path) -> None:
    (folder / "good.py").chmod(0)
    status, _, err = run("good.py", cwd=folder)
    assert status == 2
    assert "JC903" in err


def test_unwritable_folder(folder: Path) -> None:
    (folder / "file").write_text("")
    status, _, err = run("good.py", "-o", "file/out.py", cwd=folder)
    assert status == 2
    assert "cannot be written" in err or "file" in err
    assert "Traceback" not in err


def test_names_that_other_files_import_stay_bound(folder: Path) -> None:
    (folder / "pkg").mkdir()
    (folder / "pkg/layers.py").write_text("from torch.nn import Linear, BatchNorm2d, GRU\n\nnorm = BatchNorm2d(2)\n")
    (folder / "pkg/net.py").write_text("from layers import (\n    Linear,  # a layer\n)\n\nnet = Linear(2, 3)\n")
    assert run("pkg", "-o", "out", cwd=folder)[0] == 0
    layers = (folder / "out/layers.py").read_text()
    assert "\nLinear = jh.Linear\n" in layers
    assert "GRU" not in layers


TRAIN = """import torch
from net.layers import make

layer = make()
optimizer = torch.optim.SGD(layer.parameters(), lr=0.5)
before = layer.weight.detach().clone()
torch.sum(layer(torch.ones(1, 2))).backward()
optimizer.step()
print("MOVED", (before - layer.weight).detach().numpy().round(4).tolist(), isinstance(layer, torch.nn.Linear))
"""


def test_a_script_and_the_package_it_imports_share_their_helpers(folder: Path) -> None:
    """Two copies of the helper module would not know each other's parameters and classes."""
    (folder / "repo/net").mkdir(parents=True)
    (folder / "repo/net/__init__.py").write_text("")
    (folder / "repo/net/layers.py").write_text("from torch import nn\n\n\ndef make():\n    return nn.Linear(2, 1)\n")
    (folder / "repo/train.py").write_text(TRAIN)
    status, _, err = run("repo", "-o", "out", cwd=folder)
    assert status == 0, err
    assert "from . import jittor_helpers as jh" in (folder / "out/net/layers.py").read_text()
    program = "from jack.runtime import prepare\nprepare()\nimport sys\nsys.path.insert(0, sys.argv[1])\nimport train"
    command = [sys.executable, "-c", program, str(folder / "out")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)
    assert "MOVED [[0.5, 0.5]] True" in done.stdout, done.stderr[-2000:]


ACROSS = """
import abc
import torch
from net.layers import make

class Norm(torch.nn.BatchNorm1d, abc.ABC):
    pass

class Conv(torch.nn.Conv2d):
    pass

layer = make()
print("SEEN", isinstance(layer, torch.nn.Linear), isinstance(layer, torch.nn.Module),
      isinstance(layer, torch.nn.Conv2d), issubclass(type(layer), torch.nn.Linear), isinstance(layer, Conv),
      isinstance(Norm(2), torch.nn.BatchNorm1d), isinstance(3, torch.nn.Linear))
"""


def test_a_library_and_a_program_converted_apart_know_each_other_s_classes(folder: Path) -> None:
    (folder / "net").mkdir()
    (folder / "net/__init__.py").write_text("")
    (folder / "net/layers.py").write_text("from torch import nn\n\n\ndef make():\n    return nn.Linear(2, 1)\n")
    (folder / "train.py").write_text(ACROSS)
    assert run("net", "-o", "out/net", cwd=folder)[0] == 0
    assert run("train.py", "-o", "program/", cwd=folder)[0] == 0
    program = "from jack.runtime import prepare\nprepare()\nimport sys\nsys.path[:0] = sys.argv[1:]\nimport train"
    command = [sys.executable, "-c", program, str(folder / "out"), str(folder / "program")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)
    assert "SEEN True True False True False True False" in done.stdout, done.stderr[-2000:]


def test_what_was_converted_keeps_its_helpers(folder: Path) -> None:
    """A file is added to a folder that was converted before; the others still find what they use."""
    (folder / "pkg").mkdir()
    (folder / "pkg/__init__.py").write_text("")
    (folder / "pkg/layers.py").write_text(HELPED)
    assert run("pkg", "-o", "out", cwd=folder)[0] == 0
    (folder / "out/more.py").write_text("import torch\n\nx = torch.zeros(3)\n")
    status, _, err = run("out", "-o", "again", cwd=folder)
    assert status == 0, err
    helper = (folder / "again/jittor_helpers.py").read_text()
    assert "class BatchNorm2d" in helper and "def zeros" in helper
    assert (folder / "again/layers.py").read_text() == (folder / "out/layers.py").read_text()
