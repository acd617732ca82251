"""What a new BPM-GCN is made of, in both frameworks; Jittor's runs in a process of its own."""

import json
import re

import numpy as np
import pytest
from scipy.stats import kstest

from parity.arrays import load_arrays
from parity.isolation import run_python

SCRIPT = """
import json, sys
from importlib import import_module
from pathlib import Path
from parity.arrays import save_arrays
from parity.backends import get_backend

backend, out = get_backend(sys.argv[1]), Path(sys.argv[2])
network, training = (import_module(f"jack.methods.{backend.name}.{name}") for name in ("bpmgcn", "bpmgcn_training"))
backend.seed(3)
model = network.BPMGCN(width=32)
save_arrays(out / "state.npz", backend.state(model))
trained = [list(backend.named_parameters(model))]
for value in (False, True):
    training.train_graph(model, value)
    trained.append([name for name, p in model.named_parameters() if p.requires_grad])
(out / "trained.json").write_text(json.dumps(trained))
"""
TINY = 1e-6
FIRST = {"gcn1.bn.weight": TINY, "PA": TINY}  # every entry of these, whatever else holds


@pytest.fixture(scope="module", params=["torch", "jittor"])
def made(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "bpmgcn_script.py").write_text(SCRIPT)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        outcome = run_python("bpmgcn_script", [request.param, str(folder)], folder / "log.txt", 900)
    assert outcome.ok, outcome.tail()
    state = {n: a for n, a in load_arrays(folder / "state.npz").items() if not n.endswith("num_batches_tracked")}
    return state, json.loads((folder / "trained.json").read_text())


def standardized(state, pattern, scale):
    """All entries of the matching tensors, divided by what their scale should be."""
    chosen = {name: a for name, a in state.items() if re.fullmatch(pattern, name)}
    assert chosen, pattern
    return np.concatenate([(array / scale(array)).ravel() for array in chosen.values()])


def fan_out(array):
    return np.sqrt(2 / (array.shape[0] * np.prod(array.shape[2:])))


NORMAL = {
    r".*\.(conv_a|conv_b)\.\d\.weight": fan_out,
    r".*\.down\.0\.weight": fan_out,
    r".*\.(tcn1|residual)\.conv\.weight": fan_out,
    r".*\.conv_d\.\d\.weight": lambda a: np.sqrt(2 / (3 * a.size)),
    r"fc.*\.weight": lambda a: np.sqrt(2 / a.shape[0]),
}
UNIFORM = {
    r"fusion\d\.att_[TN]_[pm]\.fc\d\.weight": lambda a: 1 / np.sqrt(a.shape[1]),
    r"fc.*\.bias": lambda a: 1 / np.sqrt(128),  # the heads' inputs at this width
}


@pytest.mark.parametrize("pattern", NORMAL)
def test_normal_weights(made, pattern):
    values = standardized(made[0], pattern, NORMAL[pattern])
    assert kstest(values, "norm").pvalue > 1e-3


@pytest.mark.parametrize("pattern", UNIFORM)
def test_uniform_weights(made, pattern):
    values = standardized(made[0], pattern, UNIFORM[pattern])
    assert np.abs(values).max() <= 1 + 1e-6
    assert kstest(values, "uniform", args=(-1, 2)).pvalue > 1e-3


def test_constant_entries(made):
    state, _ = made
    drawn = [*NORMAL, *UNIFORM]
    for name, array in state.items():
        if any(re.fullmatch(pattern, name) for pattern in drawn):
            assert array.std() > 0, name
            continue
        first = [value for end, value in FIRST.items() if name.endswith(end)]
        wanted = first[0] if first else float(name.endswith((".weight", "running_var")))
        np.testing.assert_array_equal(array, np.float32(wanted), err_msg=name)


def test_the_skeleton_is_not_trained_and_the_learned_graph_can_rest(made):
    state, (first, resting, again) = made
    assert not [name for name in (*state, *first) if name.endswith(".A")]
    assert len(first) == 574 and again == first
    assert set(first) - set(resting) == {name for name in first if name.endswith("PA")}
