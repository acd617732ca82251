"""The native operators' cases, for both frameworks: ``python -m tests.converter.native_cases torch|jittor OUT.npz``.

One process per framework computes all of them.  Inputs are made by NumPy alone; every result is a named array.
"""

from __future__ import annotations

import copy
import sys
import warnings
from typing import Any

import numpy as np

# in, out, kernel, stride, padding, dilation, groups, bias, size of the input
CONVOLUTIONS: dict[str, tuple[Any, ...]] = {
    "plain": (3, 4, 3, 1, 1, 1, 1, True, (4, 6, 5)),
    "stem": (3, 16, 7, (1, 2, 2), 3, 1, 1, False, (5, 20, 18)),
    "strided with a rest": (8, 16, (3, 2, 3), (2, 3, 2), (1, 0, 1), 1, 1, True, (6, 9, 8)),
    "pointwise": (16, 32, 1, 1, 0, 1, 1, True, (3, 7, 6)),
    "pointwise strided": (16, 8, 1, (2, 2, 3), 0, 1, 1, False, (4, 7, 8)),
    "pointwise padded": (4, 8, 1, 1, (1, 0, 2), 1, 1, True, (3, 4, 5)),
    "few places": (32, 48, 3, 1, 1, 1, 1, False, (1, 4, 4)),
    "many places": (32, 48, 3, 1, 1, 1, 1, True, (4, 8, 7)),
    "dilated": (4, 6, (2, 3, 3), 1, (1, 2, 3), (1, 2, 3), 1, True, (5, 9, 11)),
    "groups": (6, 9, (1, 3, 2), (1, 2, 1), (0, 1, 1), 1, 3, True, (4, 7, 6)),
    "depthwise": (8, 8, 3, 1, 1, 1, 8, False, (4, 5, 6)),
    "same": (3, 5, (2, 3, 4), 1, "same", (1, 1, 2), 1, True, (4, 5, 8)),
    "circular": (2, 4, 3, 1, (1, 2, 1), 1, 1, True, (4, 5, 6)),
    "replicate": (2, 4, 3, 2, 1, 1, 1, True, (4, 5, 6)),
}
# layer over one or two dimensions, size of the input
FLAT: dict[str, tuple[str, tuple[int, ...]]] = {
    "1-D": ("Conv1d(4, 6, 3, stride=2, padding=1)", (2, 4, 90)),
    "1-D, heavy weights": ("Conv1d(64, 64, 5, padding=4, dilation=2)", (1, 64, 70)),
    "1-D, one sample without its dimension": ("Conv1d(4, 6, 3)", (4, 9)),
    "2-D": ("Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 0))", (2, 4, 17, 12)),
    "2-D, heavy weights": ("Conv2d(64, 48, 3, padding=1)", (1, 64, 2, 40)),
    "2-D, groups": ("Conv2d(6, 9, (3, 1), groups=3, bias=False)", (2, 6, 12, 11)),
    "2-D, pointwise": ("Conv2d(8, 5, 1, stride=2)", (2, 8, 9, 8)),
    "1-D, transposed": ("ConvTranspose1d(4, 6, 3, stride=2, padding=1, output_padding=1)", (2, 4, 40)),
    "2-D, transposed": ("ConvTranspose2d(4, 6, (3, 2), stride=2, groups=2)", (2, 4, 9, 8)),
}
# sizes of both factors
PRODUCTS: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "many small": ((6, 5, 7), (6, 7, 3)),
    "one": ((1, 33, 20), (1, 20, 40)),
    "four dimensions": ((2, 3, 16, 24), (2, 3, 24, 16)),
    "broadcast": ((2, 1, 4, 5), (3, 5, 6)),
}
# in, out, kernel, stride, padding, output_padding, groups, bias, dilation, size of the input
TRANSPOSED: dict[str, tuple[Any, ...]] = {
    "plain": (4, 6, 3, 2, 1, 1, 1, True, 1, (3, 4, 5)),
    "groups": (4, 6, (2, 3, 2), (1, 2, 3), (0, 1, 0), (0, 1, 2), 2, False, (1, 2, 1), (3, 4, 3)),
}
# layer, size of the input (whole values: windows hold equal ones)
POOLS: dict[str, tuple[str, tuple[int, ...]]] = {
    "max, input as the kernel": ("MaxPool3d((2, 3, 3))", (2, 3, 2, 3, 3)),
    "max, padded input": ("MaxPool3d(3, 1, 1)", (2, 3, 1, 3, 2)),
    "max, short clip": ("MaxPool3d(3, 2, 1)", (2, 3, 2, 9, 8)),
    "max, one frame": ("MaxPool3d(3, 2, 1)", (2, 3, 1, 9, 8)),
    "max, usual": ("MaxPool3d(3, 2, 1)", (2, 3, 6, 9, 8)),
    "max 2-D, input as the kernel": ("MaxPool2d((4, 2), padding=(2, 1))", (2, 3, 4, 2)),
    "max, dilated": ("MaxPool3d((2, 3, 2), (2, 1, 3), (1, 0, 1), (1, 2, 1))", (2, 3, 4, 7, 6)),
    "max, rounded up": ("MaxPool2d(3, 2, ceil_mode=True)", (2, 3, 8, 10)),
    "max, many": ("MaxPool2d(3, 2, 1)", (4, 16, 20, 18)),
    "max, places": ("MaxPool2d(3, 2, 1, return_indices=True)", (2, 3, 8, 9)),
    "max, places 3-D": ("MaxPool3d(2, return_indices=True)", (2, 3, 4, 6, 5)),
    "max 1-D, input as the kernel": ("MaxPool1d(3, 1, 1)", (2, 3, 3)),
    "average (1, 4, 4)": ("AvgPool3d((1, 4, 4))", (2, 3, 1, 4, 4)),
    "average, padded input": ("AvgPool3d(3, 2, 1)", (2, 3, 3, 3, 3)),
    "average 2-D (8, 2)": ("AvgPool2d((8, 2))", (2, 3, 8, 2)),
    "average 1-D": ("AvgPool1d(4, padding=2)", (2, 3, 4)),
}
DIVIDED: dict[str, tuple[str, tuple[int, ...]]] = {
    "relu": ("ReLU()", (3, 40)),
    "convolution": ("Conv2d(3, 4, 3)", (2, 3, 6, 7)),
    "pool": ("MaxPool2d(3, 2)", (2, 3, 9, 8)),
    "norm": ("BatchNorm2d(3)", (2, 3, 4, 5)),
}
# optimizer, its options; each updates 40,000 values, so that all threads take part
UPDATES: dict[str, tuple[str, dict[str, Any]]] = {
    "Adam": ("Adam", {"lr": 0.01, "weight_decay": 0.1, "betas": (0.8, 0.95)}),
    "AdamW": ("AdamW", {"lr": 0.02, "weight_decay": 0.3, "eps": 1e-3}),
    "SGD": ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.2, "weight_decay": 0.1}),
    "Nesterov": ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
}
# layer, training, size of the input, mean of the input
NORMS: dict[str, tuple[str, bool, tuple[int, ...], float]] = {
    "training": ("BatchNorm3d(5)", True, (2, 5, 3, 4, 6), 0),
    "evaluation": ("BatchNorm3d(5)", False, (2, 5, 3, 4, 6), 0),
    "large mean": ("BatchNorm2d(5)", True, (4, 5, 7, 6), 300),
    "not affine": ("BatchNorm1d(5, affine=False)", True, (6, 5), 1),
    "one channel": ("BatchNorm2d(1, eps=1e-3, momentum=0.3)", True, (3, 1, 5, 5), 0),
}


