"""``jack-parity check`` with the real converter, as a user types it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner

from parity.cli import main

EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "emotion.py"


def test_example_of_the_documentation() -> None:
    """Convolution, batch normalisation, GRU, attention: outputs and all gradients agree."""
    result = CliRunner().invoke(main, ["check", f"{EXAMPLE}:EmotionNet", "--input", "4x6x12x12", "--all"])
    assert result.exit_code == 0, result.output
    assert "computes the same" in result.output
    assert "order.weight_ih_l0" in result.output and "output[1]" in result.output


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A package that cannot be imported as a whole, as a wheel of another library would be."""
    files = {
        "lib/__init__.py": "import a_compiled_part_that_is_not_here",
        "lib/layers/__init__.py": "from .block import Block\nfrom .exotic import Exotic",
        "lib/layers/exotic.py": "import a_compiled_part_that_is_not_here",
        "lib/layers/block.py": """
            import torch
            from torch import nn
            from ..util import check

            class Block(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    self.conv = nn.Conv2d(width, width, 3, padding=1, bias=False)
                    self.bn = nn.BatchNorm2d(width)

                def forward(self, x):
                    check(x)
                    return torch.relu(self.bn(self.conv(x))) + x
        """,
        "lib/util.py": """
            import torch
            from torch.hub import load_state_dict_from_url as fetch  # noqa: F401

            def check(x):
                assert x.dim() == 4

            def never_called():
                return torch.hub.list("a/repository")
        """,
        "lib/models/__init__.py": "from .net import *",
        "lib/models/net.py": """
            from torch import nn, flatten
            from lib.layers import Block
            from ..util import fetch

            class Net(nn.Module):
                def __init__(self, blocks=1, act=nn.ReLU):
                    super().__init__()
                    self.body = nn.Sequential(*[Block(3) for _ in range(blocks)], act())
                    self.head = nn.Sequential(nn.Dropout(0.4), nn.Linear(48, 5))

                def forward(self, x):
                    return self.head(flatten(self.body(x), 1))

            def net(pretrained=False, **options):
                model = Net(**options)
                if pretrained:
                    model.load_state_dict(fetch("https://example.org/net.pth"))
                return model
        """,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return tmp_path


def test_file_in_a_package_that_cannot_be_imported(library: Path) -> None:
    """In training mode, with dropout; the arguments name Torch and are converted with the file."""
    target = f"{library}/lib/models/net.py:net"
    arguments = ["--args", "blocks=2, act=nn.Tanh", "--input", "3x3x4x4", "--train", "--keep", f"{library}/kept"]
    result = CliRunner().invoke(main, ["check", target, *arguments])
    assert result.exit_code == 0, result.output
    assert "buffers: 4 of 4 equal" in result.output
    names = {str(p.relative_to(library / "kept/source")) for p in (library / "kept/source").rglob("*.py")}
    assert "lib/layers/block.py" in names and "lib/layers/exotic.py" not in names
