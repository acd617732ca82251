"""Arguments and results with their tensors taken out and put in; the attributes that are compared."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from parity.check.values import leaves
from parity.trace.attributes import differences, plain_attributes
from parity.trace.structures import counterparts, in_order, map_arguments, map_tensors

Point = namedtuple("Point", ["x", "y"])


@dataclass
class Output:
    logits: Any
    size: int = 3


def is_tensor(value: object) -> bool:
    return isinstance(value, np.ndarray)


A, B = np.zeros(2), np.ones(3)


@pytest.mark.parametrize(
    "value",
    [A, (A, B), [A, [B, 1]], {"a": A, "n": 2}, OrderedDict(a=A, b=(B,)), Point(A, 3), Output(A), (None, "text"), 5],
)
def test_every_tensor_is_replaced_and_the_paths_are_those_of_the_leaves(value: Any) -> None:
    seen: dict[str, Any] = {}

    def change(path: str, tensor: Any) -> Any:
        seen[path] = tensor
        return tensor + 1

    changed = map_tensors(value, is_tensor, change, "output")
    assert type(changed) is type(value)
    before = {path: leaf for path, leaf in leaves(value, is_tensor) if is_tensor(leaf)}
    after = {path: leaf for path, leaf in leaves(changed, is_tensor) if is_tensor(leaf)}
    assert list(before) == list(after) == list(seen)
    assert all(np.array_equal(after[path], before[path] + 1) for path in before)


def test_arguments_go_by_position_however_they_are_passed() -> None:
    def forward(x: Any, mask: Any = None, **more: Any) -> None: ...

    assert list(in_order(forward, (A,), {"mask": B})) == ["0", "1"]
    assert list(in_order(forward, (A, B), {})) == ["0", "1"]
    args, keywords = map_arguments(forward, (A,), {"mask": B, "bias": A}, is_tensor, lambda path, tensor: path)
    assert (args, keywords) == (("0",), {"mask": "1", "bias": "bias"})


def test_results_of_other_structure_are_matched_by_order_and_shape() -> None:
    assert counterparts({"output": (2, 3)}, {"output[0]": (2, 3), "output[1]": (5,)}) == {"output[0]": "output"}
    assert counterparts({"output": ()}, {"output": (1,)}) == {"output": "output"}


def test_attributes_that_mean_the_same_are_no_difference() -> None:
    torch = {"stride": [2, 2], "eps": 1e-5, "kernel_size": [3], "padding": [1], "mode": "same", "bias": True}
    jittor: dict[str, Any] = {"stride": 2, "eps": np.float32(1e-5).item(), "kernel_size": [3, 1], "padding": [1, 0]}
    jittor |= {"mode": 1, "bias": 1}
    assert differences(torch, jittor) == []


def test_attributes_that_differ_are_told_with_both_values() -> None:
    torch = {"eps": 1e-5, "stride": [2, 2], "padding_mode": "zeros", "kernel_size": [3]}
    jittor = {"eps": 1e-3, "stride": [1, 1], "padding_mode": "reflect", "kernel_size": [5, 1]}
    said = differences(torch, jittor)
    assert len(said) == 4 and said[0] == "eps is 1e-05 in Torch, 0.001 in Jittor"


def test_the_mode_is_no_attribute() -> None:
    module = SimpleNamespace(training=True, is_train=False, eps=1e-5, _hidden=1, sizes=(1, 2), table=A)
    assert plain_attributes(module) == {"eps": 1e-5, "sizes": [1, 2]}