def torch_side(results: dict[str, Any]) -> None:
    import torch
    import torch.nn as nn

    def tensor(a: Any) -> Any:
        return torch.from_numpy(np.array(a))

    def gradients(loss: Any, targets: list[Any], twice: bool) -> list[Any]:
        return list(torch.autograd.grad(loss, targets, create_graph=twice))

    def leaf(a: Any) -> Any:
        return tensor(a).requires_grad_()

    def in_double(layer: Any, x: Any) -> Any:
        return copy.deepcopy(layer).double()(x.double())

    def updated(start: Any, optimizer: str, options: dict[str, Any], gradients: list[Any]) -> Any:
        p = nn.Parameter(tensor(start))
        taken = getattr(torch.optim, optimizer)([p], **options)
        for gradient in gradients:
            p.grad = tensor(gradient)
            taken.step()
        return p

    compute(results, nn, tensor, leaf, gradients, lambda v: v.detach().numpy(), updated, in_double)


def jittor_side(results: dict[str, Any]) -> None:
    from parity.check.jittor_side import prepare

    prepare()
    import jittor as jt

    from converter import helpers

    layers = {text.partition("(")[0] for text, *_ in (*POOLS.values(), *NORMS.values())}
    optimizers = {name for name, _ in UPDATES.values()}
    names = sorted(layers | optimizers | {"Conv3d", "ConvTranspose3d", "native_operator", "conv3d", "matmul", "ReLU"})
    names += ["NATIVE_OPERATORS", *{text.partition("(")[0] for text, _ in FLAT.values()}]
    jh = type(sys)("jittor_helpers")
    exec(compile(helpers.render(names), "jittor_helpers.py", "exec"), jh.__dict__)

    def gradients(loss: Any, targets: list[Any], twice: bool) -> list[Any]:
        return list(jt.grad(loss, targets, retain_graph=twice))

    def tensor(a: Any) -> Any:
        return jt.array(a).stop_grad()

    def updated(start: Any, optimizer: str, options: dict[str, Any], gradients: list[Any]) -> Any:
        p = jt.array(start)
        taken = getattr(jh, optimizer)([p], **options)
        for gradient in gradients:
            p.held_gradient = jt.array(gradient)
            taken.step()
        return p

    compute(results, jh, tensor, lambda a: jt.array(a).start_grad(), gradients, lambda v: v.numpy(), updated)
    results["native"] = np.array([name for name, operator in jh.NATIVE_OPERATORS.items() if operator is not None])

    # A mean of 3000 has half a ten-thousandth of rounding in float32, which no output may inherit.
    far = np.random.RandomState(6).standard_normal((2, 3, 40, 40)) + 3000
    results["centre"] = jh.BatchNorm2d(3)(jt.array(far.astype(np.float32))).numpy().astype(np.float64).mean((0, 2, 3))

    # What they are not made for is left to Jittor's own operators, in words.
    random = np.random.RandomState(5)
    x, w = (random.standard_normal(s) for s in ((1, 2, 3, 4, 4), (3, 2, 2, 2, 2)))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(2):
            double = jh.conv3d(jt.array(x, dtype="float64"), jt.array(w, dtype="float64"))
        broken = [jh.native_operator("broken", "no C++", "at all") for _ in range(2)]
    results["double"], results["broken"] = double.numpy(), np.array([b is None for b in broken])
    results["said"] = np.array([str(c.message) for c in caught if issubclass(c.category, RuntimeWarning)])


