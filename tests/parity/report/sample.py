"""Traces made by hand: a residual network of several hundred calls, with three findings, without any, one that broke.

Names hold characters that HTML must not take for its own.
"""

from __future__ import annotations

import math
import random
from pathlib import Path

from parity.trace import result
from parity.trace.result import Comparison, Finding, Half, Node, Place, StateRow, Trace

TORCH = '''import torch
import torch.nn as nn


class Gate(nn.Module):
    """Lets x < 1 & x > -1 pass."""

    def __init__(self, width):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x):
        # Torch's var is unbiased.
        spread = x.var(dim=1, keepdim=True)
        return x * torch.sigmoid(self.scale) / (spread + 1e-5).sqrt()
'''
JITTOR = TORCH.replace("import torch.nn as nn", "from jittor import nn").replace("import torch", "import jittor as jt")
JITTOR = (
    JITTOR.replace("def forward", "def execute")
    .replace("torch.", "jt.")
    .replace("x.var(", "jt.var(x, unbiased=False, ")
)
TOLERANCE, GRADIENT = 1e-5, 1e-4


def sample(kind: str = "findings", folder: Path | None = None, stages: int = 4, blocks: int = 6) -> Trace:
    """A trace.

    Args:
        kind: ``findings`` (three), ``equal``, ``problem``.
        folder: if given, both programs are written there, so that lines have surroundings.
        stages, blocks: the size of the network: about ``12 * stages * blocks`` calls.
    """
    maker = _Maker(kind == "findings", folder or Path("/nowhere/<net>"), random.Random(0))
    if folder is not None:
        (folder / "net.py").write_text(TORCH, encoding="utf-8")
        (folder / "net_jittor.py").write_text(JITTOR, encoding="utf-8")
    trace = Trace(
        torch_target="net.py:Net(width=16, name='<b>&amp;')",
        jittor_target="net_jittor.py:Net(width=16, name='<b>&amp;')",
        converted=True,
        train=True,
        seed=0,
        inputs=[("args[0]", (2, 3, 32, 32), "float32"), ("mask<1>", (2, 5), "bool")],
        versions={"Torch": "2.13.0+cpu", "Jittor": "1.3.11.0"},
        environment={"Python": "3.11.2", "machine": "x86_64, 2 cores", "threads": "2"},
        left=["net.py:3 JC202 torch.Tensor.<values> & others"],
        seconds={"Torch": 1.94, "Jittor": 31.2},
    )
    if kind == "problem":
        trace.problem = "Jittor: exit status 1"
        trace.log = 'Traceback (most recent call last):\n  File "<string>", line 1\nTypeError: a < b & c'
        return trace
    maker.model(stages, blocks)
    trace.nodes, trace.state = maker.nodes, maker.state
    if kind == "findings":
        trace.findings = maker.findings()
        trace.state[3] = StateRow("stem.bn.weight", "stem.bn.gamma", "renamed", (16,), (True, True))
        trace.state.append(StateRow("", "head.scale", "only jittor", (10,), (False, True)))
    return trace


