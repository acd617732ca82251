"""Runs the cases of test_optimize.py in one process with Jittor; writes what came of each as JSON."""

import json
import sys
import traceback
import warnings
from pathlib import Path

from jack.runtime import prepare

prepare()

import jittor as jt  # noqa: E402
import numpy as np  # noqa: E402

from jack.optimize import CannotOptimize, ModelChanged, optimize  # noqa: E402
from jack.optimize.graph import members  # noqa: E402
from tests.jack import optimize_models as m  # noqa: E402

IMAGE = (2, 8, 12, 12)
MODELS = {
    "block": (m.Block, [IMAGE]),
    "read twice": (m.ReadTwice, [IMAGE]),
    "shared twice": (m.SharedTwice, [IMAGE]),
    "in place": (m.InPlace, [(2, 4, 9, 9)]),
    "norm after relu": (m.NormAfterRelu, [(3, 1, 24, 20)]),
    "geometries": (m.Geometries, [(2, 8, 11, 10), (2, 4, 6, 10, 10)]),
    "stock": (m.Stock, [(2, 3, 8, 8)]),
    "graphs": (lambda: m.Graphs(16), [(2, 8, 6, 16)]),
    "graphs of five": (lambda: m.Graphs(5), [(1, 8, 6, 5)]),
    "graphs with a spy": (lambda: m.Graphs(16, True), [(2, 8, 6, 16)]),
    "inception": (m.Inception, [(2, 4, 11, 12)]),
    "depthwise": (m.Depthwise, [(2, 6, 9, 10)]),
    "looks": (m.Looks, [IMAGE]),
    "branches": (m.Branches, [IMAGE]),
    "draws": (m.Draws, [IMAGE]),
    "counts": (m.Counts, [IMAGE]),
    "writes": (m.Writes, [IMAGE]),
    "unseen": (m.Unseen, [IMAGE]),
    "by shape": (m.ByShape, [IMAGE]),
    "dropping": (m.Dropping, [IMAGE]),
    "plain": (m.Plain, [(2, 3, 4, 5)]),
}


def arrays(result):
    return [v.numpy() for v in members(result, jt.Var)]


def difference(model, fast, inputs, **keywords):
    """Largest difference relative to the largest magnitude of an output."""
    with jt.no_grad():
        wanted = arrays(model(*inputs, **keywords))
    got = arrays(fast(*inputs, **keywords))
    assert [a.shape for a in wanted] == [a.shape for a in got]
    return max(float(np.abs(a - b).max() / np.abs(a).max()) for a, b in zip(wanted, got))


def outcome(work):
    """What a call ends in."""
    try:
        return work()
    except (CannotOptimize, ModelChanged) as error:
        return {"error": type(error).__name__, "reason": str(error)}


def made(name):
    make, shapes = MODELS[name]
    return m.randomized(make()), [m.tensor(*shape, seed=i) for i, shape in enumerate(shapes)]


def plain_case(name):
    model, inputs = made(name)
    fast = optimize(model, *inputs)
    others = [m.tensor(*v.shape, seed=7 + i) * 3 for i, v in enumerate(inputs)]
    structure = repr(type(fast(*inputs)))
    with jt.no_grad():
        same = structure == repr(type(model(*inputs)))
    return {"worst": difference(model, fast, others), "counts": vars(fast.counts), "structure": same}


def changed(change, name="block"):
    """What a call says after something was changed."""
    model, inputs = made(name)
    fast = optimize(model, *inputs)
    change(model)
    return {"worst": difference(model, fast, inputs)}


def replace_weight(model):
    model.conv1.weight = jh_parameter(model.conv1.weight * 2)


def jh_parameter(value):
    return m.jh.Parameter(value)


def hooked():
    model, inputs = made("block")
    model.bn1.register_forward_hook(lambda module, args, output: output * 2)
    fast = optimize(model, *inputs)
    return {"worst": difference(model, fast, inputs), "counts": vars(fast.counts)}


def method():
    """Not the module, but a method of it."""
    model, inputs = made("block")
    fast = optimize(model.down.execute, *inputs)
    return {"worst": difference(model.down.execute, fast, inputs), "counts": vars(fast.counts)}


def part():
    """Only a part of a model that cannot be recorded as a whole."""
    model, inputs = m.randomized(m.Parent()), [m.tensor(*IMAGE)]
    with jt.no_grad():
        wanted = model(*inputs).numpy()
    refused = outcome(lambda: optimize(model, *inputs))["reason"]
    model.part = optimize(model.part, *inputs)
    with jt.no_grad():
        got = model(*inputs).numpy()
    return {"worst": float(np.abs(wanted - got).max() / np.abs(wanted).max()), "refused": refused}


