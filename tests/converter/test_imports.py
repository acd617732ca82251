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
