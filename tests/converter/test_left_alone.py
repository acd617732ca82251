"""What must be left alone, for every rule: the same names on values and modules that are not Torch's."""

from __future__ import annotations

from functools import cache

import pytest

from converter.pipeline import Result, convert
from converter.rules import load

METHODS = sorted({rule.name for rule in load() if rule.is_method and rule.name.isidentifier()})
FUNCTIONS = sorted({rule.api for rule in load() if not rule.is_method and rule.signature})
RECEIVERS = ("box", "text", "items", "table", "array", "box.field", "number", "module")


def _method_lines(name: str) -> list[str]:
    calls = [f"    {receiver}.{name}(1, key=2)" for receiver in RECEIVERS]
    return [*calls, f"    [3, 4].{name}()", f"    'text'.{name}()", f"    np.zeros(3).{name}(0)"]


def _function_lines(api: str) -> list[str]:
    tail = api.partition(".")[2]
    return [f"    foreign.{tail}(1, key=2)", f"    mytorch.{tail}(x)"]


@cache
def _converted_methods() -> Result:
    head = (
        "import module\nimport numpy as np\nimport torch\n\nPI = torch.pi\n\n\nclass Box:\n    def __init__(self):\n"
        "        self.field = Box()\n\n\n"
        "def use(box: Box, text: str, items: list, table: dict, array: np.ndarray, number: int):\n"
    )
    return convert(head + "\n".join(line for name in METHODS for line in _method_lines(name)) + "\n")


@cache
def _converted_functions() -> Result:
    head = "import foreign\nimport mytorch\nimport torch\n\nPI = torch.pi\n\n\ndef use(x: int):\n"
    return convert(head + "\n".join(line for api in FUNCTIONS for line in _function_lines(api)) + "\n")


def test_nothing_is_reported() -> None:
    assert _converted_methods().diagnostics == []
    assert _converted_functions().diagnostics == []


@pytest.mark.parametrize("name", METHODS)
def test_methods_of_other_values(name: str) -> None:
    assert "\n".join(_method_lines(name)) + "\n" in _converted_methods().code


@pytest.mark.parametrize("api", FUNCTIONS)
def test_functions_of_other_modules(api: str) -> None:
    assert "\n".join(_function_lines(api)) + "\n" in _converted_functions().code


@pytest.mark.parametrize("api", [a for a in FUNCTIONS if a.count(".") == 1 and a.rpartition(".")[2].isidentifier()])
def test_functions_of_the_users_own(api: str) -> None:
    name = api.rpartition(".")[2]
    source = f"# like torch\nfrom mine import {name}\n\n\ndef use(x):\n    return {name}(x), {name}(x, dim=1)\n"
    result = convert(source)
    assert result.code == source
    assert result.diagnostics == []
