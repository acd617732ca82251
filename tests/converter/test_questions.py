"""Questions whether Torch has something, uses of Torch in annotations, and names a block imports for other files."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.context import gather
from converter.pipeline import Options, convert


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ('hasattr(F, "scaled_dot_product_attention")', "True"),
        ('hasattr(torch, "compiler")', "False"),
        ('hasattr(torch.compiler, "is_exporting")', "True"),
        ('hasattr(torch, "nothing_of_this_name")', "False"),
        ('hasattr(torch, "nn")', "True"),
        ('"silu" in dir(F)', "True"),
        ('"nothing" not in dir(torch.nn.functional)', "True"),
        ('"nothing" in F.__dict__', "False"),
        ('getattr(torch, "compiler", None)', "None"),
        ('getattr(getattr(torch, "compiler", None), "disable", print)', 'getattr(None, "disable", print)'),
    ],
)
def test_whether_torch_has_something(asked: str, answer: str) -> None:
    """The answer is whether there is an equal, with a note; the program brings its own way for the other case."""
    result = convert(f"import torch\nimport torch.nn.functional as F\nx = {asked}\n")
    assert result.code.splitlines()[-1] == f"x = {answer}"
    assert "torch" not in result.code and {d.code for d in result.diagnostics} == {"JC401"}


@pytest.mark.parametrize(
    "asked",
    ["hasattr(torch, name)", 'hasattr(x, "compile")', 'hasattr(*args, "compile")', 'f.hasattr(torch, "compile")'],
)
def test_other_questions_are_left(asked: str) -> None:
    source = f"import torch\n\n\ndef g(x, name, args, f):\n    return {asked}\n"
    assert convert(source, Options(annotate=False)).code.splitlines()[-1] == f"    return {asked}"


def test_an_annotation_with_brackets_is_a_use() -> None:
    """It is evaluated when the class is made: without the import the program would stop there, unreported."""
    result = convert("import torch\n\n\nclass A:\n    x: torch.nothing.Of[int]\n    y: torch.jit.Final[bool] = True\n")
    assert [(d.code, d.api) for d in result.diagnostics] == [("JC101", "torch.nothing.Of")]
    assert result.code.startswith("import torch\n") and "y: jh.Final[bool] = True" in result.code


def test_a_name_that_a_block_imports_for_other_files() -> None:
    source = (
        "try:\n    from torch import _assert\nexcept ImportError:\n    def _assert(condition, message):\n        pass\n"
    )
    result = convert(source, Options(exported=frozenset({"_assert"})))
    lines = result.code.splitlines()
    assert lines[0].endswith("as jh") and lines[1:3] == ["try:", "    _assert = jh.check"]
    assert not result.diagnostics


def test_torch_that_a_star_takes_from_another_file() -> None:
    result = convert("from .layers import *\n\n\ndef f(x):\n    return torch.relu(x), torch.nothing(x)\n")
    assert "jh.relu(x), torch.nothing(x)" in result.code
    assert [(d.code, d.api) for d in result.diagnostics] == [("JC101", "torch.nothing")]
    left = "from layers import *\n\n\ndef f(x):\n    return torch.relu(x)\n"
    assert convert(left).code == left


def test_other_names_that_a_star_takes_are_read_from_the_file() -> None:
    texts = {
        Path("net.py"): "from .layers import *\n\n\ndef f(x):\n    return F.relu(x), nn.Identity()(x)\n",
        Path("layers.py"): "from .base import *\nfrom torch import nn\nimport os\n",
        Path("base.py"): "import torch.nn.functional as F\n\n\ndef g(x):\n    return F.gelu(x)\n",
        Path("closed.py"): "import torch.nn.functional as F\n__all__ = ['g']\n",
        Path("other.py"): "from .closed import *\n\n\ndef f(x):\n    return F.relu(x)\n",
    }
    around = gather(texts)
    assert around[Path("net.py")].starred == (("F", "torch.nn.functional"), ("nn", "torch.nn"))
    assert around[Path("other.py")].starred == ()
    result = convert(texts[Path("net.py")], Options(starred=around[Path("net.py")].starred, prefilter=False))
    assert "jh.relu(x), jh.Identity()(x)" in result.code or "jh.relu(x), nn.Identity()(x)" in result.code


def test_a_dtype_is_compared_with_none_by_identity() -> None:
    source = "import torch\n\n\ndef f(d: torch.dtype = None):\n    return d is None or d is not torch.int64\n"
    assert convert(source).code.splitlines()[-1] == "    return d is None or d != jt.int64"


def test_a_registered_buffer_is_a_tensor() -> None:
    source = (
        "import torch\nfrom torch import nn\n\n\nclass A(nn.Module):\n    def __init__(self):\n"
        "        super().__init__()\n        self.register_buffer('index', torch.empty(3), persistent=False)\n\n"
        "    def f(self):\n        return self.index.device\n"
    )
    assert convert(source).code.splitlines()[-1] == "        return jh.device_of(self.index)"


def test_decorators_of_graph_tracers_go() -> None:
    result = convert("import torch\n\n\n@torch.fx.wrap\ndef f(x):\n    return x\n")
    assert "torch" not in result.code
    assert "def f" in result.code and "@" not in result.code


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ("x.dtype in (torch.float16, torch.bfloat16)", "x.dtype in (jt.float16, jt.bfloat16)"),
        ("x.dtype == torch.bfloat16", "x.dtype == jt.bfloat16"),
        ("x.dtype in {torch.float16}", "jh.dtype_key(x.dtype) in {jt.float16}"),
        ("NAMES[x.dtype]", "NAMES[jh.dtype_key(x.dtype)]"),
        ("NAMES.get(x.dtype, 1)", "NAMES.get(jh.dtype_key(x.dtype), 1)"),
        ("{x.dtype: 1, torch.bfloat16: 2}", "{jh.dtype_key(x.dtype): 1, jt.bfloat16: 2}"),
    ],
)
def test_types_are_compared_and_looked_up(written: str, made: str) -> None:
    """A type that no tensor gets may be bfloat16; what Jittor gives for ``x.dtype`` has no hash."""
    result = convert(f"import torch\n\n\ndef f(x: torch.Tensor):\n    return {written}\n")
    assert result.code.splitlines()[-1] == f"    return {made}"
    assert "import torch\n" not in result.code and not result.diagnostics


def test_types_in_what_may_be_a_key() -> None:
    source = "import torch\n\n\ndef f(x: torch.Tensor):\n    key = (x.dtype, 1)\n    return key\n"
    assert "    key = (jh.dtype_key(x.dtype), 1)" in convert(source).code.splitlines()


def test_bfloat16_of_a_tensor_is_told() -> None:
    result = convert("import torch\n\n\ndef f(x: torch.Tensor):\n    return x.to(torch.bfloat16)\n")
    assert [d.code for d in result.diagnostics] == ["JC102"]


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ("g(x, [torch.float16, torch.bfloat16])", "g(x, [jt.float16, jt.bfloat16])"),
        ("[g(d) for d in (torch.float16, torch.bfloat16)]", "[g(d) for d in (jt.float16, torch.bfloat16)]"),
    ],
)
def test_lists_of_types(written: str, made: str) -> None:
    """A list of types that is handed on says which are accepted; a loop over one gives them to tensors."""
    result = convert(f"import torch\n\n\ndef f(x: torch.Tensor):\n    return {written}\n")
    assert result.code.splitlines()[-1] == f"    return {made}"
    assert bool(result.diagnostics) is ("torch" in made)