def compute(
    results: dict[str, Any],
    nn: Any,
    tensor: Any,
    leaf: Any,
    gradients: Any,
    array: Any,
    updated: Any,
    exactly: Any = None,
) -> None:
    """Every case by the layers of ``nn``.

    ``updated`` gives a parameter after some steps of an optimizer, ``exactly`` calls a layer in double precision.
    """
    random = np.random.RandomState(0)

    def normal(*shape: int) -> Any:
        return random.standard_normal(shape).astype(np.float32)

    def keep(name: str, *values: Any) -> None:
        results.update({f"{name}: {i}": array(v) for i, v in enumerate(values)})

    def put(layer: Any) -> list[Any]:
        """Give the layer's parameters values that both sides share."""
        for p in layer.parameters():
            value = tensor(normal(*p.shape))
            p.data.copy_(value) if hasattr(p.data, "copy_") else p.assign(value).start_grad()
        return list(layer.parameters())

    def check(name: str, layer: Any, shape: tuple[int, ...], twice: bool = False) -> None:
        parameters, x = put(layer), leaf(normal(*shape))
        y = layer(x)
        m = tensor(normal(*y.shape))
        targets = [x, *parameters]
        first = gradients((y * y * m).sum(), targets, twice)
        keep(name, y, *first)
        if twice:
            again = [tensor(normal(*g.shape)) for g in first]
            keep(f"{name}, twice", *gradients(sum((g * a).sum() for g, a in zip(first, again)), targets, False))

    for name, (i, o, k, s, p, d, g, bias, size) in CONVOLUTIONS.items():
        mode = name if name in ("circular", "replicate") else "zeros"
        layer = nn.Conv3d(i, o, k, s, p, d, g, bias, mode)
        check(f"conv {name}", layer, (2, i, *size), name in ("plain", "groups", "strided with a rest"))
    for name, (*options, size) in TRANSPOSED.items():
        check(f"transposed {name}", nn.ConvTranspose3d(*options), (2, options[0], *size), name == "plain")

    # What needs no gradient: an input, a weight, a whole layer in front of others.
    frozen, free = nn.Conv3d(2, 3, 3, 1, 1), nn.Conv3d(3, 2, 1)
    put(frozen), put(free)
    x = tensor(normal(1, 2, 3, 4, 4))
    m = tensor(normal(1, 2, 3, 4, 4))
    keep("only weights", *gradients((free(frozen(x)) * m).sum(), [*frozen.parameters(), *free.parameters()], False))
    for p in frozen.parameters():
        p.requires_grad = False
    keep("frozen", *gradients((free(frozen(x)) * m).sum(), list(free.parameters()), False))
    x = leaf(normal(1, 2, 3, 4, 4))
    keep("only input", *gradients((free(frozen(x)) * m).sum(), [x], False))

    for name, (text, shape) in POOLS.items():
        layer = eval(f"nn.{text}", {"nn": nn})
        x = leaf(random.randint(-2, 3, shape).astype(np.float32))
        y, *places = layer(x) if "return_indices" in text else (layer(x),)
        (first,) = gradients((y * y * tensor(normal(*y.shape))).sum(), [x], True)
        keep(f"pool {name}", y, first, *places)
        if name.startswith("max"):
            keep(f"pool {name}, twice", *gradients((first * tensor(normal(*shape))).sum(), [x], False))
    values = normal(300, 200)
    values[0, :4] = np.nan, np.inf, -np.inf, 0
    x = leaf(values)
    y = nn.ReLU()(x)
    m = normal(300, 200)
    (first,) = gradients((y * y * tensor(m))[1:].sum(), [x], True)
    keep("relu", y[1:], first[1:])
    keep("relu, twice", *(g[1:] for g in gradients((first * tensor(m))[1:].sum(), [x], False)))
    keep("relu, not numbers", y[0, :4])
    # In Jittor a gradient behind a division by an integer tensor is float64, where the operators read float32.
    numbers = tensor(np.array([3, 4]))
    numbers = numbers.int64() if hasattr(numbers, "int64") else numbers.long()
    for name, (text, size) in DIVIDED.items():
        layer = eval(f"nn.{text}", {"nn": nn})
        parameters = put(layer)
        x = leaf(normal(*size))
        y = layer(x)
        divided = (y * tensor(normal(*y.shape))).sum() / (numbers.sum() + numbers.sum())
        keep(f"divided {name}", *gradients(divided, [x, *parameters], False))
    a, b = leaf(normal(6, 5, 7)), leaf(normal(6, 7, 3))
    y = nn.matmul(a, b) if hasattr(nn, "matmul") else a @ b
    keep("divided product", *gradients((y * y).sum() / (numbers.sum() + numbers.sum()), [a, b], False))
    for name, (optimizer, options) in UPDATES.items():
        keep(f"update {name}", updated(normal(200, 200), optimizer, options, [normal(200, 200) for _ in range(3)]))

    for name, (text, training, shape, mean) in NORMS.items():
        layer = eval(f"nn.{text}", {"nn": nn})
        parameters = put(layer)
        layer.train() if training else layer.eval()
        x = leaf(normal(*shape) + np.float32(mean))
        y = layer(x)
        m = tensor(normal(*shape))
        first = gradients((y * m).sum(), [x, *parameters], True)
        again = [tensor(normal(*g.shape)) for g in first]
        # Torch rounds the product of mean and scale: for a mean of 300 its own outputs are 4e-6 from double precision.
        shown = exactly(layer, x) if exactly and mean > 1 else y
        keep(f"norm {name}", shown, *first, layer.running_mean, layer.running_var)
        if mean == 0:
            found = gradients(sum((g * a).sum() for g, a in zip(first, again)), [x, *parameters[:1]], False)
            keep(f"norm {name}, twice", *found)
    norm = nn.BatchNorm2d(3)
    put(norm)
    m, x = tensor(normal(2, 3, 4, 5)), normal(2, 3, 4, 5)
    keep("norm, only weights", *gradients((norm(tensor(x)) * m).sum(), list(norm.parameters()), False))
    for p in norm.parameters():
        p.requires_grad = False
    for name in ("training", "evaluation"):
        norm.train() if name == "training" else norm.eval()
        x = leaf(normal(2, 3, 4, 5))
        keep(f"norm, frozen, {name}", *gradients((norm(x) * m).sum(), [x], False))

    for name, (text, shape) in FLAT.items():
        check(f"flat {name}", eval(f"nn.{text}", {"nn": nn}), shape, True)
    for name, shapes in PRODUCTS.items():
        a, b = (leaf(normal(*shape)) for shape in shapes)
        y = nn.matmul(a, b) if hasattr(nn, "matmul") else a @ b
        first = gradients((y * y * tensor(normal(*y.shape))).sum(), [a, b], True)
        again = [tensor(normal(*g.shape)) for g in first]
        keep(f"product {name}", y, *first)
        keep(f"product {name}, twice", *gradients(sum((g * w).sum() for g, w in zip(first, again)), [a, b], False))


if __name__ == "__main__":
    found: dict[str, Any] = {}
    {"torch": torch_side, "jittor": jittor_side}[sys.argv[1]](found)
    np.savez(sys.argv[2], **found)
