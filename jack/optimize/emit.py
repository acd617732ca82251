"""From a stage to a plan of the engine: what can be done together is one step.

A convolution or product takes along what follows it, as long as nobody else reads the values between: batch norm
(folded into the weights, or a scale and shift where something stands between), ReLU, the sum with a residual.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jack.optimize.engine import After, Constant, Plan, new_key
from jack.optimize.graph import Node
from jack.optimize.stages import Stage

STARTS = ("convolution", "product", "add", "affine", "relu")


class Keys:
    """Numbers of constants: the same for the same weights, folded in the same way, in every plan of a model."""

    def __init__(self) -> None:
        self.known: dict[Any, int] = {}

    def key(self, recipe: Any) -> int:
        """The number of a recipe: what it is made of, and how."""
        if recipe not in self.known:
            self.known[recipe] = new_key()
        return self.known[recipe]


@dataclass
class Counts:
    """What was done, for people."""

    convolutions: int = 0
    products: int = 0
    folded: int = 0
    scaled: int = 0
    relus: int = 0
    sums: int = 0
    pools: int = 0
    graphs: int = 0
    steps: list[str] = field(default_factory=list)


@dataclass
class _Chain:
    nodes: list[Node]
    other: Node | None = None  # of the sum


def emit(stage: Stage, keys: Keys, counts: Counts) -> Plan:
    """The plan of a stage, ready to run.

    Raises:
        CannotOptimize: if oneDNN has no primitive for a step.
    """
    plan = Plan()
    values = {node: plan.input(node.shape) for node in stage.inputs}
    emitter = _Emitter(stage, plan, keys, counts, values)
    for node in stage.nodes:
        emitter.visit(node)
    for node in stage.outputs:
        plan.output(values[node])
    plan.finish()
    counts.steps += plan.listing()
    return plan


class _Emitter:
    def __init__(self, stage: Stage, plan: Plan, keys: Keys, counts: Counts, values: dict[Node, int]) -> None:
        self.plan = plan
        self.keys = keys
        self.counts = counts
        self.values = values
        self.inputs = set(stage.inputs)
        self.outputs = set(stage.outputs)
        self.readers: dict[Node, list[Node]] = {node: [] for node in (*stage.inputs, *stage.nodes)}
        for node in stage.nodes:
            for source in node.inputs:
                if source.kind != "constant":
                    self.readers[source].append(node)
        self.ends: dict[Node, _Chain] = {}
        self.inner: set[Node] = set()
        for node in stage.nodes:
            if node.kind in STARTS and node not in self.inner and node not in self.ends:
                self.chain(node)

    def chain(self, start: Node) -> None:
        """What follows a node and can be done with it."""
        chain = _Chain([start], start.inputs[1] if start.kind == "add" else None)
        last = start
        while last not in self.outputs and len(self.readers[last]) == 1:
            reader = self.readers[last][0]
            if reader in self.ends or reader in self.inner or reader.inputs.count(last) != 1:
                break
            if reader.kind == "add" and chain.other is None and start.kind == "convolution":
                chain.other = next(n for n in reader.inputs if n is not last)
            elif reader.kind not in ("affine", "relu") or (reader.kind == "affine" and not _of_channels(start)):
                break
            chain.nodes.append(reader)
            last = reader
        self.inner.update(chain.nodes[:-1])
        self.ends[last] = chain

    def visit(self, node: Node) -> None:
        if node in self.inner:
            return
        if node in self.ends:
            self.values[node] = self.fused(self.ends[node])
        elif node.kind == "pool":
            self.counts.pools += 1
            o = node.options
            padding = (o["before"], o["behind"])
            self.values[node] = self.plan.pooling(
                self.values[node.inputs[0]], o["way"], o["kernel"], o["stride"], padding
            )
        elif node.kind == "concat":
            self.values[node] = self.plan.concat([self.values[i] for i in node.inputs])
        elif node.kind == "affinity":
            o, fixed = node.options, node.inputs[1]
            constant = Constant(self.keys.key((fixed.identity, "fixed")), fixed.shape, fixed.values)
            source = self.values[node.inputs[0]]
            self.values[node] = self.plan.affinity(source, o["starts"], o["size"], o["divisor"], constant)
        elif node.kind == "mixture":
            self.counts.graphs += 1
            x, graphs = (self.values[n] for n in node.inputs)
            self.values[node] = self.plan.mixture(x, graphs, node.options["subsets"])
        else:
            self.values[node] = self.plan.view(self.values[node.inputs[0]], node.shape)

    def fused(self, chain: _Chain) -> int:
        """One step for a chain."""
        start, rest = chain.nodes[0], chain.nodes[1:]
        text, constants = "", []
        scales: list[Node] = []
        if start.kind in ("convolution", "product"):
            if rest and rest[0].kind == "affine":
                scales.append(rest.pop(0))
        else:
            rest = chain.nodes
        for node in rest:
            if node.kind == "affine":
                self.counts.scaled += 1
                text += "a"
                for place, name in enumerate(("scale", "shift")):
                    key = self.keys.key((*_recipe(node), name))
                    constants.append(Constant(key, node.inputs[1].shape, partial(_part, node, place)))
            else:
                self.counts.relus += node.kind == "relu"
                self.counts.sums += node.kind == "add"
                text += "r" if node.kind == "relu" else "+"
        after = After(text, constants)
        source = self.values[start.inputs[0]]
        if start.kind == "convolution":
            return self.convolution(start, scales, source, after, chain.other)
        if start.kind == "product":
            return self.product(start, scales, source, after)
        return self.plan.elementwise(source, after, self.values[chain.other] if chain.other else -1)

    def weights(self, start: Node, scales: list[Node]) -> tuple[Constant, Constant | None]:
        """Weight and bias of a convolution or product, with the batch norm that follows folded in."""
        tensors = start.inputs[1:]
        shape = tensors[0].shape
        recipe: tuple[Any, ...] = tuple(n.identity for n in tensors)
        if scales:
            self.counts.folded += 1
            recipe += _recipe(scales[0])

        def weight() -> NDArray[Any]:
            values: NDArray[Any] = tensors[0].values()
            if scales:
                values = values * _scale_and_shift(scales[0])[0].reshape(-1, *[1] * (values.ndim - 1))
            return values

        def bias() -> NDArray[Any]:
            values: NDArray[Any] = tensors[1].values() if len(tensors) > 1 else np.zeros(shape[0])
            if scales:
                scale, shift = _scale_and_shift(scales[0])
                values = values * scale + shift
            return values

        made = Constant(self.keys.key((*recipe, "weight")), shape, weight)
        if len(tensors) == 1 and not scales:
            return made, None
        return made, Constant(self.keys.key((*recipe, "bias")), shape[:1], bias)

    def convolution(self, start: Node, scales: list[Node], source: int, after: After, other: Node | None) -> int:
        self.counts.convolutions += 1
        weight, bias = self.weights(start, scales)
        o = start.options
        geometry = (o["stride"], o["dilation"], o["before"], o["behind"])
        residual, overwrite = -1, False
        if other is not None:
            residual = self.values[other]
            mine = other not in self.inputs and other not in self.outputs and other.kind != "view"
            overwrite = mine and len(self.readers[other]) == 1
        layout = o.get("layout", 0)
        return self.plan.convolution(source, weight, bias, geometry, o["groups"], after, residual, overwrite, layout)

    def product(self, start: Node, scales: list[Node], source: int, after: After) -> int:
        self.counts.products += 1
        weight, bias = self.weights(start, scales)
        x = start.inputs[0]
        if len(x.shape) > 2:
            source = self.plan.view(source, (int(np.prod(x.shape[:-1])), x.shape[-1]))
        made = self.plan.product(source, weight, bias, after)
        return self.plan.view(made, (*x.shape[:-1], weight.shape[0])) if len(x.shape) > 2 else made


def _of_channels(node: Node) -> bool:
    """Whether a batch norm after it scales the outputs of its weight, which are the second axis then."""
    return node.kind != "product" or len(node.inputs[0].shape) == 2


def _recipe(node: Node) -> tuple[Any, ...]:
    """Of what the scale and shift of a batch norm are made."""
    return (*(n.identity for n in node.inputs[1:]), *node.options.values())


def _part(node: Node, place: int) -> NDArray[Any]:
    return _scale_and_shift(node)[place]


def _scale_and_shift(node: Node) -> tuple[NDArray[Any], NDArray[Any]]:
    """What a batch norm does in evaluation, in double precision."""
    tensors = [n.values().astype(np.float64) for n in node.inputs[1:]]
    mean, variance = tensors[:2]
    rest = tensors[2:]
    scale = 1 / np.sqrt(variance + node.options["eps"])
    if node.options["weight"]:
        scale = scale * rest.pop(0)
    shift = -mean * scale
    if node.options["bias"]:
        shift = shift + rest.pop(0)
    return scale, shift
