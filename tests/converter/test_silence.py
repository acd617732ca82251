"""What Jittor would compute otherwise without an error is told, or written so that it does not happen."""

from __future__ import annotations

import pytest

from converter.pipeline import convert

_HEAD = (
    "import numpy as np\nimport torch\nimport torch.nn.functional as F\n\n\ndef f(x: torch.Tensor, y: torch.Tensor):\n"
)


def _codes(body: str) -> list[str]:
    text = _HEAD + "".join(f"    {line}\n" for line in body.split("; ")) + "    return x, y\n"
    return [d.code for d in convert(text).diagnostics]


def _code(body: str) -> str:
    return convert(_HEAD + f"    return {body}\n").code


@pytest.mark.parametrize(
    "body", ["a = x.detach().cpu().numpy(); a[0] = 1", "a = x.numpy(); a[:, 1] += 1", "a = x.numpy(); a += 1"]
)
def test_an_array_that_shares_memory_is_changed(body: str) -> None:
    assert "JC203" in _codes(body)


@pytest.mark.parametrize(
    "body",
    [
        "x = x.numpy(); x[0] = 1",
        "a = x.numpy().copy(); a[0] = 1",
        "a = np.zeros(3); a[0] = 1",
        "a = (x * y).numpy(); a[0] = 1",
    ],
)
def test_an_array_of_its_own_is_changed(body: str) -> None:
    assert "JC203" not in _codes(body)


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ("torch.tensor([1, 2]) / 2", "jh.div(jh.make_tensor([1, 2]), 2)"),
        ("x.byte() + 100", "jh.add(x.uint8(), 100)"),
        ("torch.arange(4) * x", "jh.mul(jh.arange(4), x)"),
        ("x.argmax(1) + 1", "jh.argmax(x, 1) + 1"),
        ("x * 2.5 + y", "x * 2.5 + y"),
        ("x.long().float() / 2", "x.int64().float32() / 2"),
        ("x != x", "jh.isnan(x)"),
        ("x.mean().unsqueeze(0)", "jh.unsqueeze_scalar(x.mean(), 0)"),
        ("torch.stack([F.mse_loss(x, y), x.mean()])", "jh.stack_scalars([jh.mse_loss(x, y), x.mean()])"),
        ("torch.stack([x, y])", "jh.stack([x, y])"),
        ("x[0, 1].unsqueeze(0)", "jh.unsqueeze_row(jh.row_of(x, (0, 1)), 0)"),
    ],
)
def test_types_and_dimensions_are_torchs(written: str, made: str) -> None:
    assert f"    return {made}\n" in _code(written)


@pytest.mark.parametrize(
    ("body", "told"), [("x.mean().shape", True), ("(x.sum() * 2).dim()", True), ("x.mean(0).shape", False)]
)
def test_the_dimensions_of_a_tensor_that_has_none(body: str, told: bool) -> None:
    assert ("JC103" in _codes(f"a = {body}")) is told


@pytest.mark.parametrize(
    "body",
    [
        "a, b = x.chunk(2); a += 1",
        "for p in torch.split(x, 2):;     p.add_(1)",
        "for i, r in enumerate(x.unbind(0)):;     r += i",
        "a = torch.flatten(x); a[0] = 1",
        "z = torch.zeros(3); h = z[:1]; z[0] = 1; y = h * 2",
        "a = np.zeros(3); t = torch.from_numpy(a); t += 1; y = a * 2",
        "t = torch.zeros(3); a = t.numpy(); t.add_(1); y = a * 2",
    ],
)
def test_a_change_is_seen_by_another_name(body: str) -> None:
    assert "JC203" in _codes(body)


@pytest.mark.parametrize(
    "body",
    [
        "z = torch.zeros(3); h = z[:1]; y = h * 2; z[0] = 1",
        "a = np.zeros(3); t = torch.from_numpy(a); t += 1; y = t * 2",
        "p = torch.sigmoid(x); a = p.detach().cpu().numpy(); a[a > 0.5] = 1; y = a",
        "x.data.mul_(0.5).add_(y.data, alpha=0.5)",
    ],
)
def test_a_change_is_seen_by_nobody_else(body: str) -> None:
    assert "JC203" not in _codes(body)


def test_a_function_changes_a_view_that_it_is_given() -> None:
    text = "import torch\n\ndef scale(t: torch.Tensor):\n    t *= 2\n\nx = torch.ones(4)\nscale(x[1:3])\n"
    assert "JC203" in [d.code for d in convert(text).diagnostics]


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ("x[0, 1][None]", "jh.unsqueeze_row(jh.row_of(x, (0, 1)))"),
        ("torch.stack([v for v in x])", "jh.stack([v for v in jh.rows_of(x)])"),
        ("torch.stack([v * 2 for v in x])", "jh.stack_derived([v * 2 for v in x])"),
        ("x[x.argmax()]", "x[jh.argmax(x).item()]"),
        ("torch.add(x, y, out=x)", "jh.put(x, jh.add(x, y))"),
        ("x.dtype is torch.float32", "x.dtype == jt.float32"),
        ("str(x.shape)", "str(jh.text(x.shape))"),
        ('f"{x.shape} {x.dtype} {x.mean():.2f}"', 'f"{jh.text(x.shape)} {jh.text(x.dtype)} {x.mean():.2f}"'),
        ('"%s" % x', '"%s" % jh.text(x)'),
        ('"{:.2f}".format(x.mean())', '"{:.2f}".format(x.mean())'),
        ("x.detach().requires_grad", "jh.requires_grad(x.detach())"),
    ],
)
def test_elements_texts_and_results_are_torchs(written: str, made: str) -> None:
    assert f"    return {made}\n" in _code(written)


def test_gradients_before_there_is_an_optimizer() -> None:
    text = "import torch\n\ndef f(w: torch.Tensor):\n    w.sum().backward()\n    opt = torch.optim.SGD([w], lr=0.1)\n"
    assert "jh.backward(" in convert(text).code


def test_an_element_counts_in_a_matrix_of_confusions() -> None:
    text = _HEAD + "    m = torch.zeros(3, 3)\n    for t, p in zip(x, y):\n        m[t.long(), p] += 1\n    return m\n"
    made = convert(text)
    assert {d.code for d in made.diagnostics} <= {"JC205"}  # a note
    assert "m[jh.row_as_index(jh.marked_like(t.int64(), t)), jh.row_as_index(p)] += 1" in made.code
    assert "zip(jh.rows_of(x), jh.rows_of(y))" in made.code


def test_functions_that_are_attributes_of_classes() -> None:
    """Torch's functions do not become methods when they are called by an object; functions of Python do."""
    source = "import torch\n\n\nclass Net:\n    conv = torch.conv2d\n    norm = torch.nn.BatchNorm2d\n"
    lines = convert(source).code.splitlines()
    assert "    conv = staticmethod(jh.conv2d)" in lines and "    norm = jh.BatchNorm2d" in lines
