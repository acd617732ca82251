"""The two backends behave alike; Jittor's runs in a process of its own, as it always does."""

import json

import numpy as np
import pytest

from parity.arrays import load_arrays
from parity.isolation import run_python

COMMON = """
import json, sys
from pathlib import Path
import numpy as np
from parity.arrays import save_arrays
from parity.backends import get_backend

name, out = sys.argv[1], Path(sys.argv[2])
backend = get_backend(name)
if name == "torch":
    from torch import nn
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
else:
    from jittor import nn
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
draw = np.random.default_rng(0)
x = draw.standard_normal((5, 3)).astype(np.float32)
weights = {n: draw.uniform(0.5, 1.5, a.shape).astype(np.float32) for n, a in sorted(backend.state(model).items())
           if not n.endswith("num_batches_tracked")}
notes = {"complete": backend.load_weights(model, weights).problems()}
part = {n: a for n, a in weights.items() if n != "0.bias"}
notes["partial"] = backend.load_weights(model, {**part, "extra": x}).problems()
try:
    backend.load_weights(model, {"0.bias": x})
    notes["shape"] = "accepted"
except ValueError as error:
    notes["shape"] = "refused"
found = {}
for training in (False, True):
    backend.set_training(model, training)
    parameters = backend.named_parameters(model)
    notes["parameters"] = list(parameters)
    leaf = backend.tensor(x, requires_grad=True)
    y = model(leaf)
    gradients = backend.gradients((y * y).sum(), {**parameters, "x": leaf})
    found.update({f"{training}/{n}": g for n, g in gradients.items()})
    found[f"{training}/y"] = backend.numpy(y)
with backend.no_grad():
    found["no_grad"] = backend.numpy(model(backend.tensor(x)))
found["int64"] = backend.numpy(backend.tensor(np.array([2**40])))
found["state"] = backend.state(model)["1.running_mean"]
save_arrays(out / f"{name}.npz", found)
(out / f"{name}.json").write_text(json.dumps(notes))
"""


@pytest.fixture(scope="module")
def sides(tmp_path_factory):
    folder = tmp_path_factory.mktemp("backends")
    (folder / "backend_script.py").write_text(COMMON)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        for name in ("torch", "jittor"):
            outcome = run_python("backend_script", [name, str(folder)], folder / f"{name}.log", 900)
            assert outcome.ok, outcome.tail()
    return {
        name: (load_arrays(folder / f"{name}.npz"), json.loads((folder / f"{name}.json").read_text()))
        for name in ("torch", "jittor")
    }


def test_parameters_have_the_same_names_and_no_buffers(sides):
    names = sides["torch"][1]["parameters"]
    assert names == ["0.weight", "0.bias", "1.weight", "1.bias", "2.weight", "2.bias"]
    assert sides["jittor"][1]["parameters"] == names


@pytest.mark.parametrize("name", ["torch", "jittor"])
def test_loading_reports_what_does_not_fit(sides, name):
    notes = sides[name][1]
    assert notes["complete"] == ""
    assert notes["partial"] == "missing: 0.bias; unexpected: extra"
    assert notes["shape"] == "refused"


def test_outputs_and_gradients_agree_in_both_modes(sides):
    torch_side, jittor_side = sides["torch"][0], sides["jittor"][0]
    assert set(torch_side) == set(jittor_side)
    for name, array in torch_side.items():
        if name != "state":
            np.testing.assert_allclose(jittor_side[name], array, rtol=2e-4, atol=2e-5, err_msg=name)
    assert np.abs(torch_side["False/0.weight"]).max() > 1e-3  # no gradient was stopped by the mode
    np.testing.assert_allclose(jittor_side["state"], torch_side["state"], rtol=1e-5)


def test_64_bits_stay(sides):
    assert all(side[0]["int64"].tolist() == [2**40] for side in sides.values())