def training():
    model, inputs = made("dropping")
    model.drop.train()
    return {"worst": difference(model, optimize(model, *inputs), inputs)}


def other_shapes():
    model, inputs = made("by shape")
    fast = optimize(model, *inputs)
    found = [difference(model, fast, [m.tensor(1, 8, 12, 12)])]
    found += [difference(model, fast, [m.tensor(n, 8, 20 + n, 12)]) for n in range(2, 20, 6)]
    found.append(difference(model, fast, [m.tensor(3, 8, 9, 9)], twice=True))
    return {"worst": max(found), "kept": sum(program is not None for program in fast._programs.values())}


def fallback():
    """Other shapes for which the model looks at values: the model itself runs, with a warning."""

    class Sometimes(m.Block):
        def execute(self, x):
            y = self.conv1(x)
            return y if x.shape[0] == 2 or y.sum().item() > 0 else -y

    model = m.randomized(Sometimes())
    fast = optimize(model, m.tensor(*IMAGE))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        worst = difference(model, fast, [m.tensor(3, 8, 12, 12)])
    said = [str(w.message) for w in caught if "the model itself runs" in str(w.message)]
    return {"worst": worst, "said": said}


def released():
    """Afterwards the weights are held once, and other shapes still work."""
    model, inputs = made("block")
    fast = optimize(model, *inputs)
    shapes = [(2, 8, 12, 12), (3, 8, 30, 9), (1, 8, 5, 5)]
    with jt.no_grad():
        wanted = [arrays(model(m.tensor(*shape, seed=9))) for shape in shapes]
    before = sum(v.numel() for v in model.parameters())
    fast.release()
    left = sum(v.numel() for v in model.parameters())
    got = [arrays(fast(m.tensor(*shape, seed=9))) for shape in shapes]
    worst = max(float(np.abs(a - b).max() / np.abs(a).max()) for x, y in zip(wanted, got) for a, b in zip(x, y))
    still_empty = sum(v.numel() for v in model.parameters())
    return {"worst": worst, "before": before, "left": left, "still": still_empty}


def exact():
    model, inputs = made("block")
    return {"worst": optimize(model, *inputs, tolerance=0).worst}


def doubles():
    model, inputs = made("block")
    model = model.double()
    inputs = [v.float64() for v in inputs]
    fast = optimize(model, *inputs)
    return {"worst": difference(model, fast, inputs), "counts": vars(fast.counts)}


def global_changed():
    held = [m.tensor(16)]

    class Uses(m.Block):
        def execute(self, x):
            return self.conv1(x) + held[0].reshape(1, 16, 1, 1)

    model = m.randomized(Uses())
    fast = optimize(model, m.tensor(*IMAGE))
    first = difference(model, fast, [m.tensor(*IMAGE)])
    held[0].assign(held[0] * 2)
    fast(m.tensor(*IMAGE))
    return {"worst": first}


def untouched():
    """Jittor's functions are what they were, also after a refusal."""
    before = {k: id(v) for k, v in jt.Var.__dict__.items()}, {k: id(v) for k, v in vars(m.jh).items()}
    for name in ("block", "looks"):
        model, inputs = made(name)
        outcome(lambda model=model, inputs=inputs: optimize(model, *inputs))
    after = {k: id(v) for k, v in jt.Var.__dict__.items()}, {k: id(v) for k, v in vars(m.jh).items()}
    return {"same": before == after}


CASES = {
    **{name: lambda name=name: plain_case(name) for name in MODELS},
    "weight changed": lambda: changed(lambda model: model.conv1.weight.assign(model.conv1.weight * 2)),
    "statistics changed": lambda: changed(lambda model: model.bn2.running_var.assign(model.bn2.running_var + 1)),
    "weight replaced": lambda: changed(replace_weight),
    "module replaced": lambda: changed(lambda model: setattr(model, "bn1", m.jh.BatchNorm2d(16))),
    "hook added": lambda: changed(lambda model: model.bn1.register_forward_hook(lambda a, b, c: c * 2)),
    "mode changed": lambda: changed(lambda model: model.train()),
    "hooked": hooked,
    "method": method,
    "part": part,
    "training": training,
    "other shapes": other_shapes,
    "fallback": fallback,
    "released": released,
    "exact": exact,
    "doubles": doubles,
    "global changed": global_changed,
    "untouched": untouched,
}

if __name__ == "__main__":
    found = {}
    for name, work in CASES.items():
        try:
            found[name] = outcome(work)
        except (RuntimeError, ValueError, TypeError, KeyError, AttributeError, AssertionError):
            found[name] = {"error": "crash", "reason": traceback.format_exc()}
    Path(sys.argv[1]).write_text(json.dumps(found, indent=1))