class _Maker:
    def __init__(self, flawed: bool, folder: Path, chance: random.Random) -> None:
        self.flawed, self.folder, self.chance = flawed, folder, chance
        self.nodes: list[Node] = []
        self.state: list[StateRow] = []
        self.error = 3e-8  # of the whole run; grows, and jumps where the code is wrong
        self.parted = False
        self.wrong = -1

    def place(self, side: str, line: int) -> Place:
        text = (TORCH if side == "net.py" else JITTOR).splitlines()[line - 1].strip()
        return Place(str(self.folder / side), line, text)

    def call(self, parent: int, path: str, kind: str, inside: int = 0) -> Node:
        halves = [Half(path, kind, self.place(file, 10)) for file in ("net.py", "net_jittor.py")]
        if kind in ("Gate", "Block", "Net"):
            halves = [Half(h.path, h.type, h.made, self.place(Path(h.made.file).name, 12)) for h in halves if h.made]
        depth = self.nodes[parent].depth + 1 if parent >= 0 else 0
        node = Node(len(self.nodes), parent, depth, inside, halves[0], halves[1])
        self.nodes.append(node)
        return node

    def leaf(self, parent: int, path: str, kind: str, shape: tuple[int, ...] = (2, 16, 32, 32)) -> Node:
        node = self.call(parent, path, kind)
        node.inputs = [figures("args[0]", self.error, TOLERANCE * 10, shape)]
        own = 0.0 if kind in ("ReLU", "Identity") else abs(self.chance.gauss(4e-7, 2e-7))
        if self.flawed and kind == "Gate" and path.startswith("layer2.3."):
            own, self.parted, self.wrong = 3.4e-2, True, node.number
            node.verdict = result.WRONG
            self.error = 2.1e-2
        elif self.parted:
            node.verdict = result.CARRIED
        self.error = min(self.error * 1.015 + own * 0.05, 0.6)
        node.own_outputs = [figures("output", own, TOLERANCE, shape)]
        node.outputs = [figures("output", self.error, TOLERANCE * 10, shape)]
        node.own_gradients = [
            figures("gradient of args[0]", own * 3, GRADIENT, shape),
            figures("gradient of weight", abs(self.chance.gauss(2e-6, 1e-6)), GRADIENT, (16, 16, 3, 3)),
        ]
        node.gradients = [figures("output", 2e-6 * 1.01 ** (400 - node.number), GRADIENT * 10, shape)]
        if kind in ("Conv2d", "BatchNorm2d"):
            self.state.append(StateRow(f"{path}.weight", f"{path}.weight", "name", (16, 16, 3, 3), (True, True)))
        return node

    def model(self, stages: int, blocks: int) -> None:
        top = self.call(-1, "", "Net")
        stem = self.call(0, "stem", "Sequential")
        for name, kind in (("conv", "Conv2d"), ("bn", "BatchNorm2d"), ("act", "ReLU")):
            self.leaf(stem.number, f"stem.{name}", kind)
        self.close(stem)
        for stage in range(1, stages + 1):
            layer = self.call(0, f"layer{stage}", "Sequential")
            for at in range(blocks):
                path = f"layer{stage}.{at}"
                block = self.call(layer.number, path, "Block<wide & deep>" if at == 0 else "Block")
                for number in range(1, 4):
                    for name, kind in (("conv", "Conv2d"), ("bn", "BatchNorm2d"), ("act", "ReLU")):
                        self.leaf(block.number, f"{path}.{name}{number}", kind)
                self.leaf(block.number, f"{path}.gate", "Gate")
                self.leaf(block.number, f"{path}.drop", "Identity").notes.append("p is 0.1 in Torch & <0.1> in Jittor")
                self.close(block)
            self.close(layer)
        head = self.leaf(0, "head", "Linear", (2, 10))
        if self.flawed:
            head.jittor = None
            head.verdict = result.UNPAIRED
            head.outputs[0] = Comparison("output", (2, 10), None, None, None, None, 1.0, 1e-4, False, "shape (2, 11)")
        self.close(top)

    def close(self, node: Node) -> None:
        node.outputs = [figures("output", self.error, TOLERANCE * 10)]
        node.own_outputs = [figures("output", 0.0, TOLERANCE)]
        node.gradients = [figures("output", 2e-6 * 1.01 ** (400 - node.number), GRADIENT * 10)]
        node.verdict = result.CARRIED if self.parted else result.EQUAL

    def findings(self) -> list[Finding]:
        head = self.nodes[-1]
        return [
            Finding(
                "forward",
                self.wrong,
                self.nodes[self.wrong].torch.path,
                "x.var() & its counterpart give different results: <biased> in Jittor.",
                self.place("net.py", 14),
                self.place("net_jittor.py", 14),
                self.nodes[self.wrong].own_outputs[0],
            ),
            Finding(
                "structure",
                head.number,
                "head",
                "Linear is called only in Torch.",
                self.place("net.py", 15),
            ),
            Finding("training", -1, "head.scale", "An optimizer would train head.scale only in Jittor."),
        ]


def figures(name: str, relative: float, tolerance: float, shape: tuple[int, ...] = (2, 16, 32, 32)) -> Comparison:
    """A comparison whose other figures fit to its relative difference."""
    outside = 0.0 if relative <= tolerance else min(1.0, relative * 20)
    ulp = float(math.ceil(relative * 2**24))
    return Comparison(
        name, shape, relative * 2.3, relative, ulp, 1 - relative**2, outside, tolerance, relative <= tolerance
    )
