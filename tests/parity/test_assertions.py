"""``assert_parity`` on small programs; the processes of both frameworks are those of this session."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from parity import ParityError, assert_close, assert_parity
from parity.check.session import SESSION
from parity.records import RECORDS

TORCH = """
import time

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, classes=3):
        super().__init__()
        self.hidden = nn.Linear(6, 8)
        self.register_buffer("scale", torch.full((3,), 2.0))
        self.head = nn.Linear(8, classes)

    def forward(self, x):
        return self.head(torch.relu(self.hidden(x))) * self.scale


def build(classes):
    return Net(classes)


def loss(x, y, *, power=2):
    return (abs(x - y) ** power).mean()


def edge(x):
    return torch.relu(x - 1.0)


def slow(x):
    time.sleep(1000)
"""
PORT = """
import os

import jittor as jt
from jittor import nn


class Net(nn.Module):
    def __init__(self, classes=3):
        super().__init__()
        self.first = nn.Linear(6, 8)
        self.scale = jt.ones(3)
        self.head = nn.Linear(8, classes)

    def execute(self, x):
        return self.head(nn.relu(self.first(x))) * self.scale


class Frozen(Net):
    def __init__(self):
        super().__init__()
        self.head.weight.stop_grad()


class Wrong(Net):
    def execute(self, x):
        return super().execute(x) * 1.001


class Crash(Net):
    def execute(self, x):
        print("about to end", flush=True)
        os.abort()


class Bare(nn.Module):
    def execute(self, x):
        return x


def edge(x, scale=1.0):
    y = x - 1.0
    return jt.ternary(y >= 0, y, y * 0) * scale + (y * (1 - scale)).stop_grad()


def loss(x, y, power=2):
    return (jt.abs(x - y) ** power).mean()
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net.py").write_text(TORCH)
    (tmp_path / "port.py").write_text(PORT)
    monkeypatch.chdir(tmp_path)
    RECORDS.take()
    yield tmp_path
    RECORDS.take()  # planted differences are not those of this session


def test_habits_of_stock_jittor_are_told(programs: Path) -> None:
    """In evaluation mode: other names, a Var that is no buffer, gradients that eval() stopped."""
    outcome = assert_parity("net.py:Net", jittor="port.py:Net", inputs=["4x6"])
    assert {row.name for row in outcome.rows if row.group == "gradient"} == {
        "hidden.weight",
        "hidden.bias",
        "head.weight",
        "head.bias",
        "input 0",
    }
    told = " / ".join(outcome.notes)
    assert "hidden.weight is first.weight, hidden.bias is first.bias" in told
    assert "would train what Torch does not: scale; call stop_grad()" in told
    assert "eval() stops the gradients of 4 of 4 parameters" in told
    assert RECORDS.notes and all(row.ok and row.place == "net.py:8" for row in RECORDS.comparisons)
    assert RECORDS.comparisons[0].test.endswith("test_habits_of_stock_jittor_are_told")


def test_a_difference_is_found_and_named(programs: Path) -> None:
    with pytest.raises(ParityError) as failure:
        assert_parity("net.py:Net", jittor="port.py:Wrong", inputs=["4x6"], train=True)
    text = str(failure.value)
    assert text.startswith("net.py:Net and port.py:Wrong do not compute the same in both frameworks (net.py:8)")
    assert "  output: max abs " in text and "relative 0.001, tolerance 1e-04 of max (10 times)" in text
    assert "gradient" in text and "within their tolerance" in text
    assert_parity("net.py:Net", jittor="port.py:Wrong", inputs=["4x6"], tolerance=2e-3, grad_tolerance=2e-3)


def test_a_gradient_that_the_port_stops_is_missing(programs: Path) -> None:
    with pytest.raises(ParityError) as failure:
        assert_parity("net.py:Net", jittor="port.py:Frozen", inputs=["4x6"], train=True)
    assert "gradient head.weight: missing in Jittor" in str(failure.value)
    assert "note: the port stops the gradients of head.weight, which Torch trains" in str(failure.value)
    assert_parity("net.py:Net", jittor="port.py:Frozen", inputs=["4x6"], train=True, gradients=False)


def test_weights_that_the_port_lacks(programs: Path) -> None:
    with pytest.raises(ParityError, match="weight hidden.weight: only in Torch"):
        assert_parity("net.py:Net", jittor="port.py:Bare", inputs=["4x6"], train=True)


