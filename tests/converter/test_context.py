"""What one file of a project learns from another."""

from __future__ import annotations

from pathlib import Path

from converter.context import gather
from converter.pipeline import Options, convert

_A = (
    "from torch import Tensor\n\n\n"
    "def one(x) -> Tensor: ...\ndef two(x) -> tuple[Tensor, int]: ...\ndef three(x): ...\n"
)


def _returns(**texts: str) -> dict[str, str]:
    found = gather({Path(f"pkg/{name}.py"): text for name, text in texts.items()})
    return dict(found[Path("pkg/user.py")].returns)


def test_annotated_functions_of_another_file() -> None:
    user = "import torch\nfrom .a import one, two as zwei, three\n"
    assert _returns(a=_A, user=user) == {"one": "tensor", "two": "(tensor, int)"}


def test_functions_of_one_name_that_differ_say_nothing() -> None:
    other = "import torch\n\n\ndef one(x) -> bool: ...\n"
    assert _returns(a=_A, b=other, user="from .a import one\n") == {}


def test_a_foreign_module_is_not_taken_for_ones_own() -> None:
    assert _returns(a=_A, user="from elsewhere.layers import one\n") == {}


def test_a_tensor_of_ones_own() -> None:
    own = "import torch\nfrom mine import Tensor\n\n\ndef one(x) -> Tensor: ...\n"
    assert _returns(a=own, user="from .a import one\n") == {}


def test_what_is_converted_already_stays() -> None:
    options = Options(returns=(("one", "tensor"),))
    source = "import torch\nfrom .a import one\n\n\ndef f(x):\n    return one(x).float(), torch.nothing(x)\n"
    result = convert(source, options)
    assert "return one(x).float32(), torch.nothing(x)" in result.code
    assert convert(result.code, options).code == result.code


def test_methods_of_unknown_values_where_modules_are_extended() -> None:
    """A file that imports no Torch gets values from those that do: ``max`` with a dimension gives a pair in Torch."""
    source = "from .base import Base\n\n\nclass Loss(Base):\n    def work(self, mat):\n        return mat.max(1)\n"
    told = [d.code for d in convert(source, Options(among_torch=True)).diagnostics]
    assert told == ["JC201"] and not convert(source).diagnostics
