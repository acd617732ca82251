"""Names are Torch's only where an import says so."""

from __future__ import annotations

import textwrap

import pytest

from converter.pipeline import convert

EQUAL = [
    "import torch\nx = torch.nn.Linear(2, 3)\n",
    "import torch as t\nx = t.nn.Linear(2, 3)\n",
    "import torch.nn as nn\nx = nn.Linear(2, 3)\n",
    "from torch import nn\nx = nn.Linear(2, 3)\n",
    "from torch import nn as N\nx = N.Linear(2, 3)\n",
    "from torch.nn import Linear\nx = Linear(2, 3)\n",
    "from torch.nn import Linear as L\nx = L(2, 3)\n",
    "from torch.nn.modules.linear import Linear\nx = Linear(2, 3)\n",
    "import torch\nnn = torch.nn\nx = nn.Linear(2, 3)\n",
    "def f():\n    from torch import nn\n    return nn.Linear(2, 3)\nx = f()\n",
    "try:\n    import torch\nexcept ImportError:\n    torch = None\nx = torch.nn.Linear(2, 3)\n",
]


@pytest.mark.parametrize("source", EQUAL)
def test_every_way_to_import_is_understood(source: str) -> None:
    result = convert(source)
    assert result.complete, result.diagnostics
    assert "torch" not in result.code.replace("torch = None", "")
    assert "Linear(2, 3)" in result.code
    assert "jittor" in result.code


UNTOUCHED = [
    "import mytorch_utils\nx = mytorch_utils.zeros(2)  # torch\n",
    "from mytorch_utils import nn\nx = nn.Linear(2)  # torch\n",
    "import datasets  # not torch's\nx = datasets.max(1)\n",
    "from .torch import nn\nx = nn.Linear(2)\n",
    "from . import torch\nx = torch.zeros(2)\n",
    "def f(torch):\n    return torch.zeros(2)\n",
    "class torch:\n    zeros = 3\nx = torch.zeros\n",
    "import os.path as torch\nx = torch.join('a')\n",
    "text = 'import torch; torch.zeros(2)'\n",
    "# import torch\nx = [3].remove(3)\n",
]


@pytest.mark.parametrize("source", UNTOUCHED)
def test_what_is_not_torch_is_left_alone(source: str) -> None:
    result = convert(source)
    assert result.code == source
    assert result.diagnostics == []


def test_local_names_shadow_only_their_scope() -> None:
    source = "import torch\ndef f(torch):\n    return torch.zeros(2)\ny = torch.zeros(2)\n"
    code = convert(source).code
    assert "    return torch.zeros(2)" in code
    assert "y = torch." not in code


def test_new_names_do_not_collide() -> None:
    source = "import torch\njt = 3\njh = 4\nx = torch.nn.BatchNorm2d(3)\ny: torch.Tensor\nprint(jt, jh)\n"
    result = convert(source)
    namespace = result.code
    assert "jt = 3" in namespace and "jh = 4" in namespace
    assert "import jittor as jt_" in namespace
    assert "as jh_" in namespace


def test_what_is_left_keeps_its_import() -> None:
    source = "import torch\nfrom torch.nn import Linear, Sequential\nx = torch.no_such_function(Linear(2, 3))\n"
    result = convert(source)
    assert "import torch\n" in result.code
    assert "torch.no_such_function(Linear" not in result.code
    assert "# jack: JC101 torch.no_such_function" in result.code
    assert result.left == 1
    assert not result.complete


def test_modules_searched_at_run_time_are_reported() -> None:
    result = convert("import torch.nn as nn\nact = getattr(nn, name)()\n")
    assert [d.code for d in result.diagnostics] == ["JC104"]
    assert "getattr(nn, name)()" in result.code
    assert "import torch.nn as nn" in result.code


def test_comments_of_removed_imports_stay() -> None:
    source = textwrap.dedent(
        """\
        import torch  # the framework
        import torch.nn.functional as F  # functions
        from torch.nn import (  # layers
            Linear,  # the only one
        )
        x = Linear(2, 3)
        """
    )
    code = convert(source).code
    for comment in ("# the framework", "# functions", "# layers", "# the only one"):
        assert comment in code
    assert "torch" not in code


def test_parameters_keep_their_names() -> None:
    """Callers in sight pass a Torch class; the parameter is not that class: another caller passes None."""
    source = (
        "from torch import nn\n\n\ndef build(width, *, norm):\n    return Wrapped(norm=norm, act=[norm])\n\n\n"
        "def big():\n    return build(3, norm=nn.BatchNorm2d)\n\n\ndef small():\n    return build(3, norm=None)\n"
    )
    code = convert(source).code
    assert "    return Wrapped(norm=norm, act=[norm])\n" in code
    assert "norm=jh.BatchNorm2d" in code
