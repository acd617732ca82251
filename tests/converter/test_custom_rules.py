"""Rules of the user's own: the documented example works, and every mistake gets one line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs/custom-rules.md").read_text(encoding="utf-8")
EXAMPLE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]
CONFIG = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0]
SOURCE = """import torch

def f(x: torch.Tensor):
    a = torch.my_gelu(x, approximate="tanh") + x.my_gelu()
    return a, x.logit(), x.logit(eps=1e-6), torch.my_graph(a)
"""


def run(folder: Path, *args: str) -> tuple[int, str, str]:
    environment = {**os.environ, "NO_COLOR": "1", "XDG_CACHE_HOME": str(folder / ".cache")}
    done = subprocess.run(
        [sys.executable, "-m", "converter.cli", *args], cwd=folder, capture_output=True, text=True, env=environment
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(CONFIG)
    (tmp_path / "my_rules.py").write_text(EXAMPLE)
    (tmp_path / "net.py").write_text(SOURCE)
    return tmp_path


def test_the_documented_example(project: Path) -> None:
    assert len([line for line in EXAMPLE.splitlines() if line.strip()]) <= 10
    status, out, err = run(project, "net.py")
    assert status == 1
    assert "a = jt.nn.gelu(x) + x.gelu()" in out
    assert "jt.log(x)" in out
    assert "x.logit(eps=1e-6)" in out and "Jittor has no clamped logit" in out
    assert "our graphs are recorded by Torch Instead: call the function itself." in err


def test_changed_rules_convert_again(project: Path) -> None:
    assert "jt.log(x)" in run(project, "net.py")[1]
    (project / "my_rules.py").write_text(EXAMPLE.replace("jittor.log", "jittor.exp"))
    assert "jt.exp(x)" in run(project, "net.py")[1]


def test_lookup_shows_built_in_rules_and_ones_own(project: Path) -> None:
    status, out, _ = run(project, "--list-rules", r"Tensor\.(logit|permute)$")
    assert status == 0
    logit = next(line for line in out.splitlines() if "torch.Tensor.logit" in line)
    permute = next(line for line in out.splitlines() if "torch.Tensor.permute" in line)
    assert logit.rstrip().endswith("yours") and "yours" not in permute
    status, out, _ = run(project, "--explain", "torch.Tensor.logit")
    assert (status, "my_rules.py" in out) == (0, True)
    status, out, _ = run(project, "--explain", "torch.cat")
    assert status == 0 and "proved by" in out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--explain", "torch.caat"], "did you mean torch.cat"),
        (["--list-rules", "("], "not a regular expression"),
        (["--list-rules", "no_such_api_anywhere"], "no rule matches"),
    ],
)
def test_lookup_of_what_there_is_not(project: Path, args: list[str], said: str) -> None:
    status, _, err = run(project, *args)
    assert (status, err.count("\n")) == (2, 1)
    assert said in err


HEAD = "from converter.custom import action, rule\n"
WRONG = [
    ("syntax", "def f(:\n", "my_rules.py:1: "),
    ("raises", HEAD + "\n1 / 0\n", "my_rules.py:3: ZeroDivisionError"),
    ("exits", "raise SystemExit(3)\n", "my_rules.py:1: SystemExit"),
    ("no rules", "x = 1\n", "defines no rules"),
    ("another library", HEAD + "rule('numpy.sum', '(a)', to='jittor.sum')\n", "numpy.sum: rules are for names of"),
    ("helper", HEAD + "rule('torch.foo', '(a)', to='helpers.foo')\n", "there is no helper foo"),
    ("target", HEAD + "rule('torch.foo', '(a)', to='mine.foo')\n", "the target 'mine.foo'"),
    ("no target", HEAD + "rule('torch.foo', '(a)')\n", "my_rules.py:2: torch.foo: a rule needs a target"),
    ("signature", HEAD + "rule('torch.foo', '(a, a', to='jittor.foo')\n", "my_rules.py:2: "),
    ("missing", None, "my_rules.py: no such file"),
]


@pytest.mark.parametrize(("name", "text", "said"), WRONG, ids=[w[0] for w in WRONG])
def test_a_wrong_file_gets_one_line(project: Path, name: str, text: str | None, said: str) -> None:
    path = project / "my_rules.py"
    path.unlink()
    if text is not None:
        path.write_text(text)
    status, out, err = run(project, "net.py")
    assert (status, out, err.count("\n")) == (2, "", 1), err
    assert said in err


@pytest.mark.parametrize("body", ["return 3", "raise KeyError('x')"])
def test_an_action_that_fails_leaves_the_file_alone(project: Path, body: str) -> None:
    (project / "my_rules.py").write_text(HEAD + f"\n@action('torch.foo', '(a)')\ndef foo(use):\n    {body}\n")
    (project / "net.py").write_text("import torch\ntorch.foo(1)\n")
    status, out, err = run(project, "net.py")
    assert status == 2
    assert "JC908" in err and "the rule for torch.foo" in err and "Traceback" not in err
    assert run(project, "net.py", "-o", "out.py")[0] == 2
    assert not (project / "out.py").exists()
