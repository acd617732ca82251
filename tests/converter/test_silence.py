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
