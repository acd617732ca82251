"""What an expression is, and how sure: ``probe(x)`` in a source asks for the kind of x at that place."""

from __future__ import annotations

import textwrap

import libcst as cst
import pytest

from converter import rules
from converter.flow import Flow
from converter.pipeline import convert
from converter.tree import walk


def kinds(source: str) -> list[str]:
    """``kind/evidence`` of every argument of ``probe(...)``, in order."""
    tree = cst.parse_module(textwrap.dedent(source))
    facts = Flow(tree, rules.load()).run()
    found = []
    for node in walk(tree):
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value == "probe":
            kind = facts.kind(node.args[0].value)
            found.append(f"{kind.describe()}/{kind.evidence.name.lower()}")
    return found


HEAD = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"

EXPRESSIONS = [
    ("torch.zeros(2)", "tensor/certain"),
    ("torch.zeros(2).shape", "size/certain"),
    ("torch.zeros(2, 3).shape[0]", "int/certain"),
    ("torch.zeros(2).size(0)", "int/certain"),
    ("torch.zeros(2)[0]", "tensor/certain"),
    ("torch.zeros(2) + 1", "tensor/certain"),
    ("1 - torch.zeros(2)", "tensor/certain"),
    ("torch.zeros(2) > 0", "tensor/certain"),
    ("(torch.zeros(2), 3)", "(tensor, int)/certain"),
    ("[torch.zeros(2)]", "list[tensor]/certain"),
    ("[torch.zeros(2) for _ in range(3)]", "list[tensor]/certain"),
    ("sum([torch.zeros(2)])", "tensor/certain"),
    ("nn.Linear(2, 3)", "module/certain"),
    ("nn.Linear(2, 3)(torch.zeros(1, 2))", "tensor/certain"),
    ("len([1])", "int/certain"),
    ("foreign(3)", "unknown/unknown"),
    ("foreign(3).view(2)", "unknown/unknown"),
    ("foreign(3).unsqueeze(0)", "tensor/likely"),
    ("{'a': torch.zeros(2)}['a']", "tensor/certain"),
    ("(lambda t: torch.relu(t))", "function/certain"),
]


@pytest.mark.parametrize(("expression", "expected"), EXPRESSIONS, ids=[e for e, _ in EXPRESSIONS])
def test_expression(expression: str, expected: str) -> None:
    assert kinds(f"{HEAD}probe({expression})\n") == [expected]


def test_annotations_are_certain() -> None:
    source = """
    from typing import List, Optional, Tuple
    import torch
    from torch import Tensor
    def f(a: Tensor, b: Optional[torch.Tensor], c: List[Tensor], d: Tuple[Tensor, int], e: "torch.Tensor", g: int):
        probe(a); probe(b); probe(c[0]); probe(d[1]); probe(e); probe(g)
    """
    assert kinds(source) == [f"{k}/certain" for k in ("tensor", "tensor", "tensor", "int", "tensor", "int")]


def test_arguments_of_forward_are_likely_tensors() -> None:
    source = HEAD + textwrap.dedent(
        """
        class Net(nn.Module):
            def __init__(self, width, act=nn.ReLU):
                super().__init__()
                self.width = 3
                self.body = nn.Sequential(nn.Linear(2, 2))
                self.table = torch.zeros(3)
            def forward(self, x, scale=2.0):
                probe(x); probe(scale); probe(self.body); probe(self.body(x)); probe(self.table); probe(self.width)
                probe(self.helper(x))
            def helper(self, y):
                probe(y)
                return y.sum()
        """
    )
    assert kinds(source) == [
        "tensor/likely", "float/likely", "module/certain", "tensor/likely", "tensor/certain", "int/certain",
        "tensor/likely", "tensor/likely",
    ]  # fmt: skip


def test_branches_are_joined() -> None:
    source = HEAD + textwrap.dedent(
        """
        def f(flag, other):
            if flag:
                a = torch.zeros(2)
            else:
                a = other
            probe(a)
            b = None
            if flag:
                b = torch.zeros(2)
            probe(b)
            if flag:
                c = "text"
            else:
                c = torch.zeros(2)
            probe(c)
        """
    )
    assert kinds(source) == ["tensor/likely", "tensor/certain", "unknown/unknown"]


def test_loops_do_not_keep_what_changes_in_them() -> None:
    source = HEAD + "n = 0\nfor i in range(3):\n    probe(n)\n    n = foreign(n)\n"
    assert kinds(source) == ["unknown/unknown"]


def test_loader_batches_and_training_names() -> None:
    source = HEAD + textwrap.dedent(
        """
        def train(model, train_loader, optimizer, device):
            for i, (images, labels) in enumerate(train_loader):
                probe(images); probe(model(images)); probe(optimizer); probe(i); probe(device)
        """
    )
    assert kinds(source) == ["tensor/likely", "tensor/likely", "optimizer/likely", "int/certain", "device/likely"]


def test_functions_learn_from_their_callers() -> None:
    source = HEAD + "def scale(t):\n    probe(t)\n    return t\nprobe(scale(torch.zeros(2)))\n"
    assert kinds(source) == ["tensor/likely", "tensor/likely"]


def test_lstm_results_unpack() -> None:
    source = HEAD + "rnn = nn.LSTM(2, 3)\nout, (h, c) = rnn(torch.zeros(1, 1, 2))\nprobe(out)\nprobe(h)\n"
    assert kinds(source) == ["tensor/certain", "tensor/certain"]


def test_shadowing_hides_torch() -> None:
    source = "import torch\ndef f(torch):\n    probe(torch.zeros(2))\nprobe(torch.zeros(2))\n"
    assert sorted(kinds(source)) == ["tensor/certain", "unknown/unknown"]


def test_tensor_attributes_are_torchs_own() -> None:
    import torch

    from converter.kinds import TENSOR_ATTRIBUTES

    missing = {n for n in dir(torch.Tensor) if not n.startswith("_")} - TENSOR_ATTRIBUTES
    assert not missing, "run: dir(torch.Tensor) into converter/tensor_attributes.txt"


def test_helpers_that_take_anything_need_no_evidence() -> None:
    body = "return torch.ones(2, device=x.device), ~mask, args.device"
    code = convert(f"import torch\n\n\ndef f(x, mask, args):\n    {body}\n").code
    assert "device=jh.device_of(x)), jh.bitwise_not(mask), args.device" in code


def test_a_function_of_ones_own_by_class_methods() -> None:
    source = (
        "import torch\n\n\nclass Double(torch.autograd.Function):\n"
        "    @classmethod\n    def forward(cls, ctx, x, dim=-1):\n"
        "        top, _ = x.max(dim=dim)\n        return top\n\n\n"
        "def f(y: torch.Tensor):\n    return Double.apply(y, 1)\n"
    )
    assert "top, _ = jh.max_of(x, dim=dim)" in convert(source).code
