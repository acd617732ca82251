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


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ("x > 2**31", 'jh.exactly("greater", x, 2**31)'),
        ("2**40 == x", 'jh.exactly("equal", 2**40, x)'),
        ("x & 0xFFFFFFFF", 'jh.exactly("bitwise_and", x, 0xFFFFFFFF)'),
        ("x - 2**53", "jh.sub(x, 2**53)"),
        ("x * 6364136223846793005 + 1", "jh.mul(x, 6364136223846793005) + 1"),
        ("torch.lt(x, 2**40)", 'jh.exactly("less", x, 2**40)'),
        ("x & 255, x > 2**30", "x & 255, x > 2**30"),
    ],
)
def test_numbers_that_do_not_fit_32_bits(written: str, made: str) -> None:
    assert f"    return {made}\n" in _code(written)


def test_a_name_of_a_number_that_does_not_fit_32_bits() -> None:
    text = "import torch\nMASK = (1 << 32) - 1\n\ndef f(x: torch.Tensor):\n    x &= MASK\n    return x\n"
    assert 'jh.put(x, jh.exactly("bitwise_and", x, MASK))' in convert(text).code


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ("x[0].shape", "jh.row_shape(jh.row_of(x, 0))"),
        ("x[0].shape[0], x[0].size(0)", "x[0].shape[0], x[0].shape[0]"),
        ("x[0].dim()", "len(jh.row_shape(jh.row_of(x, 0)))"),
        ("(x[0] * 2).ndim", "len(jh.derived_shape((x[0] * 2)))"),
        ("x[0].tolist()", "jh.to_list(jh.row_of(x, 0))"),
        ("x.mean().tolist()", "jh.scalar_to_list(x.mean())"),
        ("x.mean().detach().numpy()", "jh.scalar_to_array(x.mean().detach())"),
        ("x.numpy()", "x.numpy()"),
        ("x.half() * y.mean()", "jh.mul(x.float16(), jh.without_dimension(y.mean()))"),
        ("str([x, y])", "str(jh.text_of_all([x, y]))"),
        ('f"{[x.mean()]}"', 'f"{jh.text_of_all([x.mean()], True)}"'),
        ('f"{(1, 2)}"', 'f"{(1, 2)}"'),
    ],
)
def test_what_an_element_is_asked_for(written: str, made: str) -> None:
    assert f"    return {made}\n" in _code(written)


def test_pairs_of_elements_are_stacked() -> None:
    text = (
        _HEAD
        + "    best = [max((p, r) for p, r in zip(x, y)) for _ in range(2)]\n"
        + "    return torch.stack([b[0] for b in best])\n"
    )
    assert "zip(jh.rows_of(x), y)" in convert(text).code


_TRAINING = """import torch
import torch.nn as nn

def f(model: nn.Module, x: torch.Tensor):
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    old = {old}
    model(x).sum().backward()
    opt.step()
    return {after}
"""


@pytest.mark.parametrize(
    ("old", "after", "told"),
    [
        ("[p.detach() for p in model.parameters()]", "old", True),
        ("[p.data for p in model.parameters()]", "old", True),
        ("[p.detach().clone() for p in model.parameters()]", "old", False),
        ("[p.detach() for p in model.parameters()]", "x", False),
        ("[p * 1 for p in model.parameters()]", "old", False),
    ],
)
def test_a_step_changes_what_was_detached(old: str, after: str, told: bool) -> None:
    found = [d.code for d in convert(_TRAINING.format(old=old, after=after)).diagnostics]
    assert ("JC203" in found) is told


def test_unpacking_says_that_a_value_is_a_tensor() -> None:
    body = "    v, i = a.max(1)\n    w, j = b.sort()\n    c.sort()\n    return v, c.type(i)\n"
    text = f"import torch\n\ndef f(a, b, c):\n{body}"
    made = convert(text).code
    assert "jh.max_of(a, 1)" in made and "jh.sort(b)" in made and "    c.sort()\n" in made
    assert "jh.tensor_type(c, i)" in made


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ("torch.cumprod(x, axis=0)", "jh.cumprod(x, dim=0)"),
        ("torch.exp(x=x)", "jt.exp(x)"),
        ("torch.cat([x], axis=0)", "jh.concat([x], axis=0)"),
    ],
)
def test_numpys_names_of_parameters(written: str, made: str) -> None:
    assert f"    return {made}\n" in _code(written)


def test_classes_that_extend_tensors_are_told() -> None:
    """Jittor's tensors cannot be extended; the class statement would fail when it is run."""
    source = "import torch\n\n\nclass Mine(torch.Tensor):\n    pass\n"
    assert [d.code for d in convert(source).diagnostics] == ["JC102"]


def test_sizes_given_by_name() -> None:
    assert "x.reshape((2, 3))" in _code("x.reshape(shape=(2, 3))")
    assert "x.permute((1, 0))" in _code("x.permute(dims=(1, 0))")


def test_a_line_of_several_statements_keeps_its_semicolons() -> None:
    text = "import torch\n\ndef f(x: torch.Tensor):\n    x[0] = 2; x //= 2; y = 3\n    return x\n"
    assert "    jh.put_at(x, jh.at[0], 2); x = jh.floor_divide(x, 2); y = 3\n" in convert(text).code


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ("x[x > 0].mean()", "jh.mean_of(x[x > 0])"),
        ("(x[y.bool()] * 2).abs().mean(0)", "jh.mean_of(jh.absolute(x[y.bool()] * 2), 0)"),
        ("x[1:].mean()", "x[1:].mean()"),
    ],
)
def test_the_mean_of_what_may_be_empty(written: str, made: str) -> None:
    assert f"    return {made}\n" in _code(written)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("x.ndim == 0", True),
        ("x.dim() < 1", True),
        ("len(x.shape) != 0", True),
        ("x.shape == ()", True),
        ("len(x.size()) == 0", True),
        ("x.ndim == 1", False),
        ("x.dim() > 1", False),
        ("x.shape[0] == 0", False),
        ("len(x) == 0", False),
    ],
)
def test_whether_a_tensor_has_no_dimensions(asked: str, told: bool) -> None:
    """Jittor's tensors have at least one, so that a program takes the other branch."""
    assert ("JC401" in _codes(f"a = 1 if {asked} else 2")) is told


@pytest.mark.parametrize(
    ("body", "made"),
    [
        ("a, b = zip(*[(v.mean(), v.std()) for v in (x, y)]); s = torch.stack(a)", "s = jh.stack_scalars(a)"),
        ("h = {'a': []}; h['a'].append(x.mean()); s = torch.stack(h['a'])", "s = jh.stack_scalars(h['a'])"),
        ("s = str([x.shape, x.dtype])", "s = str(jh.text_of_all([x.shape, x.dtype]))"),
        ("s = str(torch.float32)", "s = str(jh.text(jt.float32))"),
    ],
)
def test_scalars_that_are_collected(body: str, made: str) -> None:
    text = _HEAD + "".join(f"    {line}\n" for line in body.split("; ")) + "    return s\n"
    assert made in convert(text).code
