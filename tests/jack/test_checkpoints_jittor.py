"""Jittor reads what is written for it, and what Jittor writes is read: one process for all of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from jack.checkpoints import load_checkpoint, save_checkpoint
from jack.checkpoints.command import initial_weights
from jack.checkpoints.dtypes import BFLOAT16, same_bits
from jack.methods.registry import get_method

OPTIONS = {"width": 4, "frames": 8, "num_constraints": 2}

# The network itself is not run, so that only the initialisation's few operators are compiled.
PROGRAM = """
import json, sys
from pathlib import Path
from jack.runtime import prepare
prepare()
import numpy as np
import jittor as jt
from jack.checkpoints import CheckpointError, load_into
from jack.methods.registry import get_method

folder, options = Path(sys.argv[1]), json.loads(sys.argv[2])
found = {}
for suffix in ("pkl", "pth"):
    state = jt.load(str(folder / f"plain.{suffix}"))
    for name, value in state.items():
        is_array = isinstance(value, np.ndarray)
        array = value if is_array else value.numpy()
        found[f"{suffix}/{name}"] = ["ndarray" if is_array else "Var", str(value.dtype), array.tolist()]

model = get_method("bpmgcn").build("jittor", **options)
first = {name: value.numpy() for name, value in model.state_dict().items()}
trained = [name for name, value in model.named_parameters() if not value.is_stop_grad()]
made = load_into(model, folder / "start.safetensors")
state = model.state_dict()
assert made.complete and not made.left_over, made.problems()
assert [n for n, v in model.named_parameters() if not v.is_stop_grad()] == trained
found["moved"] = sum(not np.array_equal(first[name], value.numpy()) for name, value in state.items())
jt.save(state, str(folder / "loaded.pkl"))
jt.save(state, str(folder / "loaded.pth"))

torch_like = get_method("bpmgcn").build("jittor", **options)
torch_like.load_state_dict(jt.load(str(folder / "start.pkl")))  # the module's own, strict
jt.save(torch_like.state_dict(), str(folder / "own.pkl"))

graph = model.l1_p.gcn1.A.numpy() + 0.5
load_into(model, {"l1_p.gcn1.A": graph}, partial=True, keep_tables=True)
found["table"] = float(np.abs(model.l1_p.gcn1.A.numpy() - graph).max())
found["saved tables"] = [name for name in model.state_dict() if name.endswith(".A")]
try:
    load_into(model, {"fc2_aff.bias": np.zeros(3, np.float32)})
except CheckpointError as error:
    found["refused"] = str(error)

plain = jt.nn.Linear(2, 3)  # Jittor's own modules are no converted ones
load_into(plain, {"weight": np.full((3, 2), 2, np.float16), "bias": np.arange(3.0)})
found["plain"] = [str(plain.weight.dtype), plain.weight.numpy().tolist(), plain.bias.numpy().tolist()]
various = {"half": jt.array(np.arange(3), dtype="float16"), "large": jt.array(np.array([2**40]), dtype="int64")}
various["bfloat16"] = jt.array(np.array([1.5, -3.0], np.float32)).bfloat16()
for suffix in ("pkl", "jtr", "pth"):
    jt.save({"epoch": 4, "model": various}, str(folder / f"various.{suffix}"))
print("FOUND " + json.dumps(found))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Files that we wrote for Jittor."""
    path = tmp_path_factory.mktemp("jittor")
    plain = {
        "f": np.array([[1.5, -2.0]], np.float32),
        "h": np.array([0.5], np.float16),
        "i": np.array([2**40, -1]),
        "b": np.array([1.5, -3.0], np.float32).astype(BFLOAT16),
        "bn.num_batches_tracked": np.array(3),
    }
    start, metadata = initial_weights(get_method("bpmgcn"), 5, OPTIONS)
    for suffix in ("pkl", "pth"):
        save_checkpoint(plain, path / f"plain.{suffix}")
    save_checkpoint(start, path / "start.safetensors", metadata=metadata)
    save_checkpoint(start, path / "start.pkl")
    return path


@pytest.fixture(scope="module")
def found(folder):
    """What a Jittor process made of them."""
    command = [sys.executable, "-c", PROGRAM, str(folder), json.dumps(OPTIONS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, cwd=Path(__file__).parents[2])
    lines = [line for line in done.stdout.splitlines() if line.startswith("FOUND ")]
    assert done.returncode == 0 and lines, done.stderr[-4000:]
    return json.loads(lines[0].removeprefix("FOUND "))


@pytest.mark.parametrize("suffix", ["pkl", "pth"])
def test_jittor_reads_what_is_written(found, suffix):
    kind = "ndarray" if suffix == "pkl" else "Var"
    half = "float32" if suffix == "pkl" else "bfloat16"
    counter = 3 if suffix == "pkl" else [3]  # Jittor has no scalars
    assert {name.partition("/")[2]: value for name, value in found.items() if name.startswith(f"{suffix}/")} == {
        "f": [kind, "float32", [[1.5, -2.0]]],
        "h": [kind, "float16", [0.5]],
        "i": [kind, "int64", [2**40, -1]],
        "b": [kind, half, [1.5, -3.0]],
        "bn.num_batches_tracked": [kind, "int64", counter],
    }


@pytest.mark.parametrize("name", ["loaded.pkl", "loaded.pth", "own.pkl"])
def test_both_frameworks_start_from_the_same_weights(found, folder, name):
    torch_model = get_method("bpmgcn").build("torch", **OPTIONS)
    torch_model.load_state_dict(
        {key: torch.from_numpy(array) for key, array in load_checkpoint(folder / "start.safetensors").weights.items()}
    )
    # Jittor has no scalars: the counters of batch norms have one element.
    state = {k: np.atleast_1d(v.numpy()) for k, v in torch_model.state_dict().items()}
    in_jittor = load_checkpoint(folder / name).weights
    assert list(in_jittor) == list(state)
    assert all(same_bits(in_jittor[key], array) for key, array in state.items())
    assert found["moved"] > 100  # the file's weights, not what both would start from anyway


def test_jittors_models_keep_their_tables_to_themselves(found):
    assert found["table"] == 0 and found["saved tables"] == []
    assert "missing" in found["refused"] and "fc2_aff.bias: [3] for [16]" in found["refused"]


def test_jittors_own_modules_are_loaded_too(found):
    assert found["plain"] == ["float32", [[2, 2]] * 3, [0, 1, 2]]


@pytest.mark.parametrize("suffix", ["pkl", "jtr", "pth"])
def test_what_jittor_writes_is_read(found, folder, suffix):
    read = load_checkpoint(folder / f"various.{suffix}")
    assert read.entry == "model" and read.ignored == {"epoch": "4"}
    assert read.format == ("torch zip" if suffix == "pth" else "jittor")
    wanted = {"half": np.arange(3).astype(np.float16), "large": np.array([2**40])}
    wanted["bfloat16"] = np.array([1.5, -3.0], np.float32).astype(BFLOAT16)
    assert list(read.weights) == list(wanted)
    assert all(same_bits(read.weights[name], array) for name, array in wanted.items())
