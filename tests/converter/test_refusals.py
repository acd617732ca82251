"""What a helper refuses when the program runs, the converter refuses before.

The list of refusals is read from the helper library, so that a new one needs an entry here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from converter import helpers
from converter.diagnostics import CODES, Severity
from converter.pipeline import convert

LIBRARY = Path(helpers.__file__).parent / "library"
_HEAD = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n\nx = torch.ones(2, 3, 4, 4)\n"

# Function or class of the helper library -> uses that it refuses, and the converter too.
REFUSED: dict[str, list[str]] = {
    "backward": ["x.sum().backward(create_graph=True)"],
    "autograd_grad": ["torch.autograd.grad(x.sum(), x, is_grads_batched=True)"],
    "total_norm_of": ["nn.utils.clip_grad_norm_([x], 1.0, norm_type=0)"],
    "embedding": [
        "nn.Embedding(3, 4, max_norm=1.0)",
        "nn.Embedding.from_pretrained(x, scale_grad_by_freq=True)",
        "F.embedding(x.long(), x, max_norm=1.0)",
        "F.embedding(x.long(), x, scale_grad_by_freq=True)",
    ],
    "EmbeddingBag": [
        "nn.EmbeddingBag(3, 4, max_norm=1.0)",
        "nn.EmbeddingBag(3, 4, scale_grad_by_freq=True)",
        "nn.EmbeddingBag(3, 4, include_last_offset=True)",
        "nn.EmbeddingBag(3, 4, padding_idx=0)",
    ],
    "embedding_bag": ["F.embedding_bag(x.long(), x, max_norm=1.0)"],
    "normalize": ["F.normalize(x, out=x)"],
    "cdist": ["torch.cdist(x, x, p=3)"],
    "checked": ["torch.optim.Adam([x], differentiable=True)", "torch.optim.SGD([x], 0.1, differentiable=True)"],
    "quantile": ["torch.quantile(x, 0.5, interpolation='lower')", "x.quantile(0.5, interpolation='nearest')"],
    "linalg_norm": ["torch.linalg.norm(x, 'nuc')"],
    "grid_sample": ["F.grid_sample(x, x, mode='bicubic')"],
    "Unflatten": ["nn.Unflatten('rows', ((2, 'a'),))"],
}

# Refusals that depend on what is only known when the program runs, or that Torch makes as well.
AT_RUN_TIME: dict[str, str] = {
    "Dataset": "Torch raises it too: a subclass without __getitem__",
    "IterableDataset": "Torch raises it too: a subclass without __iter__",
    "VisionDataset": "Torch raises it too: a subclass without __len__",
    "Sampler": "abstract, as in Torch",
    "Module": "Torch raises it too: a module without forward",
    "Optimizer": "abstract, as in Torch",
    "LRScheduler": "abstract, as in Torch",
    "pad": "Torch raises it too: an unknown mode",
    "interpolate": "Torch raises it too: a mode that does not fit the dimensions",
    "RandomTransform": "abstract: what it does to an image is said by its subclasses",
    "only_pil": "whether an image is PIL's or a tensor is known when the program runs; the rules' restrictions say it",
    "kl_divergence": "depends on the classes of two objects; the rule's restriction says which",
}


def refusals() -> Iterator[str]:
    """Top-level functions and classes of the library that raise NotImplementedError."""
    for path in sorted(LIBRARY.glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            raised = [n.exc for n in ast.walk(node) if isinstance(n, ast.Raise) and n.exc is not None]
            names = [e.func if isinstance(e, ast.Call) else e for e in raised]
            if any(isinstance(n, ast.Name) and n.id == "NotImplementedError" for n in names):
                yield getattr(node, "name", path.stem)


def test_every_refusal_is_known() -> None:
    assert sorted(set(refusals())) == sorted(REFUSED.keys() | AT_RUN_TIME.keys())


@pytest.mark.parametrize("use", [use for uses in REFUSED.values() for use in uses])
def test_refused_before_the_program_runs(use: str) -> None:
    said = convert(_HEAD + use + "\n").diagnostics
    assert any(d.line == 6 and CODES[d.code].severity is not Severity.NOTE for d in said), said


def test_values_that_are_supported_are_converted() -> None:
    result = convert(
        _HEAD + "y = torch.cdist(x, x, p=1)\nz = F.grid_sample(x, x, mode='nearest')\nw = F.embedding(x, y)\n"
    )
    assert not [d for d in result.diagnostics if CODES[d.code].severity is not Severity.NOTE]
