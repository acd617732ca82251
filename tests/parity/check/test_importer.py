"""Importing one file of a package, and standing in for Torch."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[3]


def write(root: Path, **files: str) -> None:
    """Create files; ``__`` in a name is a slash, ``INIT`` is ``__init__``."""
    for name, text in files.items():
        path = root / (name.replace("__", "/").replace("INIT", "__init__") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))


def python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own: it changes the import system."""
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=PROJECT)


LOAD = """
import sys
from pathlib import Path
from parity.check.importer import Finder, imported_files
root = Path(sys.argv[1])
finder = Finder(root)
sys.meta_path.insert(0, finder)
module = finder.load("lib.models.net", root / "lib/models/net.py")
print(module.RESULT)
print(sorted(str(p.relative_to(root)) for p in imported_files(root)))
"""


def test_init_of_packages_is_not_run(tmp_path: Path) -> None:
    write(
        tmp_path,
        lib__INIT="raise RuntimeError('needs what is not installed')",
        lib__models__INIT="import not_installed_anywhere",
        lib__util="def f(): return 'f'",
        lib__models__net="from ..util import f\nfrom .. import util\nimport lib.util as u\nRESULT = f(), u is util",
    )
    done = python(LOAD, tmp_path)
    assert done.stdout.splitlines() == ["('f', True)", "['lib/models/net.py', 'lib/util.py']"], done.stderr


def test_a_function_is_not_hidden_by_the_submodule_of_its_name(tmp_path: Path) -> None:
    write(
        tmp_path,
        lib__INIT="from .create import create\nfrom . import util",
        lib__create="def create(): return 'created'",
        lib__util="from .create import create",
        lib__models__INIT="",
        lib__models__net="import lib.util\nfrom lib import create, util\nRESULT = create(), util is lib.util",
    )
    done = python(LOAD, tmp_path)
    assert done.stdout.splitlines()[:1] == ["('created', True)"], done.stderr


def test_name_is_found_where_init_says_it_comes_from(tmp_path: Path) -> None:
    write(
        tmp_path,
        lib__INIT="import not_installed_anywhere",
        lib__ops__INIT="""
            from .norm import Norm as RenamedNorm
            from .heavy import *
            from .light import *
            from .resnet import resnet
            import not_installed_anywhere
        """,
        lib__ops__norm="class Norm: pass",
        lib__ops__heavy="import not_installed_anywhere\n__all__ = ['other']",
        lib__ops__light="VALUE = 3\n_hidden = 4",
        lib__ops__resnet="def resnet(): return 'the function'",
        lib__models__INIT="",
        lib__models__net="from ..ops import RenamedNorm, VALUE, resnet\nRESULT = RenamedNorm.__name__, VALUE, resnet()",
    )
    done = python(LOAD, tmp_path)
    assert done.stdout.splitlines()[0] == "('Norm', 3, 'the function')", done.stderr
    assert "lib/ops/__init__.py" in done.stdout and "heavy" not in done.stdout


def test_other_names_run_the_real_init(tmp_path: Path) -> None:
    write(
        tmp_path,
        lib__INIT="from .a import one\nTABLE = {'one': one}\nif TABLE:\n    SIZE = len(TABLE)",
        lib__a="one = 1",
        lib__models__INIT="",
        lib__models__net="from lib import SIZE, TABLE\nimport lib\nRESULT = SIZE, TABLE, hasattr(lib, 'nothing')",
    )
    done = python(LOAD, tmp_path)
    assert done.stdout.splitlines() == [
        "(1, {'one': 1}, False)",
        "['lib/__init__.py', 'lib/a.py', 'lib/models/net.py']",
    ]


PLACEHOLDER = """
import sys
from pathlib import Path
from parity.check.importer import Finder
from parity.check.placeholder import NotConverted, PlaceholderFinder, importing
root = Path(sys.argv[1])
finder = Finder(root, importing)
sys.meta_path[:0] = [finder, PlaceholderFinder(root)]
module = finder.load("net", root / "net.py")
for name in sys.argv[2:]:
    try:
        print(name, getattr(module, name)())
    except NotConverted as error:
        print(name, "NotConverted:", error)
assert type(sys.modules["torch"]).__module__.startswith("parity")
"""


def test_leftovers_do_not_stop_the_import_but_their_use_is_an_error(tmp_path: Path) -> None:
    write(
        tmp_path,
        net="""
            from typing import Optional, Union
            import torch
            import torch.nn as nn
            from torch.nn.modules.utils import _pair
            from torchvision.ops import nms as suppress

            TYPES = {torch.uint8: 1, torch.float16: 2}
            NEW = torch.__version__ >= (2, 0)

            class Left(nn.Module):
                def __init__(self, act: Optional[nn.Module] = nn.ReLU): ...

            @torch.jit.script
            def scripted(x: "torch.Tensor | None") -> Union[torch.Tensor, None]:
                return x

            def fine(): return 7
            def call(): return torch.zeros(3)
            def build(): return Left()
            def run_script(): return scripted(1)
            def boxes(): return suppress(1)
            def ask(): return isinstance(3, torch.Tensor)
            def condition(): return 1 if nn.Identity else 2
            def pair(): return _pair(3)
        """,
    )
    names = ["fine", "call", "build", "run_script", "boxes", "ask", "condition", "pair"]
    done = python(PLACEHOLDER, tmp_path, *names)
    lines = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert lines.pop("fine") == "7", done.stderr
    words = {
        "call": "torch.zeros",
        "build": "torch.nn.Module",
        "run_script": "torch.jit.script",
        "boxes": "torchvision.ops.nms",
        "ask": "torch.Tensor",
        "condition": "torch.nn.Identity",
        "pair": "torch.nn.modules.utils._pair",
    }
    assert lines.keys() == words.keys(), done.stderr
    for name, word in words.items():
        assert lines[name].startswith("NotConverted:") and word in lines[name]


@pytest.mark.parametrize("name", ["my-model.py", "2net.py"])
def test_file_whose_name_is_no_identifier(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("VALUE = 5")
    code = """
        import sys
        from pathlib import Path
        from parity.check.importer import Finder
        from parity.check.spec import parse_target
        target = parse_target(sys.argv[1])
        print(Finder(target.root).load(target.module, target.path).VALUE)
    """
    assert python(code, f"{tmp_path / name}:VALUE").stdout == "5\n"
