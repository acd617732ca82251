"""Where the imports of the output stand, and what is left alone without Torch; each case was a bug once."""

from __future__ import annotations

import ast

from converter.pipeline import Options, convert

UNFILTERED = Options(prefilter=False)


def test_helpers_are_imported_before_their_first_use() -> None:
    source = "import torch\nx = torch.max(torch.sqrt(torch.arange(3)), 1)\nfrom torch import nn\ny = nn.Linear(1, 2)\n"
    lines = convert(source).code.splitlines()
    assert [line.split()[0] for line in lines[:2]] == ["import", "import"]
    assert lines[2].startswith("x =")


def test_several_statements_on_a_line() -> None:
    source = "import torch, os; import torch.nn as nn\nprint(torch.sqrt(2), nn, os)\nif 1: import torch; x = 2\n"
    code = convert(source).code
    ast.parse(code)
    assert "import os; import jittor" in code
    assert "if 1: x = 2" in code


def test_what_is_deleted_is_no_value() -> None:
    result = convert("import torch\n\n\ndef f(x: torch.Tensor):\n    del x.data, x[0]\n")
    ast.parse(result.code)
    assert [d.code for d in result.diagnostics] == ["JC105"]


def test_names_alone_say_nothing_without_torch() -> None:
    source = (
        "class Turtle(object):\n    def forward(self, distance):\n        return distance.view(3)\n\n\n"
        "def close(sock, widget, model):\n    widget.unbind('<Enter>')\n    return sock.detach(), model.forward(1)\n"
    )
    result = convert(source, UNFILTERED)
    assert (result.code, result.diagnostics) == (source, [])


def test_deep_nesting() -> None:
    long_sum = "import torch\nx = torch.relu(" + " + ".join(["torch.ones(1)"] * 300) + ")\n"
    assert "torch" not in convert(long_sum).code
    deeper = "import torch\nx = " + "+".join(["torch.ones(1)"] * 20_000) + "\n"
    result = convert(deeper)
    assert result.code == deeper
    assert [d.code for d in result.diagnostics] == ["JC907"]


def test_what_libcst_cannot_read() -> None:
    source = "import torch\n(x): int\ndef f():\n    (y.z): int\n"
    result = convert(source)
    assert result.code == source
    assert [d.code for d in result.diagnostics] == ["JC907"]


def test_a_call_without_its_required_arguments_is_reported() -> None:
    result = convert("import torch\n\n\ndef f(x: torch.Tensor):\n    return x.__add__(), x.__mul__()\n")
    assert {d.code for d in result.diagnostics} == {"JC103"}


def _with_imports(imports: str) -> str:
    return f"import torch\n{imports}\n\n\ndef f(x: torch.Tensor):\n    return g(x)\n"


def test_the_place_of_an_older_torch() -> None:
    for other in ("from torch.nn.functional import relu as g", "from elsewhere import g", "g = None"):
        result = convert(_with_imports(f"try:\n    from torch import relu as g\nexcept ImportError:\n    {other}"))
        assert "return jh.relu(x)" in result.code and not result.diagnostics


def test_a_name_that_is_torchs_in_one_branch_only_keeps_its_import() -> None:
    for imports in (
        "try:\n    from elsewhere import g\nexcept ImportError:\n    from torch import relu as g",
        "if torch.ones(1).sum() > 2:\n    from torch import relu as g\nelse:\n    from torch import tanh as g",
        "if torch.ones(1).sum() > 2:\n    from torch import relu as g\nelse:\n    def g(x): return x",
    ):
        result = convert(_with_imports(imports))
        assert "from torch import relu as g" in result.code
        assert [d.code for d in result.diagnostics] == ["JC104"]


def test_annotations_of_variables() -> None:
    source = (
        "import torch\nfrom torch import Tensor\n\n\nclass Net(torch.nn.Module):\n"
        "    scale: Tensor\n    rest: list[Tensor] = []\n"
    )
    code = convert(source).code
    assert "    scale: jt.Var\n    rest: list[jt.Var] = []\n" in code


def test_formatted_texts_that_are_put_together() -> None:
    source = (
        "import torch\n\n\ndef f(x: torch.Tensor):\n"
        "    return ('no'\n            f'{torch.relu(x)}' f' of {x.max()}')\n"
    )
    result = convert(source)
    assert "'no'\n            f'{jh.text(jh.relu(x))}' f' of {jh.max_of(x).item()}'" in result.code