def test_functions(programs: Path) -> None:
    """Arrays and texts as inputs, by place and by name; a builder with arguments is no plain function."""
    draw = np.random.default_rng(0)
    x, y = (draw.standard_normal((4, 6)).astype(np.float32) for _ in range(2))
    outcome = assert_parity("net.py:loss", jittor="port.py:loss", inputs=[x], keyword_inputs={"y": y})
    assert outcome.kind == "function" and {row.name for row in outcome.rows} == {"output", "input 0", "input y"}
    assert str(outcome.rows[0].tolerance) == "1e-05 + 1e-05 rel"
    assert assert_parity("net.py:build", jittor="port.py:Net", args="3", inputs=["4x6"], train=True).kind == "model"
    with pytest.raises(ParityError, match=r"loss takes neither \(\), to build a model, nor 3 positional"):
        assert_parity("net.py:loss", jittor="port.py:loss", inputs=[x, x, x])


def test_a_jump_is_told_from_a_wrong_gradient(programs: Path) -> None:
    """At the edge of a ReLU the port has the gradient of the other side: rounding alone could have it."""
    call = {"torch": "net.py:edge", "jittor": "port.py:edge", "inputs": [np.array([1.0, 5.0, 7.0], np.float32)]}
    with pytest.raises(ParityError, match=r"gradient input 0: .*33.33% of the entries"):
        assert_parity(**call)
    outcome = assert_parity(**call, jumps=True)
    assert [row.jump for row in outcome.rows] == [False, True]
    assert RECORDS.comparisons[-1].tolerance.endswith("(jump)") and 0 < RECORDS.comparisons[-1].used <= 1
    with pytest.raises(ParityError, match="gradient input 0: "):  # the outputs agree, the other gradients do not
        assert_parity(**call, jittor_args="scale=0.5", jumps=True)


def test_a_crash_and_a_hang_fail_their_test_and_the_next_gets_new_processes(programs: Path) -> None:
    assert_parity("net.py:Net", jittor="port.py:Net", inputs=["4x6"], train=True)
    started = {name: worker.started for name, worker in SESSION.workers.items()}
    with pytest.raises(ParityError) as failure:
        assert_parity("net.py:Net", jittor="port.py:Crash", inputs=["4x6"], train=True)
    text = str(failure.value)
    assert "Jittor failed on net.py:Net and port.py:Crash (net.py:8): the process ended (SIGABRT)" in text
    assert "about to end" in text and "port.py" in text
    with pytest.raises(ParityError, match=r"Torch failed on net.py:slow \(net.py:31\): no end after 2 s"):
        assert_parity("net.py:slow", inputs=["2"], timeout=2)
    assert_parity("net.py:Net", jittor="port.py:Net", inputs=["4x6"], train=True)
    assert {name: worker.started for name, worker in SESSION.workers.items()} == {
        name: count + 1 for name, count in started.items()
    }


def test_programs_of_the_same_name_do_not_mix(programs: Path, tmp_path: Path) -> None:
    """Each has its own files, although one process runs both."""
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "common.py").write_text(f"FACTOR = {number}\n")
        for name, method in (("net", "forward"), ("port", "execute")):
            framework = {"net": "torch", "port": "jittor"}[name]
            (folder / f"{name}.py").write_text(
                f"import common\nfrom {framework} import nn\n\nclass Net(nn.Module):\n"
                f"    def {method}(self, x):\n        return x * common.FACTOR\n"
            )
        paths = f"{folder}/net.py:Net", f"{folder}/port.py:Net"
        outcome = assert_parity(paths[0], jittor=paths[1], inputs=[np.ones((2, 6), np.float32)])
        assert outcome.rows[0].figures.largest == number


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"torch": "no.py:Net"}, "no such file"),
        ({"torch": "net.py"}, "expected PATH.py:NAME"),
        ({"jittor": "no.py:Net"}, "no such file"),
        ({"inputs": ["2y3"]}, "expected SHAPE"),
        ({"inputs": [np.array(["a"])]}, "no kind of tensor"),
        ({"args": "("}, "--args"),
        ({"op_class": "convolution"}, "no row"),
        ({"op_class": "moments"}, "random numbers"),
    ],
)
def test_a_call_that_asks_for_nothing_there_is(programs: Path, given: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        assert_parity(**{"torch": "net.py:Net", "inputs": ["4x6"], **given})  # type: ignore[arg-type]


def test_close_takes_tensors_and_knows_its_rows() -> None:
    import torch

    one = torch.ones(2, requires_grad=True)
    assert_close(one, np.ones(2, np.float32))
    assert_close(one.to(torch.bfloat16), np.ones(2, np.float32))
    with pytest.raises(ParityError, match="float32 expected, float64 given"):
        assert_close(np.ones(2), one, op_class="dtype")
    with pytest.raises(ParityError, match="1.00000001, expected 1.0"):
        assert_close(np.array([1.00000001]), np.array([1.0]), op_class="conv")  # float64 is held to more
    with pytest.raises(ValueError, match="random numbers"):
        assert_close(one, one, op_class="random")
    RECORDS.take()
