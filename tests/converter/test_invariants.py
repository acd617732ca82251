"""Promises kept on every run: the output parses, comments stay, untouched text is untouched, twice is once."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import pytest

from converter.pipeline import comments_of, convert
from converter.splice import unchanged_outside

TORCH = importlib.util.find_spec("torch")
assert TORCH is not None and TORCH.origin is not None
_NN = Path(TORCH.origin).parent / "nn"
# Real Torch code that every installation has: Torch's own modules.
REAL = sorted([*(_NN / "modules").glob("*.py"), *(_NN / "utils").glob("*.py"), *(_NN.parent / "optim").glob("*.py")])


@pytest.mark.parametrize("path", REAL, ids=[p.name for p in REAL])
def test_real_code(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    result = convert(source)
    assert not any(d.code.startswith("JC9") for d in result.diagnostics), result.diagnostics
    ast.parse(result.code)
    after = comments_of(result.code)
    assert [c for c in comments_of(source) if c not in after] == []
    assert unchanged_outside(source, result.code, result.edits)
    again = convert(result.code)
    assert again.code == result.code


def test_layout_and_line_breaks_stay() -> None:
    source = "import torch\r\n\r\n\r\nx = torch.relu( torch.zeros( 2 ) ) ;  y=3   # odd\r\n"
    result = convert(source)
    assert result.code.endswith(";  y=3   # odd\r\n")
    assert result.code.count("\r\n") == result.code.count("\n")


def test_every_argument_is_evaluated_once() -> None:
    source = "import torch\ndef f(x: torch.Tensor):\n    return torch.max(g(x), dim=h()), x.std(k()), g(x) // h()\n"
    code = convert(source).code
    assert code.count("g(x)") == 2
    assert code.count("h()") == 2
    assert code.count("k()") == 1


def test_a_syntax_error_is_a_diagnostic() -> None:
    result = convert("import torch\ndef f(:\n    pass\n")
    assert result.failed
    assert [d.code for d in result.diagnostics] == ["JC901"]
    assert result.diagnostics[0].line == 2


def test_suppression() -> None:
    source = "import torch\ntorch.no_such()  # jack: ignore[JC101] known\n"
    result = convert(source)
    assert result.code == source
    assert result.diagnostics == []
