"""Which tensor of a Jittor program is which of the Torch program's."""

from __future__ import annotations

from parity.state.match import match
from parity.trace.pair import Module, pair_modules


def test_names_come_before_order_and_counters_are_passed_over() -> None:
    torch = {"a.weight": (3, 4), "a.bias": (3,), "n.num_batches_tracked": (), "b.weight": (3, 4)}
    jittor = {"b.weight": (3, 4), "a.weight": (3, 4), "a.bias": (3,)}
    pairs = match(torch, jittor)
    assert [(p.torch, p.jittor, p.how) for p in pairs] == [(n, n, "name") for n in ("a.weight", "a.bias", "b.weight")]


def test_renamed_by_shape_and_order_with_the_same_last_name_first() -> None:
    # weight and bias of a norm have one shape: order alone would swap them where a port declares the bias first
    torch = {"norm.weight": (8,), "norm.bias": (8,), "fc.weight": (2, 8)}
    jittor = {"ln.bias": (8,), "ln.weight": (8,), "head.weight": (2, 8)}
    found = {p.torch: p.jittor for p in match(torch, jittor)}
    assert found == {"norm.weight": "ln.weight", "norm.bias": "ln.bias", "fc.weight": "head.weight"}


def test_what_does_not_fit_is_told_on_both_sides() -> None:
    pairs = match({"w": (3, 4), "gone": (5,)}, {"w": (4, 3), "extra": (7,)})
    assert [(p.torch, p.jittor, p.how, p.other) for p in pairs] == [
        ("w", "w", "shape", (4, 3)),
        ("gone", "", "only torch", None),
        ("", "extra", "only jittor", None),
    ]
    assert not any(p.usable for p in pairs)


def test_a_scalar_has_the_shape_of_one_entry_in_jittor() -> None:
    (pair,) = match({"scale": ()}, {"scale": (1,)})
    assert pair.how == "name" and pair.usable


def test_modules_follow_their_tensors_containers_what_is_in_them_and_plain_ones_their_siblings() -> None:
    torch = [Module(*m) for m in (("", "Net"), ("blocks", "Sequential"), ("blocks.0", "Block"))]
    torch += [Module("blocks.0.conv", "Conv2d"), Module("blocks.0.act", "ReLU"), Module("head", "Linear")]
    jittor = [Module(*m) for m in (("", "Net"), ("body", "Sequential"), ("body.0", "Block"))]
    jittor += [Module("body.0.c", "Conv"), Module("body.0.relu", "relu"), Module("fc", "Linear")]
    theirs = {"blocks.0.conv.weight": (4, 3, 3, 3), "head.weight": (2, 4)}
    state = match(theirs, {"body.0.c.weight": (4, 3, 3, 3), "fc.weight": (2, 4)})
    assert pair_modules(torch, jittor, state) == {
        "": "",
        "blocks": "body",
        "blocks.0": "body.0",
        "blocks.0.conv": "body.0.c",
        "blocks.0.act": "body.0.relu",
        "head": "fc",
    }


def test_a_module_without_counterpart_has_none() -> None:
    torch = [Module("", "Net"), Module("drop", "Dropout"), Module("act", "GELU")]
    assert pair_modules(torch, [Module("", "Net"), Module("act2", "Tanh")], []) == {"": ""}
